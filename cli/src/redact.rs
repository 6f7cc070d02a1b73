//! `penstock redact`: a text or a captured request as it would leave.

use crate::args::RedactArgs;
use crate::{Console, OK, REFUSED, config, input, read};
use penstock_pii_redactor::{Found, Preview, Redacted};
use penstock_wire::{Json, Kind, Tape};
use serde_json::json;
use std::ffi::OsStr;

/// The redactor of a configuration file; without one, with its defaults.
pub(crate) fn preview(path: Option<&OsStr>) -> Result<Preview, String> {
    Preview::new(&config::part(path, "pii_redactor")?).map_err(|error| error.to_string())
}

/// Runs `penstock redact`.
pub(crate) fn run(args: &RedactArgs, console: &mut Console<'_>) -> u8 {
    let preview = match preview(args.config.as_deref()) {
        Ok(preview) => preview,
        Err(error) => return console.fail(&error),
    };
    let bytes = match input::read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return console.fail(&format!("{}: {error}", input::name(&args.file))),
    };
    let outcome = match read::request_in(&bytes, args.api) {
        Some(body) => redact(&preview, &body.bytes, body.target, false),
        None => redact_text(&preview, &String::from_utf8_lossy(&bytes)),
    };
    match outcome {
        Ok(redacted) => show(&redacted, console),
        Err(error) => console.fail(&error),
    }
}

/// A text, as the one message of a chat.
fn redact_text(preview: &Preview, text: &str) -> Result<Redacted, String> {
    let body = json!({ "messages": [{ "role": "user", "content": text }] }).to_string();
    redact(
        preview,
        body.as_bytes(),
        penstock_llm_api::Target::of(penstock_llm_api::Api::OpenAiChat),
        true,
    )
}

fn redact(
    preview: &Preview,
    body: &[u8],
    target: penstock_llm_api::Target,
    text_alone: bool,
) -> Result<Redacted, String> {
    let mut tape = Tape::new();
    tape.parse(body, &read::LIMITS)
        .map_err(|error| error.to_string())?;
    let dialect = target
        .dialect()
        .ok_or("no API that Penstock reads: name it with --api")?;
    let mut redacted = preview.redact(dialect, tape.view(body));
    if text_alone {
        redacted.body = redacted.body.map(|body| content(&body));
    }
    Ok(redacted)
}

/// The text of the one message.
fn content(body: &[u8]) -> Vec<u8> {
    let mut tape = Tape::new();
    if tape.parse(body, &read::LIMITS).is_err() {
        return Vec::new();
    }
    let json: Json<'_> = tape.view(body);
    let content = json
        .root()
        .pointer("/messages/0/content")
        .filter(|content| content.kind() == Kind::String);
    content
        .and_then(|content| content.text())
        .unwrap_or_default()
        .as_bytes()
        .to_vec()
}

/// What leaves on standard output, what was found on standard error.
fn show(redacted: &Redacted, console: &mut Console<'_>) -> u8 {
    for Found {
        entity,
        rule,
        scope,
        action,
        count,
    } in &redacted.finds
    {
        console.note(&format!(
            "{count:>5} {entity:<24} {scope:<12} {action:<18} by rule {rule}\n"
        ));
    }
    for kind in &redacted.unseen {
        console.note(&format!("      not scanned: {kind}\n"));
    }
    match &redacted.body {
        Ok(body) => {
            let text = String::from_utf8_lossy(body);
            let end = if text.ends_with('\n') { "" } else { "\n" };
            console.say(&format!("{text}{end}"));
            OK
        }
        Err(why) => {
            console.note(&format!("the request is refused: {why}\n"));
            REFUSED
        }
    }
}
