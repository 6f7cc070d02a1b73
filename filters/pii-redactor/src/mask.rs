//! A request: every find in it, and what takes its place.

use crate::book::Tally;
use crate::config::Config;
use crate::keyed::Key;
use crate::placeholder::{hash, names_in};
use crate::policy::{Decision, Way};
use crate::raw::Action;
use crate::vault::{Masked, Vault};
use penstock_filter_api::{Kind, Value};
use penstock_llm_api::{Encoding, Scope, Text, text_of};
use penstock_text_scan::{Find, Rule, RuleId};
use penstock_wire::{Json, JsonEdits, Limits, NodeId, Tape};

/// Bounds of JSON inside a string.
const INNER: Limits = Limits {
    max_bytes: 32 << 20,
    max_depth: 64,
    max_nodes: 200_000,
};

/// A request as it was scanned, before anything of it is changed.
pub(crate) struct Scanned<'a> {
    config: &'a Config,
    json: Json<'a>,
    parts: Vec<Part>,
}

/// A text with finds.
struct Part {
    text: Text,
    body: Body,
}

enum Body {
    /// The text itself.
    Plain(Vec<Find>),
    /// JSON source text, with the finds in its nodes.
    Json {
        source: String,
        nodes: Vec<(NodeId, Vec<Find>)>,
    },
}

/// More finds than the configuration allows.
pub(crate) struct TooMany;

impl<'a> Scanned<'a> {
    /// Scans all that can be edited.
    pub(crate) fn new(
        config: &'a Config,
        json: Json<'a>,
        texts: &[Text],
        tally: &mut Tally,
    ) -> Result<Self, TooMany> {
        let mut scanned = Self {
            config,
            json,
            parts: Vec::new(),
        };
        let mut finds = 0;
        // What the provider has signed it wrote itself, of what it was shown.
        for text in texts.iter().filter(|text| !text.signed) {
            let value = json.value(text.node);
            tally.scanned(Way::Request, value.decoded_len());
            let body = match text.encoding {
                Encoding::Plain => Body::Plain(scanned.scan(value, text.scope)),
                Encoding::JsonInString | Encoding::JsonFragment => scanned.scan_json(value, text.scope),
            };
            let found = body.finds();
            finds += found;
            if finds > config.max_finds {
                return Err(TooMany);
            }
            if found > 0 {
                scanned.parts.push(Part { text: *text, body });
            }
        }
        Ok(scanned)
    }

    /// The finds in one value that are anybody's business.
    fn scan(&self, value: Value<'_>, scope: Scope) -> Vec<Find> {
        let text = text_of(value.json(), value.id());
        let mut finds = match value.key().filter(|_| is_structured(scope)).and_then(Value::text) {
            Some(key) => self.scan_under(&key, &text),
            None => self.config.scanner.scan(&text),
        };
        finds.retain(|find| {
            let action = self.config.policies.decide(find.rule, Way::Request, scope).action;
            action != Action::Pass
                && !self
                    .config
                    .allows(text.get(find.start..find.end).unwrap_or_default())
        });
        finds
    }

    /// A value behind its key: `"pin": 1234` says more than `1234`.
    fn scan_under(&self, key: &str, text: &str) -> Vec<Find> {
        let start = key.len() + 2;
        let mut finds = self.config.scanner.scan(&[key, ": ", text].concat());
        finds.retain(|find| find.start >= start);
        for find in &mut finds {
            find.start -= start;
            find.end -= start;
        }
        finds
    }

    /// The finds in JSON source text; of what is no JSON, as of plain text.
    fn scan_json(&self, value: Value<'_>, scope: Scope) -> Body {
        let source = text_of(value.json(), value.id()).into_owned();
        let mut tape = Tape::new();
        if tape.parse(source.as_bytes(), &INNER).is_err() {
            return Body::Plain(self.scan(value, scope));
        }
        let mut nodes = Vec::new();
        for node in tape.view(source.as_bytes()).nodes() {
            match node.kind() {
                Kind::String | Kind::Key | Kind::Number => {
                    let finds = self.scan(node, scope);
                    if !finds.is_empty() {
                        nodes.push((node.id(), finds));
                    }
                }
                Kind::Null | Kind::Bool | Kind::Array | Kind::Object => {}
            }
        }
        Body::Json { source, nodes }
    }

    /// Whether there is no find.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Calls `each` with every find, the scope it stands in, and its value.
    fn each(&self, mut each: impl FnMut(Find, Scope, &str)) {
        for part in &self.parts {
            let mut all = |value: Value<'_>, finds: &[Find]| {
                let text = text_of(value.json(), value.id());
                for find in finds {
                    each(
                        *find,
                        part.text.scope,
                        text.get(find.start..find.end).unwrap_or_default(),
                    );
                }
            };
            match &part.body {
                Body::Plain(finds) => all(self.json.value(part.text.node), finds),
                Body::Json { source, nodes } => {
                    let mut tape = Tape::new();
                    if tape.parse(source.as_bytes(), &INNER).is_ok() {
                        let json = tape.view(source.as_bytes());
                        nodes
                            .iter()
                            .for_each(|(node, finds)| all(json.value(*node), finds));
                    }
                }
            }
        }
    }

    /// Counts every find, and gives the entity of the first that is to be blocked.
    pub(crate) fn count(&self, tally: &mut Tally) -> Option<RuleId> {
        let mut blocked = None;
        self.each(|find, scope, _| {
            let action = self.config.policies.decide(find.rule, Way::Request, scope).action;
            tally.found(find.rule, Way::Request, scope, action);
            if action == Action::Block && blocked.is_none() {
                blocked = Some(find.rule);
            }
        });
        blocked
    }

    /// Tells the vault which values the client sends and which names it must not give out.
    pub(crate) fn teach(&self, texts: &[Text], vault: &mut Vault, keyed: bool) {
        let (mut taken, mut sent) = (Vec::new(), Vec::new());
        self.each(|_, _, value| sent.push(hash(value.as_bytes())));
        // Under a key a name that stands there already is, but for a chance of 1 in 2^24, that of the same value.
        for text in texts.iter().filter(|_| !keyed) {
            names_in(&text_of(self.json, text.node), &mut taken);
        }
        vault.learn(taken, sent);
    }

    /// Writes what takes the place of every find.
    pub(crate) fn edit(&self, vault: &mut Vault, key: Option<&Key>, edits: &mut JsonEdits) {
        let mut scribe = Scribe {
            config: self.config,
            vault,
            key,
        };
        for part in &self.parts {
            let (node, scope) = (part.text.node, part.text.scope);
            match &part.body {
                Body::Plain(finds) => scribe.edit(self.json.value(node), scope, finds, edits),
                Body::Json { source, nodes } => {
                    if let Some(edited) = scribe.rewrite(source, scope, nodes) {
                        edits.replace_text(node, 0..source.len(), &edited);
                    }
                }
            }
        }
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

/// Whether the key of a value in this scope says what the value is; elsewhere it is a word of the API.
fn is_structured(scope: Scope) -> bool {
    match scope {
        Scope::ToolCall | Scope::ToolResult | Scope::Metadata | Scope::Other => true,
        Scope::System | Scope::User | Scope::Assistant | Scope::ToolDefinition | Scope::Document => false,
        Scope::Output | Scope::Reasoning | Scope::Refusal => false,
    }
}

/// Writes stand-ins.
struct Scribe<'a> {
    config: &'a Config,
    vault: &'a mut Vault,
    key: Option<&'a Key>,
}

impl Scribe<'_> {
    fn edit(&mut self, value: Value<'_>, scope: Scope, finds: &[Find], edits: &mut JsonEdits) {
        let text = text_of(value.json(), value.id());
        let is_number = value.kind() == Kind::Number;
        for find in finds {
            // Half a number is none: all of it goes.
            let range = if is_number {
                0..text.len()
            } else {
                find.start..find.end
            };
            let original = text.get(range.clone()).unwrap_or_default();
            let Some(with) = self.instead(find, scope, original, is_number) else {
                continue;
            };
            if is_number {
                let mut raw = Vec::new();
                penstock_wire::write_string(&mut raw, &with);
                edits.replace(value.id(), &String::from_utf8(raw).unwrap_or_default());
                return;
            }
            edits.replace_text(value.id(), range, &with);
        }
    }

    /// JSON source text with its edits; `None` if there is none to make.
    fn rewrite(&mut self, source: &str, scope: Scope, nodes: &[(NodeId, Vec<Find>)]) -> Option<String> {
        let mut tape = Tape::new();
        tape.parse(source.as_bytes(), &INNER).ok()?;
        let json = tape.view(source.as_bytes());
        let mut edits = JsonEdits::new();
        for (node, finds) in nodes {
            self.edit(json.value(*node), scope, finds, &mut edits);
        }
        if edits.is_empty() {
            return None;
        }
        String::from_utf8(edits.apply(json).ok()?).ok()
    }

    /// What takes the place of a find; `None` if it stays.
    fn instead(&mut self, find: &Find, scope: Scope, original: &str, is_number: bool) -> Option<String> {
        let rule = self.config.scanner.rule(find.rule);
        let masked = Masked {
            entity: rule.entity,
            value: original,
            is_number,
            rule: find.rule,
        };
        let decision = self.config.policies.decide(find.rule, Way::Request, scope);
        match decision.action {
            Action::Mask => Some(self.vault.placeholder(masked, self.key)),
            Action::FormatPreserving => {
                let surrogate = self.vault.surrogate(masked);
                Some(surrogate.unwrap_or_else(|| self.vault.placeholder(masked, self.key)))
            }
            Action::Hash | Action::Replace | Action::Drop => {
                Some(for_good(self.config, decision, rule, original))
            }
            Action::Block | Action::Alert | Action::Pass => None,
        }
    }
}

/// What takes the place of a value that nobody restores.
pub(crate) fn for_good(config: &Config, decision: &Decision, rule: Rule<'_>, original: &str) -> String {
    match (decision.action, &config.key) {
        (Action::Hash, Some(key)) => format!("[{}:{}]", rule.entity, key.tag(rule.entity, original, 16)),
        (Action::Replace, _) if !decision.with.is_empty() => decision.with.clone(),
        (Action::Drop, _) => String::new(),
        _ => format!("<{}>", rule.entity),
    }
}
