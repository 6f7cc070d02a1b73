//! What came of it, as a table or a document.

use super::{Row, capacity};
use crate::args::{Question, SimulateArgs};
use crate::input;
use penstock_fleet::jobs::Played;
use penstock_fleet::table::aligned;
use penstock_fleet::{Outcome, Spread, Trace};
use serde_json::{Value, json};

/// The table.
pub(super) fn table(args: &SimulateArgs, trace: &Trace, rows: &[Row]) -> String {
    let slo = args.base.slo;
    let mut text = format!(
        "{}: {} requests, {}/s by itself\n{}: {} servers\ngood: first token within {} s, then {} ms a token\n",
        input::name(&args.trace),
        trace.records().len(),
        figure(trace.rate()),
        args.fleet,
        args.base.fleet.len(),
        slo.ttft,
        figure(slo.tpot * 1e3),
    );
    if args.question == Question::Capacity {
        text.push_str("rate: the highest at which 99 % of the requests are good\n");
    }
    text.push('\n');
    let header = [
        "policy", "rate", "TTFT p50", "p95", "p99", "TPOT p99", "goodput", "failed",
    ];
    let mut cells = vec![header.map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|row| {
        let mut fields = vec![row.policy.name.to_owned()];
        match &row.played {
            Some(played) => fields.extend(measured(played)),
            None => {
                fields.push("none".to_owned());
                fields.resize(header.len(), "-".to_owned());
            }
        }
        fields
    }));
    text.push_str(&aligned(&cells));
    text
}

fn measured(played: &Played) -> [String; 7] {
    let Outcome {
        ttft,
        tpot,
        goodput,
        failed,
        ..
    } = played.outcome;
    let seconds = |time: f64| {
        if time.is_finite() {
            format!("{time:.3} s")
        } else {
            "-".to_owned()
        }
    };
    [
        format!("{}/s", figure(played.cell.scenario.rate)),
        seconds(ttft.p50),
        seconds(ttft.p95),
        seconds(ttft.p99),
        if tpot.p99.is_finite() {
            format!("{:.1} ms", tpot.p99 * 1e3)
        } else {
            "-".to_owned()
        },
        format!("{:.2} %", goodput * 100.0),
        format!("{:.2} %", failed * 100.0),
    ]
}

/// Three digits, as people write them.
fn figure(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    rounded.to_string()
}

/// The document, on one line.
pub(super) fn document(args: &SimulateArgs, trace: &Trace, rows: &[Row]) -> String {
    let slo = args.base.slo;
    let capacity = (args.question == Question::Capacity).then_some(capacity::GOODPUT);
    let document = json!({
        "trace": input::name(&args.trace),
        "requests": trace.records().len(),
        "rate": exact(trace.rate()),
        "fleet": args.fleet,
        "servers": args.base.fleet.len(),
        "seeds": args.seeds,
        "slo": { "ttft_s": slo.ttft, "tpot_s": slo.tpot },
        "capacity_goodput": capacity,
        "results": rows.iter().map(result).collect::<Value>(),
    });
    format!("{document}\n")
}

fn result(row: &Row) -> Value {
    let Some(Played { cell, outcome }) = &row.played else {
        return json!({ "policy": row.policy.name, "rate": null });
    };
    json!({
        "policy": row.policy.name,
        "rate": exact(cell.scenario.rate),
        "duration_s": exact(cell.scenario.duration),
        "ttft_s": spread(outcome.ttft),
        "tpot_s": spread(outcome.tpot),
        "e2e_s": spread(outcome.e2e),
        "goodput": exact(outcome.goodput),
        "failed": exact(outcome.failed),
        "prefix_hits": exact(outcome.prefix_hits),
        "preemptions": exact(outcome.preemptions),
        "answers_per_second": exact(outcome.throughput),
    })
}

fn spread(times: Spread) -> Value {
    json!({
        "mean": exact(times.mean),
        "p50": exact(times.p50),
        "p95": exact(times.p95),
        "p99": exact(times.p99),
    })
}

/// To millionths; null where there is nothing to measure.
fn exact(value: f64) -> Value {
    json!((value * 1e6).round() / 1e6)
}
