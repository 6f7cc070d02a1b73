//! What a single request may ask for.

use super::raw::RawGates;
use crate::decimal::Decimal;
use penstock_filter_api::{ConfigError, Denial, Glob, any, globs};

/// Bounds of a single request.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    models: Vec<Glob>,
    /// 10^-9 of the currency.
    cost: Option<u64>,
}

/// What a request asks for.
pub(crate) struct Wish<'a> {
    pub(crate) model: Option<&'a str>,
    pub(crate) input_tokens: u64,
    /// The bound on all that is generated, where there is one.
    pub(crate) output_tokens: Option<u64>,
    /// The most that it may cost, in 10^-9, where the model has a price.
    pub(crate) cost: Option<u64>,
}

impl Gates {
    pub(crate) fn new(raw: &RawGates) -> Result<Self, ConfigError> {
        for (field, bound) in [
            ("max_input_tokens", raw.max_input_tokens),
            ("max_output_tokens", raw.max_output_tokens),
            ("max_cost", raw.max_cost.map(Decimal::millionths)),
        ] {
            if bound == Some(0) {
                return Err(ConfigError::new(field, "0 would let nobody in"));
            }
        }
        Ok(Self {
            input_tokens: raw.max_input_tokens,
            output_tokens: raw.max_output_tokens,
            models: globs("models", &raw.models)?,
            cost: raw.max_cost.map(|most| most.millionths().saturating_mul(1000)),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.input_tokens.is_none()
            && self.output_tokens.is_none()
            && self.models.is_empty()
            && self.cost.is_none()
    }

    /// Why a request may not pass, if it may not.
    pub(crate) fn refusal(&self, wish: &Wish<'_>) -> Option<Denial> {
        if !any(&self.models, wish.model) {
            return Some(Denial::new(
                403,
                "model_not_allowed",
                "this model is not offered here",
            ));
        }
        if let Some(most) = self.input_tokens.filter(|most| wish.input_tokens > *most) {
            let message = format!("the prompt is longer than {most} tokens, by estimate");
            return Some(Denial::new(400, "prompt_too_long", message));
        }
        if let Some(most) = self.output_tokens
            && wish.output_tokens.is_some_and(|tokens| tokens > most)
        {
            let message = format!("more than {most} tokens are asked for");
            return Some(Denial::new(400, "max_tokens_too_large", message));
        }
        match (self.cost, wish.cost) {
            (Some(most), Some(cost)) if cost > most => Some(Denial::new(
                400,
                "request_too_expensive",
                "this request may cost more than a single one is allowed to",
            )),
            _ => None,
        }
    }
}
