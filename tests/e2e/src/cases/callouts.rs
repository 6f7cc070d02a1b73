//! Questions to another service, while the request is held and while the answer streams.

use super::failed;
use crate::bodies::*;
use crate::check::*;
use crate::scenario::{Scenario, Setup, case};
use crate::script::{Script, Step};

fn asks_about_prompt(cluster: &str, on_failure: &str) -> Setup {
    probe(&format!(
        r#"{{"on_failure": "{on_failure}", "response": "observe", "ask_prompt": {{"cluster": "{cluster}", "timeout_ms": 2000}}}}"#
    ))
}

fn asks_about_output(on: &str, on_failure: &str) -> Setup {
    probe(&format!(
        r#"{{"on_failure": "{on_failure}", "request": "nothing", "ask_output": {{"cluster": "judge", "timeout_ms": 2000}}, "ask_output_on": "{on}"}}"#
    ))
}

fn allow() -> Script {
    Script::new(200).data("allow")
}

fn deny() -> Script {
    Script::new(200).data("deny")
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = about_the_prompt();
    all.extend(about_the_output());
    all
}

fn about_the_prompt() -> Vec<Scenario> {
    let asked = |name: &str, setup: Setup, judge: Script| {
        case(format!("ask about the prompt: {name}"))
            .given(setup)
            .request(chat("hello"))
            .judge(judge)
            .upstream(json(200, completion("fine")))
    };
    let served = || {
        [
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ]
    };
    let refused = |status: u16, code: &'static str| {
        [
            client_gets(status),
            client_body_has(code),
            upstream_sees_nothing(),
        ]
    };
    let judge = |on_failure: &str| asks_about_prompt("judge", on_failure);
    let large = chat(&"x".repeat(200_000)).trailer("x-sum", "1");
    vec![
        asked("allowed", judge("closed"), allow())
            .then_all(served())
            .then(judge_is_asked(1, "prompt")),
        asked("denied", judge("closed"), deny()).then_all(refused(403, "probe_judge")),
        asked("slow, then allowed", judge("closed"), slow(allow())).then_all(served()),
        asked("too slow, closed", judge("closed"), Script::silent(Step::Hang))
            .uncut()
            .then_all(refused(503, "probe_judge_failed")),
        asked("too slow, open", judge("open"), Script::silent(Step::Hang))
            .uncut()
            .then_all(served()),
        asked("reset, closed", judge("closed"), Script::silent(Step::Reset))
            .then_all(refused(503, "probe_judge_failed")),
        asked("500, closed", judge("closed"), Script::new(500)).then_all(refused(503, "probe_judge_failed")),
        asked(
            "nobody there, closed",
            asks_about_prompt("nobody", "closed"),
            allow(),
        )
        .then_all(refused(503, "probe_judge_failed")),
        asked("nobody there, open", asks_about_prompt("nobody", "open"), allow()).then_all(served()),
        asked(
            "an unknown cluster, closed",
            asks_about_prompt("unknown", "closed"),
            allow(),
        )
        .then_all(refused(503, "probe_judge_failed"))
        .then(failed("callout")),
        asked(
            "an unknown cluster, open",
            asks_about_prompt("unknown", "open"),
            allow(),
        )
        .then_all(served())
        .then(failed("callout")),
        case("ask about the prompt: large and with trailers")
            .given(judge("closed"))
            .request(large)
            .judge(slow(allow()))
            .upstream(json(200, completion("fine")))
            .then_all(served())
            .then(upstream_trailer("x-sum", "1")),
    ]
}

fn slow(script: Script) -> Script {
    let mut script = script;
    script.steps.insert(0, Step::Wait(20));
    script
}

/// Words that are told apart.
fn words(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("w{index} ")).collect()
}

fn about_the_output() -> Vec<Scenario> {
    let words = words(50);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let asked = |name: &str, setup: Setup, judge: Script, script: Script| {
        case(format!("ask about the output: {name}"))
            .given(setup)
            .request(chat_stream("hi"))
            .judge(judge)
            .upstream(script)
    };
    let served = || [client_gets(200), client_body_untouched()];
    let cut = |code: &'static str| {
        [
            client_head(200),
            client_sees_break(),
            client_body_has(code),
            client_body_lacks("w7 "),
        ]
    };
    let every = || asks_about_output("", "closed");
    let hangs = |words: &[&str]| {
        frames(words)
            .iter()
            .fold(sse(), |script, frame| script.data(frame.as_str()))
            .step(Step::Hang)
    };
    let gzip = sse()
        .header("content-encoding", "gzip")
        .data(crate::gzip::gzip(frames(&words).concat().as_bytes()));
    vec![
        asked("50 frames, allowed", every(), allow(), sse_of(&words))
            .then_all(served())
            .then(judge_is_asked(50, "w49 ")),
        asked(
            "50 frames, allowed slowly, with trailers",
            asks_about_output("w7 ", "closed"),
            slow(allow()),
            sse_of(&words).trailer("x-end", "yes"),
        )
        .then_all(served())
        .then(client_trailer("x-end", "yes")),
        asked("gzip, allowed", every(), allow(), gzip)
            .then_all([client_gets(200), client_body(frames(&words).concat())]),
        asked(
            "denied",
            asks_about_output("w7 ", "closed"),
            deny(),
            hangs(&words),
        )
        .then_all(cut("probe_judge"))
        .then(client_body_has("w6 "))
        .then(upstream_is_cancelled()),
        asked(
            "too slow, closed",
            asks_about_output("w7 ", "closed"),
            Script::silent(Step::Hang),
            hangs(&words),
        )
        .uncut()
        .then_all(cut("probe_judge_failed"))
        .then(upstream_is_cancelled()),
        asked(
            "too slow, open",
            asks_about_output("w7 ", "open"),
            Script::silent(Step::Hang),
            sse_of(&words),
        )
        .uncut()
        .then_all(served()),
        asked(
            "nothing before the verdict",
            asks_about_output("w7 ", "closed"),
            judged_unseen("w7 "),
            sse_of(&words),
        )
        .then_all(served()),
        case("ask about the output: a unary answer, allowed")
            .given(every())
            .request(chat("hi"))
            .judge(slow(allow()))
            .upstream(json(200, completion("w7 ")))
            .then_all(served()),
        case("ask about the output: a unary answer, denied")
            .given(every())
            .request(chat("hi"))
            .judge(deny())
            .upstream(json(200, completion("w7 ")))
            .then_all([
                client_gets(403),
                client_body_has("probe_judge"),
                client_body_lacks("w7 "),
            ]),
    ]
}

/// Allows, unless the client has the word already.
fn judged_unseen(word: &str) -> Script {
    let mut script = slow(allow());
    script.steps.insert(1, Step::Unseen(word.as_bytes().to_vec()));
    script
}
