//! An empty record.

use penstock_filter_api::{Origin, Outcome, Record, Times};
use penstock_llm_api::{Operation, Usage};

/// The record of an exchange of which nothing is known.
pub(crate) fn empty() -> Record {
    Record {
        operation: Operation::Unknown,
        api: None,
        route: String::new(),
        request_model: None,
        response_model: None,
        stream: false,
        usage: Usage::default(),
        input_text_bytes: 0,
        output_text_bytes: 0,
        finish: None,
        service_tier: None,
        status: 0,
        origin: Origin::Nobody,
        outcome: Outcome::Cancelled,
        times: Times::default(),
    }
}
