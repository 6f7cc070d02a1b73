//! `penstock simulate`. Figures are the simulator's and change with it; what must hold of them does not.

use crate::run::{Ran, folder, penstock, penstock_on};
use serde_json::{Value, json};

const TRACE: &str = "arrival,input,output,prefix\n0,900,20,\n0.5,1200,30,1 2\n1.2,1300,10,1 2\n2,400,5,\n";

fn document(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().count(), 1);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_trace_of_ones_own_is_played_once_at_its_own_rate() {
    let path = folder("simulations").join("trace.csv");
    std::fs::write(&path, TRACE).unwrap();
    let trace = path.to_str().unwrap();
    let ran = penstock(&["simulate", trace, "--fleet", "H100+A100", "--seeds", "1"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let rows: Vec<Vec<&str>> = ran
        .out
        .lines()
        .skip(5)
        .map(|row| row.split_whitespace().take(2).collect())
        .collect();
    assert_eq!(
        rows,
        [["penstock", "2/s"], ["rr", "2/s"], ["p2c", "2/s"], ["gie", "2/s"]],
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains(": 4 requests, 2/s by itself\nH100+A100: 2 servers\n"),
        "{}",
        ran.out
    );
}

#[test]
fn the_document_tells_the_same_of_standard_input() {
    let args = [
        "simulate",
        "-",
        "-f",
        "A100",
        "-p",
        "rr",
        "-s",
        "2",
        "--slo-ttft",
        "0.5",
        "--json",
    ];
    let told = document(&penstock_on(&args, TRACE.as_bytes()));
    assert_eq!(
        told,
        document(&penstock_on(&args, TRACE.as_bytes())),
        "the same seeds"
    );
    assert_eq!(
        (&told["trace"], &told["requests"], &told["slo"]["ttft_s"]),
        (&json!("standard input"), &json!(4), &json!(0.5))
    );
    let row = &told["results"][0];
    assert_eq!(
        (&row["policy"], &row["rate"], &row["failed"]),
        (&json!("rr"), &json!(2.0), &json!(0.0))
    );
    assert!(
        row["prefix_hits"].as_f64().unwrap() > 0.2,
        "blocks are the same text: {row}"
    );
    assert!(row["ttft_s"]["p99"].as_f64().unwrap() < 0.5, "{row}");

    let lines = "{\"t\": 0, \"in\": 900, \"out\": 20}\n{\"t\": 2, \"in\": 400, \"out\": 5}\n";
    assert_eq!(document(&penstock_on(&args, lines.as_bytes()))["requests"], 2);
}

#[test]
fn capacity_is_a_rate_that_goes_well() {
    let ran = penstock(&[
        "simulate",
        "gen:conversation",
        "--fleet",
        "RTX4090",
        "--policies",
        "rr",
        "--capacity",
        "--duration",
        "20",
        "--seeds",
        "1",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let row = &told["results"][0];
    assert!(row["goodput"].as_f64().unwrap() >= 0.99, "{row}");
    assert!((0.5..10.0).contains(&row["rate"].as_f64().unwrap()), "{row}");
    assert_eq!(told["capacity_goodput"], 0.99);
}

#[test]
fn where_no_rate_goes_well_there_is_none() {
    let args = [
        "simulate",
        "-",
        "-f",
        "A40",
        "-p",
        "rr",
        "-s",
        "1",
        "-d",
        "9",
        "--slo-ttft",
        "0.0001",
        "--capacity",
    ];
    let ran = penstock_on(&args, TRACE.as_bytes());
    let last = ran.out.lines().last().unwrap_or_default();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(last.starts_with("rr      none  "), "{last}");
}

#[test]
fn lines_that_are_none_are_named() {
    for (trace, told) in [
        ("0,1,1\n1,many,1\n", "standard input:2: input is no number"),
        ("0,1,1\n1,1\n", "standard input:2: no output; "),
        ("{\"t\": 0}\n", "standard input:1: "),
        ("0,1,1\n", "standard input: a trace needs two requests"),
        ("", "standard input: a trace needs two requests"),
    ] {
        let ran = penstock_on(&["simulate", "-", "--fleet", "A100"], trace.as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{trace}");
        assert!(
            ran.err.starts_with("penstock: ") && ran.err.contains(told),
            "{}",
            ran.err
        );
    }
}

#[test]
fn prompts_that_fit_nowhere_fail() {
    let trace = "0,900000,1\n1,900000,1\n2,900000,1\n";
    let args = ["simulate", "-", "-f", "RTX4090", "-p", "rr", "-s", "1"];
    let ran = penstock_on(&args, trace.as_bytes());
    assert!(
        ran.out.ends_with("100.00 %\n") && ran.out.contains(" - "),
        "{}",
        ran.out
    );
}
