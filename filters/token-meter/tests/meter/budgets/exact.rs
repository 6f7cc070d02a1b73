//! Nothing is overspent, whoever comes at once.

use super::store::Store;
use super::vms::{Run, Vm, ask};
use crate::story::{NOON, SECOND};
use penstock_filter_api::Outcome;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

const ONE_REQUEST: &str =
    r#"{"budgets": [{"name": "one", "unit": "requests", "limit": 1, "window": {"per": "day"}}]}"#;
pub(crate) const TOKENS: &str =
    r#"{"budgets": [{"name": "all", "unit": "tokens", "limit": 1000, "window": {"per": "minute"}}]}"#;

/// The code, and when to come back.
pub(crate) fn refused(asked: Result<Run, penstock_filter_api::Denial>) -> (&'static str, Option<u64>) {
    let denial = asked.err().expect("a refusal");
    assert_eq!(denial.status, 429);
    (denial.code, denial.retry_after_s)
}

#[test]
fn of_ten_thousand_at_once_on_four_workers_one_is_let_in() {
    let (store, admitted, begin) = (Store::default(), AtomicUsize::new(0), Barrier::new(4));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut vm = Vm::new(&store, ONE_REQUEST);
                begin.wait();
                let runs: Vec<_> = (0..2500).filter_map(|_| vm.ask(ask()).ok()).collect();
                admitted.fetch_add(runs.len(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(admitted.into_inner(), 1);
    assert_eq!(store.count("used", "one"), 1);
    assert_eq!(store.count("denied", "one"), 9999);
    assert_eq!(store.count("state_errors", "one"), 0);
}

#[test]
fn four_workers_share_tokens_to_the_last() {
    let store = Store::default();
    let admitted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut vm = Vm::new(&store, TOKENS);
                for _ in 0..500 {
                    // 7 are set aside, and 3 + 3 are used.
                    let Ok(run) = vm.ask(ask().tokens(3, 4)) else {
                        continue;
                    };
                    admitted.fetch_add(1, Ordering::Relaxed);
                    vm.report(run, 3, 3, NOON);
                }
            });
        }
    });
    // A request is refused with less than 7 left, of which those that run may hold 7 each.
    let used = store.count("used", "all");
    assert_eq!(used, admitted.into_inner() as u64 * 6);
    assert!((970..=1000).contains(&used), "{used}");
    assert_eq!(store.count("reserved", "all"), store.count("returned", "all"));
}

#[test]
fn what_is_set_aside_is_not_there_for_others_and_the_rest_comes_back() {
    let store = Store::default();
    let (mut one, mut two) = (Vm::new(&store, TOKENS), Vm::new(&store, TOKENS));
    let run = one.ask(ask().tokens(100, 800)).unwrap();
    // 100 are left; the minute ends in 60 s, but what is merely held may come back at once.
    assert_eq!(refused(two.ask(ask().tokens(50, 51))), ("budget_all", Some(1)));
    let small = two.ask(ask().tokens(50, 50)).unwrap();
    one.report(run, 100, 300, NOON);
    two.finish(small, Outcome::Cancelled, NOON);
    // 400 were used, and the 50 of the prompt that was left alone.
    assert_eq!(
        refused(one.ask(ask().tokens(51, 500).at(10))),
        ("budget_all", Some(50))
    );
    let run = one.ask(ask().tokens(50, 500).at(10)).unwrap();
    one.report(run, 50, 500, NOON);
    assert_eq!(
        refused(two.ask(ask().tokens(1, 1).at(59))),
        ("budget_all", Some(1))
    );
    assert!(two.ask(ask().tokens(100, 800).at(60)).is_ok());
}

#[test]
fn a_request_larger_than_all_of_it_is_told_no_time() {
    let mut vm = Vm::new(&Store::default(), TOKENS);
    assert_eq!(refused(vm.ask(ask().tokens(900, 101))), ("budget_all", None));
}

#[test]
fn all_budgets_let_in_or_none_holds_anything() {
    let config = r#"{"tenant": {"header": "x-tenant"}, "budgets": [
        {"name": "route", "key": ["route"], "unit": "tokens", "limit": 1000, "window": {"per": "minute"}},
        {"name": "calls", "unit": "requests", "limit": 100, "window": {"per": "minute"}},
        {"name": "team", "key": ["tenant", "model"], "unit": "tokens", "limit": 100, "window": {"per": "hour"}},
        {"name": "open", "unit": "streams", "limit": 2}]}"#;
    let store = Store::default();
    let mut vm = Vm::new(&store, config);
    let run = vm.ask(ask().of("a").tokens(40, 50)).unwrap();
    for _ in 0..1000 {
        // The strictest names itself.
        assert_eq!(
            refused(vm.ask(ask().of("a").tokens(1, 11))),
            ("budget_team", Some(1))
        );
    }
    assert_eq!(
        store.count("reserved", "route") - store.count("returned", "route"),
        90
    );
    assert_eq!(store.count("used", "calls") - store.count("returned", "calls"), 1);
    let other = vm.ask(ask().of("b").tokens(40, 50)).unwrap();
    assert_eq!(
        refused(vm.ask(ask().of("c").tokens(1, 1))),
        ("budget_open", Some(1))
    );
    vm.report(other, 40, 50, NOON);
    vm.report(run, 40, 50, NOON);
    assert_eq!(
        refused(vm.ask(ask().of("a").tokens(1, 11))),
        ("budget_team", Some(3600))
    );
    for budget in ["route", "team", "open"] {
        assert_eq!(
            store.count("reserved", budget),
            store.count("returned", budget),
            "{budget}"
        );
    }
}

#[test]
fn a_stream_draws_on_and_is_cut_where_its_budget_ends() {
    let store = Store::default();
    let mut vm = Vm::new(&store, TOKENS);
    // It says 10 and goes on.
    let mut run = vm.ask(ask().tokens(100, 10)).unwrap();
    assert!(run.effects.decide_response);
    let mut generated = 0;
    let denial = loop {
        generated += 1;
        if let Err(denial) = vm.generate(&mut run, 1, NOON) {
            break denial;
        }
    };
    assert_eq!((denial.status, denial.code), (429, "budget_all"));
    assert_eq!(generated, 901, "all of it, and the frame that was too much");
    vm.finish(run, Outcome::Cut, NOON);
    assert_eq!(store.count("used", "all"), 1001);
    assert_eq!(store.count("cut", "all"), 1);
    assert_eq!(store.count("reserved", "all"), store.count("returned", "all"));
    assert_eq!(refused(vm.ask(ask())), ("budget_all", Some(60)));
}

#[test]
fn a_prompt_that_was_underestimated_counts_as_soon_as_it_is_reported() {
    let store = Store::default();
    let mut vm = Vm::new(&store, TOKENS);
    let mut run = vm.ask(ask().tokens(10, 10)).unwrap();
    run.record.usage.input_tokens = Some(700);
    assert_eq!(vm.generate(&mut run, 1, NOON), Ok(()));
    assert_eq!(refused(vm.ask(ask().tokens(100, 200))), ("budget_all", Some(1)));
    let mut image = vm.ask(ask().tokens(10, 10)).unwrap();
    image.record.usage.input_tokens = Some(700);
    assert!(vm.generate(&mut image, 1, NOON).is_err());
    // Nobody has a prompt of 2^40 tokens.
    run.record.usage.input_tokens = Some(1 << 40);
    assert_eq!(vm.generate(&mut run, 1, NOON), Ok(()));
}

#[test]
fn many_streams_together_overspend_at_most_a_frame_each() {
    let store = Store::default();
    let mut vms: Vec<Vm> = (0..4).map(|_| Vm::new(&store, TOKENS)).collect();
    let mut runs: Vec<Option<Run>> = (0..40)
        .map(|at| vms[at % 4].ask(ask().tokens(1, 2)).ok())
        .collect();
    let frame = 5;
    while runs.iter().any(Option::is_some) {
        for (at, place) in runs.iter_mut().enumerate() {
            let Some(mut run) = place.take() else { continue };
            match vms[at % 4].generate(&mut run, frame, NOON) {
                Ok(()) => *place = Some(run),
                Err(_) => vms[at % 4].finish(run, Outcome::Cut, NOON),
            }
        }
    }
    let used = store.count("used", "all");
    assert!((1000..=1000 + 40 * frame).contains(&used), "{used}");
    assert_eq!(store.count("reserved", "all"), store.count("returned", "all"));
}

#[test]
fn the_unknown_length_of_answers_is_learned() {
    let config = TOKENS.replace("1000", "2000");
    let store = Store::default();
    let mut vm = Vm::new(&store, &config);
    let unknown = ask();
    let run = vm.ask(unknown).unwrap();
    // 1 + 1024, and no second one besides.
    assert!(vm.ask(unknown).is_err());
    vm.finish(run, Outcome::UpstreamError, NOON);
    for _ in 0..30 {
        let run = vm.ask(unknown).unwrap();
        vm.report(run, 1, 20, NOON);
    }
    let before = store.count("reserved", "all");
    let _run = vm.ask(unknown).unwrap();
    let reserved = store.count("reserved", "all") - before;
    assert!((21..=33).contains(&reserved), "{reserved}");
}

#[test]
fn money_is_counted_by_the_price_table() {
    let config = r#"{"prices": [{"model": "gpt-4.1", "input": 2, "output": 8}],
        "budgets": [{"name": "usd", "unit": "money", "limit": "0.001", "window": {"bucket": {"rate_per_s": 1, "burst": 1}}}]}"#;
    assert!(crate::story::refused(config).contains("budgets[0].limit: a bucket's limit is its burst"));
    let config = config.replace(r#""limit": "0.001", "#, "").replace(
        r#""rate_per_s": 1, "burst": 1"#,
        r#""rate_per_s": "0.0001", "burst": "0.001""#,
    );
    let store = Store::default();
    let mut vm = Vm::new(&store, &config);
    // 100 x 2 + 100 x 8 millionths are all of it.
    let run = vm.ask(ask().tokens(100, 100)).unwrap();
    vm.report(run, 100, 100, NOON);
    assert_eq!(store.count("used", "usd"), 1_000_000);
    assert_eq!(refused(vm.ask(ask().tokens(100, 75))), ("budget_usd", Some(8)));
    assert!(vm.ask(ask().tokens(100, 75).at(7)).is_err());
    assert!(vm.ask(ask().tokens(100, 75).at(8)).is_ok());
}

/// Some servers take a bound of 0 for none.
#[test]
fn a_bound_of_nothing_is_no_way_around_a_budget_of_output() {
    let store = Store::default();
    let mut vm = Vm::new(&store, &TOKENS.replace("\"tokens\"", "\"output_tokens\""));
    let mut run = vm.ask(ask().tokens(1, 0)).unwrap();
    assert_eq!(vm.generate(&mut run, 900, NOON), Ok(()));
    assert!(vm.generate(&mut run, 200, NOON).is_err());
    vm.finish(run, Outcome::Cut, NOON);
    assert_eq!(store.count("used", "all"), 1100);
    assert!(vm.ask(ask().tokens(1, 0)).is_err());
    assert_eq!(store.count("reserved", "all"), store.count("returned", "all"));
}

#[test]
fn what_only_the_answer_gives_a_price_is_booked() {
    let config = r#"{"prices": [{"model": "served", "input": 2, "output": 8}],
        "budgets": [{"name": "usd", "unit": "money", "limit": "0.001", "window": {"per": "hour"}}]}"#;
    let store = Store::default();
    let mut vm = Vm::new(&store, config);
    let mut run = vm.ask(ask().tokens(100, 100)).unwrap();
    run.record.response_model = Some("served".to_owned());
    vm.report(run, 100, 100, NOON);
    assert_eq!(store.count("used", "usd"), 1_000_000);
}

#[test]
fn a_bucket_gives_back_only_what_it_still_counts() {
    let config = r#"{"tenant": {"header": "x-tenant"}, "budgets": [{"name": "calls", "unit": "requests",
        "window": {"bucket": {"rate_per_s": 1, "burst": 2}}}]}"#;
    let fair = config.replace(r#""unit""#, r#""fair": {}, "unit""#);
    for config in [config, &fair] {
        let mut vm = Vm::new(&Store::default(), config);
        let (early, late) = (vm.ask(ask()).unwrap(), vm.ask(ask()).unwrap());
        vm.finish(early, Outcome::UpstreamError, NOON + SECOND / 2);
        assert!(vm.ask(ask()).is_ok(), "it was not had");
        // Two seconds later all has come back by itself.
        let _others = [vm.ask(ask().at(2)).unwrap(), vm.ask(ask().at(2)).unwrap()];
        vm.finish(late, Outcome::UpstreamError, NOON + 2 * SECOND);
        assert!(vm.ask(ask().at(2)).is_err());
    }
}
