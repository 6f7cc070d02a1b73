//! What stands in an answer and comes from elsewhere: results and descriptions of tools, documents. It is read as in a request.

use crate::book::Event;
use crate::config::Config;
use crate::guard::{GuardOne, denial};
use crate::raw::Action;
use crate::survey::Reader;
use crate::verdict::Finding;
use penstock_filter_api::{OutputFlow, Piece, PieceEdits, Way};
use penstock_llm_api::{Part, Scope};

impl GuardOne {
    /// Reads what stands in an answer and comes from elsewhere: results and descriptions of tools, documents.
    pub(crate) fn read_foreign(
        &mut self,
        config: &Config,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
    ) -> Option<OutputFlow> {
        if !is_foreign(piece.scope) || piece.part == Part::Echo {
            return None;
        }
        self.tally.add(Event::AnswerBytes, piece.text.len() as u64);
        let (found, _) = Reader {
            config,
            scratch: &mut self.shared.scratch.borrow_mut(),
        }
        .read(piece.text, piece.scope);
        let mut parts = Vec::new();
        let mut stripped = None;
        for one in found {
            let (rule, scope, message) = (one.rule, piece.scope, piece.message);
            let action = config.policies.decide(rule, Way::Response, scope, &self.party);
            let finding = Finding {
                rule,
                way: Way::Response,
                scope,
                message,
                score: one.score,
                action,
            };
            self.verdict.hear(finding, piece.part);
            if action == Action::Strip && !piece.signed {
                parts.push(one.range);
                stripped = stripped.or(Some(finding));
            } else if action >= Action::Strip {
                return Some(OutputFlow::Cut(denial(config, &finding)));
            }
        }
        let Some(finding) = stripped else {
            return Some(OutputFlow::Clear);
        };
        let Some(left) = self.stripped(config, (Way::Response, piece.scope), piece.text, parts) else {
            return Some(OutputFlow::Cut(denial(config, &finding)));
        };
        edits.replace(piece.start..piece.start + piece.text.len() as u64, left);
        Some(OutputFlow::Clear)
    }
}

/// Whether a text comes from neither the model nor the client.
fn is_foreign(scope: Scope) -> bool {
    match scope {
        Scope::ToolResult | Scope::ToolDefinition | Scope::Document => true,
        Scope::System
        | Scope::User
        | Scope::Assistant
        | Scope::ToolName
        | Scope::ToolCall
        | Scope::Metadata => false,
        Scope::Output | Scope::Reasoning | Scope::Refusal | Scope::Other => false,
    }
}
