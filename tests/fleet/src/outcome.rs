//! What came of a run.

use crate::scenario::Slo;
use crate::simulate::Server;

/// The first share of the requests finds an empty fleet and is not counted.
const WARM_UP: f64 = 0.1;

/// What came of a run. Times are seconds; requests that failed count in no time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Requests counted.
    pub requests: f64,
    /// From arrival to the first token.
    pub ttft: Spread,
    /// From arrival to the last token.
    pub e2e: Spread,
    /// Between tokens, for answers of two and more.
    pub tpot: Spread,
    /// Share of requests that met both objectives.
    pub goodput: f64,
    /// Share of requests refused or not answered in time.
    pub failed: f64,
    /// Deviation of the servers' busy shares over their mean.
    pub utilization_cov: f64,
    /// Share of prompt tokens found in a prefix cache.
    pub prefix_hits: f64,
    /// Times a request lost its place in a KV cache.
    pub preemptions: f64,
    /// Answers a second.
    pub throughput: f64,
}

/// A distribution in four numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// 95 % are lower.
    pub p95: f64,
    /// 99 % are lower.
    pub p99: f64,
}

/// The times of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    arrival: f64,
    output: usize,
    pub(crate) first_token: Option<f64>,
    pub(crate) done: Option<f64>,
}

impl Life {
    pub(crate) fn new(arrival: f64, output: usize) -> Self {
        Self {
            arrival,
            output,
            first_token: None,
            done: None,
        }
    }
}

impl Outcome {
    pub(crate) fn of(lives: &[Life], servers: &[Server], slo: Slo, ended: f64) -> Self {
        let counted = &lives[(lives.len() as f64 * WARM_UP) as usize..];
        let (mut ttft, mut e2e, mut tpot) = (Vec::new(), Vec::new(), Vec::new());
        let mut good = 0;
        for life in counted {
            let (Some(first), Some(done)) = (life.first_token, life.done) else {
                continue;
            };
            let per_token = if life.output > 1 {
                (done - first) / (life.output as f64 - 1.0)
            } else {
                0.0
            };
            ttft.push(first - life.arrival);
            e2e.push(done - life.arrival);
            if life.output > 1 {
                tpot.push(per_token);
            }
            good += usize::from(first - life.arrival <= slo.ttft && per_token <= slo.tpot);
        }
        let requests = counted.len() as f64;
        let sum = |of: fn(&Server) -> u64| servers.iter().map(of).sum::<u64>() as f64;
        let prompts = sum(|server| server.engine.totals().prompt_tokens);
        Self {
            requests,
            goodput: good as f64 / requests,
            failed: (counted.len() - ttft.len()) as f64 / requests,
            ttft: Spread::of(ttft),
            e2e: Spread::of(e2e),
            tpot: Spread::of(tpot),
            utilization_cov: utilization_cov(servers, ended),
            prefix_hits: sum(|server| server.engine.totals().cached_tokens) / prompts.max(1.0),
            preemptions: sum(|server| server.engine.totals().preemptions),
            throughput: sum(|server| server.engine.totals().served) / ended.max(f64::MIN_POSITIVE),
        }
    }

    /// The mean of each figure over several runs.
    pub fn mean(runs: &[Self]) -> Self {
        let mean = |of: &dyn Fn(&Self) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
        let spread = |of: &dyn Fn(&Self) -> Spread| Spread {
            mean: mean(&|run| of(run).mean),
            p50: mean(&|run| of(run).p50),
            p95: mean(&|run| of(run).p95),
            p99: mean(&|run| of(run).p99),
        };
        Self {
            requests: mean(&|run| run.requests),
            ttft: spread(&|run| run.ttft),
            e2e: spread(&|run| run.e2e),
            tpot: spread(&|run| run.tpot),
            goodput: mean(&|run| run.goodput),
            failed: mean(&|run| run.failed),
            utilization_cov: mean(&|run| run.utilization_cov),
            prefix_hits: mean(&|run| run.prefix_hits),
            preemptions: mean(&|run| run.preemptions),
            throughput: mean(&|run| run.throughput),
        }
    }
}

impl Spread {
    /// Not numbers when there is nothing.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.sort_unstable_by(f64::total_cmp);
        let rank = |share: f64| {
            let index = ((values.len() as f64 - 1.0) * share).round() as usize;
            values.get(index).copied().unwrap_or(f64::NAN)
        };
        Self {
            mean,
            p50: rank(0.5),
            p95: rank(0.95),
            p99: rank(0.99),
        }
    }
}

fn utilization_cov(servers: &[Server], ended: f64) -> f64 {
    let busy: Vec<f64> = servers
        .iter()
        .map(|server| server.engine.totals().busy / ended.max(1.0))
        .collect();
    let mean = busy.iter().sum::<f64>() / busy.len() as f64;
    let variance = busy.iter().map(|busy| (busy - mean).powi(2)).sum::<f64>() / busy.len() as f64;
    variance.sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_the_sorted_values() {
        let spread = Spread::of((1..=101).rev().map(f64::from).collect());
        assert_eq!(
            (spread.mean, spread.p50, spread.p95, spread.p99),
            (51.0, 51.0, 96.0, 100.0)
        );
        assert!(Spread::of(vec![]).p99.is_nan());
    }
}
