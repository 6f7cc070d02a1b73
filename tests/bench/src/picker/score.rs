//! What a policy achieved.

use super::client::{Answer, PATIENCE_S, Seen};
use super::trace::Trace;
use serde_json::{Map, Value, json};

/// A good answer has its first token within so many seconds,
pub const SLO_FIRST_S: f64 = 1.0;
/// and takes at most so many for each later one.
pub const SLO_TOKEN_S: f64 = 0.06;
/// The first tenth of a run, while the fleet fills, does not count.
const WARM_UP: f64 = 0.1;

/// Times are seconds of the fleet's clock.
pub struct Score {
    /// Time to first token: median, 95th and 99th percentile. Who failed waited as long as a client may.
    pub first: [f64; 3],
    /// Time for each later token: median and 99th percentile of the whole answers.
    pub token: [f64; 2],
    /// Share of the requests without a whole answer.
    pub failed: f64,
    /// Share of the requests with a good answer.
    pub good: f64,
    /// How late a request was sent at worst.
    pub late: f64,
    /// Cores that Envoy and the fleet kept busy.
    pub cores: [f64; 2],
}

impl Score {
    pub fn of(trace: &Trace, seen: &Seen, envoy_cores: f64, fleet_cores: f64) -> Self {
        let skipped = (trace.requests.len() as f64 * WARM_UP) as usize;
        let pairs: Vec<_> = trace.requests.iter().zip(&seen.answers).skip(skipped).collect();
        let count = pairs.len().max(1) as f64;
        let paces: Vec<_> = pairs
            .iter()
            .filter_map(|(request, answer)| answer.paces(request))
            .collect();
        let failed = pairs
            .iter()
            .filter(|(_, answer)| **answer == Answer::Failed)
            .count();
        let good = |(first, token): &&(f64, f64)| *first <= SLO_FIRST_S && *token <= SLO_TOKEN_S;
        let waits = paces.iter().map(|pace| pace.0);
        let first = sorted(waits.chain(std::iter::repeat_n(PATIENCE_S, failed)));
        let token = sorted(paces.iter().map(|pace| pace.1));
        Self {
            first: [0.5, 0.95, 0.99].map(|part| quantile(&first, part)),
            token: [0.5, 0.99].map(|part| quantile(&token, part)),
            failed: failed as f64 / count,
            good: paces.iter().filter(good).count() as f64 / count,
            late: seen.late_s,
            cores: [envoy_cores, fleet_cores],
        }
    }

    pub fn row(&self, name: &str) -> String {
        let [p50, p95, p99] = self.first;
        let [token, token_p99] = self.token.map(|seconds| seconds * 1e3);
        let [envoy, fleet] = self.cores;
        format!(
            "{name:<22}{p50:>9.3}{p95:>9.3}{p99:>9.3}{token:>9.1}{token_p99:>9.1}{:>9.2}%{:>9.1}%{:>9.3}{envoy:>8.2}{fleet:>8.2}",
            self.failed * 100.0,
            self.good * 100.0,
            self.late,
        )
    }

    /// Adds each figure under its name, the policy's and the rate.
    pub fn keep(&self, figures: &mut Map<String, Value>, of: &str) {
        let [p50, p95, p99] = self.first;
        let [token, token_p99] = self.token;
        for (name, value) in [
            ("first_token_p50_s", p50),
            ("first_token_p95_s", p95),
            ("first_token_p99_s", p99),
            ("token_p50_s", token),
            ("token_p99_s", token_p99),
            ("failed", self.failed),
            ("goodput", self.good),
            ("sent_late_s", self.late),
            ("envoy_cores", self.cores[0]),
            ("fleet_cores", self.cores[1]),
        ] {
            figures.insert(format!("{name}_{of}"), json!((value * 1e4).round() / 1e4));
        }
    }
}

/// The heads of the columns, below what is run.
pub fn head(rate: f64, trace: &Trace) -> String {
    let mut head = format!("{rate} requests/s, {} requests\n{:<22}", trace.requests.len(), "");
    for column in ["p50 s", "p95 s", "p99 s", "ms/token", "p99"] {
        head += &format!("{column:>9}");
    }
    head + &format!(
        "{:>10}{:>10}{:>9}{:>8}{:>8}",
        "failed", "good", "late s", "Envoy", "fleet"
    )
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = ((sorted.len().max(1) - 1) as f64 * part).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_failed_counts_with_the_slowest() {
        let trace = Trace::generate(10.0, 100.0, 3);
        let answer = |(place, request): (usize, &super::super::trace::Request)| match place % 4 {
            0 => Answer::Failed,
            1 => Answer::Whole { first: 2.0, end: 3.0 },
            _ => Answer::Whole {
                first: 0.1,
                end: 0.1 + 0.01 * request.output as f64,
            },
        };
        let seen = Seen {
            answers: trace.requests.iter().enumerate().map(answer).collect(),
            wall_s: 100.0,
            late_s: 0.0,
        };
        let score = Score::of(&trace, &seen, 0.0, 0.0);
        assert!((score.failed - 0.25).abs() < 0.01 && (score.good - 0.5).abs() < 0.01);
        assert_eq!(score.first[2], PATIENCE_S);
        assert!(score.first[0] <= 2.0);
    }
}
