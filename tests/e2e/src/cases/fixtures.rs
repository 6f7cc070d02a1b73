//! Answers of real model servers (tests/fixtures/real): not a byte changes, and the meter counts what they say.

use crate::bodies::probe;
use crate::check::*;
use crate::http1::parse_head;
use crate::message::{Fields, Framing, Request, find, first};
use crate::scenario::{Module, Runs, Scenario, Setup, case};
use crate::script::{Script, Step};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// All of this file.
///
/// # Panics
/// If a fixture cannot be read.
pub fn cases() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/real");
    ["llama", "ollama"]
        .into_iter()
        .flat_map(|server| server_cases(server, &folder.join(server)))
        .collect()
}

fn server_cases(server: &str, folder: &Path) -> Vec<Scenario> {
    let truth = read_json(&folder.join("truth.json"));
    let mut names: Vec<String> = entries(folder)
        .filter_map(|name| Some(name.strip_suffix(".http")?.to_owned()))
        .collect();
    names.sort_unstable();
    names
        .iter()
        .flat_map(|name| one(server, folder, name, &truth[name]))
        .collect()
}

fn one(server: &str, folder: &Path, name: &str, truth: &Value) -> [Scenario; 2] {
    let answer = Answer::read(&folder.join(format!("{name}.http")));
    let request = request(&read_json(&folder.join(format!("{name}.request.json"))));
    let deciding = probe(
        r#"{"on_failure": "open", "replace": [{"from": "zzz", "to": "x"}], "replace_prompt": [{"from": "zzz", "to": "x"}]}"#,
    );
    let on = |who: &str, setup: Setup| {
        let scenario = case(format!("real {server}: {name} ({who})"))
            .given(setup)
            .request(request.clone())
            .upstream(answer.script.clone());
        let scenario = scenario.then(client_head(answer.status));
        // A frame that the break has cut never leaves a filter that decides.
        if answer.whole {
            scenario.then(client_sees_end()).then(client_body_untouched())
        } else {
            scenario.then(client_sees_break())
        }
    };
    let metered = on("suite", Setup::with(Module::Suite, r#"{"token_meter": {}}"#));
    [
        on("deciding", deciding).then(upstream_body_untouched()),
        with_usage(metered, truth),
    ]
}

fn with_usage(scenario: Scenario, truth: &Value) -> Scenario {
    let scenario = scenario.runs(Runs::Native(
        "bytes through Envoy are proven by the deciding filter, counts by the SDK tests",
    ));
    if truth["usages"].as_i64().unwrap_or(0) == 0 {
        return scenario;
    }
    let tokens = |kind: &'static str| (kind, truth[kind].as_i64().unwrap_or(0));
    scenario.then_all([tokens("input"), tokens("output")].map(|(kind, count)| metered(kind, count)))
}

/// Tokens of this type that the meter counted, over all its labels.
fn metered(kind: &'static str, count: i64) -> Check {
    Check::new(move |seen| {
        let label = format!("type=.={kind};.;");
        let of_kind = |name: &String| name.starts_with("penstock_tokens_total.") && name.contains(&label);
        let got: i64 = seen
            .metrics
            .iter()
            .filter(|(name, _)| of_kind(name))
            .map(|(_, by)| by)
            .sum();
        if got == count {
            Ok(())
        } else {
            Err(format!(
                "meter: {got} {kind} tokens instead of {count}: {:?}",
                seen.metrics
            ))
        }
    })
}

/// What came over the wire: head, pieces, and whether there was an end.
struct Answer {
    status: u16,
    script: Script,
    whole: bool,
}

impl Answer {
    fn read(path: &PathBuf) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let end = find(&bytes, b"\r\n\r\n").unwrap_or_else(|| panic!("{}: no head", path.display()));
        let head = parse_head(&bytes[..end]).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        let body = &bytes[end + 4..];
        let chunked = first(&head.fields, "transfer-encoding").is_some();
        let mut fields: Fields = head.fields.clone();
        fields.retain(|(name, _)| {
            ![
                "content-length",
                "transfer-encoding",
                "connection",
                "keep-alive",
                "date",
            ]
            .contains(&name.as_str())
        });
        let mut script = Script::new(head.status()).framed(if chunked {
            Framing::Chunked
        } else {
            Framing::Length
        });
        script.steps = vec![Step::Head(head.status(), fields)];
        let (pieces, whole) = if chunked {
            chunks(body)
        } else {
            (vec![body.to_vec()], true)
        };
        script.steps.extend(
            pieces
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .map(Step::Data),
        );
        if !whole {
            // The proxy is to read the bytes before it sees the end of the connection.
            script.steps.extend([Step::Wait(20), Step::Reset]);
        }
        Self {
            status: head.status(),
            script,
            whole,
        }
    }
}

fn chunks(mut body: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut pieces = Vec::new();
    while let Some(line) = find(body, b"\r\n") {
        let size = std::str::from_utf8(&body[..line])
            .ok()
            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(size) = size else { break };
        if size == 0 {
            return (pieces, true);
        }
        let rest = &body[line + 2..];
        let piece = &rest[..size.min(rest.len())];
        pieces.push(piece.to_vec());
        body = rest.get(size + 2..).unwrap_or_default();
    }
    (pieces, false)
}

fn request(asked: &Value) -> Request {
    let word = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
    let request = Request::new(&word("method"), &word("path"));
    match &asked["body"] {
        Value::Null => request,
        Value::String(text) => request
            .header("content-type", "application/json")
            .body(text.as_bytes()),
        body => request
            .header("content-type", "application/json")
            .body(body.to_string()),
    }
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
}
