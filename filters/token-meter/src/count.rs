//! What goes on a page of the books at the end of an exchange.

use crate::book::Page;
use crate::metric::{Metric, TokenType};
use crate::prices::{Cost, PriceTable};
use crate::ratio::{Ratio, spoken};
use crate::tally::{Charge, Tally};
use penstock_filter_api::{Origin, Record, Times};

/// Counts tokens and cost.
pub(crate) fn count(page: &mut Page<'_>, prices: &PriceTable, charge: &Charge, cost: Option<Cost>) {
    match charge {
        Charge::Nothing => {}
        Charge::Unknown(reason) => page.add(Metric::Missing(*reason), 1),
        Charge::Exact(tally) => tokens(page, tally),
        Charge::Estimated(tally, reason) => {
            page.add(Metric::Estimated(*reason), 1);
            tokens(page, tally);
        }
    }
    if let Some(Cost { money, currency }) = cost {
        page.add_cost(currency, prices.currency(currency), money);
    } else if charge.tally().is_some() && !prices.is_empty() {
        page.add(Metric::Unpriced, 1);
    }
}

fn tokens(page: &mut Page<'_>, tally: &Tally) {
    page.add(Metric::Tokens(TokenType::Input), tally.input);
    page.add(Metric::Tokens(TokenType::Output), tally.output);
    page.add(Metric::Tokens(TokenType::Cached), tally.cached);
    page.add(Metric::Tokens(TokenType::CacheCreation), tally.cache_creation());
    page.add(Metric::Tokens(TokenType::Reasoning), tally.reasoning);
    page.add(Metric::Tokens(TokenType::InputAudio), tally.audio_input);
    page.add(Metric::Tokens(TokenType::OutputAudio), tally.audio_output);
}

/// Counts what an estimate would have missed of usage that was reported.
pub(crate) fn misjudge(page: &mut Page<'_>, ratio: &Ratio, record: &Record, charge: &Charge) {
    let Charge::Exact(tally) = charge else { return };
    let input = ratio.input.tokens(record.input_text_bytes);
    let output = ratio.output.tokens(record.output_text_bytes);
    for (kind, estimate, tokens) in [
        (TokenType::Input, input, tally.input),
        (TokenType::Output, output, spoken(tally)),
    ] {
        page.add(Metric::EstimateError(kind), estimate.abs_diff(tokens));
    }
}

/// Records how long the upstream took. What others answered says nothing of a model's speed.
pub(crate) fn time(page: &mut Page<'_>, record: &Record, charge: &Charge) {
    if record.origin != Origin::Upstream {
        return;
    }
    if let Some(duration) = duration_ms(&record.times) {
        page.record(Metric::Duration(record.outcome), duration);
    }
    if let Some(first_token) = first_token_ms(record) {
        page.record(Metric::FirstToken, first_token);
    }
    if let Some(time) = charge.tally().and_then(|tally| per_token_us(record, tally)) {
        page.record(Metric::TimePerToken, time);
    }
}

/// From the request's head to the end.
pub(crate) fn duration_ms(times: &Times) -> Option<u64> {
    between(times.start, times.end).map(|nanos| rounded(nanos, 1_000_000))
}

/// From the request's head to the first output. Only a stream has one.
pub(crate) fn first_token_ms(record: &Record) -> Option<u64> {
    let Times {
        start, first_output, ..
    } = record.times;
    let nanos = between(start, first_output).filter(|_| record.stream)?;
    Some(rounded(nanos, 1_000_000))
}

/// The time between two tokens of the output: the first one ends no interval
/// (OpenTelemetry `gen_ai.server.time_per_output_token`).
fn per_token_us(record: &Record, tally: &Tally) -> Option<u64> {
    let Times {
        first_output,
        last_output,
        ..
    } = record.times;
    let nanos = between(first_output, last_output).filter(|nanos| record.stream && *nanos > 0)?;
    let intervals = tally.output.checked_sub(1).filter(|intervals| *intervals > 0)?;
    Some(rounded(nanos, intervals.saturating_mul(1000)))
}

/// Nanoseconds from one moment to another, if both came, in this order.
fn between(from: u64, to: u64) -> Option<u64> {
    to.checked_sub(from).filter(|_| from > 0)
}

fn rounded(nanos: u64, unit: u64) -> u64 {
    nanos.saturating_add(unit / 2) / unit
}
