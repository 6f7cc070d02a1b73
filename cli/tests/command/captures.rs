//! Every capture of a real server in the repository, against what is known of it.

use crate::run::{penstock, repository, texts, warnings};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn captures(server: &str) -> Vec<(String, PathBuf)> {
    let folder = repository("tests/fixtures/real").join(server);
    let files = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut captures: Vec<(String, PathBuf)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    captures.sort();
    assert!(captures.len() > 30, "{server}: {} captures", captures.len());
    captures
}

fn truth(server: &str) -> Value {
    let path = repository("tests/fixtures/real").join(server).join("truth.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(path: &Path, request: Option<&Path>) -> Value {
    let mut args = vec!["read", "--json", path.to_str().unwrap()];
    if let Some(request) = request {
        args.extend(["--request", request.to_str().unwrap()]);
    }
    let ran = penstock(&args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", path.display());
    serde_json::from_str(&ran.out).unwrap()
}

/// The request is at hand, as `NAME.request.json`.
fn request_of(path: &Path) -> PathBuf {
    path.with_extension("request.json")
}

fn api_of(format: &str, name: &str) -> String {
    match format {
        "ollama_native" if name.starts_with("api-generate") => "ollama_generate".to_owned(),
        "ollama_native" => "ollama_chat".to_owned(),
        other => other.to_owned(),
    }
}

fn compare(name: &str, truth: &Value, reading: &Value) {
    let usage = &reading["usage"];
    assert_eq!(
        reading["api"],
        api_of(truth["format"].as_str().unwrap(), name),
        "{name}"
    );
    assert_eq!(reading["stream"], truth["stream"], "{name}");
    if truth["usages"] == 0 {
        assert_eq!(usage["estimated"], true, "{name}");
    } else {
        assert_eq!(
            (&usage["input_tokens"], &usage["output_tokens"]),
            (&truth["input"], &truth["output"]),
            "{name}"
        );
        assert_eq!(
            usage["cached_tokens"].as_u64().unwrap_or(0),
            truth["cached"].as_u64().unwrap_or(0),
            "{name}"
        );
        assert_eq!(usage["estimated"], false, "{name}");
    }
    let choices = truth["choices"].as_u64().unwrap_or(1) as usize;
    for (scope, key) in [("output", "text"), ("reasoning", "reasoning")] {
        let text = truth[key].as_str().unwrap_or("").len() as u64;
        let wanted = if text > 0 { choices } else { 0 };
        let read: Vec<u64> = texts(reading)
            .into_iter()
            .filter(|(own, _)| *own == scope)
            .map(|(_, bytes)| bytes)
            .collect();
        // The truth is without the line end that models put behind their reasoning.
        let fits = |bytes: &u64| *bytes == text || (scope == "reasoning" && *bytes == text + 1);
        assert!(
            read.len() == wanted && read.iter().all(fits),
            "{name}: {scope} {read:?}, not {text}"
        );
    }
    let calls = truth["calls"].as_array().map_or(0, Vec::len);
    assert_eq!(
        texts(reading)
            .iter()
            .filter(|(scope, _)| *scope == "tool_call")
            .count(),
        calls,
        "{name}"
    );
}

#[test]
fn usage_and_texts_are_what_is_known_with_and_without_the_request() {
    let mut compared = 0;
    for server in ["llama", "ollama"] {
        let truth = truth(server);
        for (name, path) in captures(server) {
            let Some(truth) = truth.get(&name).filter(|truth| truth["format"].is_string()) else {
                continue;
            };
            compare(&name, truth, &read(&path, None));
            compare(&name, truth, &read(&path, Some(&request_of(&path))));
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn the_request_tells_the_api_of_every_capture() {
    for server in ["llama", "ollama"] {
        for (name, path) in captures(server) {
            let reading = read(&path, Some(&request_of(&path)));
            let manages = ["models", "api-tags", "count-tokens"].contains(&name.as_str());
            assert_eq!(reading["api"].is_null(), manages, "{name}");
            assert_eq!(reading["operation"] == "manage", manages, "{name}");
        }
    }
}

/// A whole exchange in its own words: no warning at all.
#[test]
fn nothing_is_odd_about_whole_captures() {
    for server in ["llama", "ollama"] {
        for (name, path) in captures(server) {
            let quiet = name.ends_with("-say-stream")
                || name.ends_with("-say-unary")
                || name.ends_with("-call-stream");
            if quiet {
                assert_eq!(
                    warnings(&read(&path, Some(&request_of(&path)))),
                    "",
                    "{server} {name}"
                );
            }
        }
    }
}

#[test]
fn killed_streams_are_estimated_and_said_to_be() {
    let mut killed = 0;
    for server in ["llama", "ollama"] {
        for (name, path) in captures(server)
            .into_iter()
            .filter(|(name, _)| name.starts_with("edge-killed"))
        {
            let reading = read(&path, Some(&request_of(&path)));
            let output: u64 = texts(&reading).iter().map(|(_, bytes)| bytes).sum();
            assert_eq!(reading["usage"]["estimated"], true, "{name}");
            assert_eq!(reading["usage"]["output_tokens"], output.div_ceil(4), "{name}");
            assert!(reading["usage"]["input_tokens"].as_u64() > Some(0), "{name}");
            let said = warnings(&reading);
            assert!(
                said.contains("truncated") || said.contains("reports an error"),
                "{name}: {said}"
            );
            killed += 1;
        }
    }
    assert!(killed >= 6);
}

#[test]
fn requests_are_read_alone() {
    for server in ["llama", "ollama"] {
        for (name, path) in captures(server) {
            let ran = penstock(&["read", "--json", request_of(&path).to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{name}");
            let reading: Value = serde_json::from_str(&ran.out).unwrap();
            if name == "chat-say-stream" {
                assert_eq!(texts(&reading), [("system", 9), ("user", 4)], "{server}");
                assert_eq!(
                    (&reading["stream"], &reading["usage"]["input_tokens"]),
                    (&Value::Bool(true), &Value::from(4))
                );
            }
        }
    }
}

/// However a stream's chunks are cut, it is the same stream.
#[test]
fn other_chunks_read_the_same() {
    for (name, path) in captures("llama")
        .into_iter()
        .filter(|(name, _)| name.ends_with("-stream"))
    {
        let capture = std::fs::read(&path).unwrap();
        let head = capture
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap()
            + 4;
        let (head, body) = capture.split_at(head);
        let whole = read(&path, None);
        if warnings(&whole).contains("last chunk") {
            continue;
        }
        for size in [1, 7, 1000] {
            let mut again = head.to_vec();
            for chunk in dechunked(body).chunks(size) {
                again.extend(format!("{:x};ext=1\r\n", chunk.len()).bytes());
                again.extend_from_slice(chunk);
                again.extend(b"\r\n");
            }
            again.extend(b"0\r\nx-trailer: 1\r\n\r\n");
            assert_eq!(crate::run::reading(&again, &[]).1, whole, "{name} in {size}");
        }
    }
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    loop {
        let line = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return plain;
        }
        plain.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 4 + size..];
    }
}
