//! `penstock disguise`: labelled texts, spelt so that a filter may not know them.

use crate::Console;
use crate::args::DisguiseArgs;
use crate::lines::{Fault, Record, answer_each};
use penstock_text_scan::disguise::Disguise;
use penstock_wire::JsonEdits;
use serde_json::json;

/// Runs `penstock disguise`.
pub(crate) fn run(args: &DisguiseArgs, console: &mut Console<'_>) -> u8 {
    answer_each(&args.file, console, |record| {
        let text = record.text("text")?;
        let disguised = args.kinds.iter().map(|kind| line(&record, &text, *kind));
        disguised.collect()
    })
}

/// The record in disguise: `text` rewritten, `category` named after the disguise, `id` with the disguise behind it. What
/// else is in the record stays.
fn line(record: &Record<'_>, text: &str, kind: Disguise) -> Result<String, Fault> {
    let id = record.id.text().unwrap_or_else(|| record.id.raw().into());
    let id = json!(format!("{id}_{}", kind.name())).to_string();
    let category = json!(format!("obf_{}", kind.name())).to_string();
    // The number of the line is the seed, so that not all texts get the same variant of a disguise.
    let spelt = json!(kind.apply(text, record.number as u64)).to_string();
    let mut edits = JsonEdits::new();
    edits.replace(record.id.id(), &id);
    edits.replace(record.node("text")?.id(), &spelt);
    match record.root.member("category") {
        Some(old) => edits.replace(old.id(), &category),
        None => edits.insert_member(record.root.id(), "category", &category),
    }
    let line = edits.apply(record.root.json());
    let line = line.map_err(|_| "a member that is given twice")?;
    String::from_utf8(line)
        .map(|line| line + "\n")
        .map_err(|_| "not UTF-8".into())
}
