//! The external judge: it is asked where the classifier is not sure, here always.

use super::{denied, failed, found};
use crate::bodies::*;
use crate::check::*;
use crate::scenario::{Module, Scenario, Setup, case};
use crate::script::{Script, Step};

fn judged_in(module: Module, judge: &str, more: &str) -> Setup {
    Setup::with(
        module,
        format!(
            r#"{{"prompt_guard": {{"threshold": 99{more}, "judge": {{"from": 0, "timeout_ms": 2000, {judge}}}}}}}"#
        ),
    )
}

fn judged(judge: &str) -> Setup {
    judged_in(Module::Guard, &format!(r#""raw": true, {judge}"#), "")
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let on_failure = |cluster: &str, on_failure: &str| {
        judged(&format!(
            r#""cluster": "{cluster}", "on_failure": "{on_failure}""#
        ))
    };
    let asks = |name: &str, setup: Setup, says: Script| {
        case(format!("guard: judge, {name}"))
            .given(setup)
            .request(chat("Write to ana.roe@example.org, please."))
            .judge(says)
            .upstream(json(200, completion("fine")))
    };
    let served = || {
        [
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ]
    };
    let refused = || {
        [
            client_gets(400),
            client_body_has("the request was refused: judge in user"),
            upstream_sees_nothing(),
            denied("prompt_guard"),
            found("judge", "user", "request", "deny", 1),
        ]
    };
    let gone = || {
        [
            client_gets(503),
            client_body_has("callout"),
            upstream_sees_nothing(),
            failed("callout"),
        ]
    };
    let said = |verdict: &str, count: i64| {
        counted(
            format!("penstock_guard_judge_verdicts_total.verdict=.={verdict};.;"),
            count,
        )
    };
    let moderation =
        |flagged: bool| Script::new(200).data(format!(r#"{{"results":[{{"flagged":{flagged}}}]}}"#));
    let answers = |text: &str| Script::new(200).data(completion(text));
    let silent = || Script::silent(Step::Hang);
    let masked = || judged_in(Module::Suite, r#""cluster": "judge""#, "");
    let llama = || judged(r#""cluster": "judge", "kind": "llama_guard", "model": "lg""#);
    let webhook = || judged(r#""cluster": "judge", "kind": "webhook", "path": "/ask""#);
    let mut all = vec![
        asks("safe", on_failure("judge", "closed"), moderation(false))
            .then_all(served())
            .then_all([
                said("safe", 1),
                judge_is_asked(1, r#"{"input":"Write to ana.roe@example.org, please."}"#),
            ]),
        asks("unsafe", on_failure("judge", "closed"), moderation(true))
            .then_all(refused())
            .then(said("unsafe", 1)),
        asks(
            "unsafe, after a while",
            on_failure("judge", "open"),
            slow(moderation(true)),
        )
        .then_all(refused()),
        asks("Llama Guard says safe", llama(), answers("safe"))
            .then_all(served())
            .then(judge_is_asked(1, r#"{"model":"lg","max_tokens":16,"#)),
        asks("Llama Guard says unsafe", llama(), answers(r"\n\nunsafe\nS1")).then_all(refused()),
        asks(
            "one's own says safe",
            webhook(),
            Script::new(200).data(r#"{"flagged":false}"#),
        )
        .then_all(served())
        .then(judge_is_asked(1, r#""scope":"user""#)),
        asks(
            "one's own says unsafe",
            webhook(),
            Script::new(200).data(r#"{"flagged":true}"#),
        )
        .then_all(refused()),
        asks("it reads no personal data", masked(), moderation(false))
            .then_all(served())
            .then(judge_is_asked(
                1,
                r#"{"input":"Write to [EMAIL_ADDRESS], please."}"#,
            )),
        case("guard: judge, a request that is refused already is not shown")
            .given(on_failure("judge", "closed"))
            .request(chat(super::FORGED))
            .judge(moderation(false))
            .upstream(json(200, completion("fine")))
            .then_all([client_gets(400), upstream_sees_nothing(), judge_is_asked(0, "")]),
        case("guard: judge, a large prompt with trailers waits for it")
            .given(on_failure("judge", "closed"))
            .request(chat(&words(20_000)).trailer("x-sum", "1"))
            .judge(slow(moderation(false)))
            .upstream(json(200, completion("fine")))
            .then_all(served())
            .then(upstream_trailer("x-sum", "1")),
    ];
    for (name, says) in [
        ("500", Script::new(500)),
        ("reset", Script::silent(Step::Reset)),
        ("no JSON", Script::new(200).data("no")),
        ("an error of its own with a verdict", {
            let mut script = moderation(false);
            script.steps[0] = Step::Head(429, Vec::new());
            script
        }),
        ("an answer that says nothing", answers("I am not sure")),
    ] {
        all.push(
            asks(
                &format!("{name}, closed"),
                on_failure("judge", "closed"),
                says.clone(),
            )
            .then_all(gone())
            .then(said("failed", 1)),
        );
        all.push(
            asks(&format!("{name}, open"), on_failure("judge", "open"), says)
                .then_all(served())
                .then(said("failed", 1)),
        );
    }
    all.extend([
        asks("too slow, closed", on_failure("judge", "closed"), silent())
            .uncut()
            .then_all(gone()),
        asks("too slow, open", on_failure("judge", "open"), silent())
            .uncut()
            .then_all(served()),
        asks(
            "nobody there, closed",
            on_failure("nobody", "closed"),
            moderation(true),
        )
        .then_all(gone()),
        asks(
            "nobody there, open",
            on_failure("nobody", "open"),
            moderation(true),
        )
        .then_all(served()),
        asks(
            "an unknown cluster, closed",
            on_failure("unknown", "closed"),
            moderation(true),
        )
        .then_all(gone()),
        asks(
            "an unknown cluster, open",
            on_failure("unknown", "open"),
            moderation(true),
        )
        .then_all(served()),
        asks(
            "shadow, nobody waits for it",
            judged_in(
                Module::Guard,
                r#""raw": true, "cluster": "judge", "on_failure": "closed""#,
                r#", "mode": "shadow""#,
            ),
            moderation(true),
        )
        .then_all(served()),
    ]);
    all
}

fn slow(mut script: Script) -> Script {
    script.steps.insert(0, Step::Wait(20));
    script
}

/// Words that are told apart: a text of one word over and over says nothing.
fn words(count: usize) -> String {
    (0..count)
        .map(|n| format!("item {} of {} ", n * 37 % 1009, n * 11 % 503))
        .collect()
}
