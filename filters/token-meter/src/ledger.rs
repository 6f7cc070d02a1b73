//! What an exchange leaves behind for access logs and other filters.

use crate::metric::Answerer;
use crate::prices::Cost;
use crate::raw::FilterState;
use crate::tally::{Charge, Tally};
use penstock_filter_api::{Ports, Record};
use penstock_llm_api::{Api, Finish};
use std::fmt::{Display, Write};

/// Longest name in a line, in bytes. Names of models come from clients.
const MAX_NAME_BYTES: usize = 128;

/// Envoy refuses to charge more at once, and then charges nothing.
const MAX_ADDEND: u64 = 1_000_000_000;

/// What Envoy's global rate limit charges. Always numbers: where one is missing nothing would be charged at all.
pub(crate) struct Addends {
    pub(crate) tokens: u64,
    /// In 10^-6 of the meter's currency; `None` where the meter has no prices.
    pub(crate) cost_micro: Option<u64>,
}

impl Addends {
    pub(crate) fn leave(&self, wanted: FilterState, ports: &mut dyn Ports) {
        if wanted == FilterState::None {
            return;
        }
        let mut leave = |key: &str, amount: u64| {
            let mut number = String::new();
            push_number(&mut number, amount.min(MAX_ADDEND));
            ports.filter_state(key, number.as_bytes());
        };
        leave("penstock.tokens", self.tokens);
        if let Some(cost) = self.cost_micro {
            leave("penstock.cost_micro", cost);
        }
    }
}

/// All that is known of an exchange at its end.
pub(crate) struct Entry<'a> {
    pub(crate) record: &'a Record,
    pub(crate) charge: &'a Charge,
    pub(crate) cost: Option<Cost>,
    pub(crate) currency: &'a str,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) first_token_ms: Option<u64>,
}

impl Entry<'_> {
    /// Sets filter state as far as `wanted`.
    pub(crate) fn leave(&self, wanted: FilterState, ports: &mut dyn Ports) {
        if matches!(wanted, FilterState::Usage | FilterState::All) {
            ports.filter_state("penstock.usage", self.line().as_bytes());
        }
        if wanted == FilterState::All {
            self.leave_fields(ports);
        }
    }

    fn leave_fields(&self, ports: &mut dyn Ports) {
        let tally = self.tally();
        let mut leave = |key: &str, value: &dyn Display| {
            ports.filter_state(key, value.to_string().as_bytes());
        };
        leave("penstock.input_tokens", &tally.input);
        leave("penstock.output_tokens", &tally.output);
        leave("penstock.cached_tokens", &tally.cached);
        leave("penstock.reasoning_tokens", &tally.reasoning);
        leave("penstock.estimated", &self.charge.estimated().is_some());
        leave("penstock.api", &self.record.api.map_or("none", Api::name));
        leave("penstock.outcome", &self.record.outcome.name());
        if let Some(model) = model(self.record) {
            leave("penstock.model", &cut(model));
        }
        if let Some(tenant) = self.tenant {
            leave("penstock.tenant", &tenant);
        }
        if let Some(cost) = &self.cost {
            leave("penstock.cost", &cost.money);
            leave("penstock.currency", &self.currency);
        }
        if let Some(first_token) = self.first_token_ms {
            leave("penstock.ttft_ms", &first_token);
        }
    }

    fn tally(&self) -> Tally {
        self.charge.tally().copied().unwrap_or_default()
    }

    /// One JSON object without line breaks.
    fn line(&self) -> String {
        let mut line = Line(String::with_capacity(384));
        self.name(&mut line);
        self.count(&mut line);
        line.end()
    }

    fn name(&self, line: &mut Line) {
        let record = self.record;
        line.text("operation", Some(record.operation.name()));
        line.text("api", record.api.map(Api::name));
        line.text(
            "route",
            Some(record.route.as_str()).filter(|route| !route.is_empty()),
        );
        line.text("model", record.request_model.as_deref());
        line.text("response_model", record.response_model.as_deref());
        line.text("tenant", self.tenant);
        line.text("service_tier", record.service_tier.as_deref());
        line.flag("stream", record.stream);
        line.number("status", u64::from(record.status));
        line.text("outcome", Some(record.outcome.name()));
        line.text("origin", Some(Answerer::from(record.origin).name()));
        line.text("finish", record.finish.map(Finish::name));
    }

    fn count(&self, line: &mut Line) {
        let tally = self.tally();
        line.number("input_tokens", tally.input);
        line.number("output_tokens", tally.output);
        line.part("cached_tokens", tally.cached);
        line.part("cache_creation_tokens", tally.cache_creation());
        line.part("cache_creation_1h_tokens", tally.cache_write_1h);
        line.part("reasoning_tokens", tally.reasoning);
        line.part("input_audio_tokens", tally.audio_input);
        line.part("output_audio_tokens", tally.audio_output);
        line.flag("estimated", self.charge.estimated().is_some());
        match self.charge {
            Charge::Nothing | Charge::Exact(_) => {}
            Charge::Estimated(_, reason) => line.text("estimated_because", Some(reason.name())),
            Charge::Unknown(reason) => line.text("usage_missing_because", Some(reason.name())),
        }
        if let Some(cost) = &self.cost {
            // A string: a reader's floating point would round it.
            line.text("cost", Some(&cost.money.to_string()));
            line.text("currency", Some(self.currency));
        }
        if let Some(duration) = self.duration_ms {
            line.number("duration_ms", duration);
        }
        if let Some(first_token) = self.first_token_ms {
            line.number("ttft_ms", first_token);
        }
    }
}

/// The model's name that counts: as requested, else as in the response.
pub(crate) fn model(record: &Record) -> Option<&str> {
    record
        .request_model
        .as_deref()
        .or(record.response_model.as_deref())
}

struct Line(String);

impl Line {
    fn key(&mut self, key: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        push_number(&mut self.0, number);
    }

    fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.0.push_str(if flag { "true" } else { "false" });
    }

    /// A part of a total: absent when there is none.
    fn part(&mut self, key: &str, tokens: u64) {
        if tokens > 0 {
            self.number(key, tokens);
        }
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.key(key);
        self.0.push('"');
        let value = cut(value);
        if value
            .bytes()
            .any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'))
        {
            self.escaped(value);
        } else {
            self.0.push_str(value);
        }
        self.0.push('"');
    }

    fn escaped(&mut self, value: &str) {
        for letter in value.chars() {
            match letter {
                '"' | '\\' => self.0.extend(['\\', letter]),
                control if control < ' ' => {
                    // Writing to a string cannot fail.
                    let _ = write!(self.0, "\\u{:04x}", u32::from(control));
                }
                letter => self.0.push(letter),
            }
        }
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Every exchange writes some ten numbers: formatting them through `fmt` costs half a microsecond.
fn push_number(out: &mut String, mut number: u64) {
    let mut divisor = 1;
    while number / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        out.push(char::from(b'0' + (number / divisor) as u8));
        number %= divisor;
        divisor /= 10;
    }
}

/// The start of a name, at a character's border.
fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME_BYTES))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 1, 9, 10, 99, 100, 1_000_000, u64::MAX - 1, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }
}
