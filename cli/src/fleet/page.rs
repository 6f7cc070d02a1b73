//! What a picker has counted, as a table or a document.

use super::counted::{Backend, Counted, Group, Quantiles};
use super::{Admin, Since};
use crate::term::{Paint, printable};
use penstock_fleet::table::aligned;
use serde_json::{Value, json};

const BACKENDS: [&str; 11] = [
    "backend",
    "picks",
    "share",
    "failed",
    "ejected",
    "moved",
    "open",
    "pace",
    "predicted",
    "seen",
    "",
];
const GROUPS: [&str; 8] = [
    "group",
    "answered",
    "failed",
    "rolled back",
    "in tokens",
    "out tokens",
    "seen",
    "",
];

/// The tables. Times to the first token are median and 99th percentile.
pub(super) fn table(admin: &Admin, counted: &Counted, since: Option<&Since<'_>>, paint: Paint) -> String {
    let mut rows = vec![titles(&BACKENDS, since)];
    let picks = counted.backends.values().map(|backend| backend.picks).sum();
    for (name, backend) in &counted.backends {
        let before = since.map(|since| since.before.backends.get(name).map_or(0, |backend| backend.picks));
        let mut row = of_backend(name, backend, picks);
        row.extend(per_second(since, before, backend.picks));
        rows.push(row);
    }
    let mut text = format!("{admin}\n\n{}", painted(&rows, paint));
    if !counted.groups.is_empty() {
        let mut rows = vec![titles(&GROUPS, since)];
        for (name, group) in &counted.groups {
            let before = since.map(|since| since.before.groups.get(name).map_or(0, |group| group.answered));
            let mut row = of_group(name, group);
            row.extend(per_second(since, before, group.answered));
            rows.push(row);
        }
        text.push('\n');
        text.push_str(&painted(&rows, paint));
    }
    let fleet = counted.fleet;
    if fleet.unpicked + fleet.shed > 0 {
        text.push_str(&format!(
            "\nnothing picked {}, refused {}\n",
            fleet.unpicked, fleet.shed
        ));
    }
    text
}

/// The last column is there only where something was seen before.
fn titles(names: &[&str], since: Option<&Since<'_>>) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    if since.is_some() {
        names.push("per second".to_owned());
    }
    names
}

fn per_second(since: Option<&Since<'_>>, before: Option<u64>, now: u64) -> Option<String> {
    let rate = rate(since?, before?, now);
    Some(format!("{rate:.1}"))
}

/// A proxy that was started anew counts from 0.
fn rate(since: &Since<'_>, before: u64, now: u64) -> f64 {
    now.saturating_sub(before) as f64 / since.seconds.max(1e-3)
}

fn of_backend(name: &str, backend: &Backend, picks: u64) -> Vec<String> {
    vec![
        printable(name),
        backend.picks.to_string(),
        format!("{:.1} %", share(backend, picks) * 100.0),
        backend.failures.to_string(),
        backend.ejections.to_string(),
        backend.moves.to_string(),
        backend.open.to_string(),
        backend
            .pace
            .map_or("-".to_owned(), |pace| format!("{:.2}", pace as f64 / 1e3)),
        times(backend.predicted),
        times(backend.seen),
        if backend.is_out { "out" } else { "" }.to_owned(),
    ]
}

fn of_group(name: &str, group: &Group) -> Vec<String> {
    vec![
        printable(name),
        group.answered.to_string(),
        group.failed.to_string(),
        group.rollbacks.to_string(),
        group.input_tokens.to_string(),
        group.output_tokens.to_string(),
        times(group.seen),
        String::new(),
    ]
}

fn share(backend: &Backend, picks: u64) -> f64 {
    backend.picks as f64 / picks.max(1) as f64
}

fn times(quantiles: Quantiles) -> String {
    match (quantiles.p50, quantiles.p99) {
        (Some(p50), Some(p99)) => format!("{p50:.0} / {p99:.0} ms"),
        _ => "-".to_owned(),
    }
}

/// Titles in bold, backends that are out in red; without spaces at the ends of lines.
fn painted(rows: &[Vec<String>], paint: Paint) -> String {
    let mut text = String::new();
    for (index, line) in aligned(rows).lines().enumerate() {
        let line = line.trim_end();
        text.push_str(&match index {
            0 => paint.name(line),
            _ if rows
                .get(index)
                .is_some_and(|row| row.iter().any(|field| field == "out")) =>
            {
                paint.error(line)
            }
            _ => line.to_owned(),
        });
        text.push('\n');
    }
    text
}

/// The document, on one line.
pub(super) fn document(admin: &Admin, counted: &Counted, since: Option<&Since<'_>>) -> String {
    let picks = counted.backends.values().map(|backend| backend.picks).sum();
    let backends = counted.backends.iter().map(|(name, backend)| {
        let before = since.map(|since| since.before.backends.get(name).map_or(0, |backend| backend.picks));
        json!({
            "name": name,
            "picks": backend.picks,
            "picks_per_second": since.zip(before).map(|(since, before)| exact(rate(since, before, backend.picks))),
            "share": exact(share(backend, picks)),
            "failures": backend.failures,
            "ejections": backend.ejections,
            "moves": backend.moves,
            "open": backend.open,
            "pace": backend.pace.map(|pace| pace as f64 / 1e3),
            "out": backend.is_out,
            "predicted_first_token_ms": quantiles(backend.predicted),
            "first_token_ms": quantiles(backend.seen),
            "reports_ignored": backend.ignored,
            "polls": backend.polls,
            "poll_failures": backend.poll_failures,
        })
    });
    let groups = counted.groups.iter().map(|(name, group)| {
        json!({
            "name": name,
            "answered": group.answered,
            "failed": group.failed,
            "rollbacks": group.rollbacks,
            "input_tokens": group.input_tokens,
            "output_tokens": group.output_tokens,
            "first_token_ms": quantiles(group.seen),
        })
    });
    let document = json!({
        "admin": admin.to_string(),
        "backends": backends.collect::<Value>(),
        "groups": groups.collect::<Value>(),
        "unpicked": counted.fleet.unpicked,
        "shed": counted.fleet.shed,
    });
    format!("{document}\n")
}

fn quantiles(quantiles: Quantiles) -> Value {
    json!({ "p50": quantiles.p50.map(exact), "p99": quantiles.p99.map(exact) })
}

/// To ten thousandths: more is noise.
fn exact(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
