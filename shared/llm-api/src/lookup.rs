//! Members by name. Kept out of line: there are hundreds of look-ups, and a module that ships is small.

use penstock_wire::{Items, Value};

pub(crate) trait Lookup<'a>: Sized {
    /// The value of the first member with this key.
    fn get(self, name: &str) -> Option<Value<'a>>;

    /// The items of an array under this key; nothing when there is none.
    fn list(self, name: &str) -> List<'a>;

    /// Several members in one pass; `names` are distinct.
    fn pick<const N: usize>(self, names: [&str; N]) -> [Option<Value<'a>>; N];
}

impl<'a> Lookup<'a> for Value<'a> {
    #[inline(never)]
    fn get(self, name: &str) -> Option<Value<'a>> {
        self.member(name)
    }

    #[inline(never)]
    fn list(self, name: &str) -> List<'a> {
        List(self.member(name).map(Value::items))
    }

    fn pick<const N: usize>(self, names: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut picked = [None; N];
        pick(self, &names, &mut picked);
        picked
    }
}

#[inline(never)]
fn pick<'a>(object: Value<'a>, names: &[&str], picked: &mut [Option<Value<'a>>]) {
    for (key, value) in object.members() {
        let mut slots = names.iter().zip(picked.iter_mut());
        if let Some((_, slot)) = slots.find(|(name, slot)| slot.is_none() && key.eq_text(name)) {
            *slot = Some(value);
        }
    }
}

/// Items of an array that may not be there.
pub(crate) struct List<'a>(Option<Items<'a>>);

impl<'a> Iterator for List<'a> {
    type Item = Value<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Value<'a>> {
        self.0.as_mut()?.next()
    }
}
