//! `penstock check` on configurations that stand alone.

use crate::run::{folder, penstock, penstock_on};

fn check(text: &str) -> (i32, String) {
    let ran = penstock_on(&["check", "-"], text.as_bytes());
    assert_eq!(ran.err, "");
    (ran.code, ran.out.replace("standard input:", ""))
}

#[test]
fn good_ones() {
    for (text, line, keys) in [
        (r#"{"token_meter": {}}"#, 1, "token_meter"),
        (
            "\u{feff}{\"exchange\": {\"headers\": \"release\"}}",
            1,
            "exchange",
        ),
        (
            "# a comment\ntoken_meter:\n  prices:\n  - {model: m, input: 0.25}\n",
            2,
            "token_meter",
        ),
        (
            "exchange: {}\ntoken_meter: {ask_usage: no}\n",
            1,
            "exchange, token_meter",
        ),
        (
            "prompt_guard: {policies: [{rules: ['*_injection'], scopes: [user], action: deny}]}",
            1,
            "prompt_guard",
        ),
    ] {
        assert_eq!(check(text), (0, format!("{line}: ok: {keys}\n")), "{text}");
    }
}

#[test]
fn refused_ones_with_line_and_field() {
    for (text, start) in [
        (
            r#"{"token_metr": {}}"#,
            "1: error: token_metr: unknown key; this module reads: exchange, cluster_picker, pii_redactor, prompt_guard, token_meter",
        ),
        (
            "{\n\"token_meter\": {\n\"prices\": [{\n\"model\": \"m\", \"input\": -1}]}}",
            "4: error: token_meter.prices[0].input: ",
        ),
        (
            "token_meter:\n  prices:\n  - model: m\n    input: 1\n  - model: o\n    inptu: 1\n",
            "6: error: token_meter.prices[1].inptu: unknown field",
        ),
        (
            "prompt_guard:\n  policies:\n  - {rules: [injection], action: deny}\n  - {rules: [injektion], action: deny}\n",
            "4: error: prompt_guard.policies[1].rules[0]: names no rule",
        ),
        (
            "prompt_guard:\n  threshold: 0\n",
            "2: error: prompt_guard.threshold: not between 1 and 99",
        ),
        (
            "exchange:\n  operations:\n  - {kind: upload, rule: inspect}\n",
            "3: error: exchange.operations[0].rule: ",
        ),
        (
            "exchange: {max_held_bytes: 4294967296}",
            "1: error: exchange.max_held_bytes: must be from 1 to 4294967295",
        ),
        (
            "{\"exchange\": {}, \"exchange\": {}}",
            "1: error: exchange: given twice",
        ),
        (
            "token_meter: {}\ntoken_meter: {}\n",
            "2: error: not YAML: the key \"token_meter\" is given twice",
        ),
        ("a: [1\nb: 2\n", "2: error: not YAML: "),
        ("- token_meter\n", "1: error: expected an object"),
    ] {
        let (code, out) = check(text);
        assert!(code == 1 && out.starts_with(start), "{text}: {out}");
    }
}

#[test]
fn what_is_no_text_or_nothing() {
    assert_eq!(
        check(""),
        (1, "1: nothing: no Penstock configuration in it\n".to_owned())
    );
    let ran = penstock_on(&["check", "-"], b"\xff\xfe");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (1, "standard input:1: error: not UTF-8\n")
    );
}

#[test]
fn a_json_file_must_be_json() {
    let path = folder("json_file").join("a.json");
    std::fs::write(&path, "{\n\"token_meter\": {},\n}").unwrap();
    let ran = penstock(&["check", path.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("a.json:3: error: not JSON at byte"),
        "{}",
        ran.out
    );
}

#[test]
fn several_documents_are_told_apart() {
    let (code, out) = check("token_meter: {}\n---\ntoken_meter: {mode: on}\n");
    assert_eq!(code, 1);
    assert!(
        out.starts_with("1: ok: document 1: token_meter\n3: error: document 2: token_meter.mode: "),
        "{out}"
    );
}
