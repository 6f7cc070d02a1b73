//! Which find meets which action.

use crate::raw::{Action, RawConfig, RawPolicy};
use crate::survey::is_left_alone;
use penstock_filter_api::{ConfigError, Direction, Glob, Way, any, globs};
use penstock_llm_api::Scope;
use penstock_text_scan::RuleId;

/// Most policies.
const MAX_POLICIES: usize = 250;
/// Longest text that `replace` writes, in bytes.
const MAX_WITH_BYTES: usize = 256;

/// An action with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    /// What `replace` writes; empty for the default.
    pub(crate) with: String,
}

/// The policies as one table: rule x direction x scope.
#[derive(Debug)]
pub(crate) struct Policies {
    decisions: Vec<Decision>,
    table: Vec<u8>,
}

struct Policy {
    entities: Vec<Glob>,
    scopes: Vec<Scope>,
    direction: Direction,
}

const SCOPES: usize = Scope::ALL.len();

impl Policies {
    /// `rules` gives entity and id of each rule, by number.
    pub(crate) fn new<'r>(
        raw: &RawConfig,
        rules: impl Iterator<Item = (&'r str, &'r str)>,
    ) -> Result<Self, ConfigError> {
        if raw.policies.len() > MAX_POLICIES {
            return Err(ConfigError::new("policies", format!("more than {MAX_POLICIES}")));
        }
        let mut decisions = Vec::new();
        let mut policies = Vec::new();
        for (index, policy) in raw.policies.iter().enumerate() {
            let under = |error: ConfigError| error.under(&format!("policies[{index}]"));
            decisions.push(decision(policy).map_err(under)?);
            policies.push(Policy::new(policy).map_err(under)?);
        }
        for action in [raw.action, raw.answers] {
            let with = String::new();
            decisions.push(Decision { action, with });
        }
        let mut table = Vec::new();
        for (entity, id) in rules {
            for way in [Way::Request, Way::Response] {
                let fits = |scope: Scope| {
                    policies
                        .iter()
                        .position(|policy| policy.fits(entity, id, way, scope))
                };
                let default = policies.len() + way as usize;
                table.extend(Scope::ALL.map(|scope| fits(scope).unwrap_or(default) as u8));
            }
        }
        Ok(Self { decisions, table })
    }

    /// What becomes of a find.
    pub(crate) fn decide(&self, rule: RuleId, way: Way, scope: Scope) -> &Decision {
        const PASS: &Decision = &Decision {
            action: Action::Pass,
            with: String::new(),
        };
        let at = (usize::from(rule.0) * 2 + way as usize) * SCOPES + scope as usize;
        let decision = self
            .table
            .get(at)
            .and_then(|at| self.decisions.get(usize::from(*at)));
        decision.unwrap_or(PASS)
    }

    /// Every action that a rule may meet on this way.
    pub(crate) fn actions(&self, rule: RuleId, way: Way) -> impl Iterator<Item = Action> {
        Scope::ALL
            .into_iter()
            .map(move |scope| self.decide(rule, way, scope).action)
    }
}

impl Policy {
    fn new(raw: &RawPolicy) -> Result<Self, ConfigError> {
        let mut scopes = Vec::with_capacity(raw.scopes.len());
        for (index, name) in raw.scopes.iter().enumerate() {
            let wrong = |message| ConfigError::new(format!("scopes[{index}]"), message);
            let scope = Scope::from_name(name).ok_or_else(|| wrong("no such scope"))?;
            if is_left_alone(scope) {
                return Err(wrong("never scanned: under another name a tool is not found"));
            }
            scopes.push(scope);
        }
        Ok(Self {
            entities: globs("entities", &raw.entities)?,
            scopes,
            direction: raw.direction,
        })
    }

    fn fits(&self, entity: &str, id: &str, way: Way, scope: Scope) -> bool {
        self.direction.has(way)
            && (self.scopes.is_empty() || self.scopes.contains(&scope))
            && any(&self.entities, [entity, id])
    }
}

fn decision(raw: &RawPolicy) -> Result<Decision, ConfigError> {
    let with = raw.with.clone().unwrap_or_default();
    if raw.with.is_some() && raw.action != Action::Replace {
        return Err(ConfigError::new(
            "with",
            "has an effect with action: replace alone",
        ));
    }
    if with.len() > MAX_WITH_BYTES {
        return Err(ConfigError::new(
            "with",
            format!("more than {MAX_WITH_BYTES} bytes"),
        ));
    }
    Ok(Decision {
        action: raw.action,
        with,
    })
}
