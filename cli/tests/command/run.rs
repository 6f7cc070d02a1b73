//! Runs the command.

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What one run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `penstock` with arguments.
pub(crate) fn penstock(args: &[&str]) -> Ran {
    penstock_on(args, b"")
}

/// Runs `penstock` with arguments and standard input.
pub(crate) fn penstock_on(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_penstock"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // A command that does not read its input closes the pipe; that is no failure.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the writer ends");
    Ran {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// What `penstock read --json` says of a capture on standard input.
pub(crate) fn reading(capture: &[u8], more: &[&str]) -> (i32, Value) {
    let ran = penstock_on(&[&["read", "--json", "-"], more].concat(), capture);
    assert_eq!(ran.err, "");
    (ran.code, serde_json::from_str(&ran.out).expect("JSON"))
}

/// The scopes and bytes of a reading.
pub(crate) fn texts(reading: &Value) -> Vec<(&str, u64)> {
    let texts = reading["texts"].as_array().expect("texts");
    texts
        .iter()
        .map(|text| {
            (
                text["scope"].as_str().expect("a scope"),
                text["bytes"].as_u64().expect("bytes"),
            )
        })
        .collect()
}

/// The warnings of a reading, one after the other.
pub(crate) fn warnings(reading: &Value) -> String {
    let warnings = reading["warnings"].as_array().expect("warnings");
    warnings
        .iter()
        .map(|warning| warning.as_str().expect("text"))
        .collect::<Vec<_>>()
        .join("; ")
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// A folder of its own for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
