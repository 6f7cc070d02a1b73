//! The picker: that requests go where it says, that reports stay here, and who is let in.

use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Module, Runs, Scenario, Setup, case};
use crate::script::{Script, Step};

const HEADER: &str = "x-gateway-destination-endpoint";
/// A host of the pool that nobody is at.
const NOBODY: &str = "127.0.0.1:1";

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = endpoints();
    all.extend(clusters_and_shares());
    all.extend(reports());
    all.extend(admission());
    all
}

/// The picker under this configuration, with books of its own.
fn picker(fleet: &str, config: &str) -> Setup {
    Setup::with(
        Module::Picker,
        format!(r#"{{"cluster_picker": {{"fleet": "{fleet}", {config}}}}}"#),
    )
}

fn at(path: &str, request: Request) -> Request {
    Request {
        path: path.to_owned(),
        ..request
    }
}

fn moved(from: &str) -> String {
    format!("penstock_picker_moves_total.backend=.={from};.;")
}

/// Hosts of a cluster with the `override_host` policy.
fn endpoints() -> Vec<Scenario> {
    let requests = [
        (
            "a chat",
            at("/pool/v1/chat/completions", chat("hi")),
            json(200, completion("fine")),
        ),
        (
            "a stream",
            at("/pool/v1/chat/completions", chat_stream("hi")),
            sse_of(&["a", "b"]),
        ),
        (
            "a list of models",
            Request::new("GET", "/pool/v1/models"),
            json(200, "{}"),
        ),
        (
            "what is no JSON",
            at("/pool/v1/chat/completions", chat_json("{")),
            json(400, "{}"),
        ),
    ];
    let mut all = Vec::new();
    for (what, request, answer) in requests {
        let picked = what != "what is no JSON";
        let one = case(format!("pick: {what} goes to the host that is named"))
            .given(picker("one", r#""backends": [{"address": "@other"}]"#))
            .request(request.clone().header(HEADER, NOBODY))
            .upstream(answer.clone())
            .then_all([client_gets(answer.status()), client_body_untouched()]);
        all.push(if picked {
            one.then(upstream_is("other"))
                .then(upstream_header("endpoint-load-metrics-format", "text"))
        } else {
            // Nobody reads it, and so the proxy's own policy decides.
            one.then(upstream_header_absent(HEADER))
        });
        all.push(
            case(format!("pick: {what} in shadow mode"))
                .given(picker(
                    "shadow",
                    r#""mode": "shadow", "backends": [{"address": "@other"}]"#,
                ))
                .request(request.clone().header(HEADER, "127.0.0.9:9"))
                .upstream(answer.clone())
                .then_all([client_gets(answer.status()), client_body_untouched()])
                .then(upstream_header(HEADER, "127.0.0.9:9"))
                .then(upstream_header_absent("endpoint-load-metrics-format")),
        );
        if picked {
            let backends = r#"[{"address": "127.0.0.1:1", "zone": "here"}, {"address": "@other"}]"#;
            all.push(
                case(format!(
                    "pick: {what} goes to the next in the list where nobody is"
                ))
                .given(picker(
                    &format!("retried {what}"),
                    &format!(
                        r#""prefer": {{"within_percent": 4000000, "zone": "here"}}, "backends": {backends}"#
                    ),
                ))
                .request(request)
                .upstream(answer)
                .runs(Runs::Envoy("the stand-in has no hosts that can be away"))
                .then_all([client_gets(200), client_body_untouched()])
                .then(upstream_is("other")),
            );
        }
    }
    all.push(
        case("pick: a backend that never answers is out after three retries")
            .given(picker(
                "ejected",
                r#""prefer": {"within_percent": 4000000, "zone": "here"},
                   "backends": [{"address": "127.0.0.1:1", "zone": "here"}, {"address": "@other"}]"#,
            ))
            .after((0..3).map(|_| at("/pool/v1/chat/completions", chat("hi"))))
            .request(at("/pool/v1/chat/completions", chat("hi")))
            .upstream(json(200, completion("fine")))
            .uncut()
            .runs(Runs::Envoy("the stand-in has no hosts that can be away"))
            .then_all([client_gets(200), upstream_is("other"), counted(moved(NOBODY), 0)]),
    );
    all
}

/// Clusters named by a header, and numbers that choose among weighted ones.
fn clusters_and_shares() -> Vec<Scenario> {
    let clusters =
        r#""steer": "cluster", "header": "x-pool", "backends": [{"cluster": "other", "name": "h100"}]"#;
    let shares = r#""steer": "share", "groups": [
        {"name": "stable", "share": 95}, {"name": "canary", "share": 5, "when": {"header": "x-canary"}}]"#;
    let sent = |name: &str, setup: Setup, request: Request| {
        case(format!("pick: {name}"))
            .given(setup)
            .request(request)
            .upstream(json(200, completion("fine")))
            .then(client_gets(200))
    };
    let shared = |request: Request| at("/shares/v1/chat/completions", request);
    vec![
        sent(
            "a cluster by its name, in place of the client's",
            picker("clusters", clusters),
            at("/by-header/v1/chat/completions", chat("hi")).header("x-pool", "main"),
        )
        .then_all([upstream_is("other"), upstream_header("x-pool", "other")]),
        sent(
            "a cluster by its name, of what nobody reads",
            picker("clusters", clusters),
            Request::new("GET", "/by-header/v1/models"),
        )
        .then(upstream_is("other")),
        sent(
            "the canary's number among weighted clusters",
            picker("canary", shares),
            shared(chat("hi"))
                .header("x-canary", "1")
                .header("x-penstock-share", "0"),
        )
        .then_all([upstream_is("other"), upstream_header("x-penstock-share", "95")]),
        sent(
            "the others' number among weighted clusters",
            picker("all stable", &shares.replace(r#""share": 5"#, r#""share": 0"#)),
            shared(chat("hi")).header("x-penstock-share", "99"),
        )
        .then_all([upstream_is("main"), upstream_header("x-penstock-share", "0")]),
    ]
}

/// Reports of load stay here, and hostile ones harm nobody.
fn reports() -> Vec<Scenario> {
    let vllm = "TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=2.0";
    let long = "1,".repeat(16_000);
    let setup = || picker("reports", r#""backends": [{"address": "@main"}]"#);
    let answers = [
        ("a document", chat("hi"), json(200, completion("fine"))),
        ("a stream", chat_stream("hi"), sse_of(&["a", "b"])),
        ("an error", chat("hi"), json(400, r#"{"error":{}}"#)),
        (
            "what nobody reads",
            Request::new("GET", "/v1/models"),
            json(200, "{}"),
        ),
    ];
    let mut all = Vec::new();
    for (what, request, answer) in answers {
        let status = answer.status();
        let one = |name: &str, script: Script| {
            case(format!("pick: {name} of {what}"))
                .given(setup())
                .request(request.clone())
                .upstream(script)
                .then_all([client_gets(status), client_body_untouched()])
                .then(client_header_absent("endpoint-load-metrics"))
        };
        for (name, value) in [
            ("a report", vllm),
            ("a report that is none", "BIN !!!"),
            ("a report of 32 KB", long.as_str()),
        ] {
            let script = answer.clone().header("endpoint-load-metrics", value);
            let script = script
                .header("x-gpu-queue", "-1e308")
                .header("x-gpu-name", "H200");
            all.push(
                one(name, script)
                    .then(client_header_absent("x-gpu-queue"))
                    .then(client_header("x-gpu-name", "H200")),
            );
        }
        all.push(
            one(
                "a report in trailers",
                answer.clone().trailer("endpoint-load-metrics", vllm),
            )
            .then(client_trailer_absent("endpoint-load-metrics")),
        );
    }
    all
}

/// Who would wait too long is refused in the dialect of the API, with a time to come back.
fn admission() -> Vec<Scenario> {
    let refused = |name: &str, status: u16, request: Request, part: &'static str| {
        let mut answer = sse_of(&["a"]);
        // No prediction is below the bound then.
        answer.steps.insert(0, Step::Wait(50));
        case(format!("pick: {name} is refused when it would wait too long"))
            .given(picker(
                &format!("admission {status}"),
                &format!(r#""backends": [{{"address": "@main"}}], "admission": {{"status": {status}}}"#),
            ))
            .after([chat_stream("hi")])
            .request(request.header("x-slo-ttft-ms", "1"))
            .upstream(answer)
            .uncut()
            .then_all([client_gets(status), upstream_sees_nothing()])
            .then_all([client_header("retry-after", "1"), client_body_has(part)])
    };
    let claude = at(
        "/v1/messages",
        chat_json(r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#),
    );
    vec![
        refused("a chat", 429, chat("hi"), r#""code":"overloaded""#),
        refused("a stream", 503, chat_stream("hi"), r#""code":"overloaded""#),
        refused("a message", 429, claude, r#""type":"error""#),
        refused(
            "a list of models",
            429,
            Request::new("GET", "/v1/models"),
            "overloaded",
        ),
    ]
}
