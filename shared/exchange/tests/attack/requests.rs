//! Requests: heads, encodings of what is asked for, lengths, budgets.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::{Stage, head};
use penstock_filter_api::{Need, OutputFlow, PromptFlow, Stored};

fn field<'a>(stage: &'a Stage, stream: penstock_fake_envoy::StreamId, name: &str) -> Option<&'a [u8]> {
    stage.envoy.upstream(stream).field(name)
}

#[test]
fn a_response_that_is_decided_is_asked_for_plain_whatever_the_request_needs() {
    for need in [Need::Nothing, Need::Observe, Need::Decide] {
        let mut stage = Stage::new("{}", vec![agrees().needs(need, Need::Decide)]);
        let stream = stage.ask(ASK);
        assert_eq!(field(&stage, stream, "accept-encoding"), None, "{need:?}");
    }
    let mut stage = Stage::new("{}", vec![agrees().needs(Need::Decide, Need::Observe)]);
    let stream = stage.ask(ASK);
    assert_eq!(field(&stage, stream, "accept-encoding"), Some(&b"gzip, br"[..]));
}

#[test]
fn a_path_is_known_whatever_stands_in_its_query() {
    let long = format!("/v1/chat/completions?x={}", "y".repeat(8_000));
    for path in [&b"/v1/chat/completions?\xff"[..], long.as_bytes()] {
        let mut stage = Stage::new("{}", vec![prompted(|_, _, _| PromptFlow::Deny(denial()))]);
        let stream = stage.open();
        let mut fields = head(&[(":method", "POST"), ("content-type", "application/json")]);
        fields.push((":path".to_owned(), path.to_vec()));
        stage.envoy.request_head(stream, fields, false);
        stage.envoy.request_body(stream, ASK, true);
        assert_eq!(stage.client(stream).field(":status"), Some(&b"403"[..]));
    }
}

#[test]
fn an_answer_of_our_own_has_the_headers_that_filters_have_set() {
    let sets = || {
        prompted(|_, _, cx| {
            cx.set_response_header("x-a", "first");
            cx.set_response_header("X-A", "last");
            cx.set_response_header("content-type", "text/evil");
            cx.set_response_header("x-b", "gone");
            cx.remove_response_header("x-b");
            PromptFlow::Next
        })
    };
    let denies = prompted(|_, _, _| PromptFlow::Deny(denial()));
    let answers = prompted(|_, _, _| {
        PromptFlow::Answer(Stored {
            content_type: "text/plain".to_owned(),
            body: b"fine".to_vec(),
        })
    });
    for (own, content_type) in [(denies, "application/json"), (answers, "text/plain")] {
        let mut stage = Stage::new("{}", vec![sets(), own]);
        let stream = stage.ask(ASK);
        let told = stage.client(stream);
        let fields = told.head.iter().flatten();
        let all = |name: &str| {
            fields
                .clone()
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .count()
        };
        assert_eq!((all("x-a"), all("content-type"), all("x-b")), (1, 1, 0));
        assert_eq!(told.field("content-type"), Some(content_type.as_bytes()));
    }
    let mut stage = Stage::new(
        "{}",
        vec![sets().shadow(), prompted(|_, _, _| PromptFlow::Deny(denial()))],
    );
    let stream = stage.ask(ASK);
    assert_eq!(stage.client(stream).field("x-a"), None);
}

#[test]
fn a_body_that_grows_when_it_is_decompressed_is_held_at_its_size() {
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"{}"}}]}}"#,
        "x".repeat(50_000)
    );
    let waits = || {
        prompted(|_, reply, _| match reply {
            None => PromptFlow::Wait(callout()),
            Some(_) => PromptFlow::Next,
        })
    };
    let mut stage = Stage::asking(vec![1_000], "{}", vec![waits()]);
    let stream = stage.open();
    let fields = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    stage.envoy.request_head(stream, head(&fields), false);
    stage.envoy.request_body(stream, &gzip(body.as_bytes()), true);
    assert!(
        stage.engine.held_bytes() >= 50_000,
        "{}",
        stage.engine.held_bytes()
    );
    stage.envoy.pass(2_000);
    assert_eq!(stage.envoy.upstream(stream).body, gzip(body.as_bytes()));
    assert_eq!(stage.engine.held_bytes(), 0);
}

#[test]
fn idle_streams_hold_nothing() {
    let mut stage = Stage::new("{}", vec![judges(|_, _, _| OutputFlow::Clear)]);
    for _ in 0..10 {
        let stream = stage.ask(ASK);
        stage.streams(stream);
        stage.envoy.response_body(stream, delta(0, "x").as_bytes(), false);
    }
    assert_eq!(stage.engine.held_bytes(), 0);
}

#[test]
fn a_path_that_only_some_servers_know_is_a_failure() {
    let paths = [
        "//v1/chat/completions",
        "/v1/./chat/completions",
        "/v1/x/../chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/chat%252Fcompletions?x=y",
        "/v1/chat\\completions",
        "/v1/chat/completions;a=b",
        "/v1/chat/Completions",
        "/v1beta//models/m:generateContent",
    ];
    for path in paths {
        for open in [false, true] {
            let mut stage = Stage::new("{}", vec![if open { agrees().open() } else { agrees() }]);
            let stream = stage.open();
            let fields = [
                (":method", "POST"),
                (":path", path),
                ("content-type", "application/json"),
            ];
            stage.envoy.request_head(stream, head(&fields), false);
            stage.envoy.request_body(stream, ASK, true);
            assert_eq!(stage.envoy.upstream(stream).body == ASK, open, "{path}");
            assert_eq!(stage.failures("engine", "ambiguous_path"), 1, "{path}");
        }
    }
    for path in ["//static/app.js", "/v1/./models", "/a%2fb", "/"] {
        let mut stage = Stage::new("{}", vec![agrees()]);
        let stream = stage.open();
        stage
            .envoy
            .request_head(stream, head(&[(":method", "POST"), (":path", path)]), true);
        assert!(stage.envoy.upstream(stream).head.is_some(), "{path}");
    }
}
