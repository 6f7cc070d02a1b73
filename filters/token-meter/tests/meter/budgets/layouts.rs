//! Two versions of the meter over one store, while one takes over from the other: what the one has written the other reads, or
//! leaves alone.

use super::store::Store;
use super::vms::{Run, Vm, ask};
use crate::story::{NOON, SECOND};

/// What [`written`] leaves, as the first version with layout 1 wrote it. It stays as it is: a version that writes anything else has
/// another layout, and a file of its own.
const LAYOUT_1: &str = include_str!("layout_1.txt");

/// A budget of each kind of record.
const CONFIG: &str = r#"{"tenant": {"header": "x-tenant"}, "budgets": [
    {"name": "day", "key": ["tenant", "model"], "unit": "tokens", "limit": 1000, "window": {"per": "day"}, "reserve": "most"},
    {"name": "hour", "unit": "output_tokens", "limit": 1000, "window": {"per": "hour", "kind": "sliding"}, "reserve": "most"},
    {"name": "pace", "unit": "requests", "key": ["route"], "window": {"bucket": {"rate_per_s": 1, "burst": 10}}},
    {"name": "open", "unit": "streams", "key": ["api"], "limit": 10},
    {"name": "pool", "unit": "tokens", "limit": 2000, "window": {"per": "minute"}, "reserve": "most", "fair": {}}]}"#;
const BUDGETS: [&str; 5] = ["day", "hour", "pace", "open", "pool"];

/// Two workers: acme holds 600 tokens at one, zeta has used 50 at the other.
fn written() -> (Store, [Vm; 2], Run) {
    let store = Store::default();
    let mut vms = [Vm::new(&store, CONFIG), Vm::new(&store, CONFIG)];
    let running = vms[0].ask(ask().of("acme").tokens(100, 500)).unwrap();
    let over = vms[1].ask(ask().of("zeta").tokens(40, 20)).unwrap();
    vms[1].report(over, 40, 10, NOON + SECOND);
    vms[1].tick(NOON + SECOND);
    (store, vms, running)
}

#[test]
fn this_version_writes_layout_1() {
    let (store, _vms, _running) = written();
    let records = store.records();
    assert!(
        records == LAYOUT_1,
        "another layout: count up `KEYS` of budget/shared.rs, and keep these in a file of their own:\n{records}"
    );
}

#[test]
fn what_an_earlier_version_holds_counts_and_comes_back_with_its_leases() {
    let store = Store::of(LAYOUT_1);
    let mut vm = Vm::new(&store, CONFIG);
    let refused = vm.ask(ask().of("acme").tokens(100, 400).at(2)).err().unwrap();
    assert_eq!(refused.code, "budget_day", "of 1000 tokens 600 are held");
    let run = vm.ask(ask().of("acme").tokens(100, 300).at(2)).unwrap();
    vm.report(run, 100, 300, NOON + 2 * SECOND);
    // Nobody of that version is left.
    for second in 3..=20 {
        vm.tick(NOON + second * SECOND);
    }
    let run = vm.ask(ask().of("acme").tokens(100, 400).at(21)).unwrap();
    vm.report(run, 100, 400, NOON + 21 * SECOND);
    let expired = BUDGETS.map(|budget| store.count("expired", budget));
    assert_eq!(expired, [600, 500, 0, 1, 600]);
    assert_eq!(BUDGETS.map(|budget| store.count("state_errors", budget)), [0; 5]);
}

#[test]
fn what_an_earlier_version_runs_is_booked_beside_a_new_one() {
    let (old, [mut holder, _], running) = written();
    let mut new = Vm::new(&old, CONFIG);
    assert!(new.ask(ask().of("acme").tokens(100, 400).at(2)).is_err());
    holder.report(running, 100, 200, NOON + 3 * SECOND);
    let run = new.ask(ask().of("acme").tokens(100, 600).at(3)).unwrap();
    new.report(run, 100, 600, NOON + 3 * SECOND);
    assert_eq!(old.count("used", "day"), 50 + 300 + 700);
    assert_eq!(old.count("returned", "day"), old.count("reserved", "day"));
}

/// A roll-out over two layouts: each version has books of its own, so for as long as both run, either lets in as much as a budget
/// allows; and what the other has is as it was when that one comes back.
#[test]
fn records_of_another_layout_are_neither_read_nor_touched() {
    let others = LAYOUT_1.replace("penstock/budget/1/", "penstock/budget/2/");
    let store = Store::of(&others);
    store.spoil();
    let theirs = store.records();
    let mut vm = Vm::new(&store, CONFIG);
    let run = vm.ask(ask().of("acme").tokens(400, 600).at(2)).unwrap();
    vm.report(run, 400, 600, NOON + 2 * SECOND);
    vm.tick(NOON + 3 * SECOND);
    let records = store.records();
    let (ours, left): (Vec<&str>, Vec<&str>) = records
        .lines()
        .partition(|line| line.starts_with("penstock/budget/1/"));
    assert!(!ours.is_empty());
    assert_eq!(left, theirs.lines().collect::<Vec<_>>());
    assert_eq!(BUDGETS.map(|budget| store.count("state_errors", budget)), [0; 5]);
}
