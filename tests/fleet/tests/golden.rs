//! Small runs by seed: what changes here changes every figure.

#![allow(clippy::unwrap_used, reason = "tests")]

use penstock_fleet::jobs::{Cell, play};
use penstock_fleet::{
    BlackHole, Outcome, Reports, Restart, Scenario, Slowdown, fleet, generate, rivals, simulate,
};

fn scenario(rate: f64) -> Scenario {
    Scenario {
        rate,
        duration: 20.0,
        ..Scenario::new(fleet::parse("H100+A100+2xRTX4090").unwrap())
    }
}

fn outcome(policy: &str, scenario: &Scenario) -> Outcome {
    let trace = generate::trace("conversation").unwrap();
    simulate(&trace, scenario, rivals::named(policy).unwrap()).unwrap()
}

/// Each line of golden.txt is a policy and its seconds to the first token: mean, median, 95th and 99th percentile.
#[test]
fn every_policy_does_as_it_did() {
    let golden = include_str!("golden.txt").trim_end();
    assert!(!golden.is_empty());
    let trace = generate::trace("prefix").unwrap();
    let cells = golden.lines().map(|line| {
        let scenario = Scenario::new(fleet::parse("H100+2xA100").unwrap());
        let policy = rivals::named(line.split(' ').next().unwrap()).unwrap();
        Cell {
            policy,
            scenario: Scenario {
                rate: 2.0,
                duration: 60.0,
                ..scenario
            },
            seeds: 2,
        }
    });
    let played = play(&trace, cells.collect()).unwrap();
    let lines = played.iter().map(|played| {
        let ttft = played.outcome.ttft;
        format!(
            "{} {:.3} {:.3} {:.3} {:.3}",
            played.cell.policy.name, ttft.mean, ttft.p50, ttft.p95, ttft.p99
        )
    });
    assert_eq!(lines.collect::<Vec<_>>().join("\n"), golden);
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    let one = scenario(10.0);
    assert_eq!(outcome("p2c", &one), outcome("p2c", &one));
    assert_ne!(outcome("p2c", &one), outcome("p2c", &Scenario { seed: 2, ..one }));
}

#[test]
fn a_slow_server_lengthens_tails_and_heals() {
    let slow = Scenario {
        slowdown: Some(Slowdown {
            backend: 0,
            from: 5.0,
            until: 10.0,
            factor: 20.0,
        }),
        ..scenario(8.0)
    };
    let (well, ill) = (outcome("rr", &scenario(8.0)), outcome("rr", &slow));
    assert!(
        ill.ttft.p99 > 1.5 * well.ttft.p99,
        "{} s, {} s",
        well.ttft.p99,
        ill.ttft.p99
    );
    assert_eq!(ill.failed, 0.0);
}

#[test]
fn a_black_hole_attracts_those_who_count_requests() {
    let hole = Scenario {
        black_hole: Some(BlackHole {
            backend: 1,
            from: 5.0,
            until: 15.0,
        }),
        ..scenario(20.0)
    };
    assert!((0.1..0.2).contains(&outcome("rr", &hole).failed));
    assert!(outcome("lr", &hole).failed > 0.4);
    assert_eq!(outcome("oracle", &hole).failed, 0.0);
}

#[test]
fn a_restart_loses_what_it_held_and_serves_again() {
    let back = |until| Scenario {
        restart: Some(Restart {
            backend: 0,
            from: 10.0,
            until,
        }),
        ..scenario(20.0)
    };
    let failed = |policy, until| outcome(policy, &back(until)).failed;
    assert_eq!(outcome("rr", &scenario(20.0)).failed, 0.0);
    assert!(failed("rr", 10.0) > 0.0, "what was under way");
    // And a quarter of what comes in two seconds.
    let refused = failed("rr", 12.0) - failed("rr", 10.0);
    assert!((0.02..0.04).contains(&refused), "{refused}");
    let refused = failed("penstock", 12.0) - failed("penstock", 10.0);
    assert!(refused < 0.01, "it asks elsewhere: {refused}");
}

#[test]
fn without_reports_orca_is_blind() {
    let blind = Scenario {
        reports: Reports::Nothing,
        duration: 60.0,
        ..scenario(15.0)
    };
    let seeing = Scenario {
        reports: Reports::Headers,
        ..blind.clone()
    };
    assert!(outcome("orca:kv", &blind).ttft.p99 > outcome("orca:kv", &seeing).ttft.p99);
}

#[test]
fn what_cannot_be_played_is_told() {
    let trace = generate::trace("conversation").unwrap();
    let told = |scenario: Scenario| simulate(&trace, &scenario, rivals::named("rr").unwrap()).unwrap_err();
    assert_eq!(told(scenario(f64::NAN)), "rate NaN: a positive number");
    assert_eq!(
        told(Scenario {
            proxies: 0,
            ..scenario(1.0)
        }),
        "at least one server, one gateway and one worker"
    );
    assert_eq!(
        told(scenario(0.01)),
        "rate x duration is 0.2 requests; 1 to 20000000"
    );
    let hole = Some(BlackHole {
        backend: 9,
        from: 0.0,
        until: 1.0,
    });
    assert_eq!(
        told(Scenario {
            black_hole: hole,
            ..scenario(1.0)
        }),
        "a fault at server 9; there are 0 to 3"
    );
}
