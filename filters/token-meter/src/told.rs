//! What the client is told of its usage.

use crate::config::Config;
use crate::prices::Cost;
use crate::raw::UsageHeaders;
use crate::tally::reported;
use penstock_filter_api::{Cx, Record};

/// Sets headers or trailers with what was reported; false where that is not all of it yet.
pub(crate) fn tell(config: &Config, record: &Record, cx: &mut Cx<'_>) -> bool {
    let Some(tally) = reported(record).filter(|_| config.scope.exchanges.has(record)) else {
        return false;
    };
    let cost = config.prices.cost(record, &tally);
    let mut fields = vec![
        ("x-penstock-input-tokens", tally.input.to_string()),
        ("x-penstock-output-tokens", tally.output.to_string()),
        ("x-penstock-cached-tokens", tally.cached.to_string()),
        ("x-penstock-reasoning-tokens", tally.reasoning.to_string()),
    ];
    if let Some(Cost { money, currency }) = cost {
        fields.push(("x-penstock-cost", money.to_string()));
        fields.push(("x-penstock-currency", config.prices.currency(currency).to_owned()));
    }
    for (name, value) in fields {
        match config.usage_headers {
            UsageHeaders::Off => {}
            UsageHeaders::Headers => cx.set_response_header(name, &value),
            UsageHeaders::Trailers => cx.add_response_trailer(name, &value),
        }
    }
    true
}
