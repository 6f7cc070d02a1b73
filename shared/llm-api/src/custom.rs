//! Any HTTP model, described by JSON pointers: the description.

use crate::pointer::Pointer;
use crate::texts::Scope;
use crate::usage::Sums;
use penstock_wire::Framing;
use std::sync::Arc;

/// What a configuration says of an API that nobody here knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomSpec {
    /// The path of its POST: segments, `*` for any one, `**` in front or at the end for any number.
    pub path: String,
    /// How it frames streams, where the response's `content-type` does not say.
    pub framing: Option<Framing>,
    /// The payload that ends a stream, such as `[DONE]`; empty for none.
    pub done_marker: String,
    /// The request.
    pub request: CustomRequest,
    /// A whole response.
    pub response: CustomResponse,
    /// A frame of a stream; as the whole response where there is none.
    pub frame: Option<CustomResponse>,
}

/// Where a request has what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomRequest {
    /// The model's name.
    pub model: Option<Pointer>,
    /// Whether the answer streams (a boolean).
    pub stream: Option<Pointer>,
    /// Whether it streams where the request does not say.
    pub stream_default: bool,
    /// The bound on generated tokens.
    pub max_output_tokens: Option<Pointer>,
    /// Texts by scope. What none of them names is text of [`Scope::Other`].
    pub texts: Vec<(Scope, Pointer)>,
}

/// Where a response, or a frame of one, has what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomResponse {
    /// The model's name.
    pub model: Option<Pointer>,
    /// Why it ended: a word, or `true`.
    pub finish: Option<Pointer>,
    /// The error: anything but `null`, `false` and `""`.
    pub error: Option<Pointer>,
    /// Texts by scope. What none of them names is text of [`Scope::Other`].
    pub texts: Vec<(Scope, Pointer)>,
    /// Counters.
    pub usage: CustomUsage,
}

/// Where the counters stand, and what they leave out. In streams the last report of each holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomUsage {
    /// Tokens read.
    pub input_tokens: Option<Pointer>,
    /// Tokens written.
    pub output_tokens: Option<Pointer>,
    /// Tokens read from a cache.
    pub cached_tokens: Option<Pointer>,
    /// Tokens written to a cache.
    pub cache_creation_tokens: Option<Pointer>,
    /// Tokens of reasoning.
    pub reasoning_tokens: Option<Pointer>,
    /// `input_tokens` leaves out what the cache counters count.
    pub input_excludes_cache: bool,
    /// `output_tokens` leaves out reasoning.
    pub output_excludes_reasoning: bool,
}

/// An API that the configuration describes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomApi(Arc<(CustomSpec, Vec<String>)>);

impl CustomApi {
    /// An API as described.
    pub fn new(spec: CustomSpec) -> Self {
        let segments = spec.path.split('/').filter(|segment| !segment.is_empty());
        let segments = segments.map(str::to_owned).collect();
        Self(Arc::new((spec, segments)))
    }

    pub(crate) fn spec(&self) -> &CustomSpec {
        &self.0.0
    }

    pub(crate) fn frame(&self) -> &CustomResponse {
        self.spec().frame.as_ref().unwrap_or(&self.spec().response)
    }

    pub(crate) fn matches(&self, segments: &[String]) -> bool {
        self.matches_by(segments, |pattern, segment| pattern == segment)
    }

    pub(crate) fn matches_any_case(&self, segments: &[String]) -> bool {
        self.matches_by(segments, str::eq_ignore_ascii_case)
    }

    fn matches_by(&self, segments: &[String], equal: fn(&str, &str) -> bool) -> bool {
        let same = |pattern, segments: &[String]| same(pattern, segments, equal);
        let pattern = self.0.1.as_slice();
        match (pattern.split_first(), pattern.split_last()) {
            (Some((first, tail)), _) if first == "**" => {
                let from = segments.len().checked_sub(tail.len());
                from.and_then(|from| segments.get(from..))
                    .is_some_and(|last| same(tail, last))
            }
            (_, Some((last, head))) if last == "**" => {
                segments.get(..head.len()).is_some_and(|first| same(head, first))
            }
            _ => pattern.len() == segments.len() && same(pattern, segments),
        }
    }

    pub(crate) fn framing(&self) -> Option<Framing> {
        self.spec().framing
    }

    pub(crate) fn sums(&self) -> Sums {
        let usage = &self.spec().response.usage;
        Sums {
            input_excludes_cache: usage.input_excludes_cache,
            output_excludes_reasoning: usage.output_excludes_reasoning,
        }
    }

    pub(crate) fn done_marker(&self) -> &str {
        &self.spec().done_marker
    }
}

fn same(pattern: &[String], segments: &[String], equal: fn(&str, &str) -> bool) -> bool {
    pattern
        .iter()
        .zip(segments)
        .all(|(pattern, segment)| pattern == "*" || equal(pattern, segment))
}
