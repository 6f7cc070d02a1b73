//! What budgets cost an exchange and an event of a stream, beside the meter without any:
//! `cargo run --release -p penstock-token-meter --example budget_timing`.
//!
//! Runs natively, and as wasm: see `tools/wasi.mjs`. Shared data is a map: what a host takes for its part comes on top
//! (`docs/budgets.md`).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use penstock_filter_api::{
    Cx, Effects, Head, Headers, MetricId, MetricKind, Mode, Open, Origin, Outcome, Plugin, PortError, Ports,
    Prompt, Record, Seen, Times,
};
use penstock_llm_api::{Api, Dialect, Operation, Target, Usage, read_request};
use penstock_token_meter::MODULE;
use penstock_wire::{JsonEdits, Limits, Tape};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The quickest of so many blocks is told: what else runs on a machine only ever makes one slower.
const BLOCKS: u32 = 200;
const ROUNDS: u32 = 500;
const NOW: u64 = 1_768_478_400_000_000_000;

#[derive(Default)]
struct Shelf(HashMap<String, (Vec<u8>, u32)>, usize);

impl Ports for Shelf {
    fn metric(&mut self, _: MetricKind, _: &str) -> Result<MetricId, PortError> {
        Ok(MetricId(0))
    }
    fn add(&mut self, _: MetricId, _: u64) {
        self.1 += 1;
    }
    fn record(&mut self, _: MetricId, _: u64) {}
    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        self.1 += 1;
        Ok(self.0.get(key).cloned())
    }
    fn share(&mut self, key: &str, value: &[u8], _: Option<u32>) -> Result<(), PortError> {
        self.1 += 1;
        if let Some((known, cas)) = self.0.get_mut(key) {
            known.clear();
            known.extend_from_slice(value);
            *cas += 1;
        } else {
            self.0.insert(key.to_owned(), (value.to_owned(), 1));
        }
        Ok(())
    }
    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }
    fn filter_state(&mut self, _: &str, _: &[u8]) {}
    fn log(&mut self, _: &str) {}
}

fn record() -> Record {
    Record {
        operation: Operation::Generate,
        api: Some(Api::OpenAiChat),
        route: "chat".to_owned(),
        request_model: Some("gpt-4.1".to_owned()),
        response_model: None,
        stream: true,
        usage: Usage::default(),
        input_text_bytes: 400,
        output_text_bytes: 0,
        finish: None,
        service_tier: None,
        status: 200,
        origin: Origin::Upstream,
        outcome: Outcome::Complete,
        times: Times {
            start: NOW,
            ..Times::default()
        },
    }
}

/// A meter, and what its exchanges are made of.
struct Bench {
    plugin: Box<dyn Plugin>,
    shelf: Shelf,
    head: Head,
}

fn head(tenant: &str) -> Head {
    Head {
        headers: Headers::new(vec![("x-tenant".to_owned(), tenant.into())]),
        target: Target::of(Api::OpenAiChat),
        route: "chat".to_owned(),
    }
}

/// What a block took.
struct Took {
    exchange_ns: f64,
    event_ns: f64,
    calls: usize,
}

impl Bench {
    fn new(budgets: &str) -> Self {
        let config = format!(
            r#"{{"tenant": {{"header": "x-tenant"}}, "filter_state": "none", "budgets": [{budgets}]}}"#
        );
        Self {
            plugin: (MODULE.load)(&config).unwrap_or_else(|error| panic!("{error}")),
            shelf: Shelf::default(),
            head: head("acme"),
        }
    }

    /// Other tenants have spent something before.
    fn among(mut self, others: u32) -> Self {
        for other in 0..others {
            self.head = head(&format!("tenant-{other}"));
            self.block(0);
        }
        self.head = head("acme");
        self
    }

    /// Exchanges of so many events each.
    fn block(&mut self, events: u64) -> Took {
        let body = br#"{"model":"gpt-4.1","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"hello"}]}"#;
        let mut tape = Tape::new();
        tape.parse(body, &Limits::default()).unwrap();
        let json = tape.view(body);
        let request = read_request(Dialect::OpenAiChat, json).unwrap();
        let (mut ran, calls) = (Duration::ZERO, self.shelf.1);
        let begin = Instant::now();
        for _ in 0..ROUNDS {
            let mut effects = Effects::default();
            let mut cx = Cx::new(NOW, Mode::Enforce, &mut self.shelf, &mut effects);
            let Open::Join(mut filter, _) = self.plugin.open(&self.head, &mut cx) else {
                panic!("it joins");
            };
            let mut record = record();
            filter.observe(Seen::Request(&request), &record, &mut cx);
            let mut edits = JsonEdits::default();
            let mut prompt = Prompt::new(&self.head, &request, Dialect::OpenAiChat, json, &mut edits);
            black_box(filter.on_prompt(&mut prompt, None, &mut cx));
            let running = Instant::now();
            for _ in 0..events {
                record.output_text_bytes += 4;
                filter.observe(Seen::Event, &record, &mut cx);
            }
            ran += running.elapsed();
            record.usage.input_tokens = Some(5);
            record.usage.output_tokens = Some(events);
            filter.on_end(&record, &mut cx);
        }
        let all = begin.elapsed() - ran;
        Took {
            exchange_ns: all.as_secs_f64() * 1e9 / f64::from(ROUNDS),
            event_ns: ran.as_secs_f64() * 1e9 / f64::from(ROUNDS) / events.max(1) as f64,
            calls: (self.shelf.1 - calls) / ROUNDS as usize,
        }
    }
}

fn main() {
    let budget = |name: &str, key: &str, more: &str| {
        format!(
            r#"{{"name": "{name}", "key": [{key}], "unit": "tokens", "limit": 1000000000000, "window": {{"per": "month"}}{more}}}"#
        )
    };
    let (one, two) = (
        budget("one", r#""tenant""#, ""),
        budget("two", r#""route", "model""#, ""),
    );
    let fair = budget("fair", r#""model""#, r#", "fair": {"weights": {"acme": 2}}"#);
    let crowded = budget("crowded", r#""tenant""#, r#", "max_keys": 8"#);
    let mut benches = [
        ("no budget", Bench::new("")),
        ("one budget", Bench::new(&one)),
        ("of eight tenants in a slot", Bench::new(&crowded).among(7)),
        ("two budgets", Bench::new(&format!("{one},{two}"))),
        ("a fair one of eight tenants", Bench::new(&fair).among(7)),
    ];
    let mut best = benches.each_ref().map(|_| (f64::MAX, f64::MAX, 0));
    for block in 0..BLOCKS {
        for ((_, bench), (exchange, event, calls)) in benches.iter_mut().zip(&mut best) {
            let took = bench.block(0);
            (*exchange, *calls) = (exchange.min(took.exchange_ns), took.calls);
            // Five times what was asked for, so that it draws.
            if block % 8 == 0 {
                *event = event.min(bench.block(500).event_ns);
            }
        }
    }
    for ((name, _), (exchange, event, calls)) in benches.iter().zip(best) {
        println!("{name}: {exchange:.0} ns an exchange, {calls} host calls, {event:.1} ns an event");
    }
}
