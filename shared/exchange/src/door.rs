//! The one door for failures, and the rendering of refusals.

use crate::engine::Counted;
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Flow, Host, Side};
use penstock_filter_api::{Denial, Failure, Mode, Need, OnFailure, Origin, Outcome};
use penstock_llm_api::{Dialect, Refusal, ReplyTo, Sent, error_body, error_event, error_status};
use penstock_wire::Framing;

/// What a failure means for the exchange.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// A filter that fails closed refuses on its account.
    Refuse { filter: &'static str, denial: Denial },
    /// All filters concerned are bypassed.
    Bypass,
}

impl Exchange {
    /// Every failure that concerns all filters that look at this side goes through here.
    pub(crate) fn fail(&mut self, side: Side, failure: Failure, host: &mut dyn Host) -> Verdict {
        let mut verdict = Verdict::Bypass;
        for joined in &mut self.joined {
            let need = match side {
                Side::Request => joined.needs.request,
                Side::Response => joined.needs.response,
            };
            if joined.bypassed || need == Need::Nothing {
                continue;
            }
            self.engine
                .count(Counted::Failure(joined.policy.name, failure), host);
            if joined.is_closed(side) {
                verdict = refuse(joined.policy.name, side, failure);
            }
            joined.bypassed = true;
        }
        verdict
    }

    /// As [`Exchange::fail`], for the failure of one filter.
    pub(crate) fn fail_one(
        &mut self,
        side: Side,
        index: usize,
        failure: Failure,
        host: &mut dyn Host,
    ) -> Verdict {
        let Some(joined) = self.joined.get_mut(index) else {
            return Verdict::Bypass;
        };
        self.engine
            .count(Counted::Failure(joined.policy.name, failure), host);
        let closed = joined.is_closed(side);
        joined.bypassed = true;
        if closed {
            refuse(joined.policy.name, side, failure)
        } else {
            Verdict::Bypass
        }
    }

    /// Counts a failure that nobody can act on any more.
    pub(crate) fn note(&self, failure: Failure, host: &mut dyn Host) {
        self.engine.count(Counted::Failure("engine", failure), host);
    }

    /// A failure before any filter could join: the strictest plugin decides.
    pub(crate) fn fail_unopened(&mut self, failure: Failure, host: &mut dyn Host) -> Flow {
        self.note(failure, host);
        let closed = self.engine.plugins.iter().map(|plugin| plugin.policy());
        let mut closed =
            closed.filter(|policy| policy.mode == Mode::Enforce && policy.on_failure == OnFailure::Closed);
        match closed.next() {
            Some(policy) => {
                let denial = denial_of(Side::Request, failure);
                self.deny(policy.name, &denial, host)
            }
            None => self.open_unread(host),
        }
    }

    /// Refuses the exchange with the error object of the client's API.
    pub(crate) fn deny(&mut self, filter: &'static str, denial: &Denial, host: &mut dyn Host) -> Flow {
        self.engine.count(Counted::Denied(filter, denial.code), host);
        self.name_denial(filter, denial, host);
        let refusal = refusal(denial, &self.reply_to);
        let body = error_body(self.client_dialect(), &refusal);
        let status = error_status(self.client_dialect(), &refusal);
        let retry_after = denial.retry_after_s.map(|seconds| seconds.to_string());
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(retry_after.as_deref().map(|seconds| ("retry-after", seconds)));
        self.record.origin = Origin::Denied(filter);
        self.record.outcome = Outcome::Denied;
        self.send(status, &headers, &body, host)
    }

    /// Answers the client in place of the upstream. Headers that filters have set so far are on it, too, but none takes
    /// the place of `own`.
    pub(crate) fn send(
        &mut self,
        status: u16,
        own: &[(&str, &str)],
        body: &[u8],
        host: &mut dyn Host,
    ) -> Flow {
        let set = std::mem::take(&mut self.effects.response_headers);
        let set = set.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        let own = own.iter().map(|(name, value)| (*name, Some(*value)));
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for (name, value) in set.chain(own) {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.extend(value.map(|value| (name, value)));
        }
        self.record.status = status;
        self.response = ResponsePhase::Local;
        if host.reply(status, &headers, body).is_err() {
            self.note(Failure::Host, host);
            let _ = host.close();
        }
        Flow::Pause
    }

    /// The refusal as an event of a running stream.
    pub(crate) fn cut_event(
        &mut self,
        filter: &'static str,
        denial: &Denial,
        framing: Framing,
        sent: Sent,
        host: &mut dyn Host,
    ) -> Vec<u8> {
        self.name_cut(filter, denial, host);
        let refusal = refusal(denial, &self.reply_to);
        error_event(self.client_dialect(), framing, sent, &refusal)
    }

    /// Books the refusal of a response that has begun.
    pub(crate) fn name_cut(&mut self, filter: &'static str, denial: &Denial, host: &mut dyn Host) {
        self.engine.count(Counted::Denied(filter, denial.code), host);
        self.name_denial(filter, denial, host);
        self.record.outcome = Outcome::Cut;
    }

    /// For access logs: Envoy itself knows only the status.
    fn name_denial(&self, filter: &str, denial: &Denial, host: &mut dyn Host) {
        host.filter_state("penstock.denied", format!("{filter}:{}", denial.code).as_bytes());
    }

    fn client_dialect(&self) -> Dialect<'_> {
        self.dialect().unwrap_or(Dialect::OpenAiChat)
    }
}

/// The refusal that stands for a failure. What is wrong with a response is not the client's fault.
pub(crate) fn denial_of(side: Side, failure: Failure) -> Denial {
    let (what, status) = match side {
        Side::Request => ("request", failure.status()),
        Side::Response if failure.status() < 500 => ("response", 502),
        Side::Response => ("response", failure.status()),
    };
    let retry_after_s = (status == 503).then_some(1);
    let message = format!(
        "the {what} could not be checked: {}",
        failure.name().replace('_', " ")
    );
    Denial {
        status,
        code: failure.name(),
        message,
        retry_after_s,
    }
}

fn refuse(filter: &'static str, side: Side, failure: Failure) -> Verdict {
    Verdict::Refuse {
        filter,
        denial: denial_of(side, failure),
    }
}

fn refusal<'a>(denial: &'a Denial, reply_to: &'a ReplyTo) -> Refusal<'a> {
    Refusal {
        status: denial.status,
        code: denial.code,
        message: &denial.message,
        retry_after_s: denial.retry_after_s,
        reply_to,
    }
}
