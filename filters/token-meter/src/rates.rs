//! What a token of each kind costs, and what an exchange costs by it.

use crate::decimal::Decimal;
use crate::money::Money;
use crate::tally::Tally;
use penstock_filter_api::ConfigError;

/// Prices of a service tier, by length of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    base: Rates,
    /// Applies whole, to every token of an exchange, above that many input tokens. Ascending.
    above: Vec<(u64, Rates)>,
}

impl Schedule {
    /// Prices in the configuration, which fall back to `under` where they are silent.
    pub(crate) fn new(over: &Set, under: &Set, tiers: &[(u64, Set)]) -> Result<Self, ConfigError> {
        let set = over.over(under);
        let base = set.rates()?;
        let mut above = Vec::with_capacity(tiers.len());
        for (index, (tokens, tier)) in tiers.iter().enumerate() {
            let rates = tier
                .over(&set)
                .rates()
                .map_err(|error| error.under(&format!("tiers[{index}]")))?;
            above.push((*tokens, rates));
        }
        let ascending = above.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0));
        if !ascending {
            return Err(ConfigError::new(
                "tiers",
                "above_input_tokens must ascend from tier to tier",
            ));
        }
        Ok(Self { base, above })
    }

    /// The cost of an exchange; `None` when it used tokens that have no price here.
    pub(crate) fn cost(&self, tally: &Tally) -> Option<Money> {
        let longest = self.above.iter().rev().find(|(above, _)| tally.input > *above);
        longest.map_or(&self.base, |(_, rates)| rates).cost(tally)
    }
}

/// A price in millionths a million tokens for each kind, which is 10^-12 a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rates {
    input: Decimal,
    cached: Decimal,
    cache_write_5m: Decimal,
    cache_write_1h: Decimal,
    audio_input: Decimal,
    /// Models that only embed have none.
    output: Option<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Output {
    text: Decimal,
    reasoning: Decimal,
    audio: Decimal,
}

impl Rates {
    fn cost(&self, tally: &Tally) -> Option<Money> {
        let input = Money::of(tally.text_input(), self.input)
            .plus(Money::of(tally.cached, self.cached))
            .plus(Money::of(tally.cache_write_5m, self.cache_write_5m))
            .plus(Money::of(tally.cache_write_1h, self.cache_write_1h))
            .plus(Money::of(tally.audio_input, self.audio_input));
        let Some(output) = &self.output else {
            return (tally.output == 0).then_some(input);
        };
        let output = Money::of(tally.text_output(), output.text)
            .plus(Money::of(tally.reasoning, output.reasoning))
            .plus(Money::of(tally.audio_output, output.audio));
        Some(input.plus(output))
    }
}

/// Prices as they stand in the configuration, each of them perhaps absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) input: Option<Decimal>,
    pub(crate) cached: Option<Decimal>,
    pub(crate) cache_write_5m: Option<Decimal>,
    pub(crate) cache_write_1h: Option<Decimal>,
    pub(crate) output: Option<Decimal>,
    pub(crate) reasoning: Option<Decimal>,
    pub(crate) audio_input: Option<Decimal>,
    pub(crate) audio_output: Option<Decimal>,
}

impl Set {
    /// These prices, and `under` where they are silent.
    fn over(&self, under: &Self) -> Self {
        Self {
            input: self.input.or(under.input),
            cached: self.cached.or(under.cached),
            cache_write_5m: self.cache_write_5m.or(under.cache_write_5m),
            cache_write_1h: self.cache_write_1h.or(under.cache_write_1h),
            output: self.output.or(under.output),
            reasoning: self.reasoning.or(under.reasoning),
            audio_input: self.audio_input.or(under.audio_input),
            audio_output: self.audio_output.or(under.audio_output),
        }
    }

    /// Every price times `multiplier`; refused where the product could only be rounded.
    pub(crate) fn times(&self, multiplier: Decimal) -> Result<Self, ConfigError> {
        let product = |price: Option<Decimal>| match price {
            None => Ok(None),
            Some(price) => price.exact_product(multiplier).map(Some).ok_or_else(|| {
                ConfigError::new(
                    "multiplier",
                    "gives a price of more than 6 decimal places: write the prices of this tier instead",
                )
            }),
        };
        Ok(Self {
            input: product(self.input)?,
            cached: product(self.cached)?,
            cache_write_5m: product(self.cache_write_5m)?,
            cache_write_1h: product(self.cache_write_1h)?,
            output: product(self.output)?,
            reasoning: product(self.reasoning)?,
            audio_input: product(self.audio_input)?,
            audio_output: product(self.audio_output)?,
        })
    }

    /// Fills each silent price from the kind it is a part of.
    fn rates(&self) -> Result<Rates, ConfigError> {
        let input = self
            .input
            .ok_or_else(|| ConfigError::new("input", "a price of input tokens is needed"))?;
        let cache_write_5m = self.cache_write_5m.unwrap_or(input);
        if self.output.is_none() && (self.reasoning.is_some() || self.audio_output.is_some()) {
            return Err(ConfigError::new(
                "output",
                "needed where reasoning or audio_output has a price",
            ));
        }
        Ok(Rates {
            input,
            cached: self.cached.unwrap_or(input),
            cache_write_5m,
            cache_write_1h: self.cache_write_1h.unwrap_or(cache_write_5m),
            audio_input: self.audio_input.unwrap_or(input),
            output: self.output.map(|text| Output {
                text,
                reasoning: self.reasoning.unwrap_or(text),
                audio: self.audio_output.unwrap_or(text),
            }),
        })
    }
}

/// A struct of the configuration with the eight prices beside its own fields.
macro_rules! priced {
    ($(#[$meta:meta])* $shown:literal struct $name:ident $(needs $needed:ident)? { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        #[cfg_attr(
            feature = "schema",
            derive(schemars::JsonSchema),
            schemars(deny_unknown_fields, rename = $shown)
        )]
        pub(crate) struct $name {
            $($(#[$field_meta])* pub(crate) $field: $type,)*
            /// Price of a million input tokens. Of a price entry itself, required.
            #[cfg_attr(feature = "schema", schemars(default))]
            input: Option<Decimal>,
            /// Price of a million input tokens read from a prompt cache. Default: `input`.
            #[cfg_attr(feature = "schema", schemars(default))]
            cached: Option<Decimal>,
            /// Price of a million input tokens written to a prompt cache, for 5 minutes or for a time
            /// that nobody names. Default: `input`.
            #[cfg_attr(feature = "schema", schemars(default))]
            cache_write_5m: Option<Decimal>,
            /// Price of a million input tokens written to a prompt cache for one hour.
            /// Default: `cache_write_5m`.
            #[cfg_attr(feature = "schema", schemars(default))]
            cache_write_1h: Option<Decimal>,
            /// Price of a million output tokens. Leave it out for models that only embed.
            #[cfg_attr(feature = "schema", schemars(default))]
            output: Option<Decimal>,
            /// Price of a million output tokens that are reasoning. Default: `output`.
            #[cfg_attr(feature = "schema", schemars(default))]
            reasoning: Option<Decimal>,
            /// Price of a million input tokens that are audio. Default: `input`.
            #[cfg_attr(feature = "schema", schemars(default))]
            audio_input: Option<Decimal>,
            /// Price of a million output tokens that are audio. Default: `output`.
            #[cfg_attr(feature = "schema", schemars(default))]
            audio_output: Option<Decimal>,
        }

        penstock_filter_api::reads!(struct $name {
            $($field,)*
            input, cached, cache_write_5m, cache_write_1h, output, reasoning, audio_input, audio_output,
        } $(needs $needed)?);

        impl $name {
            pub(crate) fn set(&self) -> $crate::rates::Set {
                $crate::rates::Set {
                    input: self.input,
                    cached: self.cached,
                    cache_write_5m: self.cache_write_5m,
                    cache_write_1h: self.cache_write_1h,
                    output: self.output,
                    reasoning: self.reasoning,
                    audio_input: self.audio_input,
                    audio_output: self.audio_output,
                }
            }
        }
    };
}
pub(crate) use priced;
