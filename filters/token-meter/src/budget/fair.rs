//! How a budget is shared between tenants: as it is written, and compiled.

use super::shares::Member;
use super::window::{PARTS, Window};
use penstock_filter_api::{ConfigError, Fit, Glob, reads};
#[cfg(feature = "schema")]
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

/// Largest weight.
const MAX_WEIGHT: u16 = 1000;

/// Most weights of a budget.
const MAX_WEIGHTS: usize = 1000;

const NANOS: u64 = 1_000_000_000;

/// How long a member of a budget of streams is remembered.
const STREAMS_ROUND_NS: u64 = 60 * NANOS;

/// Shares of tenants, in proportion to weights of 1 to 1000.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Fair")
)]
pub(crate) struct RawFair {
    /// Of tenants, by their names, exact or with `*`. Of several that fit, the closest holds.
    #[cfg_attr(
        feature = "schema",
        schemars(default = "none", with = "BTreeMap<String, u16>")
    )]
    weights: Vec<(String, u16)>,
    /// Of all others.
    #[cfg_attr(feature = "schema", schemars(default = "one"))]
    default: u16,
}

reads!(struct RawFair { weights, default });

fn one() -> u16 {
    1
}

#[cfg(feature = "schema")]
fn none() -> BTreeMap<String, u16> {
    BTreeMap::new()
}

impl Default for RawFair {
    fn default() -> Self {
        Self {
            weights: Vec::new(),
            default: one(),
        }
    }
}

/// The weights of tenants.
#[derive(Debug)]
pub(crate) struct Fair {
    weights: Vec<(Glob, u16)>,
    default: u16,
    /// The length of its rounds, where they do not begin with the clock's.
    pub(crate) round_ns: u64,
}

impl Fair {
    pub(crate) fn new(raw: &RawFair, window: Window, limit: u64) -> Result<Self, ConfigError> {
        if raw.weights.len() > MAX_WEIGHTS {
            return Err(ConfigError::new("weights", format!("more than {MAX_WEIGHTS}")));
        }
        let weights = raw.weights.iter().map(|(name, weight)| {
            let at = format!("weights.{name}");
            Ok((Glob::new(name), checked(&at, *weight)?))
        });
        Ok(Self {
            weights: weights.collect::<Result<_, ConfigError>>()?,
            default: checked("default", raw.default)?,
            round_ns: round_ns(window, limit),
        })
    }

    /// Who an exchange is for. The closest name has the weight.
    pub(crate) fn member(&self, tenant: Option<&str>) -> Member {
        let name = tenant.unwrap_or_default();
        let fits = self
            .weights
            .iter()
            .filter_map(|(glob, weight)| Some((glob.fit(name)?, *weight)));
        let closest = fits.max_by_key(|(fit, _): &(Fit, u16)| *fit);
        let mut hasher = DefaultHasher::new();
        hasher.write(name.as_bytes());
        Member {
            id: hasher.finish().max(1),
            weight: closest.map_or(self.default, |(_, weight)| weight),
        }
    }
}

fn checked(field: &str, weight: u16) -> Result<u16, ConfigError> {
    let known = (1..=MAX_WEIGHT).contains(&weight);
    known
        .then_some(weight)
        .ok_or_else(|| ConfigError::new(field, "not between 1 and 1000"))
}

/// As long as a sliding window, or as it takes a bucket to fill.
fn round_ns(window: Window, limit: u64) -> u64 {
    match window {
        Window::Open => STREAMS_ROUND_NS,
        Window::Calendar(_) => 0,
        Window::Sliding { part_ns } => part_ns.saturating_mul(PARTS as u64),
        Window::Bucket { rate } => {
            let ns = u128::from(limit) * 1_000_000 * u128::from(NANOS) / u128::from(rate.max(1));
            // Who is told to come back in a second is remembered until then.
            u64::try_from(ns).unwrap_or(u64::MAX).max(NANOS)
        }
    }
}
