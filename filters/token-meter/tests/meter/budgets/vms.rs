//! Workers' VMs over one store of shared data: exchanges step by step, in any order, on any of them.

use super::store::Store;
use crate::story::{NOON, SECOND, chat};
use penstock_filter_api::{
    Cx, Denial, Effects, Filter, Head, Headers, Open, Origin, Outcome, OutputFlow, Piece, PieceEdits, Plugin,
    Prompt, PromptFlow, Record, RootCx, Seen,
};
use penstock_llm_api::{Api, ChannelId, Dialect, Encoding, Part, Scope, Target, Usage, read_request};
use penstock_token_meter::MODULE;
use penstock_wire::{JsonEdits, Limits, Tape};

/// One worker's VM.
pub(crate) struct Vm {
    plugin: Box<dyn Plugin>,
    store: Store,
}

/// What a client asks for: text of so many bytes, and a bound.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) bytes: usize,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) choices: u64,
    pub(crate) now_ns: u64,
}

/// An exchange of an anonymous client at noon, with 4 bytes of text.
pub(crate) fn ask() -> Ask<'static> {
    Ask {
        tenant: "",
        bytes: 4,
        max_tokens: None,
        choices: 1,
        now_ns: NOON,
    }
}

impl<'a> Ask<'a> {
    pub(crate) fn of(self, tenant: &'a str) -> Self {
        Self { tenant, ..self }
    }

    pub(crate) fn tokens(self, input: usize, max_tokens: u64) -> Self {
        Self {
            bytes: input * 4,
            max_tokens: Some(max_tokens),
            ..self
        }
    }

    pub(crate) fn at(self, seconds: u64) -> Self {
        Self {
            now_ns: NOON + seconds * SECOND,
            ..self
        }
    }
}

/// An exchange that runs.
pub(crate) struct Run {
    filter: Box<dyn Filter>,
    pub(crate) record: Record,
    pub(crate) effects: Effects,
    /// The request as it leaves.
    pub(crate) sent: serde_json::Value,
}

impl Vm {
    pub(crate) fn new(store: &Store, config: &str) -> Self {
        let plugin = (MODULE.load)(config).unwrap_or_else(|error| panic!("{error}"));
        Self {
            plugin,
            store: store.clone(),
        }
    }

    /// A request comes: it runs from now on, or is refused.
    pub(crate) fn ask(&mut self, ask: Ask<'_>) -> Result<Run, Denial> {
        let fields = [("x-tenant".to_owned(), ask.tenant.as_bytes().to_vec())];
        let fields = if ask.tenant.is_empty() {
            Vec::new()
        } else {
            fields.to_vec()
        };
        let head = Head {
            headers: Headers::new(fields),
            target: Target::of(Api::OpenAiChat),
            route: "chat".to_owned(),
        };
        let mut effects = Effects::default();
        let mode = self.plugin.policy().mode;
        let mut cx = Cx::new(ask.now_ns, mode, &mut self.store, &mut effects);
        let Open::Join(mut filter, _) = self.plugin.open(&head, &mut cx) else {
            panic!("the meter joins");
        };
        let bound = ask
            .max_tokens
            .map_or(String::new(), |most| format!(r#","max_tokens":{most}"#));
        let text = "x".repeat(ask.bytes.saturating_sub(4));
        let body = format!(
            r#"{{"model":"gpt-4.1","stream":true,"n":{}{bound},"messages":[{{"role":"user","content":"{text}"}}]}}"#,
            ask.choices
        );
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).unwrap();
        let (json, dialect) = (tape.view(body.as_bytes()), Dialect::OpenAiChat);
        let mut request = read_request(dialect, json).unwrap();
        request.text_bytes = ask.bytes as u64;
        let mut record = Record {
            usage: Usage::default(),
            response_model: None,
            input_text_bytes: request.text_bytes,
            output_text_bytes: 0,
            finish: None,
            status: 0,
            origin: Origin::Nobody,
            stream: true,
            ..chat()
        };
        record.times.start = ask.now_ns;
        filter.observe(Seen::Request(&request), &record, &mut cx);
        let mut edits = JsonEdits::default();
        let mut prompt = Prompt::new(&head, &request, dialect, json, &mut edits);
        let flow = filter.on_prompt(&mut prompt, None, &mut cx);
        let sent = serde_json::from_slice(&edits.apply(json).unwrap()).unwrap();
        let mut run = Run {
            filter,
            record,
            effects,
            sent,
        };
        match flow {
            PromptFlow::Next => Ok(run),
            PromptFlow::Deny(denial) => {
                run.record.origin = Origin::Denied("token_meter");
                self.finish(run, Outcome::Denied, ask.now_ns);
                Err(denial)
            }
            flow => panic!("{flow:?}"),
        }
    }

    /// The model generates so many tokens more. The refusal, where the answer is cut.
    pub(crate) fn generate(&mut self, run: &mut Run, tokens: u64, now_ns: u64) -> Result<(), Denial> {
        run.record.origin = Origin::Upstream;
        run.record.status = 200;
        run.record.output_text_bytes += tokens * 4;
        let mode = self.plugin.policy().mode;
        let mut cx = Cx::new(now_ns, mode, &mut self.store, &mut run.effects);
        run.filter.observe(Seen::Event, &run.record, &mut cx);
        match run
            .filter
            .on_output(&piece(), &mut PieceEdits::default(), None, &mut cx)
        {
            OutputFlow::Clear => Ok(()),
            OutputFlow::Cut(denial) => Err(denial),
            flow => panic!("{flow:?}"),
        }
    }

    /// It is over, with what was generated as it is estimated.
    pub(crate) fn finish(&mut self, mut run: Run, outcome: Outcome, now_ns: u64) {
        run.record.outcome = outcome;
        run.record.times.end = now_ns;
        let mode = self.plugin.policy().mode;
        let mut cx = Cx::new(now_ns, mode, &mut self.store, &mut run.effects);
        run.filter.on_end(&run.record, &mut cx);
    }

    /// It is over, and the upstream has reported these tokens.
    pub(crate) fn report(&mut self, mut run: Run, input: u64, output: u64, now_ns: u64) {
        run.record.origin = Origin::Upstream;
        run.record.status = 200;
        run.record.usage = crate::story::usage(input, output);
        self.finish(run, Outcome::Complete, now_ns);
    }

    /// A second has passed.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        let mut calls = Vec::new();
        let plugin = &self.plugin;
        plugin.on_tick(&mut RootCx::new(now_ns, &mut self.store, 0, &mut calls));
    }
}

fn piece() -> Piece<'static> {
    Piece {
        channel: ChannelId(0),
        message: 0,
        index: 0,
        scope: Scope::Assistant,
        encoding: Encoding::Plain,
        part: Part::Delta,
        signed: false,
        start: 0,
        held: "",
        text: "x",
        last: false,
    }
}
