//! What a single request may ask for.

use super::rule::Grounds;
use crate::decimal::Decimal;
use crate::scope::{RawScope, Scope};
use penstock_filter_api::{ConfigError, Denial, Glob, Kind, Read, Record, Value, any, globs, reads, wrong};

/// Most gates of a configuration.
const MAX_GATES: usize = 100;

/// One gate, or a list of them. A request has to pass each whose scope it is in.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(untagged),
    schemars(rename = "Gates")
)]
pub(crate) enum RawGates {
    /// One.
    One(RawGate),
    /// Several.
    List(Vec<RawGate>),
}

impl Default for RawGates {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Read for RawGates {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        match from.kind() {
            Kind::Object => {
                let mut gate = RawGate::default();
                gate.read(from)?;
                *self = Self::One(gate);
            }
            Kind::Array => {
                let mut gates = Vec::new();
                gates.read(from)?;
                *self = Self::List(gates);
            }
            _ => return Err(wrong(from, "an object or an array")),
        }
        Ok(())
    }
}

/// What a single request may ask for. Refused with 400; a model that is not listed with 403.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Gate")
)]
pub(crate) struct RawGate {
    /// Which requests it is for. Default: all that are metered.
    pub(crate) scope: RawScope,
    /// Longest prompt, in tokens as they are estimated.
    pub(crate) max_input_tokens: Option<u64>,
    /// Largest bound on generated tokens, all choices together.
    pub(crate) max_output_tokens: Option<u64>,
    /// Models that may be asked, exact or with `*`. Empty: all.
    pub(crate) models: Vec<String>,
    /// Most that a request may cost, in `currency`: estimated input, and the output that it allows. A model without a price
    /// in it passes.
    pub(crate) max_cost: Option<Decimal>,
}

reads!(struct RawGate { scope, max_input_tokens, max_output_tokens, models, max_cost });

/// What bounds a single request.
#[derive(Debug, Default)]
pub(crate) struct Gates(Vec<Gate>);

/// Bounds of the requests of its scope.
#[derive(Debug)]
struct Gate {
    scope: Scope,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    models: Vec<Glob>,
    /// 10^-9 of the currency.
    cost: Option<u64>,
}

/// What a request asks for.
pub(crate) struct Wish<'a> {
    pub(crate) record: &'a Record,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) input_tokens: u64,
    /// The bound on all that is generated, where there is one.
    pub(crate) output_tokens: Option<u64>,
    /// The most that it may cost, in 10^-9, where the model has a price.
    pub(crate) cost: Option<u64>,
}

impl Gates {
    pub(crate) fn new(raw: &RawGates, grounds: &Grounds) -> Result<Self, ConfigError> {
        let gates = match raw {
            RawGates::One(raw) if raw.is_empty() => Vec::new(),
            RawGates::One(raw) => vec![Gate::new(raw, grounds).map_err(|error| error.under("gates"))?],
            RawGates::List(list) if list.len() > MAX_GATES => {
                return Err(ConfigError::new("gates", format!("more than {MAX_GATES}")));
            }
            RawGates::List(list) => {
                let gates = list.iter().enumerate().map(|(index, raw)| {
                    Gate::new(raw, grounds).map_err(|error| error.under(&format!("gates[{index}]")))
                });
                gates.collect::<Result<_, _>>()?
            }
        };
        Ok(Self(gates))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why a request may not pass, if it may not: the word of the first gate that is against it.
    pub(crate) fn refusal(&self, wish: &Wish<'_>) -> Option<Denial> {
        let mut concerned = self
            .0
            .iter()
            .filter(|gate| gate.scope.has_request(wish.record, wish.tenant));
        concerned.find_map(|gate| gate.refusal(wish))
    }
}

impl RawGate {
    /// Whether nothing is written in it.
    fn is_empty(&self) -> bool {
        !self.bounds() && self.scope == RawScope::default()
    }

    fn bounds(&self) -> bool {
        let amounts =
            self.max_input_tokens.is_some() || self.max_output_tokens.is_some() || self.max_cost.is_some();
        amounts || !self.models.is_empty()
    }
}

impl Gate {
    fn new(raw: &RawGate, grounds: &Grounds) -> Result<Self, ConfigError> {
        if !raw.bounds() {
            return Err(ConfigError::new("", "bounds nothing"));
        }
        for (field, bound) in [
            ("max_input_tokens", raw.max_input_tokens),
            ("max_output_tokens", raw.max_output_tokens),
            ("max_cost", raw.max_cost.map(Decimal::millionths)),
        ] {
            if bound == Some(0) {
                return Err(ConfigError::new(field, "0 would let nobody in"));
            }
        }
        let scope = Scope::new(&raw.scope, grounds.hashes_tenants).map_err(|error| error.under("scope"))?;
        if scope.names_tenants() && !grounds.has_tenant {
            return Err(ConfigError::new("scope.tenants", "needs `tenant`"));
        }
        Ok(Self {
            scope,
            input_tokens: raw.max_input_tokens,
            output_tokens: raw.max_output_tokens,
            models: globs("models", &raw.models)?,
            cost: raw.max_cost.map(|most| most.millionths().saturating_mul(1000)),
        })
    }

    fn refusal(&self, wish: &Wish<'_>) -> Option<Denial> {
        if !any(&self.models, wish.record.request_model.as_deref()) {
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
