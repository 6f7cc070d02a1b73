//! Traces: what a real Envoy does with a scripted module, callback by callback. The stand-in is checked
//! against them, so that what it proves natively is true of Envoy.

use crate::envoy::{Wire, binary};
use crate::message::{Framing, Request};
use crate::observed::{Ending, Observed};
use crate::scenario::{Leaves, Module, Protocol, Scenario, Setup, case};
use crate::script::{Script, Step};
use crate::table::run_folder;
use serde_json::{Value, json};
use std::path::Path;

/// Long enough for the proxy to take one piece before the next comes. Only recording waits for it.
const PIECE_MS: u64 = 30;
/// The buffer limit of the traces about limits.
const SMALL_LIMIT_BYTES: u32 = 16 * 1024;

/// Records every trace whose name has `filter` in it.
pub async fn record(folder: &Path, filter: &str) -> Result<usize, String> {
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut wire = Wire::new(binary()?, &run_folder(), &traces()).await?;
    let mut count = 0;
    for one in traces().iter().filter(|one| one.name.contains(filter)) {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let (seen, log) = match wire.watch(one, protocol).await {
                Ok(watched) => watched,
                // Other versions of Envoy hang where the recorded one does not; the rest is still of interest.
                Err(why) => {
                    eprintln!("{} {}: {why}", one.name, protocol.name());
                    continue;
                }
            };
            let text = format!("{:#}\n", trace(one, &seen, &log));
            let path = folder.join(file_name(one, protocol));
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            count += 1;
        }
    }
    Ok(count)
}

/// File of a trace.
pub fn file_name(scenario: &Scenario, protocol: Protocol) -> String {
    format!("{}.{}.json", scenario.name.replace(' ', "-"), protocol.name())
}

/// The part of a run that the stand-in must show too.
pub fn trace(scenario: &Scenario, seen: &Observed, log: &[String]) -> Value {
    // The plain request that follows on the connection is not part of it.
    let callbacks = log
        .iter()
        .filter_map(|line| line.split_once("trace: ").map(|(_, line)| line.trim()));
    let end = callbacks
        .clone()
        .position(|line| line == "done")
        .map_or(usize::MAX, |at| at + 1);
    let callbacks = callbacks.take(end);
    let upstream: Vec<Value> = seen
        .upstream
        .iter()
        .map(|saw| json!({"body": brief(&saw.body), "whole": saw.end == Ending::Complete, "cancelled": saw.cancelled}))
        .collect();
    json!({
        "name": scenario.name,
        "script": crate::message::first(&scenario.request.headers, "x-script").map(String::from_utf8_lossy),
        "callbacks": callbacks.collect::<Vec<_>>(),
        "client": {
            "status": seen.client.status,
            "body": brief(&seen.client.body),
            "end": format!("{:?}", seen.client.end),
            "x-set": field(&seen.client.headers),
            "trailer": field(&seen.client.trailers),
        },
        "upstream": upstream,
    })
}

/// A long body of one letter is told by its size.
fn brief(body: &[u8]) -> String {
    if body.len() <= 200 {
        String::from_utf8_lossy(body).into_owned()
    } else {
        format!("{} bytes", body.len())
    }
}

fn field(fields: &crate::message::Fields) -> Option<String> {
    crate::message::first(fields, "x-set").map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Every situation that the stand-in imitates.
pub fn traces() -> Vec<Scenario> {
    vec![
        three("stream continue", ""),
        three("stream replace each", "rsb1=set:ONE;rsb2=set:TWO;rsb3=set:THREE"),
        three(
            "stream pause then continue",
            "rsb1=pause;rsb2=pause;rsb3=continue",
        ),
        three("stream pause to the end", "rsb1=pause;rsb2=pause;rsb3=pause"),
        three(
            "stream take and pause",
            "rsb1=take+pause;rsb2=take+pause;rsb3=take+pause;rsb4=set:all",
        ),
        three(
            "stream take and continue",
            "rsb1=take;rsb2=take;rsb3=take;rsb4=set:all",
        ),
        three(
            "stream call pause resume",
            "rsb1=pause+call;reply1=read+resume_response",
        ),
        three(
            "stream call take pause set resume",
            "rsb1=take+pause+call;reply1=set:ONE+resume_response",
        ),
        three(
            "stream resume then pause then continue",
            "rsb1=pause+call;reply1=resume_response;rsb2=pause;rsb3=continue",
        ),
        three(
            "stream resume then read",
            "rsb1=pause+call;reply1=resume_response;rsb2=read;rsb3=read",
        ),
        three(
            "stream resume then set",
            "rsb1=pause+call;reply1=resume_response;rsb2=set:TWO;rsb3=set:THREE",
        ),
        three(
            "stream resume then take set",
            "rsb1=pause+call;reply1=resume_response;rsb2=take+set:TWO;rsb3=read",
        ),
        three(
            "stream resume then pauses and resumes",
            "rsb1=pause+call;reply1=resume_response;rsb2=pause+call;reply2=resume_response;rsb3=pause+call;reply3=resume_response;rsb4=pause+call;reply4=resume_response",
        ),
        three(
            "stream resume then resume in the next callback",
            "rsb1=pause+call;reply1=resume_response;rsb2=set:TWO+resume_response+pause",
        ),
        three(
            "stream resume then resume in each callback",
            "rsb1=pause+call;reply1=resume_response;rsb2=set:TWO+resume_response+pause;rsb3=set:THREE+resume_response+pause;rsb4=set:END+resume_response+pause",
        ),
        three(
            "stream resume then resume in the last callback",
            "rsb3=pause+call;reply1=resume_response;rsb4=set:END+resume_response+pause",
        ),
        three(
            "stream resume then continue in the last callback",
            "rsb3=pause+call;reply1=resume_response;rsb4=set:END",
        ),
        case("trailers after resume")
            .given(setup())
            .request(post("rsb3=pause+call;reply1=resume_response;rst1=read+set:MORE"))
            .upstream(pieces().trailer("x-end", "1")),
        case("trailers after resume, resumed")
            .given(setup())
            .request(post(
                "rsb3=pause+call;reply1=resume_response;rst1=read+set:MORE+resume_response+pause",
            ))
            .upstream(pieces().trailer("x-end", "1")),
        three("stream set in a reply after continue", "rsb1=call;reply1=set:x"),
        three(
            "stream headers held until the end",
            "rsh1=pause;rsb1=pause;rsb2=pause;rsb3=pause;rsb4=header:late+see_response",
        ),
        three(
            "stream headers held released by the first body",
            "rsh1=pause;rsb2=see_response",
        ),
        three(
            "stream headers seen after continue",
            "rsb1=see_response+header:late+see_request",
        ),
        three(
            "stream request headers seen in the response",
            "rqh1=pause;rsh1=see_request",
        ),
        three(
            "stream tick sets and resumes",
            "rsb1=take+pause+tick;tick=set:TICK+resume_response",
        ),
        three(
            "stream event then close in a tick",
            "rsb1=set:ERROR+tick;tick=close",
        ),
        three("stream event and close in one callback", "rsb1=set:ERROR+close"),
        three(
            "stream event and close in the next",
            "rsb1=set:ERROR;rsb2=take+close",
        ),
        three("stream deny in the head", "rsh1=deny+pause"),
        three(
            "stream deny in the body with held head",
            "rsh1=pause;rsb1=deny+pause",
        ),
        three("stream deny in the body", "rsb1=deny+pause"),
        three("stream trailer in the last body", "rsb4=trailer:last"),
        case("trailers continue")
            .given(setup())
            .request(post(""))
            .upstream(pieces().trailer("x-end", "1")),
        case("trailers after pause")
            .given(setup())
            .request(post("rsb*=pause;rst1=read+set:all"))
            .upstream(pieces().trailer("x-end", "1")),
        case("trailers after take and pause")
            .given(setup())
            .request(post("rsb*=take+pause;rst1=set:all+trailer:more"))
            .upstream(pieces().trailer("x-end", "1")),
        case("trailers after take and continue")
            .given(setup())
            .request(post("rsb*=take;rst1=set:all"))
            .upstream(pieces().trailer("x-end", "1")),
        case("trailers pause")
            .given(setup())
            .request(post("rst1=pause+call;reply1=resume_response"))
            .upstream(pieces().trailer("x-end", "1")),
        case("request held and judged")
            .given(setup())
            .request(post(
                "rqh1=pause;rqb*=pause+read;rqb1=pause+read+call;reply1=request_header:1+resume_request",
            ))
            .upstream(answer()),
        case("request held to the end")
            .given(setup())
            .request(
                post("rqh1=pause;rqb1=set:changed+request_header:1+see_request").framed(Framing::Chunked),
            )
            .upstream(answer()),
        case("request denied in the head")
            .given(setup())
            .request(post("rqh1=deny+pause;rsh1=header:own;rsb1=set:answer"))
            .upstream(answer()),
        case("request denied in the body")
            .given(setup())
            .request(post("rqh1=pause;rqb1=deny+pause;rsh1=header:own;rsb1=set:answer"))
            .upstream(answer()),
        case("request denied in a reply")
            .given(setup())
            .request(post(
                "rqh1=pause;rqb*=pause;rqb1=call+pause;reply1=deny;rsh1=see_request",
            ))
            .upstream(answer()),
        case("request with trailers")
            .given(setup())
            .request(post("rqh1=pause;rqb*=pause;rqt1=read+set:all").trailer("x-sum", "5"))
            .upstream(answer()),
        case("request without a body")
            .given(setup())
            .request(Request::new("GET", "/").header("x-script", "rqh1=see_request"))
            .upstream(answer()),
        case("request too large")
            .given(setup().buffer_limit(SMALL_LIMIT_BYTES))
            .request(post("rqh1=pause;rqb*=hold").body(vec![b'a'; 100_000]))
            .upstream(answer()),
        case("request too large taken")
            .given(setup().buffer_limit(SMALL_LIMIT_BYTES))
            .request(
                post("rqh1=pause;rqb*=take+hold")
                    .body(vec![b'a'; 100_000])
                    .framed(Framing::Chunked),
            )
            .upstream(answer()),
        case("response too large held")
            .given(setup().buffer_limit(SMALL_LIMIT_BYTES))
            .request(post("rsh1=pause;rsb*=hold"))
            .upstream(large()),
        case("response too large streamed")
            .given(setup().buffer_limit(SMALL_LIMIT_BYTES))
            .request(post("rsb*=hold"))
            .upstream(large()),
        case("call to nobody")
            .given(setup())
            .request(post(
                "rqh1=pause;rqb*=pause;rqb1=pause+call:nobody;reply1=resume_request",
            ))
            .upstream(answer()),
        case("call to an unknown cluster")
            .given(setup())
            .request(post("rqb1=call:unknown"))
            .upstream(answer()),
        case("upstream resets").given(setup()).request(post("")).upstream(
            Script::new(200)
                .framed(Framing::Chunked)
                .data("one")
                .until("one")
                .step(Step::Reset),
        ),
        case("upstream resets before the head")
            .given(setup())
            .request(post(""))
            .upstream(Script::silent(Step::Reset)),
        case("client leaves")
            .given(setup())
            .request(post(""))
            .upstream(
                Script::new(200)
                    .framed(Framing::Chunked)
                    .data("one")
                    .step(Step::Hang),
            )
            .client_leaves(Leaves::OnceSeen(b"one".to_vec())),
    ]
}

fn setup() -> Setup {
    Setup::with(Module::Trace, "")
}

fn three(name: &str, script: &str) -> Scenario {
    case(name)
        .given(setup())
        .request(post(script))
        .upstream(pieces())
        .judge(answer())
}

fn post(script: &str) -> Request {
    Request::new("POST", "/v1/x")
        .header("x-script", script)
        .body("hello")
}

fn answer() -> Script {
    Script::new(200).data("ok")
}

fn pieces() -> Script {
    let script = Script::new(200)
        .framed(Framing::Chunked)
        .step(Step::Wait(PIECE_MS))
        .data("one");
    script
        .step(Step::Wait(PIECE_MS))
        .data("two")
        .step(Step::Wait(PIECE_MS))
        .data("three")
        .step(Step::Wait(PIECE_MS))
}

fn large() -> Script {
    Script::new(200)
        .framed(Framing::Chunked)
        .data(vec![b'a'; 100_000])
}
