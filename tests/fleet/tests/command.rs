//! The program, run as its users run it.

#![cfg(feature = "command")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};

fn fleet(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_penstock-fleet"))
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn a_generated_trace_is_played() {
    let short = "run --trace gen:conversation --fleet H100+A100 --rates 4,8 --duration 10 --seeds 1";
    let args: Vec<&str> = short.split(' ').chain(["--policies", "penstock,p2c"]).collect();
    let ran = fleet(&args);
    let table = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.starts_with("policy    rate  ttft_mean"), "{table}");
    for row in table.lines().skip(1) {
        assert_eq!(
            row.split_whitespace().nth(11),
            Some("0.0000"),
            "nothing fails: {row}"
        );
    }
}

#[test]
fn a_matrix_leaves_figures_and_plots() {
    let out = format!("{}/matrix", env!("CARGO_TARGET_TMPDIR"));
    let ran = fleet(&[
        "matrix",
        "--out",
        &out,
        "--seeds",
        "1",
        "--conditions",
        "slow",
        "--policies",
        "rr",
    ]);
    let table = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && table.starts_with("slow: "), "{table}");
    assert!(
        std::fs::read_to_string(format!("{out}/slow.csv"))
            .unwrap()
            .starts_with("policy,rate,")
    );
}

#[test]
fn what_is_wrong_is_told() {
    for (args, told) in [
        (&["run", "--fleet", "H900"][..], "no GPU \"H900\"; there are "),
        (
            &["run", "--policies", "best"],
            "no policy \"best\"; there are penstock, rr, ",
        ),
        (&["run", "--trace", "nowhere.csv"], "nowhere.csv: "),
        (
            &["run", "--trace", "gen:x"],
            "no generated trace \"x\"; there are",
        ),
        (&["run", "--fail", "1"], "--fail \"1\": a server's number"),
    ] {
        let ran = fleet(args);
        let error = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert!(
            error.starts_with("penstock-fleet: ") && error.contains(told),
            "{error}"
        );
    }
}
