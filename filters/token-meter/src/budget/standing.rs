//! How budgets stand once they were asked: what the client is told, and the refusals.

use super::account::Standing;
use super::raw::Unit;
use super::rule::Budget;
use super::tab::Want;
use penstock_filter_api::Denial;

/// Where an exchange stands once it is let in.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    /// The output that soft budgets have left for it.
    pub(crate) output: Option<u64>,
    /// A budget may end while the answer runs.
    pub(crate) may_end: bool,
    /// What the answer says is booked.
    pub(crate) reads: bool,
    pub(crate) told: Vec<Told>,
}

/// Why an exchange is not let in, and where its budgets stand.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) denial: Denial,
    pub(crate) told: Vec<Told>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self {
            denial,
            told: Vec::new(),
        }
    }
}

/// How a budget stands, for the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) unit: Unit,
    pub(crate) limit: u64,
    pub(crate) left: u64,
    pub(crate) reset_s: u64,
    taken: u64,
}

impl Admitted {
    /// Adds how a budget stands, whether it lets the exchange in or not.
    pub(crate) fn tell(&mut self, budget: &Budget, standing: &Standing) {
        self.told.push(Told {
            unit: budget.unit,
            limit: budget.limit,
            left: standing.left,
            reset_s: standing.reset_s,
            taken: standing.taken,
        });
    }

    /// Another budget has refused: what this exchange took goes back.
    pub(crate) fn refused(mut self, denial: Denial) -> Refused {
        for told in &mut self.told {
            told.left = told.left.saturating_add(told.taken);
        }
        Refused {
            denial,
            told: self.told,
        }
    }

    /// Adds what a budget allows that lets the exchange in.
    pub(crate) fn allow(&mut self, budget: &Budget, want: &Want, standing: &Standing) {
        let amount = want.amount;
        if budget.soft && standing.taken < want.likely {
            let output = amount.output_of(standing.taken);
            self.output = Some(self.output.map_or(output, |known| known.min(output)));
        }
        self.may_end |= amount.grows();
        self.reads |= !matches!(budget.unit, Unit::Requests | Unit::Streams);
    }
}

/// The refusal of an exchange that needs more than is left.
pub(crate) fn exhausted(budget: &Budget, least: u64, standing: &Standing) -> Denial {
    let Budget {
        name, limit, code, ..
    } = budget;
    if least > *limit {
        let message = format!("the request needs more than all of the budget {name}");
        return Denial::new(429, code, message);
    }
    let whose = if standing.free >= least {
        "this tenant's share of "
    } else {
        ""
    };
    Denial {
        retry_after_s: Some(standing.wait_s),
        ..Denial::new(429, code, format!("{whose}the budget {name} is used up"))
    }
}

/// The code of refusals where shared data fails.
pub(crate) const UNAVAILABLE: &str = "budget_unavailable";

/// The refusal where shared data fails.
pub(crate) fn unavailable() -> Denial {
    Denial {
        retry_after_s: Some(1),
        ..Denial::new(429, UNAVAILABLE, "the budgets cannot be read")
    }
}

/// Whether a refusal holds longer than another; one that names no time holds for ever.
pub(crate) fn is_longer(one: &Denial, other: &Denial) -> bool {
    let seconds = |denial: &Denial| denial.retry_after_s.unwrap_or(u64::MAX);
    seconds(one) > seconds(other)
}
