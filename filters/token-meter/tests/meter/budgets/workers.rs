//! Workers that die give back; floods of names find an end.

use super::store::Store;
use super::vms::{Vm, ask};
use crate::story::{NOON, SECOND};
use penstock_filter_api::Outcome;

const TOKENS: &str =
    r#"{"budgets": [{"name": "all", "unit": "tokens", "limit": 1000, "window": {"per": "day"}}]}"#;

#[test]
fn what_a_dead_worker_held_comes_back_when_its_lease_is_over() {
    let store = Store::default();
    let (mut dies, mut lives) = (Vm::new(&store, TOKENS), Vm::new(&store, TOKENS));
    let lost = dies.ask(ask().tokens(100, 500)).unwrap();
    let kept = lives.ask(ask().tokens(100, 100)).unwrap();
    drop((dies, lost));
    for second in 0..15 {
        lives.tick(NOON + second * SECOND);
        assert!(lives.ask(ask().tokens(100, 200).at(second)).is_err(), "{second}");
    }
    lives.tick(NOON + 15 * SECOND);
    let run = lives.ask(ask().tokens(100, 700).at(15)).unwrap();
    assert_eq!(store.count("expired", "all"), 600);
    lives.report(run, 100, 100, NOON);
    lives.finish(kept, Outcome::Cancelled, NOON);
    let settled = store.count("returned", "all") + store.count("expired", "all");
    assert_eq!(store.count("reserved", "all"), settled);
}

#[test]
fn a_clock_that_jumps_kills_nobody() {
    let store = Store::default();
    let (mut one, mut two) = (Vm::new(&store, TOKENS), Vm::new(&store, TOKENS));
    let run = one.ask(ask().tokens(100, 500)).unwrap();
    for jump in [0, 3600, 7200, 3, 20_000, 1] {
        two.tick(NOON + jump * SECOND);
        assert!(two.ask(ask().tokens(100, 500).at(jump)).is_err());
        one.tick(NOON + jump * SECOND);
    }
    one.report(run, 100, 300, NOON);
    assert_eq!(store.count("expired", "all"), 0);
    assert_eq!(store.count("used", "all"), 400);
}

#[test]
fn a_worker_that_was_given_up_for_dead_books_what_it_used_once() {
    let store = Store::default();
    let (mut stalls, mut lives) = (Vm::new(&store, TOKENS), Vm::new(&store, TOKENS));
    let mut run = stalls.ask(ask().tokens(100, 300)).unwrap();
    let other = lives.ask(ask().tokens(1, 1)).unwrap();
    for second in 0..=15 {
        lives.tick(NOON + second * SECOND);
    }
    // Its 400 are given back, and taken by others.
    let second = lives.ask(ask().tokens(100, 500).at(16)).unwrap();
    stalls.tick(NOON + 17 * SECOND);
    // It holds on to what it needs from now on, which is there or not.
    assert_eq!(stalls.generate(&mut run, 200, NOON + 17 * SECOND), Ok(()));
    assert!(stalls.generate(&mut run, 300, NOON + 18 * SECOND).is_err());
    stalls.finish(run, Outcome::Cut, NOON + 18 * SECOND);
    lives.report(second, 100, 100, NOON + 18 * SECOND);
    lives.report(other, 1, 1, NOON + 18 * SECOND);
    assert_eq!(store.count("used", "all"), 600 + 200 + 2);
    let settled = store.count("returned", "all") + store.count("expired", "all");
    assert!(settled >= store.count("reserved", "all"));
}

#[test]
fn a_flood_of_names_is_bounded_and_frees_nobody() {
    let config = r#"{"tenant": {"header": "x-tenant"}, "budgets": [{"name": "team", "key": ["tenant"],
        "unit": "tokens", "limit": 100, "window": {"per": "day"}, "max_keys": 256}]}"#;
    let store = Store::default();
    let mut vm = Vm::new(&store, config);
    let run = vm.ask(ask().of("spent").tokens(50, 50)).unwrap();
    vm.report(run, 50, 50, NOON);
    let mut full = (0, 0);
    for name in 0..20_000 {
        if let Ok(run) = vm.ask(ask().of(&format!("minted-{name}")).tokens(1, 1)) {
            vm.report(run, 1, 1, NOON);
        }
        if name == 10_000 {
            full = store.size();
        }
        if name % 100 == 0 {
            assert!(vm.ask(ask().of("spent").tokens(1, 1)).is_err(), "{name}");
        }
    }
    assert_eq!(store.size(), full, "no growth");
    assert!(full.0 <= 256 / 8 + 3 && full.1 < 16_384, "{full:?}");
    // All that found no place have shared one account.
    assert!(store.count("overflow", "team") > 19_000);
    assert!(store.count("used", "team") <= 100 + 256 * 2 + 100);
    // With the next day there is room again.
    assert!(vm.ask(ask().of("minted-19999").tokens(1, 1).at(86_400)).is_ok());
    assert!(vm.ask(ask().of("spent").tokens(50, 50).at(86_400)).is_ok());
}

#[test]
fn an_old_and_a_new_configuration_share_the_record() {
    let store = Store::default();
    let (mut old, mut new) = (
        Vm::new(&store, TOKENS),
        Vm::new(&store, &TOKENS.replace("1000", "1500")),
    );
    let run = old.ask(ask().tokens(500, 500)).unwrap();
    assert!(new.ask(ask().tokens(500, 1)).is_err());
    old.report(run, 500, 500, NOON);
    assert!(new.ask(ask().tokens(400, 100)).is_ok());
}

#[test]
fn who_was_given_up_for_dead_gives_back_where_it_has_found_another_place() {
    let config = r#"{"tenant": {"header": "x-tenant"}, "budgets": [{"name": "team", "key": ["tenant"],
        "unit": "tokens", "limit": 1000, "window": {"per": "day"}, "max_keys": 8}]}"#;
    let store = Store::default();
    let (mut stalls, mut lives) = (Vm::new(&store, config), Vm::new(&store, config));
    let mut run = stalls.ask(ask().of("stalled").tokens(100, 100)).unwrap();
    let mut others = vec![lives.ask(ask().of("0").tokens(1, 1)).unwrap()];
    for second in 0..=15 {
        lives.tick(NOON + second * SECOND);
    }
    let asks = ["1", "2", "3", "4", "5", "6", "7"].map(|name| ask().of(name).tokens(1, 1).at(16));
    others.extend(asks.map(|ask| lives.ask(ask).unwrap()));
    // Its place has gone to another, so it goes on with the account of all that have none, and leaves nothing there.
    stalls.tick(NOON + 17 * SECOND);
    assert_eq!(stalls.generate(&mut run, 150, NOON + 17 * SECOND), Ok(()));
    assert_eq!(store.count("overflow", "team"), 0);
    stalls.finish(run, Outcome::Cancelled, NOON + 17 * SECOND);
    assert_eq!(store.count("used", "team"), 250);
    assert!(lives.ask(ask().of("new").tokens(100, 650).at(17)).is_ok());
}
