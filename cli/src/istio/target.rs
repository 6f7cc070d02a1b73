//! The proxies that are meant.

use super::values::{At, RawTarget, RawValues};
use penstock_filter_api::ConfigError;

/// Proxies that are meant.
#[derive(Debug)]
pub(super) struct Target {
    /// Of the resource.
    pub(super) name: String,
    pub(super) at: At,
    pub(super) namespace: Option<String>,
    pub(super) labels: Vec<(String, String)>,
}

/// Resources of one target have the name of all; of several, that and where they stand.
pub(super) fn all(raw: &RawValues) -> Result<Vec<Target>, ConfigError> {
    if raw.targets.is_empty() {
        return Err(ConfigError::new("targets", "no proxy is meant"));
    }
    let mut targets: Vec<Target> = Vec::new();
    for (index, target) in raw.targets.iter().enumerate() {
        let at = |error: ConfigError| error.under(&format!("targets[{index}]"));
        let new = one(target, raw).map_err(at)?;
        if targets
            .iter()
            .any(|other| other.name == new.name && other.namespace == new.namespace)
        {
            return Err(at(ConfigError::new(
                "",
                "another target has the same place and namespace",
            )));
        }
        targets.push(new);
    }
    Ok(targets)
}

fn one(target: &RawTarget, raw: &RawValues) -> Result<Target, ConfigError> {
    if let Some(namespace) = &target.namespace {
        named("namespace", namespace)?;
    }
    for (key, value) in &target.labels {
        label(key, value)?;
    }
    let labels = match target.labels.as_slice() {
        [] => vec![target.at.label()],
        labels => labels.to_vec(),
    };
    let name = match raw.targets.as_slice() {
        [_] => raw.name.clone(),
        _ => format!("{}-{}", raw.name, target.at.word()),
    };
    Ok(Target {
        name,
        at: target.at,
        namespace: target.namespace.clone(),
        labels,
    })
}

impl At {
    fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Sidecar => "sidecar",
            Self::Egress => "egress",
        }
    }

    /// What its pods are usually labelled with.
    fn label(self) -> (String, String) {
        let (key, value) = match self {
            Self::Gateway => ("istio", "ingressgateway"),
            Self::Sidecar => ("penstock.dev/filters", "enabled"),
            Self::Egress => ("istio", "egressgateway"),
        };
        (key.to_owned(), value.to_owned())
    }

    /// What EnvoyFilters call it.
    pub(super) fn context(self) -> &'static str {
        match self {
            Self::Gateway | Self::Egress => "GATEWAY",
            Self::Sidecar => "SIDECAR_INBOUND",
        }
    }
}

/// Names in Kubernetes (RFC 1123), with room for what stands behind them.
pub(super) fn named(field: &str, name: &str) -> Result<(), ConfigError> {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = (1..=50).contains(&name.len())
        && name.starts_with(is_inner)
        && name.ends_with(is_inner)
        && name.chars().all(|c| is_inner(c) || c == '-');
    if fits {
        return Ok(());
    }
    Err(ConfigError::new(
        field,
        "no name: up to 50 small letters, digits and - inside are",
    ))
}

fn label(key: &str, value: &str) -> Result<(), ConfigError> {
    let is_inner = |c: char| c.is_ascii_alphanumeric();
    let is_word = |word: &str| {
        word.len() <= 63
            && word.starts_with(is_inner)
            && word.ends_with(is_inner)
            && word.chars().all(|c| is_inner(c) || matches!(c, '-' | '_' | '.'))
    };
    let (prefix, name) = key.split_once('/').unwrap_or(("x", key));
    if is_word(prefix) && is_word(name) && (value.is_empty() || is_word(value)) {
        return Ok(());
    }
    Err(ConfigError::new(
        "labels",
        "no label of Kubernetes: letters, digits and - _ . inside are",
    ))
}
