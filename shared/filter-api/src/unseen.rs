//! What nobody here can read.

use crate::reads;

/// What happens to a request with content that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum OnUnseen {
    /// It is counted.
    Allow,
    /// The request is refused.
    Deny,
}

reads!(enum OnUnseen { "allow" => Allow, "deny" => Deny });
