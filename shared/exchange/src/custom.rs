//! The configuration of models that nobody here knows: JSON pointers by name.

use penstock_filter_api::{ConfigError, reads};
use penstock_llm_api::{CustomApi, CustomRequest, CustomResponse, CustomSpec, CustomUsage, Pointer, Scope};
use penstock_wire::Framing;

/// One model of any other HTTP API, described by JSON pointers.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Custom")
)]
pub(crate) struct RawCustom {
    /// The path of its POST: segments, `*` for any one, `**` in front or at the end for any number.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^/")))]
    path: String,
    /// How it frames streams.
    #[cfg_attr(feature = "schema", schemars(default))]
    framing: RawFraming,
    /// The payload that ends a stream, such as `[DONE]`; empty for none.
    #[cfg_attr(feature = "schema", schemars(default))]
    done_marker: String,
    /// The request.
    #[cfg_attr(feature = "schema", schemars(default))]
    request: RawRequest,
    /// A whole response.
    #[cfg_attr(feature = "schema", schemars(default))]
    response: RawResponse,
    /// A frame of a stream; as the whole response where there is none.
    frame: Option<RawResponse>,
}

reads!(struct RawCustom { path, framing, done_marker, request, response, frame } needs path);

/// How its streams are framed.
#[derive(Clone, Copy, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case"),
    schemars(rename = "Framing")
)]
enum RawFraming {
    /// By the response's `content-type` alone.
    #[default]
    ByContentType,
    /// Server-sent events, where the type does not say.
    Sse,
    /// A JSON document a line, where the type does not say.
    Ndjson,
    /// The items of one JSON array, where the type does not say.
    JsonArray,
}

reads!(enum RawFraming { "by_content_type" => ByContentType, "sse" => Sse, "ndjson" => Ndjson, "json_array" => JsonArray });

/// Where things stand in a request, by JSON pointer (RFC 6901); `*` stands for every item or member.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "CustomRequest")
)]
struct RawRequest {
    /// The model's name.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    model: Option<String>,
    /// Whether the answer streams (a boolean).
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    stream: Option<String>,
    /// Whether it streams where the request does not say.
    stream_default: bool,
    /// The bound on generated tokens.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    max_output_tokens: Option<String>,
    /// Texts by scope. What none of them names is text of the scope `other`.
    texts: Vec<RawText>,
}

reads!(struct RawRequest { model, stream, stream_default, max_output_tokens, texts });

/// Where things stand in a response, by JSON pointer (RFC 6901); `*` stands for every item or member.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "CustomResponse")
)]
struct RawResponse {
    /// The model's name.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    model: Option<String>,
    /// Why it ended: a word, or `true`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    finish: Option<String>,
    /// The error: anything but `null`, `false` and `""`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    error: Option<String>,
    /// Texts by scope. What none of them names is text of the scope `other`.
    texts: Vec<RawText>,
    /// Counters of tokens.
    usage: RawUsage,
}

reads!(struct RawResponse { model, finish, error, texts, usage });

/// Where the counters of tokens stand.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "CustomUsage")
)]
struct RawUsage {
    /// Tokens read.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    input_tokens: Option<String>,
    /// Tokens written.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    output_tokens: Option<String>,
    /// Tokens read from a cache.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    cached_tokens: Option<String>,
    /// Tokens written to a cache.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    cache_creation_tokens: Option<String>,
    /// Tokens of reasoning.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    reasoning_tokens: Option<String>,
    /// `input_tokens` leaves out what the cache counters count.
    input_excludes_cache: bool,
    /// `output_tokens` leaves out reasoning.
    output_excludes_reasoning: bool,
}

reads!(struct RawUsage { input_tokens, output_tokens, cached_tokens, cache_creation_tokens, reasoning_tokens, input_excludes_cache, output_excludes_reasoning });

/// Where texts stand, and whose they are.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "CustomText")
)]
struct RawText {
    /// Whose text it is.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::scope"))]
    scope: String,
    /// Where it stands.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^(/.*)?$")))]
    pointer: String,
}

reads!(struct RawText { scope, pointer } needs scope, pointer);

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
