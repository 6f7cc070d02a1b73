//! The scenarios, one file a subject.

mod attack;
mod bad_answers;
mod bad_requests;
mod budgets;
mod callouts;
mod cuts;
mod denials;
mod edits;
mod fixtures;
mod guarding;
mod passes;
mod picking;
mod plain;
mod redaction;
mod routing;
mod settings;
mod streams;

use crate::check::{Check, counted};
use crate::scenario::Scenario;

/// Every scenario, in the order of the files.
///
/// # Panics
/// If two scenarios have one name.
pub fn all() -> Vec<Scenario> {
    let files = [
        plain::cases(),
        passes::cases(),
        streams::cases(),
        edits::cases(),
        denials::cases(),
        cuts::cases(),
        callouts::cases(),
        routing::cases(),
        picking::cases(),
        budgets::cases(),
        settings::cases(),
        bad_requests::cases(),
        bad_answers::cases(),
        attack::cases(),
        redaction::cases(),
        guarding::cases(),
        fixtures::cases(),
    ];
    let all = files.concat();
    let mut names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        panic!("two scenarios are called `{}`", twice[0]);
    }
    all
}

/// The engine's counter of failures moved by one for the probe.
fn failed(kind: &str) -> Check {
    counted(
        format!("penstock_failures_total.filter=.=probe;.;kind=.={kind};.;"),
        1,
    )
}

/// The engine's counter of refusals moved by one for the probe.
fn denied(code: &str) -> Check {
    counted(
        format!("penstock_denied_total.filter=.=probe;.;code=.={code};.;"),
        1,
    )
}
