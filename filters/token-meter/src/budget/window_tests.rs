//! Windows in virtual time.

use super::calendar::Calendar;
use super::raw::Per;
use super::window::{PARTS, Spend, Window};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const LIMIT: u64 = 100;

/// Spends what a limit leaves of what is asked for, at each of these moments. What was spent, and when.
fn spends(window: Window, asked: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut spend = Spend::default();
    let mut spent = Vec::new();
    for (now_ns, amount) in asked {
        spend.age(window, *now_ns);
        if spend.total() + amount <= LIMIT {
            spend.add(*amount);
            spent.push((*now_ns, *amount));
        } else {
            let bearable = LIMIT.saturating_sub(*amount);
            let wait_s = spend.wait_s(window, bearable, *now_ns);
            let mut later = spend;
            later.age(window, now_ns + wait_s * SECOND);
            assert!(
                later.total() <= bearable,
                "back after {wait_s} s, and refused again: {later:?}"
            );
        }
    }
    spent
}

/// Moments that go on by steps of up to `most_ns`, each with an amount.
fn asked(most_ns: u64) -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0..most_ns, 1u64..=40), 1..200).prop_map(|steps| {
        let mut now_ns = 1_768_478_400 * SECOND;
        let go_on = |(step, amount)| {
            now_ns += step;
            (now_ns, amount)
        };
        steps.into_iter().map(go_on).collect()
    })
}

fn sum(spent: &[(u64, u64)], of: impl Fn(u64) -> bool) -> u64 {
    spent
        .iter()
        .filter(|(at, _)| of(*at))
        .map(|(_, amount)| amount)
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In no stretch of a sliding window's length is more spent than the limit.
    #[test]
    fn sliding_windows_hold_everywhere(asked in asked(20 * SECOND)) {
        let spent = spends(Window::Sliding { part_ns: 60 * SECOND / PARTS as u64 }, &asked);
        for (from, _) in &spent {
            let inside = sum(&spent, |at| (*from..=from + 60 * SECOND).contains(&at));
            prop_assert!(inside <= LIMIT, "{inside} from {from}");
        }
    }

    /// In no stretch comes more out of a bucket than it holds and gets.
    #[test]
    fn buckets_hold_everywhere(asked in asked(5 * SECOND), rate in 1u64..50_000_000) {
        let spent = spends(Window::Bucket { rate }, &asked);
        for (from, _) in &spent {
            for (to, _) in spent.iter().filter(|(to, _)| to >= from) {
                let inside = sum(&spent, |at| (*from..=*to).contains(&at));
                let filled = u128::from(to - from) * u128::from(rate) / (1_000_000 * u128::from(SECOND));
                prop_assert!(u128::from(inside) <= u128::from(LIMIT) + filled + 1, "{inside} from {from} to {to}");
            }
        }
    }

    /// Where some spends are taken back, no less counts than of the others alone, but for what the next piece has come back.
    #[test]
    fn a_bucket_takes_back_no_more_than_it_still_counts(
        steps in prop::collection::vec(
            (prop_oneof![4 => Just(0), 1 => 0..10 * SECOND], prop::option::of(0..20 * SECOND)), 1..200),
        rate in 500_000u64..5_000_000,
    ) {
        let window = Window::Bucket { rate };
        let (mut spend, mut others, mut open) = (Spend::default(), Spend::default(), Vec::new());
        let mut now_ns = 1_768_478_400 * SECOND;
        for (step, ends) in steps {
            now_ns += step;
            spend.age(window, now_ns);
            others.age(window, now_ns);
            for (_, stamp) in open.extract_if(.., |(end_ns, _)| *end_ns <= now_ns) {
                spend.refund(window, stamp, 1);
            }
            if spend.total() < 10 {
                let stamp = spend.add(1);
                match ends {
                    Some(after_ns) => open.push((now_ns + after_ns, stamp)),
                    None => { others.add(1); }
                }
            }
            prop_assert!(spend.total() + 1 >= others.total(), "{spend:?} of {others:?}");
        }
    }

    /// In no calendar window is more spent than the limit.
    #[test]
    fn calendar_windows_hold(asked in asked(20 * SECOND), hours in -12i32..=14, month in prop::bool::ANY) {
        let per = if month { Per::Month } else { Per::Minute };
        let calendar = Calendar { per, offset_s: hours * 3600 };
        let spent = spends(Window::Calendar(calendar), &asked);
        for (from, _) in &spent {
            let start = calendar.start(from / SECOND);
            let inside = sum(&spent, |at| calendar.start(at / SECOND) == start);
            prop_assert!(inside <= LIMIT, "{inside} in {start}");
        }
    }

    /// A clock that turns back gives nothing back, however often.
    #[test]
    fn clocks_that_turn_back_give_nothing_back(
        steps in prop::collection::vec((0u64..90 * SECOND, 1u64..40), 1..100),
        kind in 0usize..3,
    ) {
        let calendar = Calendar { per: Per::Minute, offset_s: 0 };
        let windows = [
            Window::Calendar(calendar),
            Window::Sliding { part_ns: 60 * SECOND / PARTS as u64 },
            Window::Bucket { rate: 1 },
        ];
        let start = 1_768_478_400 * SECOND;
        let back = steps.iter().enumerate().map(|(at, (step, amount))| {
            // Ever earlier, by up to a day.
            (start - (at as u64) * 600 * SECOND - step, *amount)
        });
        let back: Vec<_> = back.collect();
        let mut spend = Spend::default();
        let mut all = 0;
        for (now_ns, amount) in back {
            spend.age(windows[kind], now_ns);
            if spend.total() + amount <= LIMIT {
                spend.add(amount);
                all += amount;
            }
        }
        prop_assert!(all <= LIMIT, "{all}");
    }
}

#[test]
fn a_leap_day_is_a_day_and_ends_a_month() {
    // 2024-02-29T23:59:59Z, and the seconds around.
    let last = 1_709_251_199 * SECOND;
    for per in [Per::Day, Per::Month] {
        let window = Window::Calendar(Calendar { per, offset_s: 0 });
        let asked = [
            (last - SECOND, 60),
            (last, 60),
            (last + SECOND, 60),
            (last + 2 * SECOND, 60),
        ];
        let spent = spends(window, &asked);
        assert_eq!(spent, [(last - SECOND, 60), (last + SECOND, 60)], "{per:?}");
    }
}

#[test]
fn workers_that_write_out_of_order_at_an_edge_reset_nothing_twice() {
    let edge = 1_768_478_400 * SECOND;
    let window = Window::Calendar(Calendar {
        per: Per::Second,
        offset_s: 0,
    });
    let asked: Vec<_> = (0..50)
        .map(|at| {
            if at % 2 == 0 {
                (edge, 10)
            } else {
                (edge - 1000, 10)
            }
        })
        .collect();
    let spent = spends(window, &asked);
    assert_eq!(sum(&spent, |_| true), LIMIT);
}
