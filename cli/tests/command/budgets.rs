//! `penstock budgets`, before something that answers like Envoy's admin interface, and of files.

use crate::fleets::{admin, chunked};
use crate::run::{Ran, folder, penstock, penstock_on};
use serde_json::{Value, json};
use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

/// What an Envoy 1.40 with three budgets answers.
pub(crate) const STATS: &str = include_str!("../budgets/stats.txt");
/// The same for Prometheus, but for what `stats_tags` have taken out.
const PROMETHEUS: &str = include_str!("../budgets/prometheus.txt");
/// When they were taken.
const THEN_S: u64 = 1_768_478_419;

/// Saved statistics, as of when they were taken.
pub(crate) fn saved(name: &str, text: &str) -> String {
    let path = folder("budgets").join(name);
    std::fs::write(&path, text).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(THEN_S))
        .unwrap();
    path.to_str().unwrap().to_owned()
}

fn rows(ran: &Ran) -> Vec<String> {
    let rows = ran.out.lines().skip(2);
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn of_file(text: &str, more: &[&str]) -> Ran {
    let path = saved("stats.txt", text);
    let ran = penstock(&[&["budgets", "--file", &path], more].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran
}

const ROWS: [&str; 10] = [
    "budget unit limit used held left resets in denied cut",
    "all money 25.0000 3.2000 12.8 % 0.1000 21.7000 11 h 59 min 0 0 volatile, would deny 2",
    "open streams 8 37.5 % 3 5 - 0 0",
    "team tokens 100000 195660 3200 41 s 12 3 expired 800, overflowed 4",
    "tenant=acme model=gpt-4.1 99000 99.0 % 1000 0 41 s",
    "tenant=zeta model=gpt-4.1 81000 81.0 % 2000 17000 41 s",
    "tenant=zeta model=o3 15000 15.0 % 200 84800 41 s",
    "tenant=idle model=o3 0 0.0 % 0 100000 41 s",
    "overflow 40 0.0 % 0 99960 41 s",
    "37 others, in all 620 0 41 s",
];

#[test]
fn accounts_have_rows_the_largest_first() {
    for text in [STATS, PROMETHEUS] {
        assert_eq!(rows(&of_file(text, &[])), ROWS);
    }
}

#[test]
fn what_is_not_shown_is_in_the_sum() {
    let rows = rows(&of_file(STATS, &["--top", "1"]));
    assert_eq!(
        rows[4..],
        [
            "tenant=acme model=gpt-4.1 99000 99.0 % 1000 0 41 s",
            "overflow 40 0.0 % 0 99960 41 s",
            "40 others, in all 96620 2200 41 s"
        ]
    );
}

#[test]
fn the_document_has_every_figure() {
    let told: Value = serde_json::from_str(&of_file(STATS, &["-j"]).out).unwrap();
    let budgets = told["budgets"].as_array().unwrap();
    let (all, team) = (&budgets[0], &budgets[2]);
    assert_eq!(
        (&all["limit"], &all["accounts"][0]["left"]),
        (&json!(25.0), &json!(21.7))
    );
    assert_eq!(
        team["accounts"][0],
        json!({"account": "own", "key": {"tenant": "acme", "model": "gpt-4.1"}, "used": 99000, "held": 1000, "left": 0,
            "resets_in_s": 41, "stale": false})
    );
    assert_eq!(
        team["accounts"][4],
        json!({"account": "rest", "key": {}, "used": 620, "held": 0, "left": null, "resets_in_s": 41, "stale": false})
    );
    assert_eq!(
        (&team["rest_accounts"], &team["expired"]),
        (&json!(37), &json!(800))
    );
}

/// A budget that was taken out of the configuration keeps its last figures in Envoy.
#[test]
fn what_a_proxy_shows_no_more_is_stale() {
    let past = STATS.replace("1768478460", "1768478403");
    assert_ne!(past, STATS);
    let rows = rows(&of_file(&past, &[]));
    assert_eq!(
        rows[3],
        "team tokens 100000 195660 3200 - 12 3 stale, expired 800, overflowed 4"
    );
}

#[test]
fn several_proxies_have_a_table_each() {
    let (one, served) = admin(vec![chunked(STATS)]);
    let (gone, nobody) = admin(vec![]);
    nobody.join().unwrap();
    let path = saved("several.txt", STATS);
    let ran = penstock(&["budgets", "-a", &one, "-a", &gone, "-f", &path]);
    let asked = served.join().unwrap().concat();
    assert!(asked.starts_with("GET /stats?filter=penstock_budget_ HTTP/1.1\r\nhost: 127.0.0.1:"));
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains(&gone) && ran.err.contains("no proxy answers there"),
        "{}",
        ran.err
    );
    let titles: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains("http:") || line.contains(".txt"))
        .collect();
    assert_eq!(titles, [one.as_str(), path.as_str()]);
    assert_eq!(ran.out.matches("tenant=acme").count(), 2);
}

#[test]
fn watching_goes_on_until_the_proxy_goes() {
    let (url, served) = admin(vec![chunked(STATS), chunked(STATS)]);
    let ran = penstock(&["budgets", "-a", &url, "--watch", "0.1", "--json"]);
    served.join().unwrap();
    assert_eq!((ran.code, ran.out.lines().count()), (2, 2));
    assert!(ran.err.contains("no proxy answers there"), "{}", ran.err);
}

#[test]
fn who_has_no_budgets_is_told() {
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for (answer, code, told) in [
        (chunked("\n"), 1, "counts nothing of a budget"),
        (ok("server.live: 1\n"), 1, "counts nothing of a budget"),
        (
            ok("wasmcustom.penstock_budget_used_total.budget=.=a;.;unit=.=tokens;.;: 1\n"),
            1,
            "no account is shown",
        ),
        (ok("<html>"), 2, "no admin interface of Envoy"),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            2,
            "answers 404",
        ),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), 2, "does not speak HTTP/1.1"),
    ] {
        let (url, served) = admin(vec![answer]);
        let ran = penstock(&["budgets", "--admin", &url]);
        served.join().unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{told}: {}", ran.err);
        assert!(
            ran.err.starts_with("penstock: http://127.0.0.1:") && ran.err.contains(told),
            "{}",
            ran.err
        );
    }
    let without_tags = PROMETHEUS.replace("budget=", "").replace(
        "penstock_budget_used{",
        "penstock_budget_used_budget____team____{",
    );
    let ran = penstock_on(&["budgets", "-f", "-"], without_tags.as_bytes());
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("standard input: its metrics have no labels"),
        "{}",
        ran.err
    );
}
