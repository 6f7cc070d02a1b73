//! What operators see: how accounts stand, and the rest as one sum.

use super::store::Store;
use super::vms::{Vm, ask};
use crate::story::{NOON, SECOND, given, usage};
use penstock_filter_api::{Outcome, Record};

const TEAM: &str = r#"{"tenant": {"header": "x-tenant"}, "budgets": [{"name": "team", "key": ["tenant", "model"],
    "unit": "tokens", "limit": 1000, "window": {"per": "minute"}}]}"#;
const NOON_S: u64 = NOON / SECOND;

fn of(account: &str, labels: &str) -> String {
    format!("budget=.=team;.;unit=.=tokens;.;volatile=.=no;.;account=.={account};.;{labels}")
}

fn own(tenant: &str) -> String {
    of("own", &format!("tenant=.={tenant};.;model=.=gpt-4.1;.;"))
}

/// An exchange to its end.
fn uses(vm: &mut Vm, tenant: &str, tokens: usize, second: u64) {
    let run = vm.ask(ask().of(tenant).tokens(tokens - 1, 1).at(second)).unwrap();
    vm.report(run, tokens as u64 - 1, 1, NOON + second * SECOND);
}

/// So long that all accounts have been looked at.
fn pass(vms: &mut [&mut Vm], from_s: u64, seconds: u64) {
    for second in from_s..from_s + seconds {
        vms.iter_mut().for_each(|vm| vm.tick(NOON + second * SECOND));
    }
}

#[test]
fn accounts_stand_as_they_do_for_all_workers() {
    let store = Store::default();
    let (mut one, mut two) = (Vm::new(&store, TEAM), Vm::new(&store, TEAM));
    uses(&mut one, "acme", 100, 0);
    uses(&mut two, "acme", 200, 0);
    pass(&mut [&mut one, &mut two], 0, 2);
    uses(&mut one, "acme", 100, 2);
    let held = two.ask(ask().of("zeta").tokens(10, 50).at(2)).unwrap();
    uses(&mut two, "zeta", 30, 2);
    pass(&mut [&mut one, &mut two], 2, 1);
    assert_eq!(store.standing(&own("acme")), Some([400, 0, NOON_S + 60]));
    assert_eq!(store.standing(&own("zeta")), Some([30, 60, NOON_S + 60]));
    let limit = "penstock_budget_limit.budget=.=team;.;unit=.=tokens;.;volatile=.=no;.;";
    assert_eq!(store.metric(limit), Some(1000));
    // The window ends without any traffic.
    pass(&mut [&mut one, &mut two], 60, 1);
    assert_eq!(store.standing(&own("acme")), Some([0, 0, NOON_S + 120]));
    assert_eq!(store.standing(&own("zeta")), Some([0, 60, NOON_S + 120]));
    two.finish(held, Outcome::Cancelled, NOON + 61 * SECOND);
    pass(&mut [&mut one, &mut two], 61, 1);
    assert_eq!(store.standing(&own("zeta")).unwrap()[1], 0);
}

#[test]
fn a_worker_that_dies_leaves_the_metrics_to_another() {
    let store = Store::default();
    let (mut old, mut young) = (
        Vm::new(&store, TEAM),
        Vm::new(&store, &TEAM.replace("1000", "500")),
    );
    uses(&mut old, "acme", 10, 0);
    pass(&mut [&mut old], 0, 1);
    uses(&mut young, "acme", 10, 1);
    // The younger has the later configuration.
    pass(&mut [&mut old, &mut young], 1, 2);
    let limit = "penstock_budget_limit.budget=.=team;.;unit=.=tokens;.;volatile=.=no;.;";
    assert_eq!(store.metric(limit), Some(500));
    pass(&mut [&mut old], 3, 15);
    assert_eq!(store.metric(limit), Some(500));
    pass(&mut [&mut old], 18, 2);
    assert_eq!(store.metric(limit), Some(1000));
}

#[test]
fn names_beyond_the_cap_are_one_sum_and_the_largest_have_places() {
    let store = Store::default();
    let mut vm = Vm::new(&store, TEAM);
    uses(&mut vm, "first", 20, 0);
    for name in 0..500 {
        uses(&mut vm, &format!("minted-{name}"), 2, 1);
    }
    uses(&mut vm, "large", 600, 1);
    uses(&mut vm, "minted 0", 2, 1);
    pass(&mut [&mut vm], 1, 33);
    assert_eq!(store.standing(&own("large")), Some([600, 0, NOON_S + 60]));
    let shown =
        store.series("penstock_budget_used.budget=.=team;.;unit=.=tokens;.;volatile=.=no;.;account=.=own");
    assert!((50..=53).contains(&shown), "{shown}");
    let overflow = store.standing(&of("overflow", "")).map_or(0, |[used, ..]| used);
    let [rest, held, reset] = store.standing(&of("rest", "")).unwrap();
    // Whatever has no name is in the sum: 501 minted ones without those that have names.
    let named: u64 = ["first", "large"]
        .map(|name| store.standing(&own(name)).map_or(0, |[used, ..]| used))
        .iter()
        .sum();
    let minted = (0..500).filter_map(|name| store.standing(&own(&format!("minted-{name}"))));
    let minted: u64 = minted.map(|[used, ..]| used).sum();
    assert_eq!(
        (named + minted + rest + overflow, held, reset),
        (20 + 600 + 2 * 501, 0, NOON_S + 60)
    );
    let count = store
        .metric(&format!("penstock_budget_accounts.{}", of("rest", "")))
        .unwrap();
    assert_eq!(count, rest / 2);
}

#[test]
fn a_budget_without_key_and_one_of_streams_show_one_account() {
    let config = r#"{"budgets": [
        {"name": "team", "unit": "tokens", "limit": 1000, "window": {"bucket": {"rate_per_s": 10, "burst": 1000}}},
        {"name": "open", "unit": "streams", "limit": 5}]}"#
        .replace(r#""limit": 1000, "#, "");
    let store = Store::default();
    let mut vm = Vm::new(&store, &config);
    uses(&mut vm, "", 100, 0);
    let open = vm.ask(ask().tokens(1, 1)).unwrap();
    pass(&mut [&mut vm], 5, 1);
    assert_eq!(store.standing(&of("own", "")), Some([50, 2, NOON_S + 10]));
    let streams = "budget=.=open;.;unit=.=streams;.;volatile=.=no;.;account=.=own;.;";
    assert_eq!(store.standing(streams), Some([0, 1, NOON_S + 5]));
    vm.report(open, 1, 1, NOON + 6 * SECOND);
    assert_eq!(store.series("penstock_budget_accounts"), 0);
    // Counters are there before anything happens.
    let denied = "penstock_budget_denied_total.budget=.=open;.;unit=.=streams;.;volatile=.=no;.;";
    assert_eq!(store.metric(denied), Some(0));
}

#[test]
fn labels_that_metrics_do_not_have_name_nobody() {
    let config = TEAM.replacen('{', r#"{"labels": {"tenant": false}, "#, 1);
    let store = Store::default();
    let mut vm = Vm::new(&store, &config);
    uses(&mut vm, "acme", 20, 0);
    pass(&mut [&mut vm], 1, 17);
    assert_eq!(store.standing(&of("rest", "")), Some([20, 0, NOON_S + 60]));
    assert_eq!(store.series("penstock_budget_used."), 1);
}

#[test]
fn shared_data_that_fails_or_is_none_costs_the_metrics_alone() {
    let store = Store::default();
    let mut vm = Vm::new(&store, TEAM);
    uses(&mut vm, "acme", 20, 0);
    store.break_down(true);
    pass(&mut [&mut vm], 1, 1);
    store.break_down(false);
    pass(&mut [&mut vm], 2, 1);
    assert_eq!(store.standing(&own("acme")), Some([20, 0, NOON_S + 60]));
    store.spoil();
    pass(&mut [&mut vm], 3, 1);
    assert_eq!(store.standing(&own("acme")), Some([20, 0, NOON_S + 60]));
}

#[test]
fn what_estimates_miss_is_counted_where_budgets_hang_on_them() {
    let exchange = || Record {
        input_text_bytes: 400,
        output_text_bytes: 100,
        usage: usage(80, 40),
        ..crate::story::chat()
    };
    // 400 bytes are 100 tokens at 4 bytes each, and 100 are 25.
    given(&TEAM.replace(r#""tenant", "model""#, ""))
        .exchange(exchange())
        .then("penstock_estimate_error_tokens_total", "type=input", 20)
        .then("penstock_estimate_error_tokens_total", "type=output", 15);
    given("{}")
        .exchange(exchange())
        .then("penstock_estimate_error_tokens_total", "", 0);
}
