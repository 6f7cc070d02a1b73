//! What an exchange will use, as far as its request tells, and what it has used in the end.

use super::raw::{Reserve, Unit};
use super::rule::Budget;
use crate::config::Config;
use crate::prices::Cost;
use crate::ratio::Ratio;
use crate::tally::{Charge, Tally};
use penstock_filter_api::{Origin, Outcome, Record};
use penstock_llm_api::{Operation, Request};

/// Stands for every output token where a price is asked: the most that are believed of one exchange.
const MANY: u64 = 1_000_000;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) input_tokens: u64,
    /// What its output will probably stay under.
    likely_output: u64,
    /// What it allows itself.
    pub(crate) most_output: Option<u64>,
    choices: u64,
    /// 10^-9 of the currency.
    input_cost: u64,
    /// 10^-12 of the currency a token.
    output_price: u64,
    pub(crate) priced: bool,
}

/// An amount that grows with the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) fixed: u64,
    /// Thousandths for each output token.
    rate: u64,
}

impl Amount {
    /// What so much output makes of it, rounded up. Without 128 bits: their division is slow.
    pub(crate) fn with(self, output: u64) -> u64 {
        let grown = output.checked_mul(self.rate);
        let grown = grown.map_or(u64::MAX, |grown| grown.div_ceil(1000));
        self.fixed.saturating_add(grown)
    }

    /// The output tokens that an amount pays for, if not a few more.
    pub(crate) fn output_of(self, amount: u64) -> u64 {
        let grown = amount.saturating_sub(self.fixed);
        match (self.rate, grown.checked_mul(1000)) {
            (0, _) => u64::MAX,
            (rate, Some(grown)) => grown / rate,
            (rate, None) => (grown / rate).saturating_mul(1000),
        }
    }

    pub(crate) fn grows(self) -> bool {
        self.rate > 0
    }
}

impl Demand {
    /// `likely` is what answers of the model usually stay under.
    pub(crate) fn new(
        request: &Request,
        record: &Record,
        ratio: &Ratio,
        likely: u64,
        config: &Config,
    ) -> Self {
        let embeds = record.operation == Operation::Embed;
        let choices = request.choices.max(1);
        let all = |tokens: u64| if embeds { 0 } else { tokens.saturating_mul(choices) };
        // Of an image nothing is known here but that it is not free.
        let input_tokens = ratio.input.tokens(request.text_bytes).max(1);
        let cost = |output: u64| {
            let tally = Tally {
                input: input_tokens,
                output,
                ..Tally::default()
            };
            let cost = config.prices.cost(record, &tally)?;
            config.is_own_currency(cost).then(|| cost.money.nanos_up())
        };
        let (input_cost, with_output) = (cost(0), cost(MANY));
        let grown = with_output.unwrap_or(0).saturating_sub(input_cost.unwrap_or(0));
        Self {
            input_tokens,
            likely_output: all(likely),
            // Nobody wants nothing, and some servers take a bound of 0 for none.
            most_output: request.max_output_tokens.map(|most| all(most.max(1))),
            choices,
            input_cost: input_cost.unwrap_or(0),
            output_price: if embeds { 0 } else { grown.div_ceil(MANY / 1000) },
            priced: input_cost.is_some(),
        }
    }

    /// What a budget has to bear.
    pub(crate) fn amount(&self, unit: Unit) -> Amount {
        let (fixed, rate) = match unit {
            Unit::InputTokens => (self.input_tokens, 0),
            Unit::OutputTokens => (0, 1000),
            Unit::Tokens => (self.input_tokens, 1000),
            Unit::Money => (self.input_cost, self.output_price),
            Unit::Requests | Unit::Streams => (1, 0),
        };
        Amount { fixed, rate }
    }

    /// What it will probably come to.
    pub(crate) fn likely(&self, budget: &Budget) -> u64 {
        let output = match (self.most_output, budget.reserve) {
            (Some(most), Reserve::Most) => most,
            (Some(most), Reserve::Likely) => most.min(self.likely_output),
            (None, _) => self.likely_output,
        };
        self.amount(budget.unit).with(output)
    }

    /// What a budget sets aside. Where the request names no bound, an empty budget is always enough for its output.
    pub(crate) fn wanted(&self, budget: &Budget) -> u64 {
        let all = match self.most_output {
            Some(_) => u64::MAX,
            None => self.amount(budget.unit).with(1).max(budget.limit),
        };
        self.likely(budget).min(all)
    }

    /// The least with which it can do anything.
    pub(crate) fn least(&self, amount: Amount) -> u64 {
        amount.with(self.choices)
    }

    /// The bound of each choice that keeps all of them within so many tokens; servers take none below 1.
    pub(crate) fn bound(&self, output: u64) -> u64 {
        (output / self.choices).max(1)
    }

    /// The most that the request may cost, in 10^-9.
    pub(crate) fn most_cost(&self) -> u64 {
        self.amount(Unit::Money)
            .with(self.most_output.unwrap_or(self.likely_output))
    }
}

/// What an exchange has come to.
pub(crate) struct Truth<'a> {
    pub(crate) record: &'a Record,
    pub(crate) charge: &'a Charge,
    /// In the currency of the configuration.
    pub(crate) cost: Option<Cost>,
}

impl Truth<'_> {
    /// The amount of a unit, of which `held` was set aside, `fixed` of that for the input.
    pub(crate) fn used(&self, unit: Unit, fixed: u64, held: u64) -> u64 {
        if matches!(unit, Unit::Requests | Unit::Streams) {
            return 0;
        }
        match self.charge {
            // Nobody knows how far the model came: it has the prompt.
            Charge::Nothing if self.was_left() => fixed,
            Charge::Nothing => 0,
            Charge::Unknown(_) => held,
            Charge::Exact(tally) | Charge::Estimated(tally, _) => match unit {
                Unit::InputTokens => tally.input,
                Unit::OutputTokens => tally.output,
                Unit::Tokens => tally.total(),
                Unit::Money => self.cost.map_or(0, |cost| cost.money.nanos_up()),
                Unit::Requests | Unit::Streams => 0,
            },
        }
    }

    /// Whether no upstream had anything to do with it.
    pub(crate) fn is_void(&self) -> bool {
        match self.record.origin {
            Origin::Upstream => false,
            Origin::Nobody => !self.was_left(),
            Origin::Denied(_) => self.charge.tally().is_none(),
            Origin::Answer(_) | Origin::Envoy => true,
        }
    }

    /// The client went away before any answer.
    fn was_left(&self) -> bool {
        self.record.origin == Origin::Nobody && self.record.outcome == Outcome::Cancelled
    }
}
