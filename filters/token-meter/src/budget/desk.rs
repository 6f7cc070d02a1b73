//! The desk at which one exchange is let in, watched while it runs, and billed.

use super::client::Client;
use super::demand::{Demand, Truth};
use super::gates::{Gates, Wish};
use super::headers::tell;
use super::raw::Field;
use super::rule::Budget;
use super::standing::{Admitted, Refused};
use super::tab::{Party, Tab};
use super::till::Till;
use crate::config::Config;
use crate::names::Slot;
use crate::ratio::{Ratio, Sums};
use crate::tally::Charge;
use penstock_filter_api::{Cx, Outcome, OutputFlow, Prompt, PromptFlow, Record};
use penstock_llm_api::{Operation, Request};

/// All that is configured about who may use how much.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) budgets: Vec<Budget>,
    pub(crate) gates: Gates,
}

impl Rules {
    /// Whether nothing is to be admitted or refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.budgets.is_empty() && self.gates.is_empty()
    }

    /// Whether a budget has an account for each API key.
    pub(crate) fn tells_api_keys_apart(&self) -> bool {
        self.budgets
            .iter()
            .any(|budget| budget.key.contains(&Field::ApiKey))
    }

    /// Whether somebody may be refused.
    pub(crate) fn enforce(&self) -> bool {
        !self.gates.is_empty() || self.budgets.iter().any(|budget| budget.enforces)
    }
}

/// One exchange at the desk.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    tab: Tab,
    /// Of the model, as it was known when the request came.
    ratio: Option<Sums>,
    demand: Option<Demand>,
    decision: Decision,
    shadow: bool,
}

#[derive(Debug, Default)]
enum Decision {
    #[default]
    None,
    In(Admitted),
    Out(Refused),
}

/// What is known of an exchange when its request was read.
pub(crate) struct Arrival<'a> {
    pub(crate) request: &'a Request,
    pub(crate) record: &'a Record,
    pub(crate) client: &'a Client,
    pub(crate) model: Slot,
    pub(crate) ratio: Ratio,
}

impl Desk {
    /// Decides. What the decision means follows with [`Desk::verdict`].
    pub(crate) fn arrive(
        &mut self,
        arrival: &Arrival<'_>,
        config: &Config,
        till: &mut Till,
        cx: &mut Cx<'_>,
    ) {
        let Arrival { request, record, .. } = arrival;
        self.shadow = cx.shadow();
        self.ratio = Some(arrival.ratio.output);
        let likely = till.lengths.likely(arrival.model);
        let demand = Demand::new(request, record, &arrival.ratio, likely, config);
        self.demand = Some(demand);
        let wish = Wish {
            record,
            tenant: arrival.client.tenant.as_deref(),
            input_tokens: demand.input_tokens,
            output_tokens: demand.most_output,
            cost: demand.priced.then(|| demand.most_cost()),
        };
        if let Some(denial) = config.rules.gates.refusal(&wish) {
            self.decision = Decision::Out(denial.into());
            if !self.shadow {
                return;
            }
        }
        let party = self.party(&config.rules, record, arrival.client, cx.now_ns());
        match self.tab.open(&party, &demand, till, cx.ports()) {
            // A gate has the word.
            _ if matches!(self.decision, Decision::Out(_)) => {}
            Ok(admitted) => self.decision = Decision::In(admitted),
            Err(refused) => self.decision = Decision::Out(refused),
        }
    }

    fn party<'p>(&self, rules: &'p Rules, record: &'p Record, client: &'p Client, now_ns: u64) -> Party<'p> {
        Party {
            budgets: &rules.budgets,
            client,
            record,
            shadow: self.shadow,
            now_ns,
        }
    }

    /// What follows for the prompt.
    pub(crate) fn verdict(&mut self, prompt: &mut Prompt<'_>, cx: &mut Cx<'_>) -> PromptFlow {
        let api = Some(prompt.dialect().api());
        match std::mem::take(&mut self.decision) {
            Decision::None => PromptFlow::Next,
            Decision::Out(Refused { denial, told }) => {
                tell(&told, api, cx);
                PromptFlow::Deny(denial)
            }
            Decision::In(admitted) => {
                if let (Some(output), Some(demand)) = (admitted.output, &self.demand) {
                    prompt.cap_output(demand.bound(output));
                }
                if admitted.reads {
                    ask_for_what_can_be_read(prompt, cx);
                }
                if admitted.may_end && self.streams(prompt) {
                    cx.decide_response();
                }
                tell(&admitted.told, api, cx);
                PromptFlow::Next
            }
        }
    }

    fn streams(&self, prompt: &Prompt<'_>) -> bool {
        let by_path = prompt.head().target.stream;
        by_path.unwrap_or(prompt.request().stream)
    }

    /// Looks at an answer that runs.
    pub(crate) fn watch(
        &mut self,
        record: &Record,
        client: &Client,
        rules: &Rules,
        till: &mut Till,
        cx: &mut Cx<'_>,
    ) {
        let Some(ratio) = self.ratio else { return };
        if let Some(output) = self.tab.outgrown(&ratio, record) {
            let party = self.party(rules, record, client, cx.now_ns());
            self.tab.draw(output, &party, till, cx.ports());
        }
    }

    /// Ends the answer where a budget has.
    pub(crate) fn release(&mut self, rules: &Rules, till: &mut Till, cx: &mut Cx<'_>) -> OutputFlow {
        match self.tab.cut(&rules.budgets, till, cx.ports()) {
            Some(denial) => OutputFlow::Cut(denial),
            None => OutputFlow::Clear,
        }
    }

    /// Books what it came to.
    pub(crate) fn leave(
        &mut self,
        truth: &Truth<'_>,
        (client, model): (&Client, Slot),
        rules: &Rules,
        till: &mut Till,
        cx: &mut Cx<'_>,
    ) {
        if let (Charge::Exact(tally), Outcome::Complete, Operation::Generate) =
            (truth.charge, truth.record.outcome, truth.record.operation)
        {
            let bound = self
                .demand
                .map_or(tally.output, |demand| demand.bound(tally.output));
            till.lengths.learn(model, bound);
        }
        self.shadow = cx.shadow();
        let party = self.party(rules, truth.record, client, cx.now_ns());
        self.tab.close(truth, &party, till, cx.ports());
    }
}

/// A response that nobody here can decompress could not be charged.
fn ask_for_what_can_be_read(prompt: &Prompt<'_>, cx: &mut Cx<'_>) {
    let accepted = prompt.head().headers.text("accept-encoding").unwrap_or_default();
    let others = |coding: &str| !matches!(coding.trim(), "" | "gzip" | "deflate" | "identity");
    if accepted.split(',').any(others) {
        cx.remove_request_header("accept-encoding");
    }
}
