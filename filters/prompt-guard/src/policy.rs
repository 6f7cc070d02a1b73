//! Which finding meets which action.

use crate::raw::{Action, RawConfig, RawPolicy};
use crate::rule::{GROUNDING, RULES, RuleId};
use penstock_filter_api::{ConfigError, Direction, Glob, Way, any, globs};
use penstock_llm_api::Scope;

/// Most policies.
const MAX_POLICIES: usize = 250;

/// Whose exchange it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party {
    pub(crate) route: String,
    pub(crate) tenant: Option<String>,
}

/// The routes and tenants that something holds for.
#[derive(Debug)]
pub(crate) struct Parties {
    routes: Vec<Glob>,
    tenants: Vec<Glob>,
}

impl Parties {
    pub(crate) fn new(routes: &[String], tenants: &[String]) -> Result<Self, ConfigError> {
        Ok(Self {
            routes: globs("routes", routes)?,
            tenants: globs("tenants", tenants)?,
        })
    }

    /// Whether it holds for this one. Who has no name is none of those named.
    pub(crate) fn has(&self, party: &Party) -> bool {
        any(&self.routes, [party.route.as_str()]) && any(&self.tenants, party.tenant.as_deref())
    }

    fn is_for_all(&self) -> bool {
        self.routes.is_empty() && self.tenants.is_empty()
    }
}

/// A policy with the rules that it names.
#[derive(Debug)]
struct Policy {
    rules: Vec<RuleId>,
    scopes: Vec<Scope>,
    direction: Direction,
    parties: Parties,
    action: Action,
}

/// All policies, and what holds without them.
#[derive(Debug)]
pub(crate) struct Policies {
    policies: Vec<Policy>,
    /// Ids of rules by number, those of the user last.
    ids: Vec<String>,
    defaults: Vec<Action>,
}

impl Policies {
    /// `custom` gives id and default of the rules of the user.
    pub(crate) fn new(
        raw: &RawConfig,
        custom: impl Iterator<Item = (String, Action)>,
    ) -> Result<Self, ConfigError> {
        if raw.policies.len() > MAX_POLICIES {
            return Err(ConfigError::new("policies", format!("more than {MAX_POLICIES}")));
        }
        let known = RULES.iter().map(|rule| (rule.id.to_owned(), rule.action));
        let (ids, mut defaults): (Vec<String>, Vec<Action>) = known.chain(custom).unzip();
        if raw.answers.grounding {
            for rule in GROUNDING {
                if let Some(action) = defaults.get_mut(*rule as usize) {
                    *action = Action::Alert;
                }
            }
        }
        let compile = |(index, policy): (usize, &RawPolicy)| {
            Policy::new(policy, &ids, raw.tenant.is_some())
                .map_err(|error| error.under(&format!("policies[{index}]")))
        };
        let policies = raw
            .policies
            .iter()
            .enumerate()
            .map(compile)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            policies,
            ids,
            defaults,
        })
    }

    /// The id of a rule.
    pub(crate) fn id(&self, rule: RuleId) -> &str {
        self.ids.get(usize::from(rule.0)).map_or("", String::as_str)
    }

    /// What becomes of a finding. A system prompt is trusted: what is found there is told, no more, unless a policy names
    /// the scope.
    pub(crate) fn decide(&self, rule: RuleId, way: Way, scope: Scope, party: &Party) -> Action {
        let fits = |policy: &&Policy| policy.fits(rule, way, scope) && policy.parties.has(party);
        if let Some(policy) = self.policies.iter().find(fits) {
            return policy.action_on(rule);
        }
        let action = self
            .defaults
            .get(usize::from(rule.0))
            .copied()
            .unwrap_or_default();
        if is_trusted(scope) {
            action.min(Action::Alert)
        } else {
            action
        }
    }

    /// Whether findings of a rule may ever matter.
    pub(crate) fn runs(&self, rule: RuleId, way: Way) -> bool {
        Scope::ALL.into_iter().any(|scope| self.may_act(rule, way, scope))
    }

    /// Whether a policy names a scope that is not read without one.
    pub(crate) fn names(&self, scope: Scope) -> bool {
        self.policies
            .iter()
            .any(|policy| policy.scopes.contains(&scope) && policy.action != Action::Pass)
    }

    /// The strictest that a rule may meet on this way.
    pub(crate) fn may_meet(&self, rule: RuleId, way: Way) -> Action {
        let named = self
            .policies
            .iter()
            .filter(|policy| Scope::ALL.into_iter().any(|scope| policy.fits(rule, way, scope)));
        let named = named.map(|policy| policy.action).max().unwrap_or_default();
        let default = self
            .defaults
            .get(usize::from(rule.0))
            .copied()
            .unwrap_or_default();
        if self.runs(rule, way) {
            named.max(default)
        } else {
            Action::Pass
        }
    }

    fn may_act(&self, rule: RuleId, way: Way, scope: Scope) -> bool {
        for policy in self
            .policies
            .iter()
            .filter(|policy| policy.fits(rule, way, scope))
        {
            if policy.action != Action::Pass {
                return true;
            }
            if policy.parties.is_for_all() {
                return false;
            }
        }
        self.defaults
            .get(usize::from(rule.0))
            .is_some_and(|action| *action != Action::Pass)
    }
}

/// Whether a scope holds what the operator himself wrote.
pub(crate) fn is_trusted(scope: Scope) -> bool {
    scope == Scope::System
}

impl Policy {
    fn new(raw: &RawPolicy, ids: &[String], has_tenant: bool) -> Result<Self, ConfigError> {
        if !raw.tenants.is_empty() && !has_tenant {
            return Err(ConfigError::new("tenants", "needs `tenant`"));
        }
        let mut scopes = Vec::with_capacity(raw.scopes.len());
        for (index, name) in raw.scopes.iter().enumerate() {
            let scope = Scope::from_name(name);
            scopes.push(scope.ok_or_else(|| ConfigError::new(format!("scopes[{index}]"), "no such scope"))?);
        }
        check_named(raw, ids)?;
        Ok(Self {
            rules: named(&raw.rules, ids)?,
            scopes,
            direction: raw.direction,
            parties: Parties::new(&raw.routes, &raw.tenants)?,
            action: raw.action,
        })
    }

    /// What has no place in a text cannot be taken out of it: the request is refused.
    fn action_on(&self, rule: RuleId) -> Action {
        if self.action == Action::Strip && !rule.has_place() {
            Action::Deny
        } else {
            self.action
        }
    }

    fn fits(&self, rule: RuleId, way: Way, scope: Scope) -> bool {
        self.direction.has(way)
            && self.rules.contains(&rule)
            && (self.scopes.is_empty() || self.scopes.contains(&scope))
    }
}

/// Rules that are named in full must be able to do what is asked of them. Patterns name the others along with them.
fn check_named(raw: &RawPolicy, ids: &[String]) -> Result<(), ConfigError> {
    for (index, name) in raw.rules.iter().enumerate() {
        let Some(number) = ids.iter().position(|id| id == name) else {
            continue;
        };
        let rule = RuleId(number as u16);
        let fault = |why| {
            Err(ConfigError::new(
                format!("rules[{index}]"),
                format!("{name} {why}"),
            ))
        };
        if raw.action == Action::Strip && !rule.has_place() {
            return fault("has no place to strip: pass, alert, annotate or deny");
        }
        match raw.direction {
            Direction::Request if !rule.is_for(Way::Request) => {
                return fault("is not looked for in requests");
            }
            Direction::Response if !rule.is_for(Way::Response) => {
                return fault("is not looked for in answers");
            }
            Direction::Request | Direction::Response | Direction::Both => {}
        }
    }
    Ok(())
}

/// The rules that these patterns name. One that names none is a slip of the pen.
fn named(patterns: &[String], ids: &[String]) -> Result<Vec<RuleId>, ConfigError> {
    let patterns = globs("rules", patterns)?;
    for (index, glob) in patterns.iter().enumerate() {
        if !ids.iter().any(|id| glob.is_match(id)) {
            return Err(ConfigError::new(format!("rules[{index}]"), "names no rule"));
        }
    }
    let all = ids.iter().enumerate();
    let named = all
        .filter(|(_, id)| any(&patterns, [id.as_str()]))
        .map(|(number, _)| RuleId(number as u16));
    Ok(named.collect())
}
