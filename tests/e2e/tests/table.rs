//! The scenario table as tests. `PENSTOCK_E2E_ENVOY=1` runs it through a real Envoy too.

use penstock_e2e::bodies::{chat, completion, json};
use penstock_e2e::check::{client_body, client_gets, upstream_sees_nothing};
use penstock_e2e::chunking::Chunking;
use penstock_e2e::envoy::judge;
use penstock_e2e::native;
use penstock_e2e::scenario::{Protocol, Setup, case};
use penstock_e2e::table::{Choice, run};

fn all_pass(choice: &Choice) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut out = Vec::new();
    let tally = runtime.block_on(run(choice, &mut out)).unwrap();
    assert!(tally.passed > 0, "nothing ran");
    assert_eq!(tally.failed, 0, "\n{}", String::from_utf8_lossy(&out));
}

#[test]
fn natively() {
    all_pass(&Choice {
        native: true,
        ..Choice::default()
    });
}

#[test]
fn on_a_real_envoy() {
    if std::env::var_os("PENSTOCK_E2E_ENVOY").is_none() {
        println!("skipped: PENSTOCK_E2E_ENVOY is not set");
        return;
    }
    all_pass(&Choice {
        envoy: true,
        ..Choice::default()
    });
}

/// A table that cannot fail proves nothing.
#[test]
fn a_wrong_expectation_fails() {
    let passes = case("x")
        .given(Setup::bare())
        .request(chat("hi"))
        .upstream(json(200, completion("a")));
    let seen = native::run(&passes, Protocol::Http1, Chunking::Bytes).unwrap();
    assert_eq!(judge(&passes.clone().then(client_gets(200)), &seen), Ok(()));
    for wrong in [client_gets(201), client_body("b"), upstream_sees_nothing()] {
        assert!(judge(&passes.clone().then(wrong), &seen).is_err());
    }
}

#[test]
fn a_gate_that_is_never_met_fails() {
    let gated = case("x")
        .request(chat("hi"))
        .upstream(json(200, "a").until("never").data("b"));
    let seen = native::run(&gated, Protocol::Http1, Chunking::Whole).unwrap();
    assert!(judge(&gated, &seen).is_err());
}
