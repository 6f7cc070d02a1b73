//! From rounds to figures: medians of what was compared within a round.

use crate::contender::Contender;
use crate::rounds::Round;
use serde_json::{Map, Value, json};

/// What is measured in every round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Unary requests a second, proxy busy.
    UnaryThroughput,
    /// CPU a unary request, in us.
    UnaryCpu,
    /// Median time of a unary request, proxy idle but for it, in us.
    UnaryP50,
    /// As that, 99th percentile.
    UnaryP99,
    /// Time from a request to the first event of its stream, in us.
    FirstEvent,
    /// CPU an event of a stream, in us.
    EventCpu,
    /// Age of an event when the client has it, median, in us.
    EventDelay,
}

impl Measure {
    pub const ALL: [Self; 7] = [
        Self::UnaryThroughput,
        Self::UnaryCpu,
        Self::UnaryP50,
        Self::UnaryP99,
        Self::FirstEvent,
        Self::EventCpu,
        Self::EventDelay,
    ];

    /// Its name in keys, and the unit of its figure.
    pub fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::UnaryThroughput => ("unary_throughput", "rps"),
            Self::UnaryCpu => ("unary_cpu", "us"),
            Self::UnaryP50 => ("unary_p50", "us"),
            Self::UnaryP99 => ("unary_p99", "us"),
            Self::FirstEvent => ("first_event", "us"),
            Self::EventCpu => ("event_cpu", "us"),
            Self::EventDelay => ("event_delay", "us"),
        }
    }

    /// Whether contenders are compared by ratio, or else by what they add.
    pub fn by_ratio(self) -> bool {
        match self {
            Self::UnaryThroughput | Self::UnaryCpu | Self::EventCpu => true,
            Self::UnaryP50 | Self::UnaryP99 | Self::FirstEvent | Self::EventDelay => false,
        }
    }
}

/// A median with its quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let at = |quantile: f64| {
            values
                .get(((values.len().max(1) - 1) as f64 * quantile).round() as usize)
                .copied()
        };
        Some(Self {
            low: at(0.25)?,
            median: at(0.5)?,
            high: at(0.75)?,
        })
    }
}

/// What a contender measured.
pub fn absolute(rounds: &[Round], contender: Contender, measure: Measure) -> Option<Spread> {
    Spread::of(
        rounds
            .iter()
            .filter_map(|round| round.get(&(contender, measure)).copied())
            .collect(),
    )
}

/// The contender beside another, within each round.
pub fn paired(
    rounds: &[Round],
    contender: Contender,
    other: Contender,
    measure: Measure,
    compare: fn(f64, f64) -> f64,
) -> Option<Spread> {
    let pair = |round: &Round| Some((*round.get(&(contender, measure))?, *round.get(&(other, measure))?));
    Spread::of(
        rounds
            .iter()
            .filter_map(pair)
            .map(|(one, other)| compare(one, other))
            .collect(),
    )
}

pub fn ratio(one: f64, other: f64) -> f64 {
    one / other
}

pub fn added(one: f64, other: f64) -> f64 {
    one - other
}

/// `quantile` of the values, 0 for none.
pub fn quantile(values: &[u64], quantile: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len().max(1) - 1) as f64 * quantile;
    sorted.get(at.round() as usize).copied().unwrap_or(0) as f64
}

/// All ratios, as `unary_cpu_meter_to_native`, each with `_low` and `_high`.
pub fn ratios(rounds: &[Round]) -> Map<String, Value> {
    let mut ratios = Map::new();
    for measure in Measure::ALL.into_iter().filter(|measure| measure.by_ratio()) {
        for (contender, other) in pairs() {
            if let Some(spread) = paired(rounds, contender, other, measure, ratio) {
                let key = format!("{}_{}_to_{}", measure.key().0, contender.name(), other.name());
                insert(&mut ratios, &key, spread, 4);
            }
        }
    }
    ratios
}

/// All figures, as `unary_cpu_us_meter` and `added_unary_p50_us_meter`, each with `_low` and `_high`.
pub fn figures(rounds: &[Round]) -> Map<String, Value> {
    let mut figures = Map::new();
    for measure in Measure::ALL {
        let (name, unit) = measure.key();
        for contender in Contender::ALL {
            if let Some(spread) = absolute(rounds, contender, measure) {
                insert(
                    &mut figures,
                    &format!("{name}_{unit}_{}", contender.name()),
                    spread,
                    2,
                );
            }
            if !measure.by_ratio()
                && contender != Contender::Bare
                && let Some(spread) = paired(rounds, contender, Contender::Bare, measure, added)
            {
                insert(
                    &mut figures,
                    &format!("added_{name}_{unit}_{}", contender.name()),
                    spread,
                    2,
                );
            }
        }
    }
    figures
}

fn pairs() -> impl Iterator<Item = (Contender, Contender)> {
    let all = |other| {
        Contender::ALL
            .into_iter()
            .map(move |contender| (contender, other))
    };
    let to_bare = all(Contender::Bare).filter(|(contender, other)| contender != other);
    let ours = |pair: &(Contender, Contender)| matches!(pair.0, Contender::Meter | Contender::Suite);
    to_bare
        .chain(all(Contender::Native).filter(ours))
        .chain(all(Contender::Reading).filter(ours))
}

fn insert(map: &mut Map<String, Value>, key: &str, spread: Spread, places: usize) {
    for (end, value) in [("", spread.median), ("_low", spread.low), ("_high", spread.high)] {
        // Rounded as text: a binary fraction would show all its digits.
        let rounded = format!("{value:.places$}").parse().unwrap_or(value);
        map.insert(format!("{key}{end}"), json!(rounded));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_a_round() {
        let round = |bare: f64, meter: f64| {
            [
                ((Contender::Bare, Measure::UnaryCpu), bare),
                ((Contender::Meter, Measure::UnaryCpu), meter),
            ]
            .into_iter()
            .collect::<Round>()
        };
        // The machine slows down from round to round; the ratio does not.
        let rounds = [round(10.0, 13.0), round(20.0, 26.0), round(40.0, 50.0)];
        let ratios = ratios(&rounds);
        assert_eq!(ratios.get("unary_cpu_meter_to_bare"), Some(&json!(1.3)));
        assert_eq!(ratios.get("unary_cpu_meter_to_bare_low"), Some(&json!(1.3)));
        assert_eq!(ratios.get("unary_cpu_meter_to_native"), None);
        assert_eq!(figures(&rounds).get("unary_cpu_us_bare"), Some(&json!(20.0)));
    }

    #[test]
    fn quantiles_of_few_values() {
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[3, 1, 2], 0.5), 2.0);
        assert_eq!(quantile(&[3, 1, 2], 0.99), 3.0);
    }
}
