//! Which of the quotes is taken: the least, unless a session, a zone or a price says otherwise.

use crate::config::Config;
use crate::quote::Quote;
use crate::random::hash;
use crate::state::{State, Wanted};
use penstock_filter_api::Headers;

/// Seconds that a model takes to load where it is not in memory.
const COLD_START_S: f64 = 10.0;

impl State {
    /// Adds the time to load a model where it is known not to be in memory.
    pub(crate) fn add_cold_starts(&self, model: Option<&str>, quotes: &mut [(usize, Quote)]) {
        let Some(model) = model else { return };
        for (index, quote) in quotes {
            let resident = self.polls.resident(*index);
            if !resident.is_empty() && !resident.iter().any(|name| name == model) {
                quote.cost += COLD_START_S;
                quote.first_token_s += COLD_START_S;
            }
        }
    }

    pub(crate) fn choose(
        &mut self,
        config: &Config,
        wanted: &Wanted<'_>,
        quotes: &[(usize, Quote)],
    ) -> Option<usize> {
        let best = self.picker.choose(quotes)?;
        if let Some(own) = self.own(config, wanted.headers, quotes) {
            return Some(own);
        }
        let prefer = &config.prefer;
        let backend = |index: usize| self.backends.get(index);
        let price = |index: usize| backend(index).map_or(0.0, |backend| backend.price);
        let cost = |quote: &Quote| quote.cost;
        if let Some(within_s) = prefer.cheapest_within_s {
            let cheap = quotes.iter().filter(|(_, quote)| quote.first_token_s <= within_s);
            let by_price = |a: &&(usize, Quote), b: &&(usize, Quote)| {
                price(a.0)
                    .total_cmp(&price(b.0))
                    .then(cost(&a.1).total_cmp(&cost(&b.1)))
            };
            return cheap.min_by(by_price).map(|(index, _)| *index).or(Some(best));
        }
        if prefer.within <= 1.0 {
            return Some(best);
        }
        let least = quotes
            .iter()
            .map(|(_, quote)| quote.cost)
            .fold(f64::INFINITY, f64::min);
        let far = |index: usize| {
            !prefer.zone.is_empty() && backend(index).is_some_and(|backend| backend.zone != prefer.zone)
        };
        let equal = quotes
            .iter()
            .filter(|(_, quote)| quote.cost <= least * prefer.within);
        let nearest = equal.min_by(|a, b| {
            let by_zone = far(a.0).cmp(&far(b.0));
            by_zone
                .then(price(a.0).total_cmp(&price(b.0)))
                .then(cost(&a.1).total_cmp(&cost(&b.1)))
        });
        nearest.map(|(index, _)| *index)
    }

    /// The session's own backend, unless the request would wait too long there.
    fn own(&self, config: &Config, headers: &Headers, quotes: &[(usize, Quote)]) -> Option<usize> {
        let sticky = config.sticky.as_ref()?;
        let session = hash(headers.first(&sticky.header).filter(|value| !value.is_empty())?);
        let (own, quote) = quotes
            .iter()
            .max_by_key(|(index, _)| self.picker.affinity(*index, session))?;
        let least = quotes
            .iter()
            .map(|(_, quote)| quote.first_token_s)
            .fold(f64::INFINITY, f64::min);
        (quote.first_token_s <= least + sticky.max_wait_s).then_some(*own)
    }

    /// The best backend's target, and those of the next best.
    pub(crate) fn targets(&self, best: usize, mut quotes: Vec<(usize, Quote)>, count: usize) -> String {
        let target = |index: usize| {
            self.backends
                .get(index)
                .map_or("", |backend| backend.target.as_str())
        };
        let mut targets = target(best).to_owned();
        if count > 1 {
            quotes.retain(|(index, _)| *index != best);
            penstock_wire::sort_by_key(&mut quotes, |(_, quote)| [order(quote.cost), 0, 0]);
            for (index, _) in quotes.iter().take(count - 1) {
                targets.push(',');
                targets.push_str(target(*index));
            }
        }
        targets
    }
}

/// A key that sorts costs, in microseconds.
fn order(cost: f64) -> usize {
    (cost * 1e6).clamp(0.0, 4e9) as usize
}
