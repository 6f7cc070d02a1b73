//! `penstock scan`: what a filter finds in texts, a JSON line for each.

use crate::args::ScanArgs;
use crate::{Console, OK, REFUSED, input, redact};
use penstock_pii_redactor::Preview;
use penstock_text_scan::Find;
use penstock_wire::{Kind, Limits, Tape};
use serde_json::{Value, json};
use std::io::{self, BufRead, Read};

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

const LIMITS: Limits = Limits {
    max_bytes: MAX_LINE_BYTES as usize,
    max_depth: 64,
    max_nodes: 1_000_000,
};

/// Runs `penstock scan`.
pub(crate) fn run(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    let preview = match redact::preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    let outcome = input::open(&args.file).map_err(Stop::Unreadable);
    match outcome.and_then(|source| lines(source, &preview, console)) {
        Ok(()) => OK,
        Err(Stop::BadLine { number, why }) => {
            console.fail(&format!("{}:{number}: {why}", input::name(&args.file)));
            REFUSED
        }
        Err(Stop::Unreadable(error)) => console.fail(&format!("{}: {error}", input::name(&args.file))),
    }
}

/// Why not all lines were scanned.
enum Stop {
    BadLine { number: usize, why: &'static str },
    Unreadable(io::Error),
}

/// Answers each line before the next is read. Blank lines are none.
fn lines(mut source: impl BufRead, preview: &Preview, console: &mut Console<'_>) -> Result<(), Stop> {
    let mut tape = Tape::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut bounded = source.by_ref().take(MAX_LINE_BYTES);
        let length = bounded.read_until(b'\n', &mut line).map_err(Stop::Unreadable)?;
        if length == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&mut tape, line.trim_ascii(), preview);
        console.say(&answer.map_err(|why| Stop::BadLine { number, why })?);
    }
    Ok(())
}

/// The line of the answer to `{"id": ..., "text": "..."}`.
fn answer(tape: &mut Tape, line: &[u8], preview: &Preview) -> Result<String, &'static str> {
    tape.parse(line, &LIMITS).map_err(|_| "not one JSON document")?;
    let root = tape.view(line).root();
    if root.kind() != Kind::Object {
        return Err("not a JSON object");
    }
    let id = root.member("id").ok_or("no `id`")?;
    let text = root.member("text").and_then(|text| text.text());
    let text = text.ok_or("no `text` that is a string")?;
    let spans = Value::Array(spans(preview, &text));
    Ok(format!("{{\"id\":{},\"spans\":{spans}}}\n", id.raw()))
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
