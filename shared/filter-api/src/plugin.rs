//! What a plugin is, and how it joins an exchange.

use crate::{CallId, Cx, Denial, Filter, Head, Reply, RootCx};

/// One configured filter in one VM. It outlives exchanges and holds what they share.
pub trait Plugin {
    /// Name, place in the chain, mode and failure mode. Constant for the life of the plugin.
    fn policy(&self) -> Policy;

    /// Decides at the request head whether this filter takes part in the exchange.
    fn open(&self, head: &Head, cx: &mut Cx<'_>) -> Open;

    /// The same for an exchange that passes unread (lists of models, uploads, what is no LLM traffic, a path that was
    /// not told apart): it has to go somewhere, too. Asked of plugins at [`Stage::Route`] only. Who joins sees the head
    /// and the trailers of the response and the end, if it needs to observe the response; nothing is shown of bodies.
    fn open_unread(&self, _head: &Head, _cx: &mut Cx<'_>) -> Open {
        Open::Skip
    }

    /// Called about once a second, and more often while something is held.
    fn on_tick(&self, _cx: &mut RootCx<'_>) {}

    /// What came of a [`RootCx::call`]. Each call gets one reply, failed ones too, and no other plugin's.
    fn on_reply(&self, _call: CallId, _reply: &Reply, _cx: &mut RootCx<'_>) {}
}

/// How a plugin presents itself to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The filter's name in configuration, metrics and denials, such as `token_meter`.
    pub name: &'static str,
    /// Its place in the chain.
    pub stage: Stage,
    /// Whether its decisions take effect.
    pub mode: Mode,
    /// What happens when it, or the engine on its behalf, cannot do its work.
    pub on_failure: OnFailure,
}

/// The order of filters on the request; the response runs it in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Budgets and limits.
    Admit,
    /// Verdicts on what is said.
    Inspect,
    /// Changes of what is said.
    Rewrite,
    /// Answers from memory.
    Reuse,
    /// Choice of the backend.
    Route,
}

crate::reads!(enum Stage { "admit" => Admit, "inspect" => Inspect, "rewrite" => Rewrite, "reuse" => Reuse, "route" => Route });

/// Whether a filter's decisions take effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum Mode {
    /// Decisions take effect.
    #[default]
    Enforce,
    /// Decisions are counted (`would_...`) and nothing changes for the client.
    Shadow,
    /// The filter joins no exchange.
    Off,
}

crate::reads!(enum Mode { "enforce" => Enforce, "shadow" => Shadow, "off" => Off });

/// What happens to an exchange that a filter cannot judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum OnFailure {
    /// It is denied, clearly.
    Closed,
    /// It passes untouched, and the failure is counted.
    Open,
}

crate::reads!(enum OnFailure { "closed" => Closed, "open" => Open });

/// The answer of [`Plugin::open`].
pub enum Open {
    /// Not interested: no further call for this exchange. Headers that were asked for at its head are set all the same.
    Skip,
    /// Takes part.
    Join(Box<dyn Filter>, Needs),
    /// Refuses the exchange at its head.
    Deny(Denial),
}

/// What a filter needs of each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Of the request.
    pub request: Need,
    /// Of the response. May be raised once the prompt is known: see [`crate::Effects`].
    pub response: Need,
}

/// How closely a filter looks at one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Not at all.
    Nothing,
    /// Reads along and never delays a byte.
    Observe,
    /// May edit, hold, cut or deny.
    Decide,
}

crate::reads!(enum Need { "nothing" => Nothing, "observe" => Observe, "decide" => Decide });
