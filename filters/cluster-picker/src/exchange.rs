//! One exchange: picked for at its prompt, watched to its end.

use crate::books::Streams;
use crate::config::Config;
use crate::ending::{ending, is_failure};
use crate::metric::Metric;
use crate::plugin::{Shared, seconds};
use crate::prefix::{BLOCK_BYTES, Blocks};
use crate::quote::Ask;
use crate::raw::Steer;
use crate::report::{Load, REPORT_HEADERS, retry_after};
use crate::state::{Nothing, State, Wanted};
use crate::ticket::{Ending, Ticket};
use penstock_filter_api::{Cx, Filter, HeadFlow, Headers, Outcome, Prompt, PromptFlow, Record, Reply, Seen};
use penstock_llm_api::text_of;
use std::rc::Rc;

/// The filter on one exchange.
pub(crate) struct One {
    shared: Rc<Shared>,
    ticket: Option<Ticket>,
    group: usize,
    /// The backend said that it failed, or asked for a pause.
    failed: bool,
}

impl One {
    pub(crate) fn new(shared: Rc<Shared>) -> Self {
        Self {
            shared,
            ticket: None,
            group: 0,
            failed: false,
        }
    }

    /// Picks, tells the proxy, and gives the refusal where there is one.
    pub(crate) fn pick(&mut self, wanted: &Wanted<'_>, cx: &mut Cx<'_>) -> PromptFlow {
        let shared = Rc::clone(&self.shared);
        let (config, now) = (&shared.config, seconds(cx.now_ns()));
        let state = &mut *shared.state.borrow_mut();
        let admission = config.admission.as_ref();
        let bound = admission.and_then(|admission| admission.bound(wanted.headers));
        state.sharing.read(&mut state.picker, cx.ports(), now);
        let nothing = match state.pick(config, wanted, bound, now) {
            Ok(pick) => {
                cx.set_request_header(&config.header, &pick.target);
                self.group = pick.group;
                if let Some(ticket) = &pick.ticket {
                    state.count(Metric::Picks, ticket.backend(), cx.ports());
                    let predicted = ticket.quote().first_token_s * 1000.0;
                    state.record(Metric::PredictedMs, ticket.backend(), predicted, cx.ports());
                }
                self.ticket = pick.ticket;
                state.sharing.write(&state.picker, cx.ports(), now);
                return PromptFlow::Next;
            }
            Err(nothing) => nothing,
        };
        let denial = match (nothing, admission, bound) {
            (Nothing::TooLate(first_token_s), Some(admission), Some(bound)) => {
                Some(admission.refusal(first_token_s, bound))
            }
            (Nothing::AllOut, Some(admission), Some(_)) => Some(admission.nobody()),
            (Nothing::NoBackend | Nothing::AllOut | Nothing::TooLate(_), _, _) => None,
        };
        let metric = if denial.is_some() {
            Metric::Shed
        } else {
            Metric::Unpicked
        };
        state
            .metrics
            .count(metric, 0, ("fleet", &config.fleet), cx.ports());
        denial.map_or(PromptFlow::Next, PromptFlow::Deny)
    }

    fn first_token(&mut self, record: &Record, cx: &mut Cx<'_>) {
        let at = record.times.first_output;
        let Some(ticket) = self
            .ticket
            .as_mut()
            .filter(|ticket| at > 0 && !ticket.has_begun())
        else {
            return;
        };
        let state = &mut *self.shared.state.borrow_mut();
        let (now, sent) = (seconds(at), ticket.sent());
        state.picker.first_token(ticket, now);
        let backend = ticket.backend();
        if !record.stream {
            // What is seen is the end of the answer.
            return;
        }
        let seen_ms = (now - sent) * 1000.0;
        state.record(Metric::SeenMs, backend, seen_ms, cx.ports());
        let group = ("group", self.shared.config.groups.name(self.group));
        let metrics = &mut state.metrics;
        metrics.record(Metric::GroupSeenMs, self.group, group, seen_ms, cx.ports());
        if let Some(tally) = state.tallies.get_mut(self.group) {
            tally.first_token_s += now - sent;
            tally.first_tokens += 1.0;
        }
        state.sharing.write(&state.picker, cx.ports(), now);
    }

    /// Takes in a report of load in headers or trailers.
    fn report(&mut self, headers: &Headers, cx: &mut Cx<'_>) {
        let Some(ticket) = &self.ticket else { return };
        let parsed = Load::from_headers(headers);
        let state = &mut *self.shared.state.borrow_mut();
        if let Some(load) = &parsed.load {
            state.picker.report(ticket.backend(), load, seconds(cx.now_ns()));
        }
        state.add(
            Metric::ReportsIgnored,
            ticket.backend(),
            parsed.ignored,
            cx.ports(),
        );
    }

    /// Books the request where it really went.
    fn follow(&mut self, cx: &mut Cx<'_>) {
        let config = &self.shared.config;
        if config.steer != Steer::Endpoint {
            return;
        }
        let address = cx
            .ports()
            .property(&["upstream", "address"])
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(address) = address.filter(|address| !address.is_empty()) else {
            return;
        };
        let now = seconds(cx.now_ns());
        let state = &mut *self.shared.state.borrow_mut();
        let served = state.served(config, &address, now);
        let Some(ticket) = self.ticket.take() else { return };
        if served == Some(ticket.backend()) {
            self.ticket = Some(ticket);
            return;
        }
        // In shadow mode the proxy chose, else it had to choose another.
        let ending = if cx.shadow() {
            Ending::Neither
        } else {
            Ending::Failed
        };
        let (picked, ejections) = (ticket.backend(), state.picker.ejections());
        state.count(Metric::Moves, picked, cx.ports());
        match served {
            Some(served) => self.ticket = Some(state.picker.moved(ticket, served, ending, now)),
            // Somebody who is not in our books.
            None => state.picker.done(ticket, ending, now),
        }
        state.count_end(picked, ending, ejections, cx.ports());
    }

    fn close(&mut self, state: &mut State, record: &Record, cx: &mut Cx<'_>) {
        let Some(ticket) = self.ticket.take() else { return };
        let (backend, now) = (ticket.backend(), seconds(cx.now_ns()));
        let how = if self.failed {
            Ending::Failed
        } else {
            ending(&ticket, record)
        };
        if let (Some(tokens), Outcome::Complete) = (record.usage.input_tokens, record.outcome) {
            state.learn_ratio(record.input_text_bytes, tokens);
        }
        if let Some(cached) = record.usage.cached_tokens {
            state.picker.cached(&ticket, cached as f64);
        }
        let ejections = state.picker.ejections();
        state.picker.done(ticket, how, now);
        state.count_end(backend, how, ejections, cx.ports());
        self.tally(state, how, record, cx);
        state.sharing.write(&state.picker, cx.ports(), now);
    }

    fn tally(&self, state: &mut State, ending: Ending, record: &Record, cx: &mut Cx<'_>) {
        let metric = match ending {
            Ending::Neither | Ending::Refused => return,
            Ending::Failed => Metric::Failed,
            Ending::Answered { .. } => Metric::Answered,
        };
        let group = ("group", self.shared.config.groups.name(self.group));
        let mut add = |metric: Metric, by: u64| {
            if by > 0 {
                state.metrics.add(metric, self.group, group, by, cx.ports());
            }
        };
        add(metric, 1);
        add(Metric::GroupInput, record.usage.input_tokens.unwrap_or(0));
        add(Metric::GroupOutput, record.usage.output_tokens.unwrap_or(0));
        if let Some(tally) = state.tallies.get_mut(self.group) {
            tally.ended(ending == Ending::Failed);
        }
    }
}

impl Filter for One {
    fn observe(&mut self, seen: Seen<'_>, record: &Record, cx: &mut Cx<'_>) {
        match seen {
            Seen::Request(_) => {}
            Seen::Event | Seen::Answer => self.first_token(record, cx),
        }
    }

    fn on_prompt(&mut self, prompt: &mut Prompt<'_>, _reply: Option<&Reply>, cx: &mut Cx<'_>) -> PromptFlow {
        if self.ticket.is_some() || !self.shared.config.scope.has_model(prompt.model()) {
            return PromptFlow::Next;
        }
        let blocks = blocks(prompt);
        let request = prompt.request();
        let (input_tokens, block_tokens) = {
            let state = self.shared.state.borrow();
            (
                state.tokens(request.text_bytes as f64),
                state.tokens(BLOCK_BYTES as f64),
            )
        };
        let ask = Ask {
            input_tokens,
            max_output_tokens: request
                .max_output_tokens
                .map(|tokens| tokens.saturating_mul(request.choices) as f64),
            blocks: &blocks,
            block_tokens,
            streams: if request.stream { Streams::Yes } else { Streams::No },
        };
        let wanted = Wanted {
            headers: &prompt.head().headers,
            model: prompt.model(),
            ask,
        };
        self.pick(&wanted, cx)
    }

    fn on_response_head(&mut self, headers: &Headers, record: &Record, cx: &mut Cx<'_>) -> HeadFlow {
        self.follow(cx);
        self.report(headers, cx);
        strip(&self.shared.config, headers, |name| {
            cx.remove_response_header(name)
        });
        let (now, backend) = (seconds(cx.now_ns()), self.ticket.as_ref().map(Ticket::backend));
        if let (true, Some(backend)) = (is_failure(record.status), backend) {
            self.failed = true;
            if let Some(pause) = retry_after(headers, now) {
                self.shared.state.borrow_mut().picker.pause(backend, pause, now);
            }
        }
        HeadFlow::Next
    }

    fn on_response_trailers(&mut self, trailers: &Headers, _record: &Record, cx: &mut Cx<'_>) {
        self.report(trailers, cx);
        strip(&self.shared.config, trailers, |name| {
            cx.remove_response_trailer(name)
        });
    }

    fn on_end(&mut self, record: &Record, cx: &mut Cx<'_>) {
        self.first_token(record, cx);
        let shared = Rc::clone(&self.shared);
        self.close(&mut shared.state.borrow_mut(), record, cx);
    }
}

/// Takes off what reports load.
fn strip(config: &Config, headers: &Headers, mut remove: impl FnMut(&str)) {
    if config.reports.strip {
        REPORT_HEADERS
            .iter()
            .filter(|name| headers.has(name))
            .for_each(|name| remove(name));
    }
}

/// Hashes of the beginning of the prompt: of its texts, in the order of the document.
fn blocks(prompt: &Prompt<'_>) -> Vec<u32> {
    let mut blocks = Blocks::default();
    if let Some(model) = prompt.model() {
        blocks.push(model.as_bytes());
    }
    for text in prompt.texts().texts {
        blocks.push(&[0]);
        blocks.push(text_of(prompt.json(), text.node).as_bytes());
        if blocks.is_full() {
            break;
        }
    }
    blocks.finish()
}
