//! Soft budgets, shadow mode, and shared data that fails.

use super::exact::{TOKENS, refused};
use super::store::Store;
use super::vms::{Ask, Vm, ask};
use crate::story::{NOON, SECOND};
use penstock_filter_api::Outcome;

#[test]
fn a_soft_budget_lowers_the_bound_instead_of_refusing() {
    let config = TOKENS.replace(r#""limit""#, r#""soft": true, "limit""#);
    let mut vm = Vm::new(&Store::default(), &config);
    let run = vm.ask(ask().tokens(100, 500)).unwrap();
    assert_eq!(run.sent["max_tokens"], 500);
    let second = vm.ask(ask().tokens(100, 500)).unwrap();
    assert_eq!(second.sent["max_tokens"], 300);
    assert_eq!(refused(vm.ask(ask())), ("budget_all", Some(1)));
    // One without a bound gets one where all of the budget is less than a usual answer.
    let mut vm = Vm::new(&Store::default(), &config);
    assert_eq!(vm.ask(ask()).unwrap().sent["max_completion_tokens"], 999);
    // Less than a token for each choice is no bound that a server takes.
    let mut vm = Vm::new(&Store::default(), &config.replace("1000", "3"));
    let many = Ask { choices: 5, ..ask() };
    assert_eq!(vm.ask(many).unwrap().sent["max_completion_tokens"], 1);
}

#[test]
fn in_shadow_mode_everything_is_counted_and_nobody_refused() {
    let limit = r#""shadow_or_not": 0, "#;
    let whole = TOKENS.replacen('{', r#"{"mode": "shadow", "#, 1);
    let own = TOKENS.replace(r#""name""#, r#""mode": "shadow", "name""#);
    assert!(crate::story::refused(&TOKENS.replacen('{', &format!("{{{limit}"), 1)).contains("unknown field"));
    for config in [whole, own] {
        let store = Store::default();
        let mut vm = Vm::new(&store, &config);
        let mut run = vm.ask(ask().tokens(100, 500)).unwrap();
        let second = vm.ask(ask().tokens(100, 500)).unwrap();
        assert!(!run.effects.decide_response && second.effects.response_headers.is_empty());
        assert_eq!(store.count("would_deny", "all"), 1);
        for _ in 0..100 {
            assert_eq!(vm.generate(&mut run, 20, NOON), Ok(()));
        }
        assert_eq!(store.count("would_cut", "all"), 1);
        vm.finish(run, Outcome::Complete, NOON + SECOND);
        vm.report(second, 100, 10, NOON + SECOND);
        assert_eq!((store.count("denied", "all"), store.count("cut", "all")), (0, 0));
        assert_eq!(store.count("used", "all"), 2100);
    }
}

#[test]
fn where_shared_data_fails_a_budget_is_closed_unless_it_says_otherwise() {
    let store = Store::default();
    let mut closed = Vm::new(&store, TOKENS);
    let run = closed.ask(ask().tokens(100, 100)).unwrap();
    store.break_down(true);
    assert_eq!(refused(closed.ask(ask())), ("budget_unavailable", Some(1)));
    closed.report(run, 100, 50, NOON);
    let open = TOKENS.replace(r#""name""#, r#""on_state_error": "open", "name""#);
    let mut open = Vm::new(&store, &open);
    let unasked = open.ask(ask()).unwrap();
    store.break_down(false);
    // What could not be booked then is booked now.
    closed.tick(NOON);
    assert_eq!(store.count("used", "all"), 150);
    assert_eq!(store.count("reserved", "all"), store.count("returned", "all"));
    // Who was let in unasked pays all the same.
    open.report(unasked, 1, 9, NOON);
    assert_eq!(store.count("used", "all"), 160);
    // Writes that come too late are tried again, within bounds.
    store.miss(63);
    let run = closed.ask(ask().tokens(1, 1)).unwrap();
    closed.report(run, 1, 1, NOON);
    store.miss(64);
    assert_eq!(
        refused(closed.ask(ask().tokens(1, 1))),
        ("budget_unavailable", Some(1))
    );
    store.spoil();
    assert_eq!(refused(closed.ask(ask())), ("budget_unavailable", Some(1)));
}
