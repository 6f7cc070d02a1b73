//! The configuration, compiled: a [`Config`] in hand can be used.

use crate::custom::{self, RawCustom};
use crate::keyed::Key;
use crate::policy::Policies;
use crate::raw::{Action, RawConfig};
use penstock_filter_api::{ConfigError, Glob, Mode, OnFailure, OnUnseen, Selection, Way, bounded, globs};
use penstock_text_scan::{RuleId, Scanner};

/// Largest `max_finds`.
const MAX_FINDS: u32 = 100_000;
/// Largest `max_series`.
const MAX_SERIES: u32 = 100_000;
/// Most values in `allow`.
const MAX_ALLOWED: usize = 10_000;

/// A configuration that can be used.
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    pub(crate) scanner: Scanner,
    pub(crate) policies: Policies,
    pub(crate) key: Option<Key>,
    pub(crate) keyed: bool,
    pub(crate) deny_unseen: bool,
    pub(crate) filter_state: bool,
    pub(crate) scope: Selection,
    pub(crate) max_finds: usize,
    pub(crate) max_series: usize,
    /// Whether a find in a request may get a surrogate.
    pub(crate) makes_surrogates: bool,
    /// Whether answers are scanned for what the client did not send.
    pub(crate) reads_answers: bool,
    /// Whether what is found there changes the answer.
    pub(crate) changes_answers: bool,
    /// How much text of an answer rules of the user need to tell whether a find begins, in bytes.
    pub(crate) span: usize,
    /// In lower case, sorted.
    allow: Vec<String>,
}

impl Config {
    pub(crate) fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::new(&penstock_filter_api::read(json)?)
    }

    fn new(raw: &RawConfig) -> Result<Self, ConfigError> {
        let key = raw.key.as_deref().map(Key::new).transpose()?;
        check_actions(raw, key.is_some())?;
        let scope = &raw.scope;
        let scope = Selection::new(&scope.routes, &scope.apis, &scope.models);
        let (mut scanner, policies) = rules(raw)?;
        let actions = |way| {
            let rules = (0..scanner.rules().count() as u16).map(RuleId);
            let mut actions: Vec<Action> = rules.flat_map(|rule| policies.actions(rule, way)).collect();
            actions.dedup();
            actions
        };
        let answers = actions(Way::Response);
        let makes_surrogates = actions(Way::Request).contains(&Action::FormatPreserving);
        let own = scanner.rules().count() - raw.custom.len();
        let span = |(index, custom): (usize, &RawCustom)| {
            let mut met = policies.actions(RuleId((own + index) as u16), Way::Response);
            met.any(changes).then(|| custom.span())
        };
        let span = raw.custom.iter().enumerate().filter_map(span).max();
        scanner.keep(|rule| {
            let mut met = policies
                .actions(rule, Way::Request)
                .chain(policies.actions(rule, Way::Response));
            met.any(|action| action != Action::Pass)
        });
        Ok(Self {
            mode: raw.mode,
            on_failure: raw.on_failure,
            scanner,
            policies,
            key,
            keyed: raw.keyed,
            deny_unseen: raw.on_unseen == OnUnseen::Deny,
            filter_state: raw.filter_state,
            scope: scope.map_err(|error| error.under("scope"))?,
            max_finds: bounded("max_finds", raw.max_finds, 1..=MAX_FINDS)? as usize,
            max_series: bounded("max_series", raw.max_series, 1..=MAX_SERIES)? as usize,
            makes_surrogates,
            reads_answers: answers.iter().any(|action| *action != Action::Pass),
            changes_answers: answers.into_iter().any(changes),
            span: span.unwrap_or(0),
            allow: allowed(&raw.allow)?,
        })
    }

    /// Whether a value is none to look for.
    pub(crate) fn allows(&self, value: &str) -> bool {
        let lower = |known: &String| known.as_str().cmp(value.to_ascii_lowercase().as_str());
        !self.allow.is_empty() && self.allow.binary_search_by(lower).is_ok()
    }
}

/// Whether an action leaves an answer other than it was.
fn changes(action: Action) -> bool {
    !matches!(action, Action::Pass | Action::Alert)
}

/// The rules that run, and what becomes of their finds.
fn rules(raw: &RawConfig) -> Result<(Scanner, Policies), ConfigError> {
    let (enable, disable) = (globs("enable", &raw.enable)?, globs("disable", &raw.disable)?);
    let named = |globs: &[Glob], entity: &str, id: &str| {
        globs
            .iter()
            .any(|glob| glob.is_match(entity) || glob.is_match(id))
    };
    let scanner = Scanner::new(|rule| {
        (rule.default || named(&enable, rule.entity, rule.id)) && !named(&disable, rule.entity, rule.id)
    });
    let scanner = scanner.with(custom::compile(&raw.custom)?);
    check_names(raw, &scanner)?;
    let policies = Policies::new(raw, scanner.rules().map(|rule| (rule.entity, rule.id)))?;
    Ok((scanner, policies))
}

/// A name that fits nothing is a slip of the pen that would leave data unmasked; two rules of one name are one counter.
fn check_names(raw: &RawConfig, scanner: &Scanner) -> Result<(), ConfigError> {
    let check = |path: &str, names: &[String]| match globs(path, names)?.iter().position(|glob| {
        let mut rules = scanner.rules();
        !rules.any(|rule| glob.is_match(rule.entity) || glob.is_match(rule.id))
    }) {
        Some(index) => Err(ConfigError::new(
            format!("{path}[{index}]"),
            "fits no entity and no rule",
        )),
        None => Ok(()),
    };
    check("enable", &raw.enable)?;
    check("disable", &raw.disable)?;
    for (index, policy) in raw.policies.iter().enumerate() {
        check(&format!("policies[{index}].entities"), &policy.entities)?;
    }
    let own = scanner.rules().count() - raw.custom.len();
    for (index, rule) in scanner.rules().enumerate().skip(own) {
        if scanner.rules().take(index).any(|other| other.id == rule.id) {
            let path = format!("custom[{}].id", index - own);
            return Err(ConfigError::new(path, "there is a rule of this name"));
        }
    }
    Ok(())
}

/// Some actions need a key.
fn check_actions(raw: &RawConfig, has_key: bool) -> Result<(), ConfigError> {
    let refused = |path: String| Err(ConfigError::new(path, "hash needs `key`"));
    if has_key {
        return Ok(());
    }
    if raw.keyed {
        return Err(ConfigError::new("keyed", "needs `key`"));
    }
    for (path, action) in [("action", raw.action), ("answers", raw.answers)] {
        if action == Action::Hash {
            return refused(path.to_owned());
        }
    }
    match raw
        .policies
        .iter()
        .position(|policy| policy.action == Action::Hash)
    {
        Some(index) => refused(format!("policies[{index}].action")),
        None => Ok(()),
    }
}

fn allowed(raw: &[String]) -> Result<Vec<String>, ConfigError> {
    if raw.len() > MAX_ALLOWED {
        return Err(ConfigError::new(
            "allow",
            format!("more than {MAX_ALLOWED} values"),
        ));
    }
    let mut allow: Vec<String> = raw.iter().map(|value| value.to_ascii_lowercase()).collect();
    allow.sort_unstable();
    Ok(allow)
}
