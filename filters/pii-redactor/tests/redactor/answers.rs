//! Personal data in answers that the client did not send: whatever the stream is cut into, the same is found, and the same
//! becomes of it.

use crate::roundtrip::cases;
use crate::story::{Story, given, head};
use crate::values::{AWS_KEY, PRIVATE_KEY, TOKEN};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CHAT: &str = "/v1/chat/completions";

fn asks(config: &str, stream: bool) -> Story {
    let said = "I am ana@corp.test, my card is 4111 1111 1111 1111";
    given(config).asks(
        CHAT,
        &json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": said}]}),
    )
}

fn frame(piece: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": piece}}]})
    )
}

fn events(body: &[u8]) -> Vec<Value> {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

fn text(body: &[u8]) -> String {
    let texts = events(body)
        .into_iter()
        .map(|event| event["choices"][0]["delta"]["content"].clone());
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// Text of the client and finds in it, by entity, when the answer comes in pieces of these sizes, in characters.
fn streamed(config: &str, said: &str, sizes: &[usize]) -> (String, BTreeMap<String, u64>) {
    let chars: Vec<char> = said.chars().collect();
    let (mut rest, mut frames) = (chars.as_slice(), Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at((*size).min(rest.len()));
        frames.push(frame(&piece.iter().collect::<String>()));
        rest = left;
    }
    frames.push("data: [DONE]\n\n".to_owned());
    let mut story = asks(config, true);
    story.upstream_streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
    let body = story.envoy.client(story.stream).body.clone();
    let ends = String::from_utf8_lossy(&body).matches("data: ").count();
    assert_eq!(ends, frames.len(), "no frame is added or lost");
    (text(&body), found(&story))
}

/// The same of a whole answer.
fn whole(config: &str, said: &str) -> (String, BTreeMap<String, u64>) {
    let mut story = asks(config, false);
    let body = json!({"choices": [{"index": 0, "message": {"content": said}}]}).to_string();
    story.envoy.response_head(
        story.stream,
        head(&[(":status", "200"), ("content-type", "application/json")]),
        false,
    );
    story.envoy.response_body(story.stream, body.as_bytes(), true);
    let got: Value = serde_json::from_slice(&story.envoy.client(story.stream).body).unwrap();
    (
        got["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .to_owned(),
        found(&story),
    )
}

fn found(story: &Story) -> BTreeMap<String, u64> {
    let mut finds = BTreeMap::new();
    for (name, count) in story.envoy.metrics() {
        if name.starts_with("penstock_pii_finds_total") && name.contains("direction=.=response") {
            let entity = name.split("entity=.=").nth(1).unwrap().split(';').next().unwrap();
            *finds.entry(entity.to_owned()).or_default() += count;
        }
    }
    finds
}

/// What a model may say: values of others, the client's own, placeholders, and words.
fn said() -> impl Strategy<Value = String> {
    let words = [
        "Dear customer,",
        "the total is",
        "in 2024",
        "(see below)",
        "well-known",
        "IMPORTANT NOTE",
        "と書いてある。",
        "1. first",
        "\n- item",
        "key:",
        "A",
        "```",
        "x = 3",
        "10:30",
        "[EMAIL_1]",
        "[CARD_1]",
        "[EMAIL_9]",
        "ana@corp.test",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "https://docs.test/a?b=c_d",
    ];
    let values = [
        "eve@evil.test",
        "5555 5555 5555 4444",
        "5555555555554444",
        "GB82 WEST 1234 5698 7654 32",
        "DE89370400440532013000",
        "93.184.216.34",
        "2a00:1450:4001:82b::200e",
        "zoe@evil.test、",
        "5500-0000-0000-0004",
        "the Project Blue Heron is",
        "これは青鷺計画です",
        "room 417",
        "417 is a room",
        "417",
        AWS_KEY,
        TOKEN,
        PRIVATE_KEY,
        "postgres://app:Zt81qQpLm2@db.corp.test:5432/main",
    ];
    let word = prop::sample::select(words.to_vec());
    let value = prop::sample::select(values.to_vec());
    let part = prop_oneof![3 => word, 1 => value];
    prop::collection::vec(part, 1..25).prop_map(|parts| parts.join(" "))
}

const POLICIES: [&str; 4] = [
    r#"{"answers": "mask"}"#,
    r#"{"answers": "mask", "custom": [{"entity": "CODE", "literals": ["Project Blue Heron", "青鷺計画"]}, {"entity": "ROOM", "regex": "[0-9]{3}", "context": ["room"], "reach": 20}]}"#,
    r#"{"answers": "alert"}"#,
    r#"{"action": "format_preserving", "answers": "replace"}"#,
];

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn the_split_of_a_stream_changes_nothing(said in said(), sizes in prop::collection::vec(1usize..30, 1..5)) {
        for config in POLICIES {
            let said = if config.contains("format") { said.replace("[EMAIL_1]", "person1@example.com").replace("[CARD_1]", "4242 4200 0000 0018") } else { said.clone() };
            let expected = whole(config, &said);
            prop_assert_eq!(streamed(config, &said, &sizes), expected.clone(), "{}", config);
            prop_assert!(config.contains("alert") || !expected.0.contains("@evil.test"), "{}", expected.0);
            prop_assert!(!expected.0.contains("[CARD_1]") && !expected.0.contains("person1@"), "{}", expected.0);
        }
    }
}

#[test]
fn what_the_client_did_not_send_is_masked_and_what_it_sent_is_not() {
    let (text, finds) = whole(
        r#"{"answers": "mask"}"#,
        "[EMAIL_1] and eve@evil.test know ana@corp.test and [CARD_1]",
    );
    assert_eq!(
        text,
        "ana@corp.test and [EMAIL] know ana@corp.test and 4111 1111 1111 1111"
    );
    assert_eq!(finds, BTreeMap::from([("EMAIL_ADDRESS".to_owned(), 1)]));
}

#[test]
fn a_number_of_the_client_is_its_own_in_any_spelling() {
    let config = r#"{"action": "alert", "answers": "mask"}"#;
    let (text, finds) = whole(config, "4111111111111111, 4111-1111-1111-1111, 5555555555554444");
    assert_eq!(text, "4111111111111111, 4111-1111-1111-1111, [CARD]");
    assert_eq!(finds.values().sum::<u64>(), 1);
}

#[test]
fn a_blocked_entity_ends_the_answer_where_it_stands() {
    let config =
        r#"{"policies": [{"entities": ["EMAIL_ADDRESS"], "direction": "response", "action": "block"}]}"#;
    for pieces in [
        &["Hello [EMAIL_1], ask eve@evil.test or", " others", "!"][..],
        &[
            "Hello [EMAIL_1], ask e",
            "ve@e",
            "vil.te",
            "st or",
            " others",
            "!",
        ],
    ] {
        let mut story = asks(config, true);
        let frames: Vec<String> = pieces.iter().map(|piece| frame(piece)).collect();
        story.upstream_streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
        let client = story.envoy.client(story.stream);
        let body = String::from_utf8(client.body.clone()).unwrap();
        assert!(body.contains("pii_blocked"), "{body}");
        assert!(!body.contains("evil"), "{body}");
        assert!(!body.contains("EMAIL_1"), "{body}");
    }
    let mut story = asks(config, false);
    let body = json!({"choices": [{"index": 0, "message": {"content": "ask eve@evil.test"}}]}).to_string();
    story.envoy.response_head(
        story.stream,
        head(&[(":status", "200"), ("content-type", "application/json")]),
        false,
    );
    story.envoy.response_body(story.stream, body.as_bytes(), true);
    let body = String::from_utf8(story.envoy.client(story.stream).body.clone()).unwrap();
    assert!(body.contains("pii_blocked") && !body.contains("evil"), "{body}");
}

#[test]
fn arguments_stay_json_when_a_number_is_masked() {
    let said = r#"{"card": 5555555555554444, "say": "\", 5555555555554444, ", "list": [5555555555554444,1]}"#;
    let meant = r#"{"card": "[CARD]", "say": "\", [CARD], ", "list": ["[CARD]",1]}"#;
    for size in [1, 3, 7, 1_000] {
        let chars: Vec<char> = said.chars().collect();
        let mut frames: Vec<String> = chars
            .chunks(size)
            .map(|piece| {
                let call = json!({"index": 0, "function": {"arguments": piece.iter().collect::<String>()}});
                format!(
                    "data: {}\n\n",
                    json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
                )
            })
            .collect();
        frames.push("data: [DONE]\n\n".to_owned());
        let body = asks(r#"{"answers": "mask"}"#, true)
            .streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
        let arguments: String = events(&body)
            .iter()
            .map(|event| {
                event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert_eq!(arguments, meant, "by {size}");
    }
}

#[test]
fn an_alert_holds_nothing_back() {
    let mut story = asks(
        r#"{"answers": "alert", "policies": [{"action": "pass", "direction": "request"}]}"#,
        true,
    );
    let fields = [(":status", "200"), ("content-type", "text/event-stream")];
    story.envoy.response_head(story.stream, head(&fields), false);
    let mut sent = Vec::new();
    for piece in [
        "write to eve@",
        "evil.te",
        "st or to 5555 55",
        "55 5555 4444",
        " now",
    ] {
        sent.extend(frame(piece).into_bytes());
        story
            .envoy
            .response_body(story.stream, frame(piece).as_bytes(), false);
        assert_eq!(story.envoy.client(story.stream).body, sent);
    }
    story.envoy.response_body(story.stream, b"", true);
    assert_eq!(
        found(&story),
        BTreeMap::from([("CREDIT_CARD".to_owned(), 1), ("EMAIL_ADDRESS".to_owned(), 1)])
    );
}

#[test]
fn words_are_not_held_back() {
    let mut story = asks(r#"{"answers": "mask"}"#, true);
    let fields = [(":status", "200"), ("content-type", "text/event-stream")];
    story.envoy.response_head(story.stream, head(&fields), false);
    let mut last = "";
    for word in [
        "The ",
        "turbines ",
        "are ",
        "quiet",
        ", ",
        "and ",
        "all ",
        "is ",
        "well. ",
        "水",
        "轮机",
        "都很",
        "安静。",
        "Yes",
    ] {
        story
            .envoy
            .response_body(story.stream, frame(word).as_bytes(), false);
        let got = text(&story.envoy.client(story.stream).body);
        assert!(
            got.ends_with(last) || got.ends_with(word),
            "{word:?} waits for more than the next: {got:?}"
        );
        last = word;
    }
}
