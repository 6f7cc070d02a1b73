//! The filters that take part in one exchange.

use crate::host::{Host, Side};
use penstock_filter_api::{Cx, Effects, Filter, Mode, Need, Needs, OnFailure, Policy};

/// A filter that joined an exchange.
pub(crate) struct Joined {
    pub(crate) policy: Policy,
    pub(crate) filter: Box<dyn Filter>,
    pub(crate) needs: Needs,
    /// A failure took this filter's say: it only observes from then on.
    pub(crate) bypassed: bool,
    /// The response would be wrong without its say.
    bound: bool,
}

impl Joined {
    pub(crate) fn new(policy: Policy, filter: Box<dyn Filter>, needs: Needs) -> Self {
        Self {
            policy,
            filter,
            needs,
            bypassed: false,
            bound: false,
        }
    }

    /// What may be done with its decisions on the request.
    pub(crate) fn request_need(&self) -> Need {
        self.effective(self.needs.request)
    }

    /// What may be done with its decisions on the response.
    pub(crate) fn response_need(&self) -> Need {
        self.effective(self.needs.response)
    }

    /// Whether it would decide on the response were it not in shadow mode.
    pub(crate) fn pretends(&self) -> bool {
        self.policy.mode == Mode::Shadow && self.needs.response == Need::Decide && !self.bypassed
    }

    /// Whether a failure on this side ends the exchange on this filter's behalf.
    pub(crate) fn is_closed(&self, side: Side) -> bool {
        let closed = self.policy.on_failure == OnFailure::Closed || (self.bound && side == Side::Response);
        self.policy.mode == Mode::Enforce && closed && !self.bypassed
    }

    fn effective(&self, need: Need) -> Need {
        let only_watches = self.policy.mode != Mode::Enforce || self.bypassed;
        if only_watches {
            need.min(Need::Observe)
        } else {
            need
        }
    }

    /// Calls into the filter with a context of its own.
    pub(crate) fn call<T>(
        &mut self,
        now_ns: u64,
        host: &mut dyn Host,
        effects: &mut Effects,
        body: impl FnOnce(&mut dyn Filter, &mut Cx<'_>) -> T,
    ) -> T {
        let mut asked = Effects::default();
        let mut cx = Cx::new(now_ns, self.policy.mode, host, &mut asked);
        let answer = body(self.filter.as_mut(), &mut cx);
        if std::mem::take(&mut asked.decide_response) {
            self.needs.response = Need::Decide;
        }
        self.bound |= asked.bind_response;
        effects.append(asked);
        answer
    }
}
