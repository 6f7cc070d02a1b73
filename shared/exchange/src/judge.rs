//! A whole prompt on its way through the filters.

use crate::door::Verdict;
use crate::engine::Counted;
use crate::exchange::Exchange;
use crate::host::{Flow, Host, Side};
use crate::inflate::Coding;
use crate::request::RequestPhase;
use penstock_filter_api::{Denial, Failure, Headers, Need, Prompt, PromptFlow, Reply, Seen};
use penstock_llm_api::{Dialect, ReadError, Request, detect_body, read_request};
use penstock_wire::{JsonEdits, JsonErrorKind, Tape};

/// A request body on its way through the filters.
pub(crate) struct Judging {
    /// Size of the body as it came, which the proxy keeps.
    pub(crate) sent: usize,
    /// The document, decompressed, with the edits of the filters before `next`.
    pub(crate) bytes: Vec<u8>,
    pub(crate) edited: bool,
    pub(crate) coding: Coding,
    pub(crate) next: usize,
    /// What it waits for; nothing but a tick while a filter takes its time.
    pub(crate) call: Option<u32>,
    /// The filters were told what the request says.
    pub(crate) noted: bool,
    /// The request has left already: nothing can be held or changed.
    pub(crate) passed: bool,
}

/// How far a walk through the filters came.
pub(crate) enum Judged {
    Through,
    /// For the reply to a callout, or for a tick.
    Waits(Option<u32>),
    Denied {
        filter: &'static str,
        denial: Denial,
    },
    Answered {
        filter: &'static str,
        stored: penstock_filter_api::Stored,
    },
    Failed(Failure),
}

impl Exchange {
    /// Walks the body through the filters that are left.
    pub(crate) fn judge(
        &mut self,
        mut judging: Box<Judging>,
        reply: Option<&Reply>,
        host: &mut dyn Host,
    ) -> Flow {
        let judged = self.walk(&mut judging, reply, host);
        match judged {
            Judged::Through => self.release_request(&judging, host),
            Judged::Waits(call) => {
                judging.call = call;
                if call.is_none() {
                    host.wake(0);
                }
                let held = judging.sent.saturating_add(judging.bytes.len());
                self.request = RequestPhase::Judging(judging);
                if self.hold_bytes(Side::Request, held) {
                    Flow::Pause
                } else {
                    self.fail_request(Failure::HeldBytes, host)
                }
            }
            Judged::Denied { filter, denial } => self.deny(filter, &denial, host),
            Judged::Answered { filter, stored } => self.answer(filter, &stored, host),
            Judged::Failed(failure) => self.fail_request(failure, host),
        }
    }

    fn walk(&mut self, judging: &mut Judging, reply: Option<&Reply>, host: &mut dyn Host) -> Judged {
        let engine = self.engine.clone();
        let mut tape = engine.take_tape();
        let judged = self.walk_with(&mut tape, judging, reply, host);
        engine.put_tape(tape);
        judged
    }

    fn walk_with(
        &mut self,
        tape: &mut Tape,
        judging: &mut Judging,
        mut reply: Option<&Reply>,
        host: &mut dyn Host,
    ) -> Judged {
        let mut request = match self.read(tape, &judging.bytes) {
            Ok(request) => request,
            Err(failure) => return Judged::Failed(failure),
        };
        if !std::mem::replace(&mut judging.noted, true) {
            self.note_request(&request, host);
        }
        while judging.next < self.joined.len() {
            let mut edits = JsonEdits::new();
            let asked_before = self.usage_added;
            let judged = self.ask(tape, judging, &request, &mut edits, reply.take(), host);
            if let Some(judged) = judged {
                return judged;
            }
            let index = judging.next;
            judging.next += 1;
            // A filter that failed has no say, and what it edited before is not to be trusted.
            let failed = self.joined.get(index).is_none_or(|joined| joined.bypassed);
            if edits.is_empty() || failed {
                continue;
            }
            if let Some(failure) = self.unwritable(judging) {
                // What it asked for does not happen: usage that nobody added is not taken out again.
                self.usage_added = asked_before;
                match self.judge_failure(index, failure, host) {
                    Some(judged) => return judged,
                    None => continue,
                }
            }
            match edits.apply(tape.view(&judging.bytes)) {
                Ok(bytes) => judging.bytes = bytes,
                Err(_) => return Judged::Failed(Failure::Bug),
            }
            judging.edited = true;
            if judging.next < self.joined.len() {
                request = match self.read(tape, &judging.bytes) {
                    Ok(request) => request,
                    Err(failure) => return Judged::Failed(failure),
                };
            }
        }
        Judged::Through
    }

    /// Why no edit can be written to this request, if none can.
    fn unwritable(&self, judging: &Judging) -> Option<Failure> {
        if self.head.as_ref().is_some_and(|head| is_signed(&head.headers)) {
            return Some(Failure::SignedBody);
        }
        // A head that has left cannot take back what it says of the encoding.
        let encoded = judging.coding != Coding::Identity && !self.engine.settings.hold_headers;
        encoded.then_some(Failure::UnsupportedEncoding)
    }

    /// Asks one filter for its verdict. `None` means on to the next.
    pub(crate) fn ask(
        &mut self,
        tape: &Tape,
        judging: &Judging,
        request: &Request,
        edits: &mut JsonEdits,
        reply: Option<&Reply>,
        host: &mut dyn Host,
    ) -> Option<Judged> {
        let shown = (tape, judging, request);
        let name = self.joined.get(judging.next)?.policy.name;
        match self.show_prompt(shown, edits, reply, host)? {
            PromptFlow::Next => None,
            PromptFlow::Wait(callout) => match host.call(&callout) {
                Ok(call) => Some(Judged::Waits(Some(call))),
                Err(_) => self.never_called(shown, edits, host),
            },
            PromptFlow::Later => Some(Judged::Waits(None)),
            PromptFlow::Fail(failure) => self.judge_failure(judging.next, failure, host),
            PromptFlow::Deny(denial) => Some(Judged::Denied { filter: name, denial }),
            PromptFlow::Answer(stored) => Some(Judged::Answered { filter: name, stored }),
        }
    }

    /// The filter's call cannot be made: it gets the reply that says so. Another call is not tried.
    fn never_called(
        &mut self,
        shown @ (_, judging, _): (&Tape, &Judging, &Request),
        edits: &mut JsonEdits,
        host: &mut dyn Host,
    ) -> Option<Judged> {
        *edits = JsonEdits::new();
        let filter = self.joined.get(judging.next)?.policy.name;
        let flow = self.show_prompt(shown, edits, Some(&Reply::never()), host)?;
        let failure = match flow {
            PromptFlow::Fail(failure) => failure,
            PromptFlow::Wait(_) => Failure::Callout,
            flow => {
                self.engine
                    .count(Counted::Failure(filter, Failure::Callout), host);
                return match flow {
                    PromptFlow::Deny(denial) => Some(Judged::Denied { filter, denial }),
                    PromptFlow::Answer(stored) => Some(Judged::Answered { filter, stored }),
                    PromptFlow::Later => Some(Judged::Waits(None)),
                    PromptFlow::Next | PromptFlow::Wait(_) | PromptFlow::Fail(_) => None,
                };
            }
        };
        self.judge_failure(judging.next, failure, host)
    }

    /// Shows one filter the prompt. `None` when it has no say.
    fn show_prompt(
        &mut self,
        (tape, judging, request): (&Tape, &Judging, &Request),
        edits: &mut JsonEdits,
        reply: Option<&Reply>,
        host: &mut dyn Host,
    ) -> Option<PromptFlow> {
        let head = self.head.as_ref()?;
        let dialect = Dialect::new(self.record.api?, head.target.custom.as_ref())?;
        let joined = self.joined.get_mut(judging.next)?;
        if joined.bypassed || joined.needs.request == Need::Nothing {
            return None;
        }
        let decides = joined.request_need() == Need::Decide && !judging.passed;
        let name = joined.policy.name;
        let mut scratch = JsonEdits::new();
        let target = if decides { edits } else { &mut scratch };
        let mut prompt = Prompt::new(head, request, dialect, tape.view(&judging.bytes), target);
        if decides {
            prompt = prompt.held();
        }
        let now_ns = host.now_ns();
        let flow = joined.call(now_ns, host, &mut self.effects, |filter, cx| {
            filter.on_prompt(&mut prompt, reply, cx)
        });
        if decides {
            self.usage_added |= prompt.usage_added() && matches!(flow, PromptFlow::Next);
            return Some(flow);
        }
        if let Some(counted) = pretence(name, &flow, &scratch) {
            self.engine.count(counted, host);
        }
        None
    }

    /// What the failure of one filter means for the request.
    fn judge_failure(&mut self, index: usize, failure: Failure, host: &mut dyn Host) -> Option<Judged> {
        match self.fail_one(Side::Request, index, failure, host) {
            Verdict::Refuse { filter, denial } => Some(Judged::Denied { filter, denial }),
            Verdict::Bypass => None,
        }
    }

    pub(crate) fn read(&mut self, tape: &mut Tape, bytes: &[u8]) -> Result<Request, Failure> {
        tape.parse(bytes, &self.engine.settings.json)
            .map_err(|error| json_failure(error.kind))?;
        let json = tape.view(bytes);
        if self.record.api.is_none() {
            self.record.api = detect_body(json);
        }
        let dialect = self.dialect().ok_or(Failure::UnknownShape)?;
        read_request(dialect, json).map_err(|error| match error {
            ReadError::AmbiguousJson { .. } => Failure::AmbiguousJson,
            ReadError::WrongShape { .. } => Failure::UnknownShape,
        })
    }

    /// Writes what the request says into the record, and shows it to the filters.
    fn note_request(&mut self, request: &Request, host: &mut dyn Host) {
        self.record.input_text_bytes = request.text_bytes;
        self.reply_to.clone_from(&request.reply_to);
        if request.model.is_some() {
            self.record.request_model.clone_from(&request.model);
        }
        let by_path = self.head.as_ref().and_then(|head| head.target.stream);
        self.record.stream = by_path.unwrap_or(request.stream);
        let now_ns = host.now_ns();
        let record = &self.record;
        for joined in &mut self.joined {
            joined.call(now_ns, host, &mut self.effects, |filter, cx| {
                filter.observe(Seen::Request(request), record, cx);
            });
        }
    }
}

/// What is counted of a filter without a say: what it would have done, or that it failed.
fn pretence(filter: &'static str, flow: &PromptFlow, edits: &JsonEdits) -> Option<Counted> {
    let action = match flow {
        PromptFlow::Next if edits.is_empty() => return None,
        PromptFlow::Next => "edit",
        PromptFlow::Wait(_) | PromptFlow::Later => "wait",
        PromptFlow::Deny(denial) => denial.code,
        PromptFlow::Answer(_) => "answer",
        PromptFlow::Fail(failure) => return Some(Counted::Failure(filter, *failure)),
    };
    Some(Counted::Would(filter, action))
}

/// Why a document is no use, in the words of the failure door.
pub(crate) fn json_failure(kind: JsonErrorKind) -> Failure {
    match kind {
        JsonErrorKind::Syntax | JsonErrorKind::Truncated | JsonErrorKind::Utf8 => Failure::InvalidJson,
        JsonErrorKind::TrailingBytes | JsonErrorKind::LoneSurrogate => Failure::AmbiguousJson,
        JsonErrorKind::TooLarge => Failure::RequestTooLarge,
        JsonErrorKind::TooDeep | JsonErrorKind::TooManyNodes => Failure::TooComplex,
    }
}

/// Whether the head signs the body, so that no byte of it may change.
fn is_signed(headers: &Headers) -> bool {
    let sigv4 = headers
        .first("authorization")
        .is_some_and(|value| value.starts_with(b"AWS4-"));
    sigv4
        || ["x-amz-content-sha256", "content-digest", "digest", "content-md5"]
            .iter()
            .any(|name| headers.has(name))
}
