//! The configuration of models that nobody here knows: JSON pointers by name.

use penstock_filter_api::ConfigError;
use penstock_llm_api::{CustomApi, CustomRequest, CustomResponse, CustomSpec, CustomUsage, Pointer, Scope};
use penstock_wire::Framing;
use serde::Deserialize;

/// One entry of `exchange.custom`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCustom {
    path: String,
    #[serde(default)]
    framing: RawFraming,
    #[serde(default)]
    done_marker: String,
    #[serde(default)]
    request: RawRequest,
    #[serde(default)]
    response: RawResponse,
    frame: Option<RawResponse>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawFraming {
    /// By the response's `content-type` alone.
    #[default]
    ByContentType,
    Sse,
    Ndjson,
    JsonArray,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRequest {
    model: Option<String>,
    stream: Option<String>,
    stream_default: bool,
    max_output_tokens: Option<String>,
    texts: Vec<RawText>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawResponse {
    model: Option<String>,
    finish: Option<String>,
    error: Option<String>,
    texts: Vec<RawText>,
    usage: RawUsage,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawUsage {
    input_tokens: Option<String>,
    output_tokens: Option<String>,
    cached_tokens: Option<String>,
    cache_creation_tokens: Option<String>,
    reasoning_tokens: Option<String>,
    input_excludes_cache: bool,
    output_excludes_reasoning: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawText {
    scope: String,
    pointer: String,
}

/// Checks all entries; the error's path starts at `custom`.
pub(crate) fn check(raw: Vec<RawCustom>) -> Result<Vec<CustomApi>, ConfigError> {
    let one = |(index, raw): (usize, RawCustom)| {
        raw.check()
            .map_err(|error| error.under(&format!("custom[{index}]")))
    };
    raw.into_iter().enumerate().map(one).collect()
}

impl RawCustom {
    fn check(self) -> Result<CustomApi, ConfigError> {
        if !self.path.starts_with('/') {
            return Err(ConfigError::new("path", "must begin with a slash"));
        }
        Ok(CustomApi::new(CustomSpec {
            path: self.path,
            framing: match self.framing {
                RawFraming::ByContentType => None,
                RawFraming::Sse => Some(Framing::Sse),
                RawFraming::Ndjson => Some(Framing::Ndjson),
                RawFraming::JsonArray => Some(Framing::JsonArray),
            },
            done_marker: self.done_marker,
            request: self.request.check().map_err(|error| error.under("request"))?,
            response: self.response.check().map_err(|error| error.under("response"))?,
            frame: self
                .frame
                .map(RawResponse::check)
                .transpose()
                .map_err(|error| error.under("frame"))?,
        }))
    }
}

impl RawRequest {
    fn check(self) -> Result<CustomRequest, ConfigError> {
        Ok(CustomRequest {
            model: pointer("model", self.model)?,
            stream: pointer("stream", self.stream)?,
            stream_default: self.stream_default,
            max_output_tokens: pointer("max_output_tokens", self.max_output_tokens)?,
            texts: texts(self.texts)?,
        })
    }
}

impl RawResponse {
    fn check(self) -> Result<CustomResponse, ConfigError> {
        Ok(CustomResponse {
            model: pointer("model", self.model)?,
            finish: pointer("finish", self.finish)?,
            error: pointer("error", self.error)?,
            texts: texts(self.texts)?,
            usage: self.usage.check().map_err(|error| error.under("usage"))?,
        })
    }
}

impl RawUsage {
    fn check(self) -> Result<CustomUsage, ConfigError> {
        Ok(CustomUsage {
            input_tokens: pointer("input_tokens", self.input_tokens)?,
            output_tokens: pointer("output_tokens", self.output_tokens)?,
            cached_tokens: pointer("cached_tokens", self.cached_tokens)?,
            cache_creation_tokens: pointer("cache_creation_tokens", self.cache_creation_tokens)?,
            reasoning_tokens: pointer("reasoning_tokens", self.reasoning_tokens)?,
            input_excludes_cache: self.input_excludes_cache,
            output_excludes_reasoning: self.output_excludes_reasoning,
        })
    }
}

fn pointer(name: &str, raw: Option<String>) -> Result<Option<Pointer>, ConfigError> {
    raw.map(|raw| Pointer::parse(&raw).ok_or_else(|| not_a_pointer(name)))
        .transpose()
}

fn texts(raw: Vec<RawText>) -> Result<Vec<(Scope, Pointer)>, ConfigError> {
    let one = |(index, raw): (usize, RawText)| {
        let at = |field: &str| format!("texts[{index}].{field}");
        let scope = Scope::from_name(&raw.scope).ok_or_else(|| {
            let known = Scope::ALL.map(Scope::name).join(", ");
            ConfigError::new(at("scope"), format!("unknown scope; known are: {known}"))
        })?;
        let pointer = Pointer::parse(&raw.pointer).ok_or_else(|| not_a_pointer(&at("pointer")))?;
        Ok((scope, pointer))
    };
    raw.into_iter().enumerate().map(one).collect()
}

fn not_a_pointer(path: &str) -> ConfigError {
    ConfigError::new(
        path,
        "not a JSON pointer (RFC 6901), such as /usage/input_tokens or /messages/*/content",
    )
}
