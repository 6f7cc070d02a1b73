//! Personal data and secrets, by code points.

use crate::args::ScanArgs;
use crate::lines::answer_each;
use crate::{Console, redact};
use penstock_pii_redactor::Preview;
use penstock_text_scan::Find;
use serde_json::{Value, json};

/// Answers `{"id": ..., "text": "..."}` with the spans of what is found.
pub(super) fn run(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    let preview = match redact::preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    answer_each(&args.file, console, |record| {
        let spans = Value::Array(spans(&preview, &record.text("text")?));
        Ok(format!("{{\"id\":{},\"spans\":{spans}}}\n", record.id.raw()))
    })
}

/// The finds, in code points.
fn spans(preview: &Preview, text: &str) -> Vec<Value> {
    let (mut at, mut points) = (0, 0);
    let mut point = |offset: usize| {
        points += text.get(at..offset).map_or(0, |passed| passed.chars().count());
        at = offset;
        points
    };
    let mut span = |find: &Find| {
        let (start, end) = (point(find.start), point(find.end));
        json!({ "start": start, "end": end, "type": preview.rule(find).entity })
    };
    preview.finds(text).iter().map(&mut span).collect()
}
