//! The configuration as it is written.

use crate::custom::RawCustom;
use crate::judge::RawJudge;
use penstock_filter_api::{Direction, Mode, OnFailure, OnUnseen, SelectionSource, TenantSource, reads};

/// Refuses attacks on a model, and answers that give away what they must not.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Config")
)]
pub(crate) struct RawConfig {
    /// `shadow` counts what would be done and changes nothing.
    pub(crate) mode: Mode,
    /// What happens to a request or an answer that cannot be read: `closed` refuses it.
    pub(crate) on_failure: OnFailure,
    /// What becomes of a finding, where it is not what its rule says; the first that fits holds.
    pub(crate) policies: Vec<RawPolicy>,
    /// Score in hundredths from which on the classifier flags a text. Lower finds more, and more that is harmless. 1 to 99.
    pub(crate) threshold: u8,
    /// Rules of your own, over the same normalised text.
    pub(crate) custom: Vec<RawCustom>,
    /// A service that is asked where the classifier is not sure.
    pub(crate) judge: Option<RawJudge>,
    /// Bounds of a prompt.
    pub(crate) limits: RawLimits,
    /// Refuses everything from a tenant for some time after repeated attacks.
    pub(crate) block: Option<RawBlock>,
    /// Whose exchange it is, for `block` and for policies by tenant.
    pub(crate) tenant: Option<TenantSource>,
    /// What is looked for in answers.
    pub(crate) answers: RawAnswers,
    /// Which tools a model may be given, and may call.
    pub(crate) tools: RawTools,
    /// What happens to a request with an image, a file or another content that cannot be read.
    pub(crate) on_unseen: OnUnseen,
    /// Request header that tells the upstream what was found; empty for none.
    pub(crate) header: String,
    /// Whether the verdict is left in filter state, as `wasm.penstock.guard`.
    pub(crate) filter_state: bool,
    /// Which exchanges are looked at. Default: all.
    pub(crate) scope: SelectionSource,
    /// Most combinations of rule, scope, direction and action with counters of their own. 1 to 100000.
    pub(crate) max_series: u32,
}

reads!(struct RawConfig {
    mode, on_failure, policies, threshold, custom, judge, limits, block, tenant, answers, tools, on_unseen, header,
    filter_state, scope, max_series,
});

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            on_failure: OnFailure::Closed,
            policies: Vec::new(),
            threshold: 50,
            custom: Vec::new(),
            judge: None,
            limits: RawLimits::default(),
            block: None,
            tenant: None,
            answers: RawAnswers::default(),
            tools: RawTools::default(),
            on_unseen: OnUnseen::Allow,
            header: "x-penstock-guard".to_owned(),
            filter_state: true,
            scope: SelectionSource::default(),
            max_series: 2000,
        }
    }
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Action {
    /// Nothing is looked for.
    #[default]
    Pass,
    /// It is counted, and named in filter state.
    Alert,
    /// That, and the upstream reads of it in a header.
    Annotate,
    /// What was found is taken out.
    Strip,
    /// The request is refused; a running answer is cut.
    Deny,
}

reads!(enum Action { "pass" => Pass, "alert" => Alert, "annotate" => Annotate, "strip" => Strip, "deny" => Deny, "cut" => Deny });

impl Action {
    /// The name in configuration and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Alert => "alert",
            Self::Annotate => "annotate",
            Self::Strip => "strip",
            Self::Deny => "deny",
        }
    }
}

/// What becomes of findings of these rules, in these scopes, on these routes, for these tenants. An empty list means all.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Policy")
)]
pub(crate) struct RawPolicy {
    /// Ids of rules, exact or with `*`: those of the catalogue, and your own.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::rules"))]
    pub(crate) rules: Vec<String>,
    /// Scopes of text, such as `user` or `tool_result`.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::scopes"))]
    pub(crate) scopes: Vec<String>,
    /// In requests, in answers, or both.
    pub(crate) direction: Direction,
    /// Names of routes, exact or with `*`.
    pub(crate) routes: Vec<String>,
    /// Names of tenants, exact or with `*`. Needs `tenant`.
    pub(crate) tenants: Vec<String>,
    /// What becomes of it. `cut` is `deny` by another name.
    #[cfg_attr(feature = "schema", schemars(required))]
    pub(crate) action: Action,
}

reads!(struct RawPolicy { rules, scopes, direction, routes, tenants, action } needs action);

/// Bounds of a prompt. Zero means none. What is over a bound meets the action of its rule.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Limits")
)]
pub(crate) struct RawLimits {
    /// Text of all messages together, in bytes: `prompt_too_long`.
    pub(crate) prompt_bytes: u32,
    /// Text of one message, in bytes: `turn_too_long`.
    pub(crate) turn_bytes: u32,
    /// Messages: `too_many_messages`.
    pub(crate) messages: u32,
    /// Tools defined in the request: `too_many_tools`.
    pub(crate) tools: u32,
    /// Images, sounds, films and files: `too_many_attachments`.
    pub(crate) attachments: u32,
    /// Levels of JSON: `too_deep`.
    pub(crate) depth: u32,
    /// Bytes of a text from which on it is measured for `repetition` and `gibberish`.
    pub(crate) measured_bytes: u32,
}

reads!(struct RawLimits { prompt_bytes, turn_bytes, messages, tools, attachments, depth, measured_bytes });

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            prompt_bytes: 2 << 20,
            turn_bytes: 1 << 20,
            messages: 2000,
            tools: 256,
            attachments: 100,
            depth: 64,
            measured_bytes: 4096,
        }
    }
}

/// When a tenant is refused altogether, and for how long.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Block")
)]
pub(crate) struct RawBlock {
    /// After so many requests with an attack. 1 to 1000.
    pub(crate) after: u32,
    /// Within so many seconds. 1 to 86400.
    pub(crate) window_s: u32,
    /// For so many seconds. 1 to 86400.
    pub(crate) for_s: u32,
}

reads!(struct RawBlock { after, window_s, for_s });

impl Default for RawBlock {
    fn default() -> Self {
        Self {
            after: 5,
            window_s: 60,
            for_s: 300,
        }
    }
}

/// What is looked for in answers.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Answers")
)]
pub(crate) struct RawAnswers {
    /// Pieces of 24 letters and digits that an answer must share with the system prompt to be a leak. 1 to 1000.
    pub(crate) shared_pieces: u32,
    /// Texts that no answer may hold, at least 8 letters and digits each. Put one into your system prompt.
    pub(crate) canaries: Vec<String>,
    /// Hosts that images and links of an answer may name, exact or with `*`.
    pub(crate) hosts: Vec<String>,
    /// Whether links to other hosts are findings only if they carry data, or always.
    pub(crate) links: Links,
    /// Whether numbers, dates, links, quotes and sources of an answer are looked up in the prompt.
    pub(crate) grounding: bool,
}

reads!(struct RawAnswers { shared_pieces, canaries, hosts, links, grounding });

impl Default for RawAnswers {
    fn default() -> Self {
        Self {
            shared_pieces: 12,
            canaries: Vec::new(),
            hosts: Vec::new(),
            links: Links::WithData,
            grounding: false,
        }
    }
}

/// Which links to hosts that are not listed are findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Links {
    /// Those that carry data in their query or path.
    WithData,
    /// All of them.
    All,
}

reads!(enum Links { "with_data" => WithData, "all" => All });

/// Which tools a model may be given, and may call.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Tools")
)]
pub(crate) struct RawTools {
    /// Rows by route and tenant; the first that fits holds. Without a row that fits every tool is allowed.
    pub(crate) allow: Vec<RawToolRow>,
}

reads!(struct RawTools { allow });

/// The tools of some routes and tenants.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "ToolRow")
)]
pub(crate) struct RawToolRow {
    /// Names of routes, exact or with `*`.
    pub(crate) routes: Vec<String>,
    /// Names of tenants, exact or with `*`. Needs `tenant`.
    pub(crate) tenants: Vec<String>,
    /// Names of tools, exact or with `*`. An empty list allows none.
    pub(crate) names: Vec<String>,
    /// What the arguments of a tool must look like, by its name: a JSON Schema as text, of the words that the page lists.
    pub(crate) arguments: Vec<(String, String)>,
}

reads!(struct RawToolRow { routes, tenants, names, arguments });
