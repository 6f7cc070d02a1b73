//! `penstock scan`.

use crate::run::{Ran, penstock, penstock_on};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

fn scan(lines: &str) -> Ran {
    penstock_on(&["scan", "redactor"], lines.as_bytes())
}

fn answers(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_is_answered_in_code_points() {
    let ran = scan(concat!(
        "{\"id\": 1, \"text\": \"写信给ana@example.com或者bob@example.com吧\"}\n",
        "\n",
        "{\"text\": \"\\ud83d\\ude00 a\\u00e9 ana@example.com\", \"more\": [1], \"id\": \"b\\\"1\"}\r\n",
        "{\"id\": null, \"text\": \"nothing\"}",
    ));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let span = |start, end| json!({ "start": start, "end": end, "type": "EMAIL_ADDRESS" });
    assert_eq!(
        answers(&ran),
        [
            json!({ "id": 1, "spans": [span(3, 18), span(20, 35)] }),
            json!({ "id": "b\"1", "spans": [span(5, 20)] }),
            json!({ "id": null, "spans": [] }),
        ]
    );
}

#[test]
fn a_bad_line_is_named_by_number_and_never_shown() {
    for (bad, why) in [
        ("{\"id\": 1, \"text\": \"secret\"", "not one JSON document"),
        ("{\"id\": 1, \"text\": \"secret\"} {}", "not one JSON document"),
        ("[\"secret\"]", "not a JSON object"),
        ("{\"text\": \"secret\"}", "no `id`"),
        ("{\"id\": 1, \"text\": [\"secret\"]}", "no `text`"),
    ] {
        let good = "{\"id\": 0, \"text\": \"\"}";
        let ran = scan(&format!("{good}\n\n{bad}\n{good}\n"));
        assert_eq!((ran.code, answers(&ran).len()), (1, 1), "{bad}");
        assert!(
            ran.err.starts_with("penstock: standard input:3: ") && ran.err.contains(why),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("secret"), "{}", ran.err);
    }
    let ran = penstock_on(&["scan", "redactor"], b"{\"id\": 1, \"text\": \"\xff\"}");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
}

#[test]
fn a_file_is_read_as_standard_input_is() {
    let path = std::env::temp_dir().join(format!("penstock-scan-{}.jsonl", std::process::id()));
    std::fs::write(&path, "{\"id\": 7, \"text\": \"ana@example.com\"}\n").unwrap();
    let ran = penstock(&["scan", "redactor", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!((ran.code, answers(&ran)[0]["id"].as_u64()), (0, Some(7)));
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_penstock"))
        .args(["scan", "redactor"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut answers = BufReader::new(stdout).lines();
    for id in ["1", "2"] {
        writeln!(stdin, "{{\"id\": {id}, \"text\": \"\"}}").unwrap();
        assert!(answers.next().unwrap().unwrap().contains(id));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_configuration_brings_its_own_rules() {
    let path = std::env::temp_dir().join(format!("penstock-scan-{}.yaml", std::process::id()));
    let config = path.to_str().unwrap();
    let text = r#"{"id": 1, "text": "ana@example.com, help@example.com, 10.0.0.1, badge B-12345"}"#;
    let scan = |written: &str| {
        std::fs::write(&path, written).unwrap();
        let ran = penstock_on(&["scan", "redactor", "--config", config], text.as_bytes());
        std::fs::remove_file(&path).unwrap();
        ran
    };
    let ran = scan(concat!(
        "pii_redactor:\n  disable: [IP_ADDRESS]\n  allow: [help@example.com]\n",
        "  custom: [{entity: BADGE, regex: 'B-(\\d{5})', group: '1'}]\n",
    ));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let span = |start, end, entity| json!({ "start": start, "end": end, "type": entity });
    let spans = json!([span(0, 15, "EMAIL_ADDRESS"), span(53, 58, "BADGE")]);
    assert_eq!(answers(&ran)[0]["spans"], spans);

    for (written, why) in [
        ("token_meter: {}", "no `pii_redactor`"),
        (
            "pii_redactor: {custom: [{entity: B, regex: '(a)\\1'}]}",
            "backreferences",
        ),
        ("nothing: 1", "nothing"),
    ] {
        let ran = scan(written);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{written}");
        assert!(
            ran.err.contains(why) && ran.err.contains(config),
            "{written}: {}",
            ran.err
        );
    }
}
