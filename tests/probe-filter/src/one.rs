//! The probe on one exchange.

use crate::poll::Poll;
use crate::script::{Ask, Replace, Script};
use crate::words::{matches, undecided};
use penstock_filter_api::{
    Callout, Cx, Denial, Filter, HeadFlow, Headers, MetricId, MetricKind, OnFailure, Outcome, OutputFlow,
    Piece, PieceEdits, Prompt, PromptFlow, Record, Reply, Stored, labelled,
};
use penstock_llm_api::{Part, text_of};
use std::cell::RefCell;
use std::rc::Rc;

/// Counters by outcome. A metric is defined once, not for each exchange.
pub(crate) type Ends = Rc<RefCell<Vec<(Outcome, MetricId)>>>;

pub(crate) struct One {
    script: Rc<Script>,
    ends: Ends,
    poll: Rc<Poll>,
}

impl One {
    pub(crate) fn new(script: Rc<Script>, ends: Ends, poll: Rc<Poll>) -> Self {
        Self { script, ends, poll }
    }

    fn denial(&self, code: &'static str) -> Denial {
        let denial = Denial::new(403, code, "the probe denies");
        Denial {
            retry_after_s: self.script.retry_after_s,
            ..denial
        }
    }

    /// What a service's reply means: go on, or not.
    fn verdict(&self, reply: &Reply) -> Result<(), Denial> {
        match (reply.is_ok(), self.script.on_failure) {
            (true, _) if reply.body.starts_with(b"deny") => Err(self.denial("probe_judge")),
            (true, _) | (false, OnFailure::Open) => Ok(()),
            (false, OnFailure::Closed) => Err(Denial::new(
                503,
                "probe_judge_failed",
                "the judge does not answer",
            )),
        }
    }

    fn edit_prompt(&self, prompt: &mut Prompt<'_>) {
        if !self.script.replace_prompt.is_empty() {
            let json = prompt.json();
            for text in prompt.texts().texts {
                for (range, to) in matches(&text_of(json, text.node), &self.script.replace_prompt) {
                    prompt.edits().replace_text(text.node, range, to);
                }
            }
        }
        if self.script.ask_usage {
            prompt.ask_usage();
        }
        if let Some(tokens) = self.script.cap_output {
            prompt.cap_output(tokens);
        }
        if let Some(model) = &self.script.set_model {
            prompt.set_model(model);
        }
    }

    fn edit_output(&self, piece: &Piece<'_>, edits: &mut PieceEdits) -> OutputFlow {
        let window = format!("{}{}", piece.held, piece.text);
        let base = piece.start.saturating_sub(piece.held.len() as u64);
        let mut decided = 0;
        for (range, to) in matches(&window, &self.script.replace) {
            decided = range.end;
            edits.replace(base + range.start as u64..base + range.end as u64, to);
        }
        if piece.last || piece.part != Part::Delta {
            return OutputFlow::Clear;
        }
        if self.script.hold_all {
            return OutputFlow::HoldFrom(base + decided as u64);
        }
        let mut words = self.script.replace.clone();
        words.extend(self.script.cut_on.iter().map(|word| Replace {
            from: word.clone(),
            to: String::new(),
        }));
        match undecided(&window, decided, &words) {
            Some(at) => OutputFlow::HoldFrom(base + at as u64),
            None => OutputFlow::Clear,
        }
    }
}

impl Filter for One {
    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        let script = self.script.clone();
        let json = prompt.json();
        let texts = prompt.texts().texts;
        let says = |word: &Option<String>| {
            let holds = |word: &String| {
                texts
                    .iter()
                    .any(|text| text_of(json, text.node).contains(word.as_str()))
            };
            word.as_ref().is_some_and(holds)
        };
        if says(&script.trap_on) {
            panic!("the probe was told to die");
        }
        match (reply, &script.ask_prompt) {
            (Some(reply), _) => {
                if let Err(denial) = self.verdict(reply) {
                    return PromptFlow::Deny(denial);
                }
            }
            (None, Some(ask)) => return PromptFlow::Wait(callout(ask, "prompt")),
            (None, None) => {}
        }
        if says(&script.deny_on) {
            return PromptFlow::Deny(self.denial("probe_prompt"));
        }
        if says(&script.answer_on) {
            let body = script.answer.clone().into_bytes();
            return PromptFlow::Answer(Stored {
                content_type: script.answer_type.clone(),
                body,
            });
        }
        if let Some(route) = script
            .route
            .as_ref()
            .filter(|route| says(&Some(route.on.clone())))
        {
            cx.set_request_header(&route.header, &route.value);
        }
        if script.decide_late {
            cx.decide_response();
        }
        self.edit_prompt(prompt);
        PromptFlow::Next
    }

    fn on_response_head(&mut self, _headers: &Headers, _record: &Record, cx: &mut Cx<'_>) -> HeadFlow {
        if self.script.deny_response_head {
            return HeadFlow::Deny(self.denial("probe_response_head"));
        }
        for name in &self.script.strip {
            cx.remove_response_header(name);
            cx.remove_response_trailer(name);
        }
        if self.script.mark_served {
            let served = served_by(cx);
            cx.set_response_header("x-served-by", &served);
        }
        if self.script.poll.is_some() {
            cx.set_response_header("x-polled", &self.poll.told());
        }
        if self.script.mark_response {
            cx.set_response_header("x-probe", "seen");
        }
        if self.script.mark_trailer {
            cx.add_response_trailer("x-probe", "seen");
        }
        HeadFlow::Next
    }

    fn on_output(
        &mut self,
        piece: &Piece<'_>,
        edits: &mut PieceEdits,
        reply: Option<&Reply>,
        _cx: &mut Cx<'_>,
    ) -> OutputFlow {
        let script = self.script.clone();
        let window = || format!("{}{}", piece.held, piece.text);
        if script
            .trap_output_on
            .as_ref()
            .is_some_and(|word| window().contains(word.as_str()))
        {
            panic!("the probe was told to die");
        }
        match (reply, &script.ask_output) {
            (Some(reply), _) => {
                if let Err(denial) = self.verdict(reply) {
                    return OutputFlow::Cut(denial);
                }
            }
            (None, Some(ask)) if !piece.text.is_empty() && piece.text.contains(&script.ask_output_on) => {
                return OutputFlow::Wait(callout(ask, piece.text));
            }
            (None, Some(_) | None) => {}
        }
        if script
            .cut_on
            .as_ref()
            .is_some_and(|word| window().contains(word.as_str()))
        {
            return OutputFlow::Cut(self.denial("probe_cut"));
        }
        let end = piece.start.saturating_add(piece.text.len() as u64);
        if script.cut_after_bytes.is_some_and(|bytes| end > bytes) {
            return OutputFlow::Cut(self.denial("probe_cut"));
        }
        self.edit_output(piece, edits)
    }

    fn on_response_trailers(&mut self, trailers: &Headers, _record: &Record, cx: &mut Cx<'_>) {
        let names: Vec<&str> = trailers.iter().map(|(name, _)| name).collect();
        cx.ports()
            .filter_state("penstock.trailers", names.join(",").as_bytes());
        for name in &self.script.strip_late {
            cx.remove_response_trailer(name);
        }
    }

    fn on_end(&mut self, record: &Record, cx: &mut Cx<'_>) {
        let served = served_by(cx);
        let ports = cx.ports();
        ports.filter_state("penstock.served", served.as_bytes());
        let known = self
            .ends
            .borrow()
            .iter()
            .find(|(outcome, _)| *outcome == record.outcome)
            .map(|(_, id)| *id);
        let name = labelled("penstock_probe_ends_total", &[("outcome", record.outcome.name())]);
        if let Some(id) = known {
            ports.add(id, 1);
        } else if let Ok(id) = ports.metric(MetricKind::Counter, &name) {
            self.ends.borrow_mut().push((record.outcome, id));
            ports.add(id, 1);
        }
        ports.filter_state("penstock.outcome", record.outcome.name().as_bytes());
    }
}

/// Address of the upstream that answers.
fn served_by(cx: &mut Cx<'_>) -> String {
    let address = cx.ports().property(&["upstream", "address"]);
    String::from_utf8_lossy(&address.unwrap_or_default()).into_owned()
}

pub(crate) fn callout(ask: &Ask, about: &str) -> Callout {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Callout {
        cluster: ask.cluster.clone(),
        headers: vec![
            header(":method", "POST"),
            header(":path", "/judge"),
            header(":authority", "judge"),
        ],
        body: about.as_bytes().to_vec(),
        timeout_ms: ask.timeout_ms,
    }
}
