//! Outcomes in rows and columns.

use std::fmt::Write;

use crate::jobs::Played;
use crate::outcome::Outcome;

/// A column: its name, its figure, the decimals shown.
type Column = (&'static str, fn(&Outcome) -> f64, usize);

/// Times are seconds, shares 0 to 1.
const COLUMNS: [Column; 14] = [
    ("ttft_mean", |outcome| outcome.ttft.mean, 3),
    ("ttft_p50", |outcome| outcome.ttft.p50, 3),
    ("ttft_p95", |outcome| outcome.ttft.p95, 3),
    ("ttft_p99", |outcome| outcome.ttft.p99, 3),
    ("e2e_mean", |outcome| outcome.e2e.mean, 2),
    ("e2e_p99", |outcome| outcome.e2e.p99, 2),
    ("tpot_mean", |outcome| outcome.tpot.mean, 4),
    ("tpot_p99", |outcome| outcome.tpot.p99, 4),
    ("goodput", |outcome| outcome.goodput, 4),
    ("failed", |outcome| outcome.failed, 4),
    ("util_cov", |outcome| outcome.utilization_cov, 3),
    ("prefix_hits", |outcome| outcome.prefix_hits, 3),
    ("preemptions", |outcome| outcome.preemptions, 0),
    ("throughput", |outcome| outcome.throughput, 2),
];

/// A row for each, columns aligned, for people.
pub fn text(played: &[Played]) -> String {
    let names = COLUMNS.iter().map(|(name, ..)| (*name).to_owned());
    let mut rows = vec![
        ["policy".to_owned(), "rate".to_owned()]
            .into_iter()
            .chain(names)
            .collect(),
    ];
    for played in played {
        rows.push(row(played, |value, decimals| format!("{value:.decimals$}")));
    }
    aligned(&rows)
}

/// The same with commas and full precision, for programs.
pub fn csv(played: &[Played]) -> String {
    let mut csv = String::from("policy,rate");
    for (name, ..) in COLUMNS {
        csv.push(',');
        csv.push_str(name);
    }
    csv.push('\n');
    for played in played {
        csv.push_str(&row(played, |value, _| format!("{value}")).join(","));
        csv.push('\n');
    }
    csv
}

fn row(played: &Played, show: impl Fn(f64, usize) -> String) -> Vec<String> {
    let mut row = vec![
        played.cell.policy.name.to_owned(),
        played.cell.scenario.rate.to_string(),
    ];
    row.extend(
        COLUMNS
            .iter()
            .map(|(_, figure, decimals)| show(figure(&played.outcome), *decimals)),
    );
    row
}

/// Rows of equally many fields: the first column to the left, the others to the right.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (field, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "{field:width$}"),
                _ => write!(text, "  {field:>width$}"),
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest() {
        let rows = [["a", "10"], ["long", "7"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "a     10\nlong   7\n");
    }
}
