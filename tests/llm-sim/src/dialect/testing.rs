//! A story for the dialects' tests: a request, controls, and what goes over the wire.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::controls::Controls;
use crate::dialect::{Ask, Call, Dialect, Event, Failed, Kind, Page, Refusal};
use crate::script::Answer;

const SEED: u64 = 7;

pub struct Told {
    pub ask: Ask,
    pub answer: Answer,
    pub controls: Controls,
    dialect: &'static dyn Dialect,
}

/// Reads the request at a path, with the controls of an `x-sim` header.
pub fn told(dialect: &'static dyn Dialect, path: &str, body: &str, sim: &str) -> Told {
    let controls = Controls::default().overlaid(sim).unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query: BTreeMap<String, String> = query
        .split_once('=')
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into_iter()
        .collect();
    let body = serde_json::from_str(body).unwrap();
    let ask = dialect
        .read(Call {
            path,
            query: &query,
            body,
        })
        .unwrap();
    let answer = Answer::write(SEED, &ask, &controls);
    Told {
        ask,
        answer,
        controls,
        dialect,
    }
}

pub fn refused(dialect: &dyn Dialect, status: u16, path: &str) -> Value {
    let refusal = Refusal {
        status,
        message: "no".to_owned(),
    };
    let Page { body, .. } = dialect.error(
        &refusal,
        &Failed {
            request_id: "r1",
            path,
        },
    );
    serde_json::from_str(&body).unwrap()
}

impl Told {
    pub fn unary(&self) -> Value {
        serde_json::from_str(&self.dialect.unary(&self.ask, &self.answer, &self.controls).body).unwrap()
    }

    pub fn events(&self) -> Vec<Event> {
        self.dialect.stream(&self.ask, &self.answer, &self.controls)
    }

    /// The stream's bytes, put together.
    pub fn wire(&self) -> String {
        self.events()
            .iter()
            .map(|event| std::str::from_utf8(&event.bytes).unwrap())
            .collect()
    }

    /// The JSON of each `data:` line, without `[DONE]`.
    pub fn data(&self) -> Vec<Value> {
        let wire = self.wire();
        let lines = wire
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .filter(|data| *data != "[DONE]");
        lines.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The JSON of each line.
    pub fn lines(&self) -> Vec<Value> {
        self.wire()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The `event:` names, each run of one name once.
    pub fn names(&self) -> Vec<String> {
        let wire = self.wire();
        let mut names: Vec<String> = wire
            .lines()
            .filter_map(|line| line.strip_prefix("event: "))
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }

    /// Output tokens that the deltas say they carry.
    pub fn delta_tokens(&self) -> u64 {
        let tokens = |event: &Event| match event.kind {
            Kind::Delta { tokens } => tokens,
            Kind::Opening | Kind::Between | Kind::Closing | Kind::Terminal => 0,
        };
        self.events().iter().map(tokens).sum()
    }

    /// The failure in mid-stream, as JSON after `data: ` or bare.
    pub fn broken(&self) -> Vec<Value> {
        let events = self.dialect.broken(&self.ask, &self.answer, 3);
        let text: String = events
            .iter()
            .map(|event| std::str::from_utf8(&event.bytes).unwrap())
            .collect();
        let data = text.lines().filter_map(|line| {
            line.strip_prefix("data: ")
                .or(line.starts_with('{').then_some(line))
        });
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}
