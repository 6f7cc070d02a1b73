//! The configuration, compiled: a [`Config`] in hand can be used.

use crate::custom;
use crate::judge::Judge;
use crate::output::{ActiveSettings, LeakSettings, MAX_CANARIES, MarkupSettings, Settings, is_canary};
use crate::policy::Policies;
use crate::raw::{Action, RawAnswers, RawBlock, RawConfig, RawLimits};
use crate::rule::{ACTIVE, FOREIGN, GROUNDING, Known, MARKUP, OUTPUT, RULES, RuleId};
use crate::structure::Structures;
use crate::tools::Tools;
use penstock_filter_api::{
    ConfigError, Glob, Mode, OnFailure, OnUnseen, Selection, Tenant, Way, bounded, globs,
};
use penstock_guard_model::Table;
use penstock_llm_api::Scope;
use std::cell::OnceCell;
use std::rc::Rc;

/// Largest `max_series`.
const MAX_SERIES: u32 = 100_000;
/// Most requests that `block.after` counts.
const MAX_AFTER: u32 = 1000;
/// Longest time of a block, in seconds.
const MAX_BLOCK_S: u32 = 86_400;
/// Largest `answers.shared_pieces`.
const MAX_SHARED: u32 = 1000;
/// Longest `header`, in bytes.
const MAX_HEADER_BYTES: usize = 128;
/// Headers that are no place for verdicts.
const TAKEN: [&str; 8] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "transfer-encoding",
];
/// The weights that ship.
const TABLE: &[u8] = include_bytes!("../table.bin");

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Unread,
    /// For control tokens of templates alone.
    Tokens,
    Whole,
}

/// A configuration that can be used.
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    pub(crate) policies: Policies,
    pub(crate) table: Rc<Table>,
    pub(crate) structures: Structures,
    /// In hundredths.
    pub(crate) threshold: u8,
    pub(crate) judge: Option<Judge>,
    pub(crate) limits: RawLimits,
    pub(crate) tools: Tools,
    pub(crate) watched: Rc<Settings>,
    /// Whether claims of an answer are looked up.
    pub(crate) grounding: bool,
    /// Whether anything is looked for in answers.
    pub(crate) reads_answers: bool,
    pub(crate) block: Option<RawBlock>,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) deny_unseen: bool,
    pub(crate) header: Option<String>,
    pub(crate) filter_state: bool,
    pub(crate) scope: Selection,
    pub(crate) max_series: usize,
}

impl Config {
    pub(crate) fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::new(penstock_filter_api::read(json)?)
    }

    fn new(raw: RawConfig) -> Result<Self, ConfigError> {
        if !(1..=99).contains(&raw.threshold) {
            return Err(ConfigError::new("threshold", "not between 1 and 99"));
        }
        let own = custom::compile(&raw.custom)?;
        let policies = Policies::new(&raw, raw.custom.iter().map(|rule| (rule.id.clone(), rule.action)))?;
        let structures = Structures::new(own, RULES.len() as u16, |rule| {
            policies.runs(rule, Way::Request) || policies.runs(rule, Way::Response)
        });
        let judge = raw
            .judge
            .as_ref()
            .map(Judge::new)
            .transpose()
            .map_err(|error| error.under("judge"))?;
        let tenant = raw
            .tenant
            .as_ref()
            .map(Tenant::new)
            .transpose()
            .map_err(|error| error.under("tenant"))?;
        let scope = Selection::new(&raw.scope.routes, &raw.scope.apis, &raw.scope.models);
        if raw.block.is_some() && tenant.is_none() {
            return Err(ConfigError::new("block", "needs `tenant`"));
        }
        if let Some(block) = &raw.block {
            check_block(block).map_err(|error| error.under("block"))?;
        }
        let watched = watched(&raw.answers, &policies).map_err(|error| error.under("answers"))?;
        let tools = Tools::new(&raw.tools, tenant.is_some()).map_err(|error| error.under("tools"))?;
        let answers = |rule: RuleId| policies.may_meet(rule, Way::Response);
        let known = OUTPUT.into_iter().flatten().chain(FOREIGN);
        let own = (RULES.len() as u16..).map(RuleId).take(raw.custom.len());
        let watches = known
            .map(|rule| RuleId::from(*rule))
            .chain(own)
            .any(|rule| answers(rule) > Action::Pass);
        let grounding = GROUNDING
            .iter()
            .any(|rule| answers((*rule).into()) > Action::Pass);
        let table = table()?;
        Ok(Self {
            mode: raw.mode,
            on_failure: raw.on_failure,
            policies,
            table,
            structures,
            threshold: raw.threshold,
            judge,
            limits: raw.limits,
            reads_answers: watches || !tools.is_empty(),
            tools,
            watched: Rc::new(watched),
            grounding,
            block: raw.block,
            tenant,
            deny_unseen: raw.on_unseen == OnUnseen::Deny,
            header: header(raw.header)?,
            filter_state: raw.filter_state,
            scope: scope.map_err(|error| error.under("scope"))?,
            max_series: bounded("max_series", raw.max_series, 1..=MAX_SERIES)? as usize,
        })
    }

    /// How texts of this scope are read in requests.
    pub(crate) fn depth(&self, scope: Scope) -> Depth {
        match scope {
            Scope::User | Scope::ToolResult | Scope::ToolDefinition | Scope::Document | Scope::Other => {
                Depth::Whole
            }
            // The operator's own, the model's own, and labels.
            Scope::System | Scope::Assistant | Scope::ToolCall | Scope::ToolName | Scope::Metadata
                if self.policies.names(scope) =>
            {
                Depth::Whole
            }
            // What the model is said to have said.
            Scope::Assistant | Scope::Output | Scope::Reasoning | Scope::Refusal => Depth::Tokens,
            Scope::System | Scope::ToolCall | Scope::ToolName | Scope::Metadata => Depth::Unread,
        }
    }

    /// The rule of that number.
    pub(crate) fn id(&self, rule: RuleId) -> &str {
        self.policies.id(rule)
    }
}

/// The weights, read once for all configurations: old and new ones run side by side.
fn table() -> Result<Rc<Table>, ConfigError> {
    thread_local! {
        static READ: OnceCell<Rc<Table>> = const { OnceCell::new() };
    }
    READ.with(|read| {
        if let Some(table) = read.get() {
            return Ok(Rc::clone(table));
        }
        let table = Table::read(TABLE).map_err(|error| ConfigError::new("", error.to_string()))?;
        Ok(Rc::clone(read.get_or_init(|| Rc::new(table))))
    })
}

/// What is looked for in answers.
fn watched(raw: &RawAnswers, policies: &Policies) -> Result<Settings, ConfigError> {
    let runs = |rules: &[Known]| {
        rules
            .iter()
            .any(|rule| policies.runs((*rule).into(), Way::Response))
    };
    if raw.canaries.len() > MAX_CANARIES {
        return Err(ConfigError::new("canaries", format!("more than {MAX_CANARIES}")));
    }
    if let Some(index) = raw.canaries.iter().position(|canary| !is_canary(canary)) {
        let why = "not between 8 and 128 letters and digits";
        return Err(ConfigError::new(format!("canaries[{index}]"), why));
    }
    let hosts: Vec<Glob> = globs(
        "hosts",
        &raw.hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect::<Vec<_>>(),
    )?;
    Ok(Settings {
        leak: LeakSettings {
            shingles: runs(&[Known::SystemPromptLeak]),
            secrets: runs(&[Known::SystemSecret]),
            min_shared: bounded("shared_pieces", raw.shared_pieces, 1..=MAX_SHARED)? as usize,
            canaries: raw.canaries.clone(),
        },
        markup: runs(MARKUP).then(|| MarkupSettings {
            hosts: hosts.clone(),
            links: raw.links,
        }),
        active: runs(ACTIVE).then_some(ActiveSettings { hosts }),
    })
}

/// The header of verdicts: one that means nothing to a proxy.
fn header(name: String) -> Result<Option<String>, ConfigError> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !name.bytes().all(is_token) || name.len() > MAX_HEADER_BYTES {
        return Err(ConfigError::new("header", "not the name of a header"));
    }
    if TAKEN.iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
        return Err(ConfigError::new("header", "a header that has its own meaning"));
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

fn check_block(block: &RawBlock) -> Result<(), ConfigError> {
    bounded("after", block.after, 1..=MAX_AFTER)?;
    bounded("window_s", block.window_s, 1..=MAX_BLOCK_S)?;
    bounded("for_s", block.for_s, 1..=MAX_BLOCK_S).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{Config, Rc};

    #[test]
    fn configurations_share_the_weights() {
        let [one, other] = ["{}", r#"{"threshold": 60}"#].map(|json| Config::parse(json).unwrap());
        assert!(Rc::ptr_eq(&one.table, &other.table));
    }
}
