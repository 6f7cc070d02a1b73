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
use std::time::Instant;

const ROUNDS: u32 = 100_000;
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

/// Nanoseconds an exchange, and an event.
fn measure(budgets: &str, events: u64) -> (f64, f64, usize) {
    let config =
        format!(r#"{{"tenant": {{"header": "x-tenant"}}, "filter_state": "none", "budgets": [{budgets}]}}"#);
    let plugin: Box<dyn Plugin> = (MODULE.load)(&config).unwrap_or_else(|error| panic!("{error}"));
    let head = Head {
        headers: Headers::new(vec![("x-tenant".to_owned(), b"acme".to_vec())]),
        target: Target::of(Api::OpenAiChat),
        route: "chat".to_owned(),
    };
    let body = br#"{"model":"gpt-4.1","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"hello"}]}"#;
    let mut tape = Tape::new();
    tape.parse(body, &Limits::default()).unwrap();
    let json = tape.view(body);
    let request = read_request(Dialect::OpenAiChat, json).unwrap();
    let (mut shelf, mut ran) = (Shelf::default(), std::time::Duration::ZERO);
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        let mut effects = Effects::default();
        let mut cx = Cx::new(NOW, Mode::Enforce, &mut shelf, &mut effects);
        let Open::Join(mut filter, _) = plugin.open(&head, &mut cx) else {
            panic!("it joins");
        };
        let mut record = record();
        filter.observe(Seen::Request(&request), &record, &mut cx);
        let mut edits = JsonEdits::default();
        let mut prompt = Prompt::new(&head, &request, Dialect::OpenAiChat, json, &mut edits);
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
    let all = (begin.elapsed() - ran).as_secs_f64() * 1e9 / f64::from(ROUNDS);
    let event = ran.as_secs_f64() * 1e9 / f64::from(ROUNDS) / events.max(1) as f64;
    (all, event, shelf.1 / ROUNDS as usize)
}

fn main() {
    let budget = |name: &str, key: &str| {
        format!(
            r#"{{"name": "{name}", "key": [{key}], "unit": "tokens", "limit": 1000000000000, "window": {{"per": "month"}}}}"#
        )
    };
    let (one, two) = (budget("one", r#""tenant""#), budget("two", r#""route", "model""#));
    for (name, budgets) in [
        ("no budget", String::new()),
        ("one budget", one.clone()),
        ("two budgets", format!("{one},{two}")),
    ] {
        let (exchange, _, calls) = measure(&budgets, 0);
        // Five times what was asked for, so that it draws.
        let (_, event, _) = measure(&budgets, 500);
        println!("{name}: {exchange:.0} ns an exchange, {calls} host calls, {event:.1} ns an event");
    }
}
