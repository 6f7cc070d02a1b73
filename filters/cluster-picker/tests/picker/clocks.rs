//! Clocks that jump: nothing stays out, shut or loaded for longer than it would.

use crate::health::sent_to;
use crate::story::{A, B, Proxy, Sent, chat, fleet, given};

const HOUR_MS: u64 = 3_600_000;

fn both_are_used(proxy: &mut Proxy, what: &str) {
    // Long enough that a queue counts, whatever was learned of short ones.
    let sent: Vec<Sent> = (0..40).map(|_| proxy.ask(&chat(16_000))).collect();
    for address in [A, B] {
        let count = sent.iter().filter(|sent| sent.to() == address).count();
        assert!(count >= 8, "{what}: {count} of 40 to {address}");
    }
    for sent in sent {
        proxy.served(sent, 1, 2);
    }
}

fn jump(proxy: &mut Proxy, back: bool) {
    if back {
        proxy.now_ms -= HOUR_MS;
    } else {
        proxy.now_ms += HOUR_MS;
    }
}

/// What is done before the clock jumps.
type Before = (&'static str, fn(&mut Proxy));

const BEFORE: [Before; 5] = [
    ("traffic", |proxy| {
        proxy.spread(&chat(400), 50);
    }),
    ("an ejection", |proxy| {
        for _ in 0..60 {
            let sent = proxy.ask(&chat(400));
            match sent.to() {
                A => proxy.answers(sent, 500, &[]),
                _ => proxy.served(sent, 50, 2),
            }
        }
    }),
    ("a pause", |proxy| {
        for _ in 0..2 {
            let sent = proxy.ask(&chat(400));
            proxy.answers(sent, 503, &[("retry-after", "60")]);
        }
    }),
    ("a queue", |proxy| {
        let mut sent = sent_to(proxy, A);
        proxy.begins(&mut sent, A, 200, &[("x-gpu-queue", "500")]);
        proxy.ends(&mut sent);
    }),
    ("draining", |proxy| {
        let mut sent = sent_to(proxy, A);
        proxy.begins(&mut sent, A, 200, &[("x-gpu-draining", "1")]);
        proxy.ends(&mut sent);
    }),
];

#[test]
fn a_jump_to_and_fro_keeps_nobody_out() {
    for (what, before) in BEFORE {
        for jumps in [
            vec![true],
            vec![false],
            vec![true, false],
            vec![false, true],
            vec![true, true],
        ] {
            let mut proxy = given(&fleet(&[A, B], ""));
            proxy.spread(&chat(400), 20);
            before(&mut proxy);
            for back in &jumps {
                jump(&mut proxy, *back);
                for _ in 0..10 {
                    let sent = proxy.ask(&chat(400));
                    proxy.served(sent, 50, 2);
                }
            }
            // As long as any of it may last.
            proxy.pass(90_000);
            for _ in 0..10 {
                let sent = proxy.ask(&chat(400));
                proxy.served(sent, 50, 2);
            }
            proxy.pass(30_000);
            both_are_used(&mut proxy, &format!("{what}, {jumps:?}"));
        }
    }
}

#[test]
fn a_request_that_a_jump_caught_says_nothing_of_speed_for_long() {
    for back in [true, false] {
        let mut proxy = given(&fleet(&[A, B], r#", "admission": {"first_token_ms": 2000}"#));
        proxy.spread(&chat(400), 200);
        let caught: Vec<Sent> = (0..8).map(|_| proxy.ask(&chat(400))).collect();
        jump(&mut proxy, back);
        for sent in caught {
            proxy.served(sent, 50, 2);
        }
        proxy.pass(60_000);
        let mut refused = 0;
        for _ in 0..100 {
            let sent = proxy.ask(&chat(400));
            match sent.denied {
                Some(_) => refused += 1,
                None => proxy.served(sent, 50, 2),
            }
        }
        assert!(refused <= 5, "back {back}: {refused} of 100 refused");
    }
}

#[test]
fn workers_see_each_other_again_after_a_jump() {
    for back in [true, false] {
        let config = fleet(&[A, B], "");
        let mut proxy = given(&config);
        let other = proxy.join(&config);
        let turns = |proxy: &mut Proxy, count: usize| {
            for turn in 0..count {
                let sent = proxy.ask(&chat(400).at(turn % 2 * other));
                proxy.served(sent, 20, 2);
            }
        };
        turns(&mut proxy, 20);
        jump(&mut proxy, back);
        turns(&mut proxy, 20);
        let load: Vec<Sent> = (0..10).map(|_| proxy.ask(&chat(40_000))).collect();
        proxy.pass(20);
        let to = load[0].to().to_owned();
        for sent in load.into_iter().filter(|sent| sent.to() != to) {
            proxy.served(sent, 0, 1);
        }
        proxy.pass(5);
        let seen = (0..3)
            .filter(|_| proxy.ask(&chat(4000).at(other)).to() == to)
            .count();
        assert_eq!(seen, 0, "back {back}: the other sees no queue at {to}");
    }
}
