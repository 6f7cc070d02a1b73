//! Nothing to change: every byte passes as it came, whatever the filters could do.

use crate::bodies::*;
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Module, Runs, Scenario, Setup, case};
use crate::script::Script;

/// A probe that decides on both sides and finds nothing.
fn idle() -> Setup {
    probe(r#"{"replace": [{"from": "zzz", "to": "x"}], "replace_prompt": [{"from": "zzz", "to": "x"}]}"#)
}

/// A probe that only looks on.
fn watching() -> Setup {
    probe(r#"{"request": "observe", "response": "observe", "on_failure": "open"}"#)
}

fn untouched() -> [Check; 3] {
    [
        client_gets(200),
        client_body_untouched(),
        upstream_body_untouched(),
    ]
}

fn through(name: &str, request: Request, answer: Script) -> Vec<Scenario> {
    let setups = [
        ("idle", idle()),
        ("watching", watching()),
        ("meter", Setup::with(Module::TokenMeter, r#"{"token_meter": {}}"#)),
    ];
    let scenario = |(who, setup): (&str, Setup)| {
        case(format!("pass: {name} ({who})"))
            .given(setup)
            .request(request.clone())
            .upstream(answer.clone())
            .then_all(untouched())
    };
    setups.map(scenario).to_vec()
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(through(
        "a unary chat",
        chat("hi"),
        json(200, completion("Hello there")),
    ));
    all.extend(through(
        "a unary chat, chunked",
        chat("hi").framed(Framing::Chunked),
        json(200, completion("Hello")).framed(Framing::Chunked),
    ));
    all.extend(through(
        "white space and odd JSON",
        chat_json(ODD_REQUEST),
        json(200, ODD_ANSWER),
    ));
    all.extend(through(
        "a head without a body in return",
        chat("hi"),
        Script::new(200),
    ));
    all.extend(with_trailers());
    all.extend(no_business_of_ours());
    all.extend(odd_heads());
    all.extend(compressed());
    all
}

const ODD_REQUEST: &str = " {\r\n \"model\" : \"m\\u002d1\",\t\"n\":1.0e0,\"messages\":[{\"content\":[{\"text\":\"\\ud83d\\ude00\",\"type\":\"text\"}],\"role\":\"user\"}, {\"role\":\"assistant\",\"content\":null}]\n}\n";
const ODD_ANSWER: &str = "{ \"usage\" : {\"prompt_tokens\":7,\"completion_tokens\":3 }, \"choices\":[ ],\"x\\u0020y\":[[],{}] }\n\n";

fn with_trailers() -> Vec<Scenario> {
    let request = chat("hi").trailer("x-sum", "5");
    let answer = json(200, completion("Hello")).trailer("x-end", "yes");
    let with = |scenario: Scenario| {
        scenario
            .then(client_trailer("x-end", "yes"))
            .then(upstream_trailer("x-sum", "5"))
    };
    through("trailers both ways", request, answer)
        .into_iter()
        .map(with)
        .collect()
}

/// What no filter reads.
fn no_business_of_ours() -> Vec<Scenario> {
    let file = vec![b'x'; 25 << 20];
    let multipart = Request::new("POST", "/v1/files")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(file);
    vec![
        case("pass: a list of models")
            .given(idle())
            .request(Request::new("GET", "/v1/models"))
            .upstream(json(200, "{\"data\":[]}"))
            .then_all(untouched()),
        case("pass: OPTIONS")
            .given(idle())
            .request(Request::new("OPTIONS", "/v1/chat/completions"))
            .upstream(Script::new(204))
            .then(client_gets(204)),
        case("pass: HEAD of a chat path")
            .given(idle())
            .request(Request::new("HEAD", "/v1/chat/completions"))
            .upstream(Script::new(200).data("abc"))
            .then(client_gets(200))
            .then(client_body("")),
        case("pass: JSON of another kind")
            .given(idle())
            .request(
                Request::new("POST", "/orders")
                    .header("content-type", "application/json")
                    .body("{\"messages\":"),
            )
            .upstream(json(200, "{"))
            .then_all(untouched()),
        case("pass: gRPC")
            .given(idle())
            .request(
                Request::new("POST", "/pkg.Service/Call")
                    .header("content-type", "application/grpc")
                    .body(&b"\0\0\0\0\x02\x08\x01"[..]),
            )
            .upstream(Script::new(200).data("x"))
            .then_all(untouched()),
        case("pass: a multipart of 25 MB")
            .given(idle())
            .request(multipart)
            .upstream(json(200, "{\"id\":\"f\"}"))
            .uncut()
            .then_all(untouched()),
        case("pass: an upgrade")
            .given(idle())
            .request(
                Request::new("GET", "/v1/realtime")
                    .header("connection", "Upgrade")
                    .header("upgrade", "websocket")
                    .header("sec-websocket-key", "x")
                    .header("sec-websocket-version", "13"),
            )
            .upstream(
                Script::new(101)
                    .header("connection", "Upgrade")
                    .header("upgrade", "websocket")
                    .framed(Framing::Close),
            )
            .uncut()
            .runs(Runs::EnvoyHttp1(
                "the stand-in knows no upgrade, and the HTTP/2 client no extended CONNECT",
            ))
            .then(client_gets(101)),
        case("pass: 204 to a chat")
            .given(idle())
            .request(chat("hi"))
            .upstream(Script::new(204))
            .then(client_gets(204))
            .then(upstream_body_untouched()),
        case("pass: 304 to a chat")
            .given(idle())
            .request(chat("hi"))
            .upstream(Script::new(304))
            .then(client_gets(304))
            .then(upstream_body_untouched()),
        case("pass: 1xx before the answer")
            .given(idle())
            .request(chat("hi"))
            .upstream(Script::early_hints(json(200, completion("Hello"))))
            .runs(Runs::EnvoyHttp1(
                "the stand-in has no 1xx, and the HTTP/2 client does not show them",
            ))
            .then_all(untouched()),
        case("pass: a request that waits for 100-continue")
            .given(idle())
            .request(chat("hi").header("expect", "100-continue"))
            .upstream(json(200, completion("Hello")))
            .runs(Runs::EnvoyHttp1("only HTTP/1.1 clients ask so"))
            .then_all(untouched()),
    ]
}

fn odd_heads() -> Vec<Scenario> {
    vec![
        case("pass: a header value that is not UTF-8")
            .given(idle())
            .request(chat("hi").header("x-odd", b"\xff\xfe\x80"))
            .upstream(json(200, completion("Hello")))
            .then_all(untouched()),
        case("pass: headers twice")
            .given(idle())
            .request(
                chat("hi")
                    .header("x-tenant", "a")
                    .header("x-tenant", "b")
                    .header("content-type", "application/json"),
            )
            .upstream(
                json(200, completion("Hello"))
                    .header("x-two", "1")
                    .header("x-two", "2"),
            )
            .then_all(untouched()),
        case("pass: a content type with parameters and capitals")
            .given(idle())
            .request(
                chat("hi")
                    .without("content-type")
                    .header("content-type", "Application/JSON; Charset=UTF-8"),
            )
            .upstream(
                Script::new(200)
                    .header("content-type", "APPLICATION/JSON;charset=utf-8")
                    .data(completion("Hello")),
            )
            .then_all(untouched()),
        case("pass: no content type at all")
            .given(idle())
            .request(chat("hi").without("content-type"))
            .upstream(Script::new(200).data(completion("Hello")))
            .then_all(untouched()),
        case("pass: an answer before the request is whole")
            .given(watching())
            .request(chat("hi"))
            .upstream(json(200, completion("Hello")).early())
            .then(client_head(200)),
    ]
}

fn compressed() -> Vec<Scenario> {
    let request = chat_json(crate::gzip::gzip(
        br#"{"model":"m-1","messages":[{"role":"user","content":"hi"}]}"#,
    ));
    let answer = Script::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let answer = answer.data(crate::gzip::gzip(completion("Hello").as_bytes()));
    let mut all = through(
        "gzip both ways",
        request.header("content-encoding", "gzip"),
        answer,
    );
    let stream = sse()
        .header("content-encoding", "gzip")
        .data(crate::gzip::gzip(frames(&["Hel", "lo"]).concat().as_bytes()));
    all.push(
        case("pass: a gzip stream (watching)")
            .given(watching())
            .request(chat_stream("hi"))
            .upstream(stream)
            .then_all(untouched()),
    );
    all
}
