//! `penstock fleet`, before something that answers like Envoy's admin interface.

use crate::run::{Ran, penstock};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

/// What an Envoy 1.40 with a picker of two backends answers.
pub(crate) const STATS: &str = include_str!("../fleet/stats.json");

/// Answers so many requests in the transfer coding that Envoy has for statistics; tells what it was asked.
pub(crate) fn admin(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        answers
            .iter()
            .map(|answer| answer_one(&listener, answer))
            .collect()
    });
    (url, served)
}

fn answer_one(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = Vec::new();
    let mut byte = [0];
    while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        asked.push(byte[0]);
    }
    stream.write_all(answer.as_bytes()).unwrap();
    String::from_utf8(asked).unwrap()
}

pub(crate) fn chunked(body: &str) -> String {
    let (one, other) = body.split_at(body.len() / 2);
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{}{}0\r\n\r\n",
        chunk(one),
        chunk(other)
    )
}

fn fleet(answer: String, more: &[&str]) -> Ran {
    let (url, served) = admin(vec![answer]);
    let ran = penstock(&[&["fleet", "--admin", &url], more].concat());
    let asked = served.join().unwrap().concat();
    assert!(asked.starts_with("GET /stats?format=json&filter=penstock_picker_ HTTP/1.1\r\nhost: 127.0.0.1:"));
    ran
}

#[test]
fn backends_and_groups_have_rows() {
    let ran = fleet(chunked(STATS), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let rows: Vec<String> = ran
        .out
        .lines()
        .skip(2)
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rows,
        [
            "backend picks share failed ejected moved open pace predicted seen",
            "a100-1 300 25.0 % 12 1 3 0 1.80 120 / 410 ms 125 / 650 ms out",
            "h100-1 900 75.0 % 0 0 0 7 0.60 41 / 180 ms 39 / 172 ms",
            "",
            "group answered failed rolled back in tokens out tokens seen",
            "canary 101 9 1 90000 20000 -",
            "stable 1080 3 0 910000 210000 52 / 390 ms",
            "",
            "nothing picked 4, refused 2",
        ]
    );
}

#[test]
fn the_document_has_every_figure() {
    let ran = fleet(chunked(STATS), &["--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let a100 = &told["backends"][0];
    assert_eq!(
        (
            &a100["name"],
            &a100["share"],
            &a100["out"],
            &a100["reports_ignored"]
        ),
        (&json!("a100-1"), &json!(0.25), &json!(true), &json!(5))
    );
    assert_eq!(a100["first_token_ms"], json!({ "p50": 125.0, "p99": 650.0 }));
    assert_eq!(
        (&a100["picks_per_second"], &told["shed"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(told["groups"][0]["first_token_ms"]["p50"], Value::Null);
}

/// The second look has rates; then the proxy goes away, and the command with it.
#[test]
fn watching_tells_rates() {
    let more = STATS.replace("\"value\": 900", "\"value\": 1000");
    assert_ne!(more, STATS);
    let (url, served) = admin(vec![chunked(STATS), chunked(&more)]);
    let ran = penstock(&["fleet", "-a", &url, "--watch", "0.1", "--json"]);
    served.join().unwrap();
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no proxy answers there"), "{}", ran.err);
    let looks: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(looks.len(), 2);
    let rate = |backend: usize| {
        looks[1]["backends"][backend]["picks_per_second"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(rate(0), 0.0);
    assert!((1.0..=1000.0).contains(&rate(1)), "{}", rate(1));
}

#[test]
fn who_is_no_such_proxy_is_told() {
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for (answer, code, told) in [
        (chunked("{\"stats\":[]}"), 1, "counts nothing of a picker"),
        (ok("<html>"), 2, "no admin interface of Envoy"),
        (ok("{\"a\":1}"), 2, "no admin interface of Envoy"),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            2,
            "answers 404",
        ),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), 2, "does not speak HTTP/1.1"),
    ] {
        let ran = fleet(answer, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{told}: {}", ran.err);
        assert!(
            ran.err.starts_with("penstock: http://127.0.0.1:") && ran.err.contains(told),
            "{}",
            ran.err
        );
    }
    let (url, served) = admin(vec![]);
    served.join().unwrap();
    let ran = penstock(&["fleet", "--admin", &url]);
    assert!(
        ran.code == 2 && ran.err.contains("no proxy answers there"),
        "{}",
        ran.err
    );
}
