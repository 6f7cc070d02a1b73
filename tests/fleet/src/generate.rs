//! Small traces made by rule, for when none is at hand.

use std::sync::Arc;

use penstock_gpu_model::BLOCK_TOKENS;

use crate::rng::Rng;
use crate::trace::{Record, Trace};

/// Requests in each.
const REQUESTS: usize = 8_000;
/// Requests a second; a scenario stretches it.
const RATE: f64 = 5.0;

/// Names of the traces, and what each is like.
pub const KNOWN: [(&str, &str); 3] = [
    ("conversation", "short prompts and answers, even arrivals"),
    (
        "prefix",
        "talks that grow turn by turn, on a few long system prompts",
    ),
    (
        "bursty",
        "the conversation's lengths, seven times the rate in one second of ten",
    ),
];

/// The trace of that name.
pub fn trace(name: &str) -> Option<Trace> {
    let records = match name {
        "conversation" => conversation(),
        "prefix" => prefix(),
        "bursty" => bursty(),
        _ => return None,
    };
    Trace::new(records).ok()
}

/// Lengths like those of public chat traces: prompts of 1,100 tokens in the mean, answers of 210.
fn conversation() -> Vec<Record> {
    let mut rng = Rng::new(1);
    let mut arrival = 0.0;
    let record = |_| {
        arrival += rng.exponential() / RATE;
        chat(arrival, &mut rng)
    };
    (0..REQUESTS).map(record).collect()
}

/// Seven times the mean rate in one second of ten, a third of it in the others.
fn bursty() -> Vec<Record> {
    const PERIOD: f64 = 10.0;
    const BURST: f64 = 1.0;
    const LOUD: f64 = 7.0;
    let quiet = (PERIOD - BURST * LOUD) / (PERIOD - BURST);
    let mut rng = Rng::new(2);
    let mut arrival: f64 = 0.0;
    let mut next = || {
        // Thinned from arrivals that are always loud.
        loop {
            arrival += rng.exponential() / (RATE * LOUD);
            if arrival % PERIOD < BURST || rng.unit() < quiet / LOUD {
                return chat(arrival, &mut rng);
            }
        }
    };
    (0..REQUESTS).map(|_| next()).collect()
}

fn chat(arrival: f64, rng: &mut Rng) -> Record {
    Record {
        arrival,
        input: rng.log_normal(800.0, 0.8).clamp(4.0, 14_000.0) as usize,
        output: rng.log_normal(150.0, 0.8).clamp(1.0, 1_000.0) as usize,
        blocks: Arc::default(),
    }
}

/// A conversation that goes on.
struct Talk {
    tokens: usize,
    blocks: Vec<u64>,
}

/// Talks of two or three turns: each turn's prompt holds all turns before it. One in four begins with one of eight system
/// prompts of 1,000 to 8,000 tokens.
fn prefix() -> Vec<Record> {
    const TALKS: usize = 100;
    const LONGEST: usize = 24_000;
    let mut rng = Rng::new(3);
    let mut named = 0;
    let mut grow = |talk: &mut Talk, tokens: usize| {
        talk.tokens += tokens;
        while talk.blocks.len() < talk.tokens / BLOCK_TOKENS {
            named += 1;
            talk.blocks.push(named);
        }
    };
    let mut systems: Vec<Talk> = Vec::new();
    for blocks in (1..=8).map(|system| 2 * system) {
        let mut system = Talk {
            tokens: 0,
            blocks: Vec::new(),
        };
        grow(&mut system, blocks * BLOCK_TOKENS);
        systems.push(system);
    }
    let mut talks: Vec<Talk> = Vec::new();
    let mut records = Vec::with_capacity(REQUESTS);
    let mut arrival = 0.0;
    for _ in 0..REQUESTS {
        arrival += rng.exponential() / RATE;
        let goes_on = !talks.is_empty() && rng.unit() < 0.6;
        if !goes_on {
            let system = &systems[rng.below(systems.len())];
            let begun = if rng.unit() < 0.25 {
                (system.tokens, system.blocks.clone())
            } else {
                (0, Vec::new())
            };
            talks.push(Talk {
                tokens: begun.0,
                blocks: begun.1,
            });
        }
        let turn = if goes_on {
            rng.below(talks.len())
        } else {
            talks.len() - 1
        };
        let talk = &mut talks[turn];
        grow(talk, rng.log_normal(1_400.0, 1.0).clamp(8.0, 30_000.0) as usize);
        let output = rng.log_normal(250.0, 0.7).clamp(1.0, 2_000.0) as usize;
        records.push(Record {
            arrival,
            input: talk.tokens,
            output,
            blocks: talk.blocks.as_slice().into(),
        });
        grow(talk, output);
        if talk.tokens > LONGEST || talks.len() > TALKS {
            talks.swap_remove(if talks[turn].tokens > LONGEST { turn } else { 0 });
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_what_it_says() {
        for (name, _) in KNOWN {
            let trace = trace(name).unwrap();
            assert_eq!(trace.records().len(), REQUESTS);
            assert!((4.0..6.0).contains(&trace.rate()), "{name}: {}", trace.rate());
        }
        let chat = trace("conversation").unwrap();
        let input = chat.records().iter().map(|record| record.input).sum::<usize>() / REQUESTS;
        assert!((1_000..1_200).contains(&input), "{input}");
        assert!(trace("nothing").is_none());
    }

    #[test]
    fn talks_share_their_prefixes() {
        let trace = trace("prefix").unwrap();
        let mut seen = std::collections::HashSet::new();
        let (mut again, mut blocks) = (0, 0);
        for record in trace.records() {
            assert_eq!(record.blocks.len(), record.input / BLOCK_TOKENS);
            blocks += record.blocks.len();
            again += record.blocks.iter().filter(|block| !seen.insert(**block)).count();
        }
        assert!(
            again * 10 > blocks * 5,
            "{again} of {blocks} blocks were seen before"
        );
    }
}
