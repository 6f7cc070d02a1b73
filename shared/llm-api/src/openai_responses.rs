//! Responses: `POST /v1/responses`.
//!
//! Not tabled yet: every text is `Other`, and no usage is read.

use crate::answer::Seen;
use crate::request::{ReadError, Request};
use crate::shape::{Place, Rule, Shape, shape};
use crate::stream::{FrameReading, State};
use crate::texts::{Part, Scope};
use penstock_wire::Value;

pub(crate) static REQUEST: Shape = shape! {};

pub(crate) static RESPONSE: Shape = shape! {};

pub(crate) fn request(_root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request::default())
}

pub(crate) fn answer(_root: Value<'_>) -> Seen {
    Seen::default()
}

pub(crate) fn frame(_event: Option<&str>, root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    state.texts(
        root,
        Rule::Shape(&RESPONSE),
        Place::new(Scope::Output, Part::Delta),
        out,
    );
}
