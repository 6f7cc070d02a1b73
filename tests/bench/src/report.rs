//! The table for people.

use crate::contender::Contender;
use crate::figures::{Measure, Spread, absolute, added, paired, ratio};
use crate::rounds::Round;
use std::fmt::Write;

/// One row a contender; what stands in brackets is half the distance between the quartiles.
pub fn table(rounds: &[Round]) -> String {
    let mut table = format!("\n{:<9}", "");
    let columns = [
        "requests/s",
        "x bare",
        "CPU/request",
        "x bare",
        "+p50",
        "+p99",
        "+1st event",
        "CPU/event",
        "x bare",
        "+delay",
    ];
    for column in columns {
        let _ = write!(table, "{column:>16}");
    }
    for contender in Contender::ALL {
        let _ = write!(table, "\n{:<9}", contender.name());
        for measure in Measure::ALL {
            for cell in cells(rounds, contender, measure) {
                let _ = write!(table, "{cell:>16}");
            }
        }
    }
    table + "\n"
}

fn cells(rounds: &[Round], contender: Contender, measure: Measure) -> Vec<String> {
    let beside = |compare| paired(rounds, contender, Contender::Bare, measure, compare);
    if !measure.by_ratio() {
        return vec![cell(beside(added), 0, " us")];
    }
    let (places, unit) = if measure == Measure::UnaryThroughput {
        (0, "")
    } else {
        (1, " us")
    };
    vec![
        cell(absolute(rounds, contender, measure), places, unit),
        cell(beside(ratio), 2, ""),
    ]
}

fn cell(spread: Option<Spread>, places: usize, unit: &str) -> String {
    let half = |spread: Spread| (spread.high - spread.low) / 2.0;
    spread.map_or_else(
        || "-".to_owned(),
        |spread| format!("{:.places$}{unit} ({:.places$})", spread.median, half(spread)),
    )
}

/// The comparisons that the project sets itself.
pub fn goals(rounds: &[Round]) -> String {
    let mut lines = String::new();
    for (measure, name) in [
        (Measure::UnaryCpu, "CPU a unary request"),
        (Measure::EventCpu, "CPU an event, 64 streams"),
    ] {
        for contender in [Contender::Meter, Contender::Suite] {
            if let Some(spread) = paired(rounds, contender, Contender::Native, measure, ratio) {
                let Spread { low, median, high } = spread;
                let _ = writeln!(
                    lines,
                    "{name}, {} beside Envoy's native ai_protocol_manager: {median:.2} ({low:.2} to {high:.2})",
                    contender.name()
                );
            }
        }
    }
    lines
}
