//! Any HTTP model, described by JSON pointers.

use crate::answer::Seen;
use crate::request::{Edited, ReadError, Request};
use crate::shape::{Place, Rule};
use crate::stream::{FrameReading, State};
use crate::texts::{Part, Scope, Texts, collect};
use crate::usage::Sums;
use penstock_wire::{Framing, Json, JsonEdits, Value};
use std::sync::Arc;

/// An API that the configuration describes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomApi(Arc<Description>);

#[derive(Debug, PartialEq, Eq)]
struct Description {
    path: Vec<String>,
}

impl CustomApi {
    pub(crate) fn matches(&self, segments: &[String]) -> bool {
        self.0.path == segments
    }

    pub(crate) fn framing(&self) -> Option<Framing> {
        None
    }

    pub(crate) fn sums(&self) -> Sums {
        Sums::Total
    }

    pub(crate) fn done_marker(&self) -> &str {
        ""
    }
}

pub(crate) fn request(_api: &CustomApi, _root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request::default())
}

pub(crate) fn request_texts(_api: &CustomApi, json: Json<'_>) -> Texts {
    collect(
        json,
        Rule::Free(Scope::Other),
        Place::new(Scope::Other, Part::Whole),
    )
}

pub(crate) fn cap_output(_api: &CustomApi, _root: Value<'_>, _max: u64, _edits: &mut JsonEdits) -> Edited {
    Edited::NotApplicable
}

pub(crate) fn set_model(_api: &CustomApi, _root: Value<'_>, _model: &str, _edits: &mut JsonEdits) -> Edited {
    Edited::NotApplicable
}

pub(crate) fn answer(_api: &CustomApi, _root: Value<'_>) -> Seen {
    Seen::default()
}

pub(crate) fn output_bytes(_api: &CustomApi, _json: Json<'_>) -> u64 {
    0
}

pub(crate) fn response_texts(_api: &CustomApi, json: Json<'_>) -> Texts {
    collect(
        json,
        Rule::Free(Scope::Other),
        Place::new(Scope::Other, Part::Whole),
    )
}

pub(crate) fn frame(_api: &CustomApi, json: Json<'_>, state: &mut State, out: &mut FrameReading) {
    state.texts(
        json.root(),
        Rule::Free(Scope::Other),
        Place::new(Scope::Other, Part::Delta),
        out,
    );
}
