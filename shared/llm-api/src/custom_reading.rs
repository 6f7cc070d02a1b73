//! Any HTTP model, described by JSON pointers: reading by the description.

use crate::answer::{ApiError, Finish, Seen};
use crate::custom::{CustomApi, CustomResponse};
use crate::parameters::Edited;
use crate::pointer::Pointer;
use crate::request::{ReadError, Request, path, quoted, short_text};
use crate::shape::{Found, Place, Rule, Sink};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, Texts, UnseenKind};
use crate::usage::{Counter, Counts};
use crate::walk::walk;
use penstock_wire::{Json, JsonEdits, Kind, NodeId, Value, sort_by_key};

fn at<'a>(pointer: &Option<Pointer>, root: Value<'a>) -> Option<Value<'a>> {
    pointer.as_ref()?.first(root).filter(|value| !value.is_null())
}

pub(crate) fn request(api: &CustomApi, root: Value<'_>) -> Result<Request, ReadError> {
    let spec = &api.spec().request;
    let named = [&spec.model, &spec.stream, &spec.max_output_tokens]
        .into_iter()
        .flatten();
    let pointers = named.chain(spec.texts.iter().map(|(_, pointer)| pointer));
    for pointer in pointers {
        if let Some(key) = pointer.twin(root) {
            // The key's own spelling is content: name the object.
            let object = key.parent().unwrap_or(root);
            return Err(ReadError::AmbiguousJson { path: path(object) });
        }
    }
    let wrong = |value: Value<'_>| ReadError::WrongShape { path: path(value) };
    let model = at(&spec.model, root).map(|value| short_text(value).ok_or_else(|| wrong(value)));
    let stream = at(&spec.stream, root).map(|value| value.as_bool().ok_or_else(|| wrong(value)));
    let bound = at(&spec.max_output_tokens, root).filter(|value| !value.number_raw().starts_with('-'));
    let bound = bound.map(|value| value.as_u64().ok_or_else(|| wrong(value)));
    Ok(Request {
        model: model.transpose()?,
        stream: stream.transpose()?.unwrap_or(spec.stream_default),
        max_output_tokens: bound.transpose()?,
        ..Request::default()
    })
}

pub(crate) fn request_texts(api: &CustomApi, json: Json<'_>) -> Texts {
    let spec = &api.spec().request;
    let constants = [&spec.model, &spec.stream, &spec.max_output_tokens];
    let mut texts = Texts::default();
    let place = Place::new(Scope::Other, Part::Whole);
    named_walk(json.root(), &spec.texts, &constants, place, &mut texts);
    texts
}

pub(crate) fn response_texts(api: &CustomApi, json: Json<'_>) -> Texts {
    let spec = &api.spec().response;
    let mut texts = Texts::default();
    let place = Place::new(Scope::Other, Part::Whole);
    named_walk(
        json.root(),
        &spec.texts,
        &[&spec.model, &spec.finish],
        place,
        &mut texts,
    );
    texts
}

pub(crate) fn cap_output(api: &CustomApi, root: Value<'_>, max: u64, edits: &mut JsonEdits) -> Edited {
    let pointer = &api.spec().request.max_output_tokens;
    let low_enough = at(pointer, root)
        .and_then(Value::as_u64)
        .is_some_and(|bound| bound <= max);
    if low_enough {
        Edited::Kept
    } else {
        set(pointer, root, &max.to_string(), edits)
    }
}

pub(crate) fn set_model(api: &CustomApi, root: Value<'_>, model: &str, edits: &mut JsonEdits) -> Edited {
    let pointer = &api.spec().request.model;
    let same = at(pointer, root).is_some_and(|old| old.eq_text(model));
    if same {
        Edited::Kept
    } else {
        set(pointer, root, &quoted(model), edits)
    }
}

fn set(pointer: &Option<Pointer>, root: Value<'_>, raw: &str, edits: &mut JsonEdits) -> Edited {
    let Some(pointer) = pointer else {
        return Edited::NotApplicable;
    };
    match (pointer.first(root), pointer.home(root)) {
        (Some(old), _) => edits.replace(old.id(), raw),
        (None, Some((home, key))) if home.kind() == Kind::Object && key != "*" => {
            edits.insert_member(home.id(), key, raw);
        }
        (None, _) => return Edited::NotApplicable,
    }
    Edited::Changed
}

pub(crate) fn answer(api: &CustomApi, root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    read(&api.spec().response, root, &mut seen);
    seen
}

/// Reads what a response or frame says besides its texts; gives whether it reports usage.
fn read(spec: &CustomResponse, root: Value<'_>, seen: &mut Seen) -> bool {
    let mut counts = Counts::default();
    let usage = &spec.usage;
    for (counter, pointer) in [
        (Counter::Input, &usage.input_tokens),
        (Counter::Output, &usage.output_tokens),
        (Counter::Cached, &usage.cached_tokens),
        (Counter::CacheCreation, &usage.cache_creation_tokens),
        (Counter::Reasoning, &usage.reasoning_tokens),
    ] {
        counts.read(counter, at(pointer, root));
    }
    seen.counts.merge(&counts);
    if seen.model.is_none() {
        seen.model = at(&spec.model, root)
            .and_then(short_text)
            .filter(|model| !model.is_empty());
    }
    seen.finish = seen.finish.or_else(|| finish(at(&spec.finish, root)?));
    if seen.error.is_none() {
        seen.error = at(&spec.error, root).and_then(ApiError::read);
    }
    counts
        .get(Counter::Input)
        .or(counts.get(Counter::Output))
        .is_some()
}

fn finish(reason: Value<'_>) -> Option<Finish> {
    const WORDS: &[(&str, Finish)] = &[
        ("stop", Finish::Stop),
        ("STOP", Finish::Stop),
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("eos_token", Finish::Stop),
        ("complete", Finish::Stop),
        ("COMPLETE", Finish::Stop),
        ("length", Finish::Length),
        ("max_tokens", Finish::Length),
        ("MAX_TOKENS", Finish::Length),
        ("tool_calls", Finish::ToolCalls),
        ("tool_use", Finish::ToolCalls),
        ("TOOL_CALL", Finish::ToolCalls),
        ("content_filter", Finish::ContentFilter),
        ("error", Finish::Error),
        ("ERROR", Finish::Error),
    ];
    match reason.as_bool() {
        Some(done) => done.then_some(Finish::Stop),
        None => Finish::from_table(reason, WORDS),
    }
}

pub(crate) fn frame(api: &CustomApi, json: Json<'_>, state: &mut State, out: &mut FrameReading) {
    let spec = api.frame();
    let root = json.root();
    state.begin_choice(0);
    let place = Place::new(Scope::Other, Part::Delta);
    named_walk(
        root,
        &spec.texts,
        &[&spec.model, &spec.finish],
        place,
        &mut state.sink(out),
    );
    let failed = state.seen.error.is_some();
    out.usage = read(spec, root, &mut state.seen);
    out.error |= !failed && state.seen.error.is_some();
    if let Some(finish) = at(&spec.finish, root).and_then(finish) {
        state.finish_choice(0, finish, out);
        state.end(out);
    }
}

/// Reads free JSON, giving texts under named nodes their scopes. Names of tools go first. The first pointer to names and the
/// first to arguments are of the same calls, and so on.
fn named_walk(
    root: Value<'_>,
    texts: &[(Scope, Pointer)],
    constants: &[&Option<Pointer>],
    place: Place,
    sink: &mut dyn Sink,
) {
    let mut named = Vec::new();
    for (at, (scope, pointer)) in texts.iter().enumerate() {
        let earlier = texts.iter().take(at).filter(|(other, _)| other == scope);
        let index = u32::try_from(earlier.count()).unwrap_or(u32::MAX);
        pointer.visit(root, &mut |value, message| {
            named.push(Named {
                node: value.id(),
                scope: *scope,
                message,
                index,
            });
        });
    }
    sort_by_key(&mut named, |named| [named.node.index(), 0, 0]);
    let constants = constants
        .iter()
        .filter_map(|pointer| pointer.as_ref()?.first(root));
    let constants = constants.map(Value::id).collect();
    let mut naming = Naming {
        turn: Turn::Names,
        named,
        constants,
        sink,
    };
    if texts.iter().any(|(scope, _)| *scope == Scope::ToolName) {
        walk(root, Rule::Free(Scope::Other), place, &mut naming);
    }
    naming.turn = Turn::Others;
    walk(root, Rule::Free(Scope::Other), place, &mut naming);
}

struct Named {
    node: NodeId,
    scope: Scope,
    message: u32,
    index: u32,
}

/// Which texts are next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Names,
    Others,
}

struct Naming<'s> {
    turn: Turn,
    named: Vec<Named>,
    constants: Vec<NodeId>,
    sink: &'s mut dyn Sink,
}

impl Sink for Naming<'_> {
    fn text(&mut self, found: Found<'_>) {
        if self.constants.contains(&found.value.id()) {
            return;
        }
        let named = self.name(found.value);
        let is_name = named.is_some_and(|(_, named)| named.scope == Scope::ToolName);
        if is_name != (self.turn == Turn::Names) {
            return;
        }
        let Some((own, named)) = named else {
            // The keys of the description's own objects are no texts; what they hold is.
            if found.value.kind() != Kind::Key {
                self.sink.text(found);
            }
            return;
        };
        let place = Place {
            scope: named.scope,
            message: named.message,
            index: named.index,
            ..found.place
        };
        self.sink.text(Found {
            place,
            alone: !own,
            ..found
        });
    }

    fn unseen(&mut self, kind: UnseenKind, value: Value<'_>, place: &Place) {
        if self.turn == Turn::Others {
            self.sink.unseen(kind, value, place);
        }
    }
}

impl Naming<'_> {
    /// The name of a value or of what holds it, and whether it is the value's own.
    fn name(&self, value: Value<'_>) -> Option<(bool, &Named)> {
        let mut at = Some(value);
        while let Some(node) = at {
            if let Ok(found) = self.named.binary_search_by_key(&node.id(), |named| named.node)
                && let Some(named) = self.named.get(found)
            {
                return Some((node.id() == value.id(), named));
            }
            at = node.parent();
        }
        None
    }
}
