//! An account as one JSON object, on one line.

use super::{Account, about};
use penstock_prompt_guard::Spoken;
use serde_json::{Value, json};

/// The document.
pub(super) fn of(account: &Account) -> String {
    let explained = &account.explained;
    let views = explained.views.iter().map(|view| {
        let weights = view.grams.iter();
        let weights = weights.map(|(words, weight)| json!({ "words": words, "weight": rounded(*weight) }));
        json!({
            "name": view.name,
            "script": view.script,
            "score": rounded(view.score),
            "text": view.text,
            "window": [view.window.start, view.window.end],
            "weights": weights.collect::<Value>(),
        })
    });
    let document = json!({
        "flagged": explained.judged.flagged,
        "score": rounded(explained.judged.score),
        "threshold": hundredths(account.threshold),
        "rules": explained.judged.rules,
        "scope": account.scope.name(),
        "head": explained.head,
        "views": views.collect::<Value>(),
        "findings": explained.findings.iter().map(finding).collect::<Value>(),
    });
    format!("{document}\n")
}

fn finding(spoken: &Spoken) -> Value {
    json!({
        "rule": spoken.rule,
        "about": about(&spoken.rule),
        "action": spoken.action,
        "score": hundredths(spoken.score),
        "bytes": [spoken.bytes.start, spoken.bytes.end],
    })
}

fn hundredths(score: u8) -> f64 {
    f64::from(score) / 100.0
}

/// To six digits: more is noise.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1e6).round() / 1e6
}
