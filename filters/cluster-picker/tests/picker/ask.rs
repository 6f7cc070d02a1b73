//! What clients send, and how the engine would show it.

use penstock_filter_api::{
    Cx, Denial, Filter, Head, Headers, Origin, Outcome, Prompt, PromptFlow, Record, Times,
};
use penstock_llm_api::{Target, Usage, read_request};
use penstock_wire::{JsonEdits, Limits, Tape};
use serde_json::{Value, json};

/// What a client sends.
#[derive(Clone, Default)]
pub(crate) struct Ask {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    body: Value,
    /// Every request has another text, unless it has this one.
    text: Option<String>,
    bytes: usize,
    pub(crate) vm: usize,
}

/// A streamed chat of so many bytes of text.
pub(crate) fn chat(bytes: usize) -> Ask {
    Ask {
        body: json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": ""}]}),
        bytes,
        ..Ask::default()
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn model(mut self, name: &str) -> Self {
        self.body["model"] = json!(name);
        self
    }

    /// Begins as others do that say so.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }

    /// The answer is one document.
    pub(crate) fn whole(mut self) -> Self {
        self.body["stream"] = json!(false);
        self
    }

    /// The document, with a text of its size.
    pub(crate) fn written(&self, request: u64) -> Value {
        let (mut body, begin) = (
            self.body.clone(),
            self.text.clone().unwrap_or(request.to_string()),
        );
        let rest = "x".repeat(self.bytes.saturating_sub(begin.len()));
        body["messages"][0]["content"] = json!(begin + &rest);
        body
    }

    /// In another VM than the first.
    pub(crate) fn at(mut self, vm: usize) -> Self {
        self.vm = vm;
        self
    }
}

pub(crate) fn headers(fields: &[(&str, &str)]) -> Headers {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
    Headers::new(fields.iter().map(field).collect())
}

pub(crate) fn prompt(
    filter: &mut dyn Filter,
    head: &Head,
    body: &Value,
    record: &mut Record,
    cx: &mut Cx<'_>,
) -> Option<Denial> {
    let (bytes, mut tape) = (body.to_string().into_bytes(), Tape::new());
    tape.parse(&bytes, &Limits::default()).unwrap();
    let dialect = head.target.dialect().unwrap();
    let request = read_request(dialect, tape.view(&bytes)).unwrap();
    record.stream = request.stream;
    record.input_text_bytes = request.text_bytes;
    record.request_model = request.model.clone();
    let mut edits = JsonEdits::default();
    let mut prompt = Prompt::new(head, &request, dialect, tape.view(&bytes), &mut edits);
    match filter.on_prompt(&mut prompt, None, cx) {
        PromptFlow::Next => None,
        PromptFlow::Deny(denial) => Some(denial),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn record(target: &Target, now_ms: u64) -> Record {
    Record {
        operation: target.operation,
        api: target.api,
        route: "llm".to_owned(),
        request_model: None,
        response_model: None,
        stream: false,
        usage: Usage::default(),
        input_text_bytes: 0,
        output_text_bytes: 0,
        finish: None,
        service_tier: None,
        status: 0,
        origin: Origin::Nobody,
        outcome: Outcome::Cancelled,
        times: Times {
            start: now_ms * 1_000_000,
            ..Times::default()
        },
    }
}
