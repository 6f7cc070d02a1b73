//! The tab of one exchange: what it holds in its budgets, from its prompt to its end.

use super::account::{Seat, Standing, Teller};
use super::client::Client;
use super::demand::{Amount, Demand, Truth};
use super::hold::Hold;
use super::metric::Event;
use super::raw::{Field, Unit};
use super::rule::Budget;
use super::shared::StateError;
use super::standing::{Admitted, Refused, exhausted, is_longer, unavailable};
use super::till::Till;
use crate::ratio::Sums;
use crate::tally::believed;
use penstock_filter_api::{Denial, OnFailure, Ports, Record};

/// What an exchange holds.
#[derive(Debug, Default)]
pub(crate) struct Tab {
    holds: Vec<Hold>,
    /// Input tokens that are set aside, as they were estimated, or reported since.
    input: u64,
    /// Output tokens for which everything it holds is enough.
    enough: u64,
    /// The budget that ended while the answer ran.
    cut: Option<usize>,
    /// Its budgets were asked.
    opened: bool,
}

/// All of an exchange that decides about its budgets.
pub(crate) struct Party<'a> {
    pub(crate) budgets: &'a [Budget],
    pub(crate) client: &'a Client,
    pub(crate) record: &'a Record,
    /// The whole meter only pretends.
    pub(crate) shadow: bool,
    pub(crate) now_ns: u64,
}

/// What an exchange wants of a budget.
#[derive(Debug)]
pub(crate) struct Want {
    pub(crate) amount: Amount,
    pub(crate) least: u64,
    pub(crate) most: u64,
    /// Less than this may be too little for its answer.
    pub(crate) likely: u64,
    pub(crate) enforces: bool,
}

impl Want {
    /// `None` where it wants nothing.
    fn new(budget: &Budget, demand: &Demand, party: &Party<'_>) -> Option<Self> {
        let amount = demand.amount(budget.unit);
        let most = demand.wanted(budget);
        let least = if budget.soft {
            demand.least(amount).min(most)
        } else {
            most
        };
        (most > 0).then_some(Self {
            amount,
            least,
            most,
            likely: demand.likely(budget),
            enforces: budget.enforces && !party.shadow,
        })
    }
}

impl Party<'_> {
    /// The budgets that the exchange is charged to.
    fn budgets(&self) -> impl Iterator<Item = (usize, &Budget)> {
        let tenant = self.client.tenant.as_deref();
        let concerned = move |(_, budget): &(usize, &Budget)| budget.scope.has_request(self.record, tenant);
        self.budgets.iter().enumerate().filter(concerned)
    }

    fn seat(&self, budget: &Budget) -> Seat {
        let account = budget.account(|field| self.value(field));
        let tenant = self.client.tenant.as_deref();
        let member = budget.fair.as_ref().map(|fair| fair.member(tenant));
        Seat::new(account, member.unwrap_or_default(), budget)
    }

    /// What a field of a key is of this exchange.
    fn value(&self, field: Field) -> &str {
        match field {
            Field::Tenant => self.client.tenant.as_deref().unwrap_or_default(),
            Field::Route => &self.record.route,
            Field::Model => self.record.request_model.as_deref().unwrap_or_default(),
            Field::Api => self.record.api.map_or("", |api| api.name()),
            Field::ApiKey => self.client.api_key.as_deref().unwrap_or_default(),
        }
    }
}

impl Tab {
    /// Asks all budgets, in their order; all let the exchange in, or none holds anything.
    ///
    /// # Errors
    /// The refusal by the budget that is the longest used up.
    pub(crate) fn open(
        &mut self,
        party: &Party<'_>,
        demand: &Demand,
        till: &mut Till,
        ports: &mut dyn Ports,
    ) -> Result<Admitted, Refused> {
        self.opened = true;
        self.input = demand.input_tokens;
        let mut admitted = Admitted::default();
        let mut refusal: Option<Denial> = None;
        for of in party.budgets() {
            let Some(mut want) = Want::new(of.1, demand, party) else {
                self.holds.push(Hold::late(of.0, party.seat(of.1)));
                continue;
            };
            if refusal.is_some() {
                // Who is refused already takes nothing more, and only asks for how long.
                want.most = 0;
            }
            let Err(denial) = self.ask(of, &want, party, &mut admitted, till, ports) else {
                continue;
            };
            if !want.enforces {
                till.counters.add(of, Event::WouldDeny, 1, ports);
                continue;
            }
            till.counters.add(of, Event::Denied, 1, ports);
            if refusal.as_ref().is_none_or(|first| is_longer(&denial, first)) {
                refusal = Some(denial);
            }
            self.put_back(party, till, ports);
        }
        self.count_enough();
        match refusal {
            None => Ok(admitted),
            Some(denial) => Err(admitted.refused(denial)),
        }
    }

    /// Asks one budget, and holds what it gives.
    fn ask(
        &mut self,
        of: (usize, &Budget),
        want: &Want,
        party: &Party<'_>,
        admitted: &mut Admitted,
        till: &mut Till,
        ports: &mut dyn Ports,
    ) -> Result<(), Denial> {
        let (index, budget) = of;
        let Ok((worker, standing)) = take(party, of, (want.least, want.most), till, ports) else {
            till.counters.add(of, Event::StateError, 1, ports);
            return match budget.on_state_error {
                OnFailure::Closed => Err(unavailable()),
                OnFailure::Open => {
                    self.holds.push(Hold::late(index, party.seat(budget)));
                    Ok(())
                }
            };
        };
        if want.enforces {
            admitted.tell(budget, &standing);
        }
        if standing.taken > 0 {
            self.holds.push(Hold::new(of, worker, want, &standing));
            if want.enforces {
                admitted.allow(budget, want, &standing);
            }
        } else if want.most > 0 || standing.left < want.least {
            return Err(exhausted(budget, want.least, &standing));
        }
        Ok(())
    }

    /// Gives all of it back, unused.
    fn put_back(&mut self, party: &Party<'_>, till: &mut Till, ports: &mut dyn Ports) {
        for hold in std::mem::take(&mut self.holds) {
            if let Some(budget) = party.budgets.get(hold.index) {
                let booking = hold.booking(|_, _| 0, true);
                till.book(budget, booking, party.now_ns, ports);
            }
        }
    }

    fn count_enough(&mut self) {
        let enough = self.holds.iter().filter_map(Hold::enough);
        self.enough = enough.min().unwrap_or(u64::MAX);
    }

    /// What was generated so far, if that or the prompt is more than what the exchange holds is enough for. Almost always
    /// it is not.
    pub(crate) fn outgrown(&self, ratio: &Sums, record: &Record) -> Option<u64> {
        if self.holds.is_empty() || self.cut.is_some() {
            return None;
        }
        let estimate = ratio.tokens(record.output_text_bytes);
        let output = estimate.max(record.usage.output_tokens.filter(believed).unwrap_or(0));
        (output > self.enough || input(record) > self.input).then_some(output)
    }

    /// Draws on its budgets for so much output.
    #[cold]
    pub(crate) fn draw(&mut self, output: u64, party: &Party<'_>, till: &mut Till, ports: &mut dyn Ports) {
        let longer = input(party.record).saturating_sub(self.input);
        self.input += longer;
        for hold in self.holds.iter_mut().filter(|hold| hold.enough().is_some()) {
            let Some(budget) = party.budgets.get(hold.index) else {
                continue;
            };
            if budget.unit == Unit::Tokens {
                hold.lengthen(longer);
            }
            let of = (hold.index, budget);
            let drawn = hold.draw(budget, output, party.now_ns, till, ports);
            if drawn.is_err() {
                till.counters.add(of, Event::StateError, 1, ports);
            }
            let ends = match drawn {
                Ok(enough) => !enough,
                Err(StateError) => budget.on_state_error == OnFailure::Closed,
            };
            hold.ended = ends || drawn.is_err();
            if ends && hold.enforces {
                self.cut = self.cut.or(Some(hold.index));
            } else if ends {
                till.counters.add(of, Event::WouldCut, 1, ports);
            }
        }
        self.count_enough();
    }

    /// The refusal that ends the running answer, if a budget has ended.
    pub(crate) fn cut(
        &mut self,
        budgets: &[Budget],
        till: &mut Till,
        ports: &mut dyn Ports,
    ) -> Option<Denial> {
        let index = self.cut?;
        let budget = budgets.get(index)?;
        till.counters.add((index, budget), Event::Cut, 1, ports);
        let message = format!("the budget {} is used up: the answer ends here", budget.name);
        Some(Denial::new(429, budget.code, message))
    }

    /// Books what the exchange came to. One that no budget was asked for is booked all the same.
    pub(crate) fn close(
        &mut self,
        truth: &Truth<'_>,
        party: &Party<'_>,
        till: &mut Till,
        ports: &mut dyn Ports,
    ) {
        if !std::mem::replace(&mut self.opened, true) && truth.charge.tally().is_some() {
            let late = party
                .budgets()
                .map(|(index, budget)| Hold::late(index, party.seat(budget)));
            self.holds.extend(late);
        }
        for hold in std::mem::take(&mut self.holds) {
            let Some(budget) = party.budgets.get(hold.index) else {
                continue;
            };
            let used = |fixed, held| truth.used(budget.unit, fixed, held);
            let booking = hold.booking(used, truth.is_void());
            till.book(budget, booking, party.now_ns, ports);
            if let Some(account) = hold.account(booking.used).filter(|_| !truth.is_void()) {
                let of = (hold.index, budget);
                till.exports
                    .consider(of, account, |field| party.value(field), ports);
            }
        }
    }
}

/// What the upstream says of the prompt, as soon as it does.
fn input(record: &Record) -> u64 {
    record.usage.input_tokens.filter(believed).unwrap_or(0)
}

/// Takes from one budget, and counts it.
fn take(
    party: &Party<'_>,
    (index, budget): (usize, &Budget),
    asked: (u64, u64),
    till: &mut Till,
    ports: &mut dyn Ports,
) -> Result<(u32, Standing), StateError> {
    let worker = till.workers.own(ports, party.now_ns)?;
    let teller = Teller {
        worker,
        alive: till.workers.alive(),
        now_ns: party.now_ns,
    };
    let standing = budget.take(party.seat(budget), asked, teller, ports)?;
    let overflows = u64::from(standing.seat.overflows());
    let taken = if budget.spends_at_once() {
        Event::Used
    } else {
        Event::Reserved
    };
    for (event, by) in [
        (taken, standing.taken),
        (Event::Overflow, overflows),
        (Event::Expired, standing.expired),
    ] {
        till.counters.add((index, budget), event, by, ports);
    }
    Ok((worker, standing))
}
