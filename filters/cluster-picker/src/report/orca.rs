//! ORCA reports as text and as JSON.

use super::{Gathered, Merge, bin, field, number};
use penstock_wire::{Kind, Limits, Tape, Value};

/// Deepest JSON of a report: the object and its maps.
const MAX_DEPTH: usize = 4;

/// A report behind the name of its form: `TEXT k=v, k=v`, `JSON {...}`, `BIN <base64>`. Without a name it is JSON if it
/// begins as JSON does, else text.
pub(super) fn any(gathered: &mut Gathered, value: &[u8]) {
    let value = value.trim_ascii();
    let named = |form: &[u8]| {
        let (name, rest) = value.split_at_checked(form.len())?;
        let is_named =
            name.eq_ignore_ascii_case(form) && rest.first().is_some_and(|byte| b" \t:{".contains(byte));
        is_named.then(|| rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start())
    };
    if let Some(report) = named(b"TEXT") {
        text(gathered, report);
    } else if let Some(report) = named(b"JSON") {
        json(gathered, report);
    } else if let Some(report) = named(b"BIN") {
        bin::base64(gathered, report);
    } else if value.starts_with(b"{") {
        json(gathered, value);
    } else if value.iter().any(|byte| b"=:".contains(byte)) {
        text(gathered, value);
    } else {
        gathered.ignored += 1;
    }
}

/// `key=value` or `key:value`, with commas between.
fn text(gathered: &mut Gathered, report: &[u8]) {
    let mut pairs = 0;
    for pair in report.split(|byte| *byte == b',') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (key, value) = match (halves.next(), halves.next()) {
            (Some(key), Some(value)) => (key, value),
            // A name may have a colon of its own (`vllm:x`), a number has none: the last one parts them.
            (_, _) => match pair.iter().rposition(|byte| *byte == b':') {
                Some(at) => (
                    pair.get(..at).unwrap_or_default(),
                    pair.get(at + 1..).unwrap_or_default(),
                ),
                None => continue,
            },
        };
        pairs += 1;
        if let Some(field) = field(key.trim_ascii()) {
            gathered.take(field, number(value), Merge::Max);
        }
    }
    gathered.ignored += u32::from(pairs == 0);
}

/// An object of numbers, and of maps of numbers (`named_metrics`, `utilization`).
pub(super) fn json(gathered: &mut Gathered, report: &[u8]) {
    let limits = Limits {
        max_bytes: super::MAX_REPORT_BYTES,
        max_depth: MAX_DEPTH,
        ..Limits::default()
    };
    let mut tape = Tape::new();
    let parsed = tape.parse(report, &limits);
    let root = tape.view(report).root();
    if parsed.is_err() || root.kind() != Kind::Object {
        gathered.ignored += 1;
        return;
    }
    for (key, value) in root.members() {
        if value.kind() != Kind::Object {
            member(gathered, key, value);
        } else if is_map(key) {
            value
                .members()
                .for_each(|(key, value)| member(gathered, key, value));
        }
    }
}

fn is_map(key: Value<'_>) -> bool {
    ["named_metrics", "namedMetrics", "utilization"]
        .iter()
        .any(|name| key.eq_text(name))
}

/// A number, which protobuf's JSON may also write as a string.
fn member(gathered: &mut Gathered, key: Value<'_>, value: Value<'_>) {
    let Some(field) = key.text().and_then(|key| field(key.as_bytes())) else {
        return;
    };
    let read = match value.kind() {
        Kind::Number => number(value.number_raw().as_bytes()),
        Kind::String => value.text().and_then(|text| number(text.as_bytes())),
        Kind::Null => return,
        Kind::Bool | Kind::Key | Kind::Array | Kind::Object => None,
    };
    gathered.take(field, read, Merge::Max);
}
