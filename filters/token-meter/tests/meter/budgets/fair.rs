//! A budget that tenants share: each has its part when several want it, and all of it when nobody else does.

use super::exact::refused;
use super::store::Store;
use super::vms::{Run, Vm, ask};
use crate::story::{NOON, SECOND};
use penstock_filter_api::{Denial, Outcome};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMIT: u64 = 1200;
const MINUTE: &str = r#""limit": 1200, "window": {"per": "minute"}"#;
const SLIDING: &str = r#""limit": 1200, "window": {"per": "minute", "kind": "sliding"}"#;
const BUCKET: &str = r#""window": {"bucket": {"rate_per_s": 20, "burst": 1200}}"#;

fn config(unit: &str, window: &str) -> String {
    format!(
        r#"{{"tenant": {{"header": "x-tenant"}}, "budgets": [{{"name": "pool", "unit": "{unit}", {window}, "reserve": "most",
            "fair": {{"weights": {{"gold": 3, "bronze-*": 2}}}}}}]}}"#
    )
}

/// Tenants at one budget, on two workers.
struct Pool {
    store: Store,
    vms: [Vm; 2],
    /// What each has spent, by the minute.
    spent: BTreeMap<(String, u64), u64>,
    asked: usize,
}

impl Pool {
    fn of(window: &str) -> Self {
        let (store, config) = (Store::default(), config("tokens", window));
        Self {
            vms: [Vm::new(&store, &config), Vm::new(&store, &config)],
            store,
            spent: BTreeMap::new(),
            asked: 0,
        }
    }

    /// Asks for so many tokens.
    fn ask(&mut self, tenant: &str, tokens: u64, second: u64) -> Result<Run, Denial> {
        self.asked += 1;
        let asked = ask().of(tenant).tokens(1, tokens - 1).at(second);
        self.vms[self.asked % 2].ask(asked)
    }

    /// Asks for so many tokens, and uses them at once. Whether it could.
    fn buy(&mut self, tenant: &str, tokens: u64, second: u64) -> bool {
        let Ok(run) = self.ask(tenant, tokens, second) else {
            return false;
        };
        self.vms[self.asked % 2].report(run, 1, tokens - 1, NOON + second * SECOND);
        *self.spent.entry((tenant.to_owned(), second / 60)).or_default() += tokens;
        true
    }

    /// Buys pieces until there are no more. How much that was.
    fn buy_all(&mut self, tenant: &str, piece: u64, second: u64) -> u64 {
        (1..)
            .find(|_| !self.buy(tenant, piece, second))
            .map_or(0, |times| (times - 1) * piece)
    }

    fn spent(&self, tenant: &str, minute: u64) -> u64 {
        self.spent.get(&(tenant.to_owned(), minute)).copied().unwrap_or(0)
    }
}

fn windows() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(MINUTE), Just(SLIDING), Just(BUCKET)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Two that want more than all of it share it 3:1, within a request of each, however much one of them hurries.
    #[test]
    fn two_that_want_all_share_by_weight(
        window in windows(),
        haste in 1usize..10,
        sizes in prop::collection::vec(30u64..50, 7..31),
    ) {
        let mut pool = Pool::of(window);
        let mut sizes = sizes.into_iter().cycle();
        let mut size = || sizes.next().unwrap_or(30);
        for second in 0..240 {
            for _ in 0..haste {
                pool.buy("silver", size(), second);
            }
            pool.buy("gold", size(), second);
        }
        // Before the first minute nobody knows of the other.
        for minute in 1..4 {
            let (gold, silver) = (pool.spent("gold", minute), pool.spent("silver", minute));
            prop_assert!(gold + silver + 50 >= LIMIT * 7 / 8, "{window}: {gold} + {silver} in {minute}");
            prop_assert!(gold + 100 >= (gold + silver) * 3 / 4, "{window}: {gold} of 3 / {silver} in {minute}");
            prop_assert!(silver + 100 >= (gold + silver) / 4, "{window}: {gold} / {silver} of 1 in {minute}");
        }
    }

    /// Whoever comes back after others had all of it has its share of the next minute, or what it has asked for if that is
    /// less, though they ask first.
    #[test]
    fn who_comes_back_has_its_share_within_a_window(
        window in prop_oneof![Just(MINUTE), Just(BUCKET)],
        back in 61u64..119,
    ) {
        let mut pool = Pool::of(window);
        for second in 0..240 {
            pool.buy_all("silver", 10, second);
            if second >= back {
                pool.buy("gold", 40, second);
            }
        }
        let share = LIMIT * 3 / 4;
        for (minute, due) in [(2, share.min((120 - back) * 40)), (3, share)] {
            let gold = pool.spent("gold", minute);
            prop_assert!(gold + 80 >= due, "{window}: {gold} of {due} in {minute}, back at {back}");
        }
    }
}

#[test]
fn who_is_alone_has_all_of_it() {
    let mut pool = Pool::of(MINUTE);
    assert_eq!(pool.buy_all("silver", 10, 0), LIMIT);
    // Both ask, and gold is gone the minute after.
    for second in 60..120 {
        pool.buy_all("silver", 10, second);
        pool.buy("gold", 20, second);
    }
    // What it asked for is kept for it less and less.
    let kept: Vec<_> = [120, 150, 179]
        .map(|second| pool.buy_all("silver", 10, second))
        .into();
    assert_eq!((kept[0], kept.iter().sum::<u64>()), (LIMIT / 4, LIMIT - 20));
    // The next is without it altogether.
    assert_eq!(pool.buy_all("silver", 10, 180), LIMIT);
}

#[test]
fn a_refusal_says_when_there_is_a_share_again() {
    let mut pool = Pool::of(MINUTE);
    assert_eq!(pool.buy_all("silver", 10, 20), LIMIT);
    assert_eq!(refused(pool.ask("gold", 1000, 30)), ("budget_pool", Some(30)));
    // The next minute begins with gold's share, which it was refused in the last.
    assert_eq!(pool.buy_all("silver", 10, 60), LIMIT / 4);
    assert_eq!(refused(pool.ask("silver", 10, 60)), ("budget_pool", Some(60)));
    assert!(pool.buy("gold", 900, 100));
    // What is merely held may come back at any time.
    let _held = pool.ask("silver", 300, 120).unwrap();
    assert_eq!(refused(pool.ask("silver", 300, 120)), ("budget_pool", Some(1)));
}

#[test]
fn what_one_does_not_want_goes_to_the_others_by_weight() {
    let mut pool = Pool::of(MINUTE);
    for minute in 0..3 {
        for second in minute * 60..minute * 60 + 60 {
            pool.buy("modest", 2, second);
            for tenant in ["bronze-1", "silver"] {
                pool.buy(tenant, 30, second);
                pool.buy(tenant, 30, second);
            }
        }
    }
    // Its share were 300.
    assert_eq!(pool.spent("modest", 2), 120);
    let (bronze, silver) = (pool.spent("bronze-1", 2), pool.spent("silver", 2));
    assert!(
        bronze.abs_diff(720) <= 30 && silver.abs_diff(360) <= 30,
        "{bronze} {silver}"
    );
}

#[test]
fn a_share_smaller_than_a_request_is_no_end_of_it() {
    let requests = config("requests", r#""limit": 3, "window": {"per": "minute"}"#);
    let mut vm = Vm::new(&Store::default(), &requests);
    for minute in 0..3 {
        let tenants = ["a", "b", "c", "d", "e", "f"].iter();
        let admitted = tenants.filter(|tenant| {
            let run = vm.ask(ask().of(tenant).at(minute * 60));
            run.map(|run| vm.report(run, 1, 1, NOON + minute * 60 * SECOND))
                .is_ok()
        });
        assert_eq!(admitted.count(), 3, "{minute}");
    }
}

#[test]
fn what_is_given_back_is_given_back_to_its_member() {
    let requests = config("requests", r#""limit": 40, "window": {"per": "minute"}"#);
    let mut vm = Vm::new(&Store::default(), &requests);
    let _gold = vm.ask(ask().of("gold")).unwrap();
    let silver: Vec<_> = (0..20).filter_map(|_| vm.ask(ask().of("silver")).ok()).collect();
    assert_eq!(silver.len(), 10);
    for run in silver {
        vm.finish(run, Outcome::UpstreamError, NOON);
    }
    let again = (0..20).filter(|_| vm.ask(ask().of("silver")).is_ok());
    assert_eq!(again.count(), 10);
}

#[test]
fn open_streams_are_shared() {
    let streams = config("streams", r#""limit": 8"#);
    let mut vm = Vm::new(&Store::default(), &streams);
    let mut silver: Vec<_> = (0..9).filter_map(|_| vm.ask(ask().of("silver")).ok()).collect();
    assert_eq!(silver.len(), 8);
    let gold = |vm: &mut Vm| {
        (0..8)
            .filter_map(|_| vm.ask(ask().of("gold")).ok())
            .collect::<Vec<_>>()
    };
    assert!(gold(&mut vm).is_empty());
    // Streams run on. What they leave goes to gold.
    for run in silver.drain(2..) {
        vm.finish(run, Outcome::Complete, NOON);
    }
    assert_eq!(refused(vm.ask(ask().of("silver"))), ("budget_pool", Some(1)));
    assert_eq!(gold(&mut vm).len(), 6);
}

#[test]
fn what_a_dead_worker_held_comes_back_to_its_member() {
    let store = Store::default();
    let config = config("tokens", r#""limit": 1200, "window": {"per": "day"}"#);
    let (mut dies, mut lives) = (Vm::new(&store, &config), Vm::new(&store, &config));
    let gold = lives.ask(ask().of("gold").tokens(1, 1)).unwrap();
    let lost = dies.ask(ask().of("silver").tokens(100, 200)).unwrap();
    assert!(lives.ask(ask().of("gold").tokens(1, 999)).is_err());
    drop((dies, lost));
    for second in 0..=15 {
        assert!(lives.ask(ask().of("silver").tokens(1, 1).at(second)).is_err());
        lives.tick(NOON + second * SECOND);
    }
    let run = lives.ask(ask().of("silver").tokens(100, 200).at(16)).unwrap();
    assert_eq!(store.count("expired", "pool"), 300);
    lives.report(run, 100, 200, NOON);
    lives.report(gold, 1, 1, NOON);
    assert_eq!(
        store.count("reserved", "pool"),
        store.count("returned", "pool") + 300
    );
}

#[test]
fn a_flood_of_members_is_bounded() {
    let mut pool = Pool::of(MINUTE);
    for minute in 0..2 {
        for name in 0..2000 {
            if name % 10 == 0 {
                pool.buy("gold", 20, minute * 60 + name / 100);
            }
            pool.buy(&format!("minted-{name}"), 2, minute * 60 + name / 100);
        }
    }
    let (keys, bytes) = pool.store.size();
    assert!(keys == 2 && bytes < 4096, "{keys} keys, {bytes} bytes");
    assert!(pool.store.count("overflow", "pool") > 3000);
    let all: u64 = pool.spent.values().sum();
    assert!(all <= 2 * LIMIT, "{all}");
    // 3 of 3 + 63.
    assert!(pool.spent("gold", 1) >= 54, "{}", pool.spent("gold", 1));
}
