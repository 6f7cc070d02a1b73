//! What a filter needs that chooses where requests go: heads of whatever passes, reports taken off, who served, and
//! callouts of its own.

use crate::bodies::*;
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Runs, Scenario, Setup, case};
use crate::script::{Script, Step};

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = heads();
    all.extend(routes());
    all.extend(reports());
    all.extend(served());
    all.extend(polls());
    all
}

/// Request headers by whatever the filter sees of an exchange.
fn heads() -> Vec<Scenario> {
    let upload = Request::new("POST", "/v1/files")
        .header("content-type", "multipart/form-data; boundary=b")
        .body("--b--");
    let requests = [
        ("a chat", chat("hi")),
        ("a list of models", Request::new("GET", "/v1/models")),
        ("an upload", upload),
        ("no LLM traffic", Request::new("GET", "/index.html")),
        ("a path told apart by no one", chat_at("//v1/chat/completions")),
    ];
    let ways = [
        ("skips", r#""skip": true"#),
        ("observes", r#""request": "observe", "response": "observe""#),
        ("decides", r#""request": "decide", "response": "decide""#),
    ];
    let mut all = Vec::new();
    for (what, request) in &requests {
        for (how, way) in ways {
            let setup = router(&format!(
                r#"{way}, "set_headers": [{{"name": "x-set", "value": "1"}}, {{"name": "x-forged"}}]"#
            ));
            let served = case(format!("route: headers of {what}, by a filter that {how}"))
                .given(setup)
                .request(request.clone().header("x-forged", "a").header("X-Forged", "b"))
                .upstream(json(200, completion("fine")))
                .then_all([client_gets(200), client_body_untouched()])
                .then_all([upstream_header("x-set", "1"), upstream_header_absent("x-forged")]);
            all.push(served);
        }
    }
    all.push(
        case("route: what passes unread is no business of filters at other stages")
            .given(probe(r#"{"set_headers": [{"name": "x-set", "value": "1"}]}"#))
            .request(Request::new("GET", "/v1/models"))
            .upstream(json(200, "{}"))
            .then_all([client_gets(200), upstream_header_absent("x-set")]),
    );
    all.push(
        case("route: a filter in shadow mode changes no header")
            .given(router(
                r#""mode": "shadow", "set_headers": [{"name": "x-set", "value": "1"}], "strip": ["x-load"]"#,
            ))
            .request(Request::new("GET", "/v1/models"))
            .upstream(json(200, "{}").header("x-load", "1"))
            .then_all([client_gets(200), upstream_header_absent("x-set")])
            .then(client_header("x-load", "1")),
    );
    all.push(
        case("route: headers of a chat, where heads do not wait")
            .given(probe_in(
                r#"{"headers": "release"}"#,
                r#"{"stage": "route", "set_headers": [{"name": "x-set", "value": "1"}, {"name": "x-forged"}]}"#,
            ))
            .request(chat("hi").header("x-forged", "a"))
            .upstream(json(200, completion("fine")))
            .then_all([client_gets(200), client_body_untouched()])
            .then_all([upstream_header("x-set", "1"), upstream_header_absent("x-forged")]),
    );
    all.push(
        case("route: headers of an upgrade")
            .given(router(
                r#""set_headers": [{"name": "x-set", "value": "1"}], "strip": ["x-load"]"#,
            ))
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
                    .header("x-load", "1")
                    .framed(Framing::Close),
            )
            .uncut()
            .runs(Runs::EnvoyHttp1(
                "the stand-in knows no upgrade, and the HTTP/2 client no extended CONNECT",
            ))
            .then_all([client_gets(101), upstream_header("x-set", "1")])
            .then(client_header_absent("x-load")),
    );
    all.push(
        case("route: an unread request is refused at its head")
            .given(router(r#""deny_head_at": "/v1/models", "retry_after_s": 2"#))
            .request(Request::new("GET", "/v1/models"))
            .upstream(json(200, "{}"))
            .then_all([client_gets(429), upstream_sees_nothing()])
            .then(client_header("retry-after", "2")),
    );
    all
}

/// The route follows what the filter has set.
fn routes() -> Vec<Scenario> {
    let models = |path: &str| Request::new("GET", path);
    let sent = |name: &str, config: &str, request: Request| {
        case(format!("route: {name}"))
            .given(router(config))
            .request(request)
            .upstream(json(200, "{}"))
    };
    let to = |name: &str, config: &str, request: Request, cluster: &'static str| {
        sent(name, config, request).then_all([client_gets(200), upstream_is(cluster)])
    };
    let lost = |name: &str, path: &str, request: Request| {
        let pool = r#""reroute": true, "set_headers": [{"name": "x-pool", "value": "nobody"}]"#;
        let request = Request {
            path: path.to_owned(),
            ..request
        };
        sent(name, pool, request)
            .runs(Runs::Envoy("the stand-in has no hosts that can be away"))
            .then_all([client_gets(503), upstream_sees_nothing()])
            .then(logged("penstock.outcome", "upstream_error"))
    };
    let header = r#""skip": true, "set_headers": [{"name": "x-cluster", "value": "other"}]"#;
    let state = r#""set_state": {"name": "penstock.cluster", "value": "other"}"#;
    let both = format!(r#"{state}, "reroute": true"#);
    let lost = [
        lost("a pool where nobody is", "/by-header/v1/models", models("")),
        lost(
            "a pool where nobody is, of a chat",
            "/by-header/v1/chat/completions",
            chat("hi"),
        ),
    ];
    let pool = r#""skip": true, "reroute": true, "set_headers": [{"name": "x-pool", "value": "main"}]"#;
    let mut all = vec![
        to(
            "a header that a route matches",
            header,
            models("/v1/models"),
            "other",
        ),
        to(
            "a header in shadow mode",
            &format!(r#""mode": "shadow", {header}"#),
            models("/v1/models"),
            "main",
        ),
        to(
            "a header that names the cluster",
            pool,
            models("/by-header/v1/models"),
            "main",
        ),
        to(
            "a header that names the cluster, in place of the client's",
            pool,
            models("/by-header/v1/models").header("x-pool", "other"),
            "main",
        ),
        to(
            "filter state alone comes too late",
            state,
            models("/v1/models"),
            "main",
        ),
        to(
            "filter state, and a new choice",
            &both,
            models("/v1/models"),
            "other",
        ),
        to(
            "filter state, and a new choice, of a chat",
            &both,
            chat("hi"),
            "other",
        ),
        to(
            "a new choice in shadow mode",
            &format!(r#""mode": "shadow", {both}"#),
            models("/v1/models"),
            "main",
        ),
    ];
    all.extend(lost);
    all
}

/// Load reports of upstreams, in headers and trailers, stay here.
fn reports() -> Vec<Scenario> {
    let answers = [
        ("one document", chat("hi"), json(200, completion("fine"))),
        ("a stream", chat_stream("hi"), sse_of(&["a", "b"])),
        ("an error", chat("hi"), json(503, r#"{"error":{}}"#)),
        (
            "a body that nobody reads",
            Request::new("GET", "/v1/models"),
            json(200, "{}"),
        ),
        (
            "a form that nobody reads",
            chat("hi"),
            Script::new(200).header("content-type", "image/png").data("x"),
        ),
        ("no body", Request::new("GET", "/v1/models"), Script::new(200)),
    ];
    let needs = ["observe", "decide"];
    let mut all = Vec::new();
    for (what, request, answer) in &answers {
        for need in needs {
            let status = answer.status();
            let setup =
                |strip: &str| router(&format!(r#""request": "{need}", "response": "{need}", {strip}"#));
            let reported = answer
                .clone()
                .header("x-load", "0.5")
                .header("X-Load", "0.7")
                .header("x-kept", "1");
            all.push(
                case(format!("route: a header taken off {what} ({need})"))
                    .given(setup(r#""strip": ["x-load", "x-absent"]"#))
                    .request(request.clone())
                    .upstream(reported.clone())
                    .then_all([client_gets(status), client_body_untouched()])
                    .then_all([client_header_absent("x-load"), client_header("x-kept", "1")]),
            );
            let trailed = reported.framed(Framing::Chunked).step(Step::Trailers(vec![
                ("x-load".to_owned(), b"0.9".to_vec()),
                ("x-end".to_owned(), b"yes".to_vec()),
            ]));
            all.push(
                case(format!("route: the only trailer taken off {what} ({need})"))
                    .given(setup(r#""strip_late": ["x-load"]"#))
                    .request(request.clone())
                    .upstream(answer.clone().trailer("x-load", "0.9"))
                    .then_all([client_gets(status), client_body_untouched()])
                    .then(client_trailer_absent("x-load")),
            );
            for (when, strip) in [
                ("early", r#""strip": ["x-load"]"#),
                ("late", r#""strip_late": ["x-load"]"#),
            ] {
                all.push(
                    case(format!("route: a trailer taken off {what} ({need}, {when})"))
                        .given(setup(strip))
                        .request(request.clone())
                        .upstream(trailed.clone())
                        .then_all([client_gets(status), client_body_untouched()])
                        .then_all([client_trailer_absent("x-load"), client_trailer("x-end", "yes")])
                        .then(logged("penstock.trailers", "x-load,x-end")),
                );
            }
        }
    }
    all.push(
        case("route: a trailer taken off while a verdict is awaited")
            .given(router(
                r#""strip_late": ["x-load"], "ask_output": {"cluster": "judge", "timeout_ms": 2000}"#,
            ))
            .request(chat("hi"))
            .judge(Script::new(200).step(Step::Wait(20)).data("allow"))
            .upstream(json(200, completion("fine")).trailer("x-load", "0.9"))
            .then_all([client_gets(200), client_body_untouched()])
            .then(client_trailer_absent("x-load")),
    );
    all
}

/// Which upstream it was.
fn served() -> Vec<Scenario> {
    let served = |name: &str, request: Request, answer: Script| {
        case(format!("route: who served {name}"))
            .given(router(
                r#""mark_served": true, "request": "observe", "response": "observe""#,
            ))
            .request(request)
            .upstream(answer)
            .then_all([client_gets(200), served_by_a_live_upstream()])
    };
    let models = |path: &str| Request::new("GET", path);
    vec![
        served("a chat", chat("hi"), json(200, completion("fine"))),
        served("a stream", chat_stream("hi"), sse_of(&["a"])),
        served("a list of models", models("/v1/models"), json(200, "{}")),
        served("after retries", models("/retried/v1/models"), json(200, "{}")),
        served(
            "a stream after retries",
            Request {
                path: "/retried/v1/chat/completions".to_owned(),
                ..chat_stream("hi")
            },
            sse_of(&["a"]),
        ),
    ]
}

/// Callouts of the plugin itself, while an exchange waits for its upstream.
fn polls() -> Vec<Scenario> {
    let polled = |name: &str, cluster: &str, more: &str, judge: Script, told: &'static str| {
        let mut answer = json(200, completion("fine"));
        // The tick comes once a second.
        answer.steps.insert(0, Step::Wait(1_600));
        case(format!("poll: {name}"))
            .given(router(&format!(
                r#""poll": {{"cluster": "{cluster}", "timeout_ms": 300}}{more}"#
            )))
            .request(chat("hi"))
            .judge(judge)
            .upstream(answer)
            .uncut()
            .then_all([client_gets(200), client_body_untouched()])
            .then(client_header("x-polled", told))
    };
    let warm = || Script::new(200).data("warm");
    let large = || Script::new(200).data(vec![b'x'; 2 << 20]);
    vec![
        polled("answered", "judge", "", warm(), "1 sent, 0 refused, 200 warm")
            .then(judge_is_asked(1, "poll")),
        polled(
            "sixteen at a time",
            "judge",
            r#", "poll_times": 20"#,
            warm(),
            "16 sent, 4 refused, 200 warm",
        )
        .then(judge_is_asked(16, "poll")),
        polled(
            "a large answer is cut",
            "judge",
            "",
            large(),
            "1 sent, 0 refused, 200 1048576",
        ),
        polled(
            "no answer in time",
            "judge",
            "",
            Script::silent(Step::Hang),
            "1 sent, 0 refused, 504 failed",
        ),
        polled(
            "nobody there",
            "nobody",
            "",
            warm(),
            "1 sent, 0 refused, 503 failed",
        ),
        polled("an unknown cluster", "unknown", "", warm(), "0 sent, 1 refused"),
    ]
}

/// The probe at the place of a filter that routes.
fn router(config: &str) -> Setup {
    probe(&format!(
        r#"{{"stage": "route", "on_failure": "open", {config}}}"#
    ))
}

fn chat_at(path: &str) -> Request {
    Request {
        path: path.to_owned(),
        ..chat("hi")
    }
}
