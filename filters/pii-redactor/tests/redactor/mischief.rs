//! What models do to placeholders: other case, other brackets, escapes, names they make up.

use crate::story::given;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

/// The client says who it is, and what is there instead goes back as these pieces of a stream.
fn streamed(config: &str, pieces: &[&str]) -> String {
    let frame = |piece: &&str| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": null}]})
        )
    };
    let mut frames: Vec<String> = pieces.iter().map(frame).collect();
    frames.push("data: [DONE]\n\n".to_owned());
    let got = asks(config, true).streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
    let got = String::from_utf8(got).unwrap();
    assert_eq!(
        got.matches("data: ").count(),
        frames.len(),
        "no frame is added or lost: {got}"
    );
    let events = got
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    events
        .map(|event| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn asks(config: &str, stream: bool) -> crate::story::Story {
    let said = "I am ana@corp.test and bob@corp.test, my card is 4111 1111 1111 1111";
    let call = json!({"function": {"name": "pay", "arguments": r#"{"card": 4111111111111111}"#}});
    given(config).asks(CHAT, &json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": said}, {"role": "assistant", "tool_calls": [call]}]}))
}

/// The same, as a whole answer.
fn whole(text: &str) -> String {
    let answer = asks("{}", false).answers(&json!({"choices": [{"index": 0, "message": {"content": text}}]}));
    answer["choices"][0]["message"]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The same, as the arguments of a call; by how many bytes a piece, whole at 0.
fn arguments(source: &str, size: usize) -> String {
    if size == 0 {
        let call = json!({"index": 0, "function": {"name": "pay", "arguments": source}});
        let answer =
            asks("{}", false).answers(&json!({"choices": [{"index": 0, "message": {"tool_calls": [call]}}]}));
        return answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
            .as_str()
            .unwrap()
            .to_owned();
    }
    let chars: Vec<char> = source.chars().collect();
    let frames: Vec<String> = chars
        .chunks(size)
        .map(|piece| {
            let call = json!({"index": 0, "function": {"arguments": piece.iter().collect::<String>()}});
            format!(
                "data: {}\n\n",
                json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
            )
        })
        .chain(["data: [DONE]\n\n".to_owned()])
        .collect();
    let got = asks("{}", true).streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
    let got = String::from_utf8(got).unwrap();
    let events = got
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    events
        .map(|event| {
            event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

const WRITTEN: [(&str, &str); 26] = [
    ("[email_1]", "ana@corp.test"),
    ("[Email_1]!", "ana@corp.test!"),
    (r"\[EMAIL\_1\]", "ana@corp.test"),
    (r"[EMAIL\_1]", "ana@corp.test"),
    (r"C:\[EMAIL_1]\x", r"C:\ana@corp.test\x"),
    ("［EMAIL_1］", "ana@corp.test"),
    ("【EMAIL_1】", "ana@corp.test"),
    ("**[EMAIL_1]**", "**ana@corp.test**"),
    ("`[EMAIL_1]`", "`ana@corp.test`"),
    ("```\n[EMAIL_1]\n```", "```\nana@corp.test\n```"),
    ("EMAIL_1", "ana@corp.test"),
    ("to EMAIL_1, EMAIL_2.", "to ana@corp.test, bob@corp.test."),
    ("EMAIL_12", "EMAIL_12"),
    ("MY_EMAIL_1", "MY_EMAIL_1"),
    ("email_1", "email_1"),
    ("[EMAIL_1][EMAIL_2]", "ana@corp.testbob@corp.test"),
    ("[EMAIL_1] [EMAIL_1]", "ana@corp.test ana@corp.test"),
    ("[[EMAIL_1]]", "[ana@corp.test]"),
    ("[mail](mailto:[EMAIL_1])", "[mail](mailto:ana@corp.test)"),
    ("mailto:EMAIL_1?subject=x", "mailto:ana@corp.test?subject=x"),
    ("[EMAIL_3] [EMAIL_4]", "[EMAIL_3] [EMAIL_4]"),
    // Without its end it is a name without brackets.
    ("[EMAIL_1", "[ana@corp.test"),
    ("[EMAIL_", "[EMAIL_"),
    ("[EMAIL_1 ]", "[ana@corp.test ]"),
    ("a[1] = b[EMAIL]", "a[1] = b[EMAIL]"),
    (
        "请联系[EMAIL_1]。EMAIL_2です",
        "请联系ana@corp.test。bob@corp.testです",
    ),
];

#[test]
fn a_placeholder_is_known_however_it_is_written() {
    for (said, meant) in WRITTEN {
        assert_eq!(whole(said), meant);
        for cut in said.char_indices().map(|(at, _)| at) {
            assert_eq!(
                streamed("{}", &[&said[..cut], &said[cut..]]),
                meant,
                "{said} cut at {cut}"
            );
        }
        let each: Vec<String> = said.chars().map(String::from).collect();
        assert_eq!(
            streamed("{}", &each.iter().map(String::as_str).collect::<Vec<_>>()),
            meant
        );
    }
}

#[test]
fn a_placeholder_is_known_however_json_writes_it() {
    for (said, meant) in [
        (r#"{"to": "[EMAIL_1]"}"#, r#"{"to": "ana@corp.test"}"#),
        (r#"{"to": "\u005bEMAIL_1\u005D"}"#, r#"{"to": "ana@corp.test"}"#),
        (r#"{"to": "\uFF3BEMAIL_1\uff3d"}"#, r#"{"to": "ana@corp.test"}"#),
        (r#"{"to": "\\[EMAIL\\_1\\]"}"#, r#"{"to": "ana@corp.test"}"#),
        (r#"{"to": "C:\\[EMAIL_1]"}"#, r#"{"to": "C:\\ana@corp.test"}"#),
        (
            r#"{"to": "\n[EMAIL_1]\nEMAIL_2"}"#,
            r#"{"to": "\nana@corp.test\nbob@corp.test"}"#,
        ),
        (r#"{"to": "\\nEMAIL_2"}"#, r#"{"to": "\\nEMAIL_2"}"#),
        (
            r#"{"[EMAIL_1]": 1, "EMAIL_2": 2}"#,
            r#"{"ana@corp.test": 1, "bob@corp.test": 2}"#,
        ),
        (r#"{"card": "[CARD_2]"}"#, r#"{"card": 4111111111111111}"#),
        (
            r#"{"[CARD_2]": "[CARD_2]", "[CARD_2]" : 1}"#,
            r#"{"4111111111111111": 4111111111111111, "4111111111111111" : 1}"#,
        ),
        (r#"{"card": [CARD_2]}"#, r#"{"card": 4111111111111111}"#),
        (
            r#"["[CARD_2]","[CARD_1]"]"#,
            r#"[4111111111111111,"4111 1111 1111 1111"]"#,
        ),
        (
            r#"{"say": "it is [CARD_2]."}"#,
            r#"{"say": "it is 4111111111111111."}"#,
        ),
        (
            r#"{"say": "[CARD_2]?", "x": ""}"#,
            r#"{"say": "4111111111111111?", "x": ""}"#,
        ),
    ] {
        for size in 0..=9 {
            assert_eq!(arguments(said, size), meant, "{said} by {size}");
        }
    }
}

#[test]
fn names_that_were_made_up_are_counted_once() {
    for size in [1, 2, 3, 50] {
        let said: Vec<char> = "[EMAIL_3], [EMAIL_1] and [EMAIL_77]".chars().collect();
        let pieces: Vec<String> = said.chunks(size).map(|piece| piece.iter().collect()).collect();
        let frames: Vec<String> = pieces
            .iter()
            .map(|piece| {
                format!(
                    "data: {}\n\n",
                    json!({"choices": [{"index": 0, "delta": {"content": piece}}]})
                )
            })
            .collect();
        let mut story = asks("{}", true);
        story.upstream_streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
        assert_eq!(
            story.count("penstock_pii_unknown_placeholders_total", &[]),
            2,
            "by {size}"
        );
        assert_eq!(
            story.count("penstock_pii_restored_total", &[("entity", "EMAIL_ADDRESS")]),
            1,
            "by {size}"
        );
    }
}
