//! JSON pointers (RFC 6901) with `*` for every item of an array or every member of an object.

use penstock_wire::{Kind, Value, pointer_key, twin};

/// Steps of one pointer; configurations have no reason for more.
const MAX_STEPS: usize = 32;

/// A place, or several, in a document: `/usage/input`, `/choices/*/text`. The empty pointer is the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer; `None` when it does not begin with `/` or has too many steps.
    pub fn parse(pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(Self(Vec::new()));
        }
        let steps = pointer.strip_prefix('/')?.split('/');
        let steps: Vec<String> = steps.map(pointer_key).collect();
        (steps.len() <= MAX_STEPS).then_some(Self(steps))
    }

    /// The first value there.
    pub(crate) fn first<'a>(&self, root: Value<'a>) -> Option<Value<'a>> {
        let mut first = None;
        self.visit(root, &mut |value, _| {
            first.get_or_insert(value);
        });
        first
    }

    /// Every value there, each with the position that its first `*` stands for.
    pub(crate) fn visit<'a>(&self, root: Value<'a>, found: &mut dyn FnMut(Value<'a>, u32)) {
        visit(root, &self.0, None, found);
    }

    /// A key on the way that servers may read differently.
    pub(crate) fn twin<'a>(&self, root: Value<'a>) -> Option<Value<'a>> {
        let mut objects = vec![root];
        for step in &self.0 {
            if let Some(key) = objects.iter().find_map(|object| twin(*object, &[step.as_str()])) {
                return Some(key);
            }
            objects = objects
                .into_iter()
                .flat_map(|object| children(object, step))
                .collect();
        }
        None
    }

    /// The pointer's last step and the value that it is taken from.
    pub(crate) fn home<'a, 's>(&'s self, root: Value<'a>) -> Option<(Value<'a>, &'s str)> {
        let (last, way) = self.0.split_last()?;
        Some((Self(way.to_vec()).first(root)?, last))
    }
}

fn visit<'a>(value: Value<'a>, steps: &[String], nth: Option<u32>, found: &mut dyn FnMut(Value<'a>, u32)) {
    let Some((step, rest)) = steps.split_first() else {
        found(value, nth.unwrap_or(0));
        return;
    };
    for (position, child) in children(value, step).into_iter().enumerate() {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let nth = if step == "*" { nth.or(Some(position)) } else { nth };
        visit(child, rest, nth, found);
    }
}

fn children<'a>(value: Value<'a>, step: &str) -> Vec<Value<'a>> {
    match (value.kind(), step) {
        (Kind::Array, "*") => value.items().collect(),
        (Kind::Object, "*") => value.members().map(|(_, value)| value).collect(),
        (Kind::Array, step) => step
            .parse()
            .ok()
            .and_then(|at| value.items().nth(at))
            .into_iter()
            .collect(),
        (Kind::Object, step) => value.member(step).into_iter().collect(),
        (Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key, _) => Vec::new(),
    }
}
