//! `penstock scan`: what a filter finds in texts, a JSON line for each.

use crate::args::ScanArgs;
use crate::{Console, OK, REFUSED, check, input};
use penstock_pii_redactor::Finder;
use penstock_text_scan::Find;
use penstock_wire::{Kind, Limits, Tape};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{self, BufRead, Read};

/// The configuration that changes nothing.
const SHIPPED: &str = "{}";

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

const LIMITS: Limits = Limits {
    max_bytes: MAX_LINE_BYTES as usize,
    max_depth: 64,
    max_nodes: 1_000_000,
};

/// Runs `penstock scan`.
pub(crate) fn run(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    let finder = match finder(args.config.as_deref()) {
        Ok(finder) => finder,
        Err(error) => return console.fail(&error),
    };
    let outcome = input::open(&args.file).map_err(Stop::Unreadable);
    match outcome.and_then(|source| lines(source, &finder, console)) {
        Ok(()) => OK,
        Err(Stop::BadLine { number, why }) => {
            console.fail(&format!("{}:{number}: {why}", input::name(&args.file)));
            REFUSED
        }
        Err(Stop::Unreadable(error)) => console.fail(&format!("{}: {error}", input::name(&args.file))),
    }
}

/// The redactor's rules: those of a configuration, wherever `check` would find it, or the shipped ones.
fn finder(config: Option<&OsStr>) -> Result<Finder, String> {
    let Some(path) = config else {
        return Finder::new(SHIPPED).map_err(|error| error.to_string());
    };
    let named = |error: String| format!("{}: {error}", input::name(path));
    let bytes = input::read(path).map_err(|error| named(error.to_string()))?;
    let json = check::configuration(&bytes, path).map_err(named)?;
    let mut tape = Tape::new();
    tape.parse(json.as_bytes(), &LIMITS)
        .map_err(|error| named(error.to_string()))?;
    let redactor = tape.view(json.as_bytes()).root().member("pii_redactor");
    let redactor = redactor.ok_or_else(|| named("there is no `pii_redactor` in it".to_owned()))?;
    Finder::new(redactor.raw()).map_err(|error| named(error.to_string()))
}

/// Why not all lines were scanned.
enum Stop {
    BadLine { number: usize, why: &'static str },
    Unreadable(io::Error),
}

/// Answers each line before the next is read. Blank lines are none.
fn lines(mut source: impl BufRead, finder: &Finder, console: &mut Console<'_>) -> Result<(), Stop> {
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
        let answer = answer(&mut tape, line.trim_ascii(), finder);
        console.say(&answer.map_err(|why| Stop::BadLine { number, why })?);
    }
    Ok(())
}

/// The line of the answer to `{"id": ..., "text": "..."}`.
fn answer(tape: &mut Tape, line: &[u8], finder: &Finder) -> Result<String, &'static str> {
    tape.parse(line, &LIMITS).map_err(|_| "not one JSON document")?;
    let root = tape.view(line).root();
    if root.kind() != Kind::Object {
        return Err("not a JSON object");
    }
    let id = root.member("id").ok_or("no `id`")?;
    let text = root.member("text").and_then(|text| text.text());
    let text = text.ok_or("no `text` that is a string")?;
    let spans = Value::Array(spans(finder, &text));
    Ok(format!("{{\"id\":{},\"spans\":{spans}}}\n", id.raw()))
}

/// The finds, in code points.
fn spans(finder: &Finder, text: &str) -> Vec<Value> {
    let (mut at, mut points) = (0, 0);
    let mut point = |offset: usize| {
        points += text.get(at..offset).map_or(0, |passed| passed.chars().count());
        at = offset;
        points
    };
    let mut span = |find: &Find| {
        let (start, end) = (point(find.start), point(find.end));
        json!({ "start": start, "end": end, "type": finder.rule(find).entity })
    };
    finder.finds(text).iter().map(&mut span).collect()
}
