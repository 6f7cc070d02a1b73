//! What cannot be read: nothing leaks, and a client that was masked gets its own values or an error.

use crate::story::{Story, head, under};
use penstock_fake_envoy::Ended;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

/// A redactor that fails open.
fn open(exchange: &str) -> Story {
    under(&format!(
        r#"{{"exchange": {exchange}, "pii_redactor": {{"on_failure": "open", "max_finds": 3}}}}"#
    ))
}

fn chat(text: &str, stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]})
}

fn frame(text: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": text}}]})
    )
}

const MASKED: &str = "I am ana@corp.test";
const PLAIN: &str = "I am Ana";

#[test]
fn a_whole_answer_that_cannot_be_read_is_refused_once_something_is_masked() {
    let answer = json!({"choices": [{"index": 0, "message": {"content": "Dear [EMAIL_1]"}}]}).to_string();
    let cut = &answer[..answer.len() - 3];
    let large = format!("{answer}{}", " ".repeat(3_000));
    let json = ("content-type", "application/json");
    for (fields, body, code) in [
        (
            vec![json, ("content-encoding", "br")],
            answer.as_str(),
            "unsupported_encoding",
        ),
        (vec![("content-type", "text/html")], &answer, "unknown_response"),
        (
            vec![json, ("content-encoding", "gzip")],
            &answer,
            "invalid_encoding",
        ),
        (vec![json], cut, "invalid_json"),
        (vec![json], &large, "response_too_large"),
    ] {
        for (said, refused) in [(MASKED, true), (PLAIN, false)] {
            let mut story = open(r#"{"max_response_bytes": 2000}"#).asks(CHAT, &chat(said, false));
            story.begins("200", &fields);
            story.envoy.response_body(story.stream, body.as_bytes(), true);
            assert_eq!(story.envoy.misuse(), [""; 0]);
            if refused {
                assert!(story.status().starts_with(b"5"), "{code}: {}", story.body());
                assert!(story.body().contains(code), "{code}: {}", story.body());
                assert!(!story.body().contains("EMAIL_1"), "{code}: {}", story.body());
            } else {
                assert_eq!(
                    (story.status(), story.body()),
                    (&b"200"[..], body.to_owned()),
                    "{code}"
                );
            }
        }
    }
}

#[test]
fn an_answer_whose_head_has_left_is_reset() {
    let answer = json!({"choices": [{"index": 0, "message": {"content": "Dear [EMAIL_1]"}}]}).to_string();
    let json = ("content-type", "application/json");
    for (fields, body) in [
        (vec![json, ("content-encoding", "br")], answer.as_str()),
        (vec![("content-type", "text/html")], &answer),
        (vec![json], &answer[..answer.len() - 3]),
        (vec![json], &format!("{answer}{}", " ".repeat(3_000))),
    ] {
        let mut story =
            open(r#"{"headers": "release", "max_response_bytes": 2000}"#).asks(CHAT, &chat(MASKED, false));
        story.begins("200", &fields);
        for piece in body.as_bytes().chunks(40) {
            story.envoy.response_body(story.stream, piece, false);
        }
        story.envoy.response_body(story.stream, b"", true);
        assert_eq!(story.envoy.misuse(), [""; 0]);
        let whole = story.envoy.client(story.stream).ended == Ended::Complete;
        assert!(
            !whole || story.status().starts_with(b"5"),
            "{fields:?}: {}",
            story.body()
        );
        assert!(!story.body().contains("EMAIL_1"), "{fields:?}: {}", story.body());
    }
}

#[test]
fn a_stream_that_cannot_be_read_is_cut_once_something_is_masked() {
    let invalid = b"data: {\"choices\": [{\"delta\": {\"content\": \"\xff\xfe [EMAIL_1]\"}}]}\n\n".to_vec();
    let syntax = b"data: {\"choices\": [{\"delta\": {\"content\": [EMAIL_1]}}]}\n\n".to_vec();
    let large = frame(&"[EMAIL_1] ".repeat(500)).into_bytes();
    for (bad, code) in [
        (invalid, "invalid_json"),
        (syntax, "invalid_json"),
        (large, "frame_too_large"),
    ] {
        for (said, cut) in [(MASKED, true), (PLAIN, false)] {
            let mut story = open(r#"{"max_frame_bytes": 2000}"#).asks(CHAT, &chat(said, true));
            story.begins("200", &[("content-type", "text/event-stream")]);
            story
                .envoy
                .response_body(story.stream, frame("Dear [EMAIL_1]").as_bytes(), false);
            story.envoy.response_body(story.stream, &bad, false);
            story.envoy.response_body(story.stream, b"data: [DONE]\n\n", true);
            story.envoy.pass(1_000);
            assert_eq!(story.envoy.misuse(), [""; 0]);
            if cut {
                assert!(
                    story.body().starts_with(&frame("Dear ana@corp.test")),
                    "{code}: {}",
                    story.body()
                );
                assert!(story.body().contains(code), "{code}: {}", story.body());
                assert!(!story.body().contains("EMAIL_1"), "{code}: {}", story.body());
            } else {
                assert!(story.body().ends_with("[DONE]\n\n"), "{code}: {}", story.body());
                assert!(
                    story.body().contains("EMAIL_1"),
                    "nothing was masked, so nothing is lost"
                );
            }
        }
    }
}

#[test]
fn a_call_does_not_wait_for_a_word_before_it() {
    let call = format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]})
    );
    for (tail, is_cut) in [
        ("E", false),
        ("EMAIL", false),
        ("[", false),
        ("\\", false),
        ("[EMA", true),
    ] {
        let mut story = open("{}").asks(CHAT, &chat(MASKED, true));
        story.begins("200", &[("content-type", "text/event-stream")]);
        let frames = [frame("Plan "), frame(tail), call.clone(), call.clone()];
        for frame in &frames {
            story.envoy.response_body(story.stream, frame.as_bytes(), false);
            story.envoy.pass(5_000);
        }
        assert_eq!(story.body().contains("hold_timeout"), is_cut, "{}", story.body());
        assert_eq!(story.body() == frames.concat(), !is_cut, "{}", story.body());
    }
}

#[test]
fn a_stream_that_ends_inside_a_placeholder_keeps_what_came() {
    for end in ["data: [DONE]\n\n", ""] {
        for last in ["[", "[EMA", "[EMAIL_", "EMA", "\\"] {
            let mut story = open("{}").asks(CHAT, &chat(MASKED, true));
            let frames = [frame("Dear "), frame(last), end.to_owned()];
            story.upstream_streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
            assert_eq!(story.body(), frames.concat());
        }
    }
}

#[test]
fn an_error_of_the_upstream_is_restored_or_left() {
    let mut story = open("{}").asks(CHAT, &chat(MASKED, true));
    story.begins("400", &[("content-type", "application/json")]);
    let error = json!({"error": {"message": "no such user: [EMAIL_1]", "type": "invalid_request_error"}});
    story
        .envoy
        .response_body(story.stream, error.to_string().as_bytes(), true);
    assert_eq!(story.status(), b"400");
    assert!(
        story.body().contains("no such user: ana@corp.test"),
        "{}",
        story.body()
    );

    let mut story = open("{}").asks(CHAT, &chat(MASKED, false));
    story.begins("502", &[("content-type", "text/html")]);
    story
        .envoy
        .response_body(story.stream, b"<h1>bad gateway</h1>", true);
    assert_eq!(
        (story.status(), story.body().as_str()),
        (&b"502"[..], "<h1>bad gateway</h1>")
    );
}

#[test]
fn more_finds_than_allowed_are_a_named_failure() {
    let many = "a@b.test b@b.test c@b.test d@b.test";
    let story = under(r#"{"pii_redactor": {"max_finds": 3}}"#).asks(CHAT, &chat(many, false));
    assert!(story.envoy.upstream(story.stream).head.is_none());
    assert!(story.body().contains("too_many_finds"), "{}", story.body());
    let story = open("{}").asks(CHAT, &chat(many, false));
    assert_eq!(
        story.sent(),
        chat(many, false),
        "who fails open lets it pass as it is"
    );
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": "[EMAIL_1]"}}]}));
    assert_eq!(answer["choices"][0]["message"]["content"], "[EMAIL_1]");
}

#[test]
fn a_request_that_is_no_text_is_refused_or_passes_as_it_is() {
    let body =
        b"{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"\xff ana@corp.test\"}]}";
    for open in [false, true] {
        let on_failure = if open { "open" } else { "closed" };
        let mut story = under(&format!(
            r#"{{"pii_redactor": {{"on_failure": "{on_failure}"}}}}"#
        ));
        let fields = [
            (":method", "POST"),
            (":path", CHAT),
            ("content-type", "application/json"),
        ];
        story.envoy.request_head(story.stream, head(&fields), false);
        story.envoy.request_body(story.stream, body, true);
        if open {
            assert_eq!(story.envoy.upstream(story.stream).body, body);
        } else {
            assert!(story.envoy.upstream(story.stream).head.is_none());
            assert!(story.body().contains("invalid_json"), "{}", story.body());
        }
    }
}

#[test]
fn a_signed_body_is_never_half_masked() {
    for on_failure in ["open", "closed"] {
        let mut story = under(&format!(
            r#"{{"pii_redactor": {{"on_failure": "{on_failure}"}}}}"#
        ));
        let fields = [
            (":method", "POST"),
            (":path", CHAT),
            ("content-type", "application/json"),
            ("authorization", "AWS4-HMAC-SHA256 x"),
        ];
        let body = chat(MASKED, false).to_string();
        story.envoy.request_head(story.stream, head(&fields), false);
        story.envoy.request_body(story.stream, body.as_bytes(), true);
        if on_failure == "closed" {
            assert!(story.body().contains("signed_body"), "{}", story.body());
            continue;
        }
        assert_eq!(story.envoy.upstream(story.stream).body, body.as_bytes());
        let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": "[EMAIL_1]"}}]}));
        assert_eq!(
            answer["choices"][0]["message"]["content"], "[EMAIL_1]",
            "nothing was masked"
        );
    }
}

#[test]
fn hostile_texts_take_bounded_time() {
    let no_spaces = "ana@corp.test".repeat(80_000);
    let fakes: String = (0..100_000).map(|number| format!("[EMAIL_{number}]")).collect();
    let dense: String = (0..20_000)
        .map(|number| format!("u{number}@corp.test "))
        .collect();
    let began = std::time::Instant::now();
    for (text, finds) in [
        (&no_spaces, 100_000),
        (&fakes, 100_000),
        (&dense, 100_000),
        (&dense, 10_000),
    ] {
        let text = format!("{text} ana@corp.test");
        let mut story = under(&format!(
            r#"{{"exchange": {{"proxy_buffer_bytes": 4000000}}, "pii_redactor": {{"max_finds": {finds}}}}}"#
        ));
        story = story.asks(CHAT, &chat(&text, false));
        story.envoy.pass(10_000);
        if finds == 10_000 {
            assert!(story.body().contains("too_many_finds"), "{}", story.body());
            continue;
        }
        let sent = story.sent()["messages"][0]["content"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(!sent.ends_with("ana@corp.test"));
        let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": sent}}]}));
        assert_eq!(answer["choices"][0]["message"]["content"], text.as_str());
    }
    // A step for every pair of anything here would take hours.
    assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
}
