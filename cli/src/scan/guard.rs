//! Attacks in prompts, and answers that leak their system prompt.

use crate::args::ScanArgs;
use crate::lines::{Fault, Record, answer_each};
use crate::{Console, guard};
use penstock_llm_api::Scope;
use serde_json::json;

/// Answers `{"id": ..., "text": "...", "role": "..."}` with the verdict.
pub(super) fn judge(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    let preview = match guard::preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    answer_each(&args.file, console, |record| {
        let judged = preview.judge(&record.text("text")?, scope(&record)?);
        Ok(format!(
            "{{\"id\":{},\"flagged\":{},\"score\":{:.6},\"rules\":{}}}\n",
            record.id.raw(),
            judged.flagged,
            judged.score,
            json!(judged.rules)
        ))
    })
}

/// Whose text it is: the user's, unless the record says otherwise.
fn scope(record: &Record<'_>) -> Result<Scope, Fault> {
    let Some(role) = record.root.member("role") else {
        return Ok(Scope::User);
    };
    let known = role.text().and_then(|role| guard::scope(&role));
    known.ok_or_else(|| format!("no such `role`; there are: {}", guard::roles()).into())
}

/// Answers `{"id": ..., "system": "...", "response": "..."}`: does the response give the system prompt away?
pub(super) fn leaks(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    let preview = match guard::preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    answer_each(&args.file, console, |record| {
        let is_leak = preview.leaks(&record.text("system")?, &record.text("response")?);
        Ok(format!("{{\"id\":{},\"flagged\":{is_leak}}}\n", record.id.raw()))
    })
}
