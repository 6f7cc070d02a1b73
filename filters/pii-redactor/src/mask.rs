//! What takes the place of every find in a request.

use crate::config::Config;
use crate::keyed::Key;
use crate::policy::Decision;
use crate::raw::Action;
use crate::survey::{Body, Request, Source, Survey};
use crate::vault::{Masked, Vault};
use penstock_filter_api::{Kind, Value, Way};
use penstock_llm_api::{Scope, text_of};
use penstock_text_scan::{Find, Rule};
use penstock_wire::{JsonEdits, NodeId};

/// Masks what was found.
pub(crate) fn mask(
    request: Request<'_>,
    survey: &Survey,
    vault: &mut Vault,
    key: Option<&Key>,
    edits: &mut JsonEdits,
) -> Result<(), Unwritable> {
    let mut scribe = Scribe {
        config: request.config,
        vault,
        key,
    };
    for part in survey.parts() {
        let (node, scope) = (part.text.node, part.text.scope);
        match &part.body {
            Body::Plain(finds) => scribe.edit(request.json.value(node), scope, finds, edits),
            Body::Json { source, nodes } => {
                if let Some(edited) = scribe.rewrite(source, scope, nodes)? {
                    edits.replace_text(node, 0..source.len(), &edited);
                }
            }
        }
    }
    Ok(())
}

/// An edit that cannot be written. What it should have masked must not leave.
#[derive(Debug)]
pub(crate) struct Unwritable;

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
    fn rewrite(
        &mut self,
        source: &Source,
        scope: Scope,
        nodes: &[(NodeId, Vec<Find>)],
    ) -> Result<Option<String>, Unwritable> {
        let json = source.json();
        let mut edits = JsonEdits::new();
        for (node, finds) in nodes {
            self.edit(json.value(*node), scope, finds, &mut edits);
        }
        if edits.is_empty() {
            return Ok(None);
        }
        let edited = edits.apply(json).map_err(|_| Unwritable)?;
        String::from_utf8(edited).map(Some).map_err(|_| Unwritable)
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
                let surrogate = self.vault.surrogate(masked, &|value| !self.config.allows(value));
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
