//! What the end of an exchange says about the backend.

use crate::plugin::seconds;
use crate::ticket::{Ending, Ticket};
use penstock_filter_api::{Origin, Outcome, Record};
use penstock_llm_api::Operation;

/// Longest silence after which a client that leaves is taken to have given up, in seconds.
const GIVEN_UP_S: f64 = 10.0;

/// How an exchange ended, as far as it tells about the backend.
pub(crate) fn ending(ticket: &Ticket, record: &Record) -> Ending {
    // Embeddings have no output, whether or not anybody says so.
    let none = (record.operation == Operation::Embed).then_some(0);
    let output_tokens = record.usage.output_tokens.or(none).map(|tokens| tokens as f64);
    match (record.origin, record.outcome) {
        (Origin::Denied(_) | Origin::Answer(_), _) => Ending::Neither,
        (Origin::Upstream, Outcome::Complete) => Ending::Answered { output_tokens },
        (Origin::Upstream, Outcome::UpstreamError) if matches!(record.status, 401 | 403 | 404) => {
            Ending::Refused
        }
        (Origin::Upstream, Outcome::UpstreamError) if !is_client_error(record.status) => Ending::Failed,
        // What the proxy itself refuses with a 4xx, such as by a rate limit, is no backend's doing.
        (Origin::Envoy, Outcome::UpstreamError) if !(400..500).contains(&record.status) => Ending::Failed,
        (_, Outcome::Truncated) if !ticket.has_begun() => Ending::Failed,
        (_, Outcome::Cancelled) if !ticket.has_begun() => {
            let waited = seconds(record.times.end) - ticket.sent();
            let gave_up = waited > GIVEN_UP_S.max(10.0 * ticket.quote().first_token_s);
            if gave_up { Ending::Failed } else { Ending::Neither }
        }
        (Origin::Nobody | Origin::Upstream | Origin::Envoy, _) => Ending::Neither,
    }
}

/// Statuses by which a backend says that it, not the request, is at fault.
pub(crate) fn is_failure(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

fn is_client_error(status: u16) -> bool {
    (400..500).contains(&status) && !is_failure(status)
}
