//! The two ways of an exchange.

use crate::reads;

/// A direction of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the model.
    Request,
    /// To the client.
    Response,
}

impl Way {
    /// Label value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Requests, answers, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum Direction {
    /// On the way to the model.
    Request,
    /// On the way to the client.
    Response,
    /// Either way.
    #[default]
    Both,
}

reads!(enum Direction { "request" => Request, "response" => Response, "both" => Both });

impl Direction {
    /// Whether this way is among them.
    pub fn has(self, way: Way) -> bool {
        match self {
            Self::Both => true,
            Self::Request => way == Way::Request,
            Self::Response => way == Way::Response,
        }
    }
}
