//! The configuration as it is written.

use crate::custom::RawCustom;
use penstock_filter_api::{Direction, Mode, OnFailure, OnUnseen, SelectionSource, reads};

/// Masks personal data and secrets in requests, and restores them in answers.
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
    /// What happens to a request that cannot be read: `closed` refuses it. An answer to a masked request is
    /// always restored or refused.
    pub(crate) on_failure: OnFailure,
    /// What becomes of a find in a request that no policy names.
    pub(crate) action: Action,
    /// What becomes of a find in an answer that no policy names. What the client itself sent is never one.
    pub(crate) answers: Action,
    /// Exceptions; the first that fits holds.
    pub(crate) policies: Vec<RawPolicy>,
    /// Entities or rules that run besides the default ones, exact or with `*`.
    pub(crate) enable: Vec<String>,
    /// Entities or rules that do not run, exact or with `*`.
    pub(crate) disable: Vec<String>,
    /// Rules of your own. They outweigh built-in ones.
    pub(crate) custom: Vec<RawCustom>,
    /// Values that are no finds, such as a support address. Compared without regard to case.
    pub(crate) allow: Vec<String>,
    /// The key of `hash` and of keyed placeholders: at least 16 bytes, the same on every replica.
    pub(crate) key: Option<String>,
    /// Names placeholders by a hash under `key` instead of a number, so that a value has the same one in every
    /// request. Always so where the server keeps the conversation.
    pub(crate) keyed: bool,
    /// What happens to a request with an image, a file or another content that cannot be scanned.
    pub(crate) on_unseen: OnUnseen,
    /// Whether finds by entity and rule are left in filter state, as `wasm.penstock.pii`.
    pub(crate) filter_state: bool,
    /// Which exchanges are looked at. Default: all.
    pub(crate) scope: SelectionSource,
    /// Most finds in one request; one with more is a failure. 1 to 100000.
    pub(crate) max_finds: u32,
    /// Most combinations of entity, rule, scope and action with counters of their own. 1 to 100000.
    pub(crate) max_series: u32,
}

reads!(struct RawConfig {
    mode, on_failure, action, answers, policies, enable, disable, custom, allow, key, keyed, on_unseen, filter_state, scope,
    max_finds, max_series,
});

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            on_failure: OnFailure::Closed,
            action: Action::Mask,
            answers: Action::Pass,
            policies: Vec::new(),
            enable: Vec::new(),
            disable: Vec::new(),
            custom: Vec::new(),
            allow: Vec::new(),
            key: None,
            keyed: false,
            on_unseen: OnUnseen::Allow,
            filter_state: true,
            scope: SelectionSource::default(),
            max_finds: 10_000,
            max_series: 2000,
        }
    }
}

/// What becomes of a find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Action {
    /// A placeholder such as `[EMAIL_1]`, which is restored in the answer. In an answer: `[EMAIL]`.
    #[default]
    Mask,
    /// A valid-looking value from a range that is reserved for tests, restored in the answer. Where an entity
    /// has no such range, or it is used up: as `mask`.
    FormatPreserving,
    /// 16 hexadecimal digits of its HMAC-SHA-256 under `key`. Not restored.
    Hash,
    /// The text of `with`, by default `<EMAIL_ADDRESS>`. Not restored.
    Replace,
    /// Nothing is left of it.
    Drop,
    /// The request is refused; a running answer is ended.
    Block,
    /// It is counted and stays.
    Alert,
    /// It is not looked for.
    Pass,
}

reads!(enum Action {
    "mask" => Mask, "format_preserving" => FormatPreserving, "hash" => Hash, "replace" => Replace,
    "drop" => Drop, "block" => Block, "alert" => Alert, "pass" => Pass,
});

/// An exception from `action` and `answers`. What it does not name fits.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Policy")
)]
pub(crate) struct RawPolicy {
    /// Names of entities, such as `CREDIT_CARD` or `SECRET:*`, or of rules.
    pub(crate) entities: Vec<String>,
    /// Scopes of text, such as `user` or `tool_result`.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::scopes"))]
    pub(crate) scopes: Vec<String>,
    /// In requests, in answers, or both.
    pub(crate) direction: Direction,
    /// What becomes of it.
    #[cfg_attr(feature = "schema", schemars(required))]
    pub(crate) action: Action,
    /// What `replace` writes.
    pub(crate) with: Option<String>,
}

reads!(struct RawPolicy { entities, scopes, direction, action, with } needs action);
