//! A request on its way through the scanner: every find in it, before anything is changed.
//!
//! A long request would keep its worker from all others, so it is scanned a turn at a time.

use crate::book::Tally;
use crate::config::Config;
use crate::placeholder::{essence, names_in};
use crate::raw::Action;
use crate::vault::Vault;
use penstock_filter_api::{Kind, Value, Way};
use penstock_llm_api::{Encoding, Scope, Text, text_of};
use penstock_text_scan::{Find, RuleId};
use penstock_wire::{Json, Limits, NodeId, Tape};
use std::borrow::Cow;

/// Bounds of JSON inside a string.
const INNER: Limits = Limits {
    max_bytes: 32 << 20,
    max_depth: 64,
    max_nodes: 200_000,
};
/// Most text that is scanned at once, in bytes.
const WINDOW_BYTES: usize = 96 << 10;
/// How far a find that begins in one window may reach into the next, in bytes: longer than almost any private key.
const OVERLAP_BYTES: usize = 8 << 10;
/// How far before a find the words may stand that say what it is, in bytes: more than any `reach`.
const CONTEXT_BYTES: usize = 1 << 10;
/// So much of the end of a key is read with each value under it, in bytes: a long one would be read again for each.
const KEY_BYTES: usize = 64;
/// What a find costs, as so many bytes of text.
const FIND_COST: usize = 1 << 10;
/// What a value of JSON costs beside its text.
const NODE_COST: usize = 64;
/// What a turn may cost: some two milliseconds.
const TURN_COST: usize = 256 << 10;

/// What is surveyed.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) config: &'a Config,
    pub(crate) json: Json<'a>,
    pub(crate) texts: &'a [Text],
}

/// What was found in the texts of a request so far.
#[derive(Default)]
pub(crate) struct Survey {
    parts: Vec<Part>,
    finds: usize,
    /// The text that is next, and from where.
    next: usize,
    at: usize,
    /// The finds before that in the same text, and the text itself.
    begun: Vec<Find>,
    decoded: Option<String>,
    /// JSON source text that is scanned up to some node.
    inner: Option<Inner>,
}

/// JSON source text on its way.
struct Inner {
    source: Source,
    nodes: Vec<(NodeId, Vec<Find>)>,
    next: usize,
}

/// JSON source text inside a string, read once.
pub(crate) struct Source {
    text: String,
    tape: Tape,
}

impl Source {
    /// `None` for what is no JSON.
    fn new(text: String) -> Option<Self> {
        let mut tape = Tape::new();
        tape.parse(text.as_bytes(), &INNER).ok()?;
        Some(Self { text, tape })
    }

    /// The source text's length, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The document.
    pub(crate) fn json(&self) -> Json<'_> {
        self.tape.view(self.text.as_bytes())
    }
}

/// A text with finds.
pub(crate) struct Part {
    pub(crate) text: Text,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    /// The text itself.
    Plain(Vec<Find>),
    /// JSON source text, with the finds in its nodes.
    Json {
        source: Source,
        nodes: Vec<(NodeId, Vec<Find>)>,
    },
}

/// How far a turn came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To the end.
    Done,
    /// To its own end: others are next.
    Paused,
    /// To more finds than the configuration allows.
    TooMany,
}

impl Survey {
    /// Scans on: for a turn, or to the end.
    pub(crate) fn go_on(&mut self, request: Request<'_>, may_pause: bool, tally: &mut Tally) -> Turn {
        let mut left = if may_pause { TURN_COST } else { usize::MAX };
        while let Some(text) = request.texts.get(self.next) {
            if left == 0 {
                return Turn::Paused;
            }
            let before = self.finds;
            // What the provider has signed it wrote itself, of what it was shown.
            if text.signed || is_left_alone(text.scope) {
                self.next += 1;
                continue;
            }
            let bytes = self.scan(request, text);
            tally.scanned(Way::Request, bytes);
            if self.finds > request.config.max_finds {
                return Turn::TooMany;
            }
            left = left.saturating_sub(bytes + (self.finds - before) * FIND_COST);
        }
        Turn::Done
    }

    /// Scans a text, or the next window of a long one. Gives the bytes that are dealt with.
    fn scan(&mut self, request: Request<'_>, text: &Text) -> usize {
        let value = request.json.value(text.node);
        let is_json = || text.encoding != Encoding::Plain || is_result_in_json(request, text);
        if (self.inner.is_some() || self.at == 0 && is_json())
            && let Some(dealt) = self.scan_json(request, text)
        {
            return dealt;
        }
        let all = self
            .decoded
            .take()
            .map_or_else(|| text_of(request.json, text.node), Cow::Owned);
        if all.len() <= WINDOW_BYTES {
            self.close(*text, Body::Plain(scan(request.config, value, &all, text.scope)));
            return all.len();
        }
        let (mut finds, next) = window(request.config, &all, self.at);
        keep(request.config, text.scope, &all, &mut finds);
        self.begun.append(&mut finds);
        let dealt = next - self.at;
        self.at = next;
        if next == all.len() {
            let finds = std::mem::take(&mut self.begun);
            self.close(*text, Body::Plain(finds));
        } else {
            self.decoded = Some(all.into_owned());
        }
        dealt
    }

    /// Scans JSON source text, for a turn at the most. Gives the bytes that are dealt with; `None` for what is no JSON.
    fn scan_json(&mut self, request: Request<'_>, text: &Text) -> Option<usize> {
        let begun = match self.inner.take() {
            Some(begun) => begun,
            None => Inner {
                source: Source::new(text_of(request.json, text.node).into_owned())?,
                nodes: Vec::new(),
                next: 0,
            },
        };
        let Inner {
            source,
            mut nodes,
            mut next,
        } = begun;
        let json = source.json();
        let (mut dealt, mut cost) = (0, 0);
        for node in json.nodes().skip(next) {
            if cost >= TURN_COST {
                break;
            }
            next += 1;
            let (bytes, finds) = scan_node(request.config, node, text.scope);
            dealt += bytes;
            cost += bytes + NODE_COST + finds.len() * FIND_COST;
            if !finds.is_empty() {
                nodes.push((node.id(), finds));
            }
        }
        if next < json.len_nodes() {
            self.inner = Some(Inner { source, nodes, next });
        } else {
            self.close(*text, Body::Json { source, nodes });
        }
        Some(dealt)
    }

    /// A text is scanned to its end.
    fn close(&mut self, text: Text, body: Body) {
        let found = body.finds();
        self.finds += found;
        self.next += 1;
        self.at = 0;
        if found > 0 {
            self.parts.push(Part { text, body });
        }
    }

    /// The texts with finds.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Calls `each` with every find, the scope it stands in, and its value.
    fn each(&self, json: Json<'_>, mut each: impl FnMut(&Find, Scope, &str)) {
        for part in &self.parts {
            let mut all = |value: Value<'_>, finds: &[Find]| {
                let text = text_of(value.json(), value.id());
                for find in finds {
                    let value = text.get(find.start..find.end).unwrap_or_default();
                    each(find, part.text.scope, value);
                }
            };
            match &part.body {
                Body::Plain(finds) => all(json.value(part.text.node), finds),
                Body::Json { source, nodes } => {
                    for (node, finds) in nodes {
                        all(source.json().value(*node), finds);
                    }
                }
            }
        }
    }

    /// Counts every find, and gives the first that is to be blocked.
    pub(crate) fn count(&self, request: Request<'_>, tally: &mut Tally) -> Option<RuleId> {
        let mut blocked = None;
        self.each(request.json, |find, scope, _| {
            let action = request
                .config
                .policies
                .decide(find.rule, Way::Request, scope)
                .action;
            if action != Action::Pass {
                tally.found(find.rule, Way::Request, scope, action);
            }
            if action == Action::Block && blocked.is_none() {
                blocked = Some(find.rule);
            }
        });
        blocked
    }

    /// Tells the vault which values the client sends and which names it must not give out.
    pub(crate) fn teach(&self, request: Request<'_>, vault: &mut Vault, keyed: bool) {
        let (mut taken, mut sent) = (Vec::new(), Vec::new());
        self.each(request.json, |_, _, value| sent.push(essence(value)));
        // Under a key a name that stands there already is, but for a chance of 1 in 2^24, that of the same value.
        for text in request.texts.iter().filter(|_| !keyed) {
            let json = text.encoding != Encoding::Plain;
            names_in(&text_of(request.json, text.node), json, &mut taken);
        }
        vault.learn(taken, sent);
    }
}

impl Body {
    fn finds(&self) -> usize {
        match self {
            Self::Plain(finds) => finds.len(),
            Self::Json { nodes, .. } => nodes.iter().map(|(_, finds)| finds.len()).sum(),
        }
    }
}

/// The finds in one value, of this text, that are anybody's business.
fn scan(config: &Config, value: Value<'_>, text: &str, scope: Scope) -> Vec<Find> {
    let mut finds = if is_structured(scope) {
        scan_under(config, &name_of(value), text)
    } else {
        config.scanner.scan(text)
    };
    keep(config, scope, text, &mut finds);
    finds
}

fn keep(config: &Config, scope: Scope, text: &str, finds: &mut Vec<Find>) {
    finds.retain(|find| {
        let action = config.policies.decide(find.rule, Way::Request, scope).action;
        // What passes here is still the client's own when it comes back, and no surrogate for another value.
        let wanted = action != Action::Pass || config.reads_answers || config.makes_surrogates;
        wanted && !config.allows(text.get(find.start..find.end).unwrap_or_default())
    });
}

/// The key of a value, or of the nearest list or object around it that has one.
fn name_of(value: Value<'_>) -> Cow<'_, str> {
    let mut around = Some(value);
    while let Some(here) = around {
        if let Some(name) = here.key().and_then(Value::text) {
            return name;
        }
        around = here.parent();
    }
    Cow::Borrowed("")
}

/// A value behind its key: `"pin": 1234` says more than `1234`, and one in a list is not all that there is.
fn scan_under(config: &Config, key: &str, text: &str) -> Vec<Find> {
    let from = key.len().saturating_sub(KEY_BYTES);
    let key = key.get(key.floor_char_boundary(from)..).unwrap_or_default();
    let start = key.len() + 2;
    let mut finds = config.scanner.scan(&[key, ": ", text].concat());
    finds.retain(|find| find.start >= start);
    for find in &mut finds {
        find.start -= start;
        find.end -= start;
    }
    finds
}

/// Whether a tool gave back an object or an array: there a value may stand right behind an escape, as in `\u7bb1ana@...`.
fn is_result_in_json(request: Request<'_>, text: &Text) -> bool {
    let begins = |all: &str| matches!(all.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['));
    text.scope == Scope::ToolResult && begins(&text_of(request.json, text.node))
}

/// The bytes of a node of JSON source text, and the finds in it.
fn scan_node(config: &Config, node: Value<'_>, scope: Scope) -> (usize, Vec<Find>) {
    match node.kind() {
        Kind::String | Kind::Key | Kind::Number => {
            let text = text_of(node.json(), node.id());
            (text.len(), scan(config, node, &text, scope))
        }
        Kind::Null | Kind::Bool | Kind::Array | Kind::Object => (0, Vec::new()),
    }
}

/// The finds that begin in the next window of a long text, and where the one after it begins.
fn window(config: &Config, text: &str, at: usize) -> (Vec<Find>, usize) {
    let start = text.floor_char_boundary(at.saturating_sub(CONTEXT_BYTES));
    let end = text.floor_char_boundary(at + WINDOW_BYTES);
    let limit = if end == text.len() {
        end
    } else {
        text.floor_char_boundary(end - OVERLAP_BYTES)
    };
    let mut finds = config.scanner.scan(text.get(start..end).unwrap_or_default());
    for find in &mut finds {
        find.start += start;
        find.end += start;
    }
    finds.retain(|find| (at..limit).contains(&find.start));
    // What reaches the end of the window may reach beyond it: the next one begins there.
    if let Some(cut) = finds.pop_if(|last| last.end == end && last.start > at && end < text.len()) {
        return (finds, cut.start);
    }
    let next = finds.last().map_or(limit, |last| last.end.max(limit));
    (finds, next)
}

/// Whether the key of a value in this scope says what the value is; elsewhere it is a word of the API.
pub(crate) fn is_structured(scope: Scope) -> bool {
    match scope {
        Scope::ToolCall | Scope::ToolResult | Scope::Metadata | Scope::Other => true,
        Scope::System | Scope::User | Scope::Assistant | Scope::ToolDefinition | Scope::Document => false,
        Scope::Output | Scope::Reasoning | Scope::Refusal | Scope::ToolName => false,
    }
}

/// Whether texts of this scope are neither scanned nor changed: under another name a tool is not found.
pub(crate) fn is_left_alone(scope: Scope) -> bool {
    scope == Scope::ToolName
}
