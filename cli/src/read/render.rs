//! A reading as JSON, and for people.

use super::reading::{Reading, TextBytes};
use crate::term::{Paint, printable};
use penstock_llm_api::{Api, Finish};
use serde::Serialize;
use std::fmt::Write;

/// Width of the column of names.
const NAMES: usize = 10;

/// The reading as one JSON object.
#[derive(Serialize)]
struct Document<'r> {
    api: Option<&'static str>,
    operation: &'static str,
    model: Option<&'r str>,
    stream: bool,
    texts: Vec<Text>,
    usage: Tokens,
    finish: Option<&'static str>,
    warnings: &'r [String],
}

#[derive(Serialize)]
struct Text {
    scope: &'static str,
    bytes: u64,
}

#[derive(Serialize)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    cache_creation_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    estimated: bool,
}

/// The reading as one JSON object, on one line.
pub(crate) fn json(reading: &Reading) -> String {
    let usage = &reading.usage;
    let document = Document {
        api: reading.api.map(Api::name),
        operation: reading.operation.name(),
        model: reading.model.as_deref(),
        stream: reading.stream,
        texts: reading.texts.iter().map(Text::from).collect(),
        usage: Tokens {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            cache_creation_tokens: usage.cache_creation_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            estimated: reading.estimated,
        },
        finish: reading.finish.map(Finish::name),
        warnings: &reading.warnings,
    };
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

impl From<&TextBytes> for Text {
    fn from(text: &TextBytes) -> Self {
        Self {
            scope: text.scope.name(),
            bytes: text.bytes,
        }
    }
}

/// The reading as a few lines.
pub(crate) fn human(reading: &Reading, paint: Paint) -> String {
    let mut out = String::new();
    let form = if reading.stream { "stream" } else { "whole" };
    let api = reading.api.map_or("unknown", |api| api.name());
    line(
        &mut out,
        paint,
        "api",
        &format!("{api} ({}, {form})", reading.operation.name()),
    );
    if let Some(model) = &reading.model {
        line(&mut out, paint, "model", &printable(model));
    }
    for text in &reading.texts {
        line(
            &mut out,
            paint,
            text.scope.name(),
            &format!("{} bytes", text.bytes),
        );
    }
    if let Some(usage) = usage(reading) {
        line(&mut out, paint, "usage", &usage);
    }
    if let Some(finish) = reading.finish {
        line(&mut out, paint, "finish", finish.name());
    }
    for warning in &reading.warnings {
        let _ = writeln!(out, "{} {}", paint.warning("warning:"), printable(warning));
    }
    out
}

fn line(out: &mut String, paint: Paint, name: &str, value: &str) {
    // Padded before it is painted: escape sequences have no width.
    let padded = format!("{name:NAMES$}");
    let _ = writeln!(out, "{} {value}", paint.name(&padded));
}

fn usage(reading: &Reading) -> Option<String> {
    let usage = &reading.usage;
    let input = [
        (usage.cached_tokens, "cached"),
        (usage.cache_creation_tokens, "written to the cache"),
    ];
    let output = [(usage.reasoning_tokens, "reasoning")];
    let sides = [
        side(usage.input_tokens, "in", &input),
        side(usage.output_tokens, "out", &output),
    ];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    let estimated = if reading.estimated { ", estimated" } else { "" };
    (!sides.is_empty()).then(|| format!("{}{estimated}", sides.join(", ")))
}

fn side(total: Option<u64>, name: &str, parts: &[(Option<u64>, &str)]) -> Option<String> {
    let known = parts
        .iter()
        .filter_map(|(count, part)| Some(format!("{} {part}", (*count).filter(|count| *count > 0)?)));
    let known: Vec<String> = known.collect();
    let parts = if known.is_empty() {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    };
    Some(format!("{} {name}{parts}", total?))
}
