//! A service that is asked where the classifier is not sure.

use penstock_filter_api::{Callout, ConfigError, OnFailure, Reply, bounded, reads};
use penstock_wire::{Limits, Tape, Value, write_string};

/// Bounds of an answer.
const REPLY: Limits = Limits {
    max_bytes: 256 << 10,
    max_depth: 32,
    max_nodes: 10_000,
};
/// Largest `max_bytes`.
const MAX_BYTES: u32 = 1 << 20;
/// Largest `timeout_ms`.
const MAX_TIMEOUT_MS: u32 = 60_000;

/// Which question it understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Kind {
    /// `{"input": text}`, answered by `{"results": [{"flagged": true}]}`: OpenAI's moderation endpoint.
    #[default]
    OpenaiModeration,
    /// A chat completion, answered by `unsafe` as the first word: Llama Guard and its kin behind any OpenAI API.
    LlamaGuard,
    /// `{"text": text, "scope": "user"}`, answered by `{"flagged": true}`: a service of your own.
    Webhook,
}

reads!(enum Kind { "openai_moderation" => OpenaiModeration, "llama_guard" => LlamaGuard, "webhook" => Webhook });

/// A service that is asked where the classifier is not sure.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Judge")
)]
pub(crate) struct RawJudge {
    /// Which question it understands.
    kind: Kind,
    /// Cluster of the proxy that it is behind.
    #[cfg_attr(feature = "schema", schemars(required))]
    cluster: String,
    /// `host` of the request.
    authority: String,
    /// Path of the request. Default: that of the kind's API.
    path: Option<String>,
    /// The model that is to judge, where the API wants one.
    model: Option<String>,
    /// Value of the header `authorization`.
    authorization: Option<String>,
    /// How long the request waits, in milliseconds. 1 to 60000.
    timeout_ms: u32,
    /// It is asked for scores from here up to the threshold, in hundredths. 0 to 99.
    from: u8,
    /// Most text that is sent, in bytes: of a longer one, what stands around the doubtful part. 1 to 1048576.
    max_bytes: u32,
    /// Sends the text as it is. Otherwise personal data and secrets are masked first, in modules that can: the suite.
    raw: bool,
    /// What happens without an answer: `closed` refuses the request, `open` leaves it to the classifier.
    on_failure: OnFailure,
}

reads!(struct RawJudge { kind, cluster, authority, path, model, authorization, timeout_ms, from, max_bytes, raw, on_failure } needs cluster);

impl Default for RawJudge {
    fn default() -> Self {
        Self {
            kind: Kind::OpenaiModeration,
            cluster: String::new(),
            authority: String::new(),
            path: None,
            model: None,
            authorization: None,
            timeout_ms: 1000,
            from: 20,
            max_bytes: 16 << 10,
            raw: false,
            on_failure: OnFailure::Open,
        }
    }
}

/// A judge that can be asked.
#[derive(Debug)]
pub(crate) struct Judge {
    kind: Kind,
    cluster: String,
    headers: Vec<(String, String)>,
    model: String,
    timeout_ms: u32,
    max_bytes: usize,
    pub(crate) from: u8,
    pub(crate) raw: bool,
    pub(crate) on_failure: OnFailure,
}

impl Judge {
    pub(crate) fn new(raw: &RawJudge) -> Result<Self, ConfigError> {
        if raw.cluster.is_empty() {
            return Err(ConfigError::new("cluster", "empty"));
        }
        visible("cluster", &raw.cluster)?;
        visible("authority", &raw.authority)?;
        visible("path", raw.path.as_deref().unwrap_or_default())?;
        visible("authorization", raw.authorization.as_deref().unwrap_or_default())?;
        if !raw.raw && !cfg!(feature = "mask") {
            let why = "this module cannot mask texts: use the suite, or set raw: true";
            return Err(ConfigError::new("raw", why));
        }
        bounded("timeout_ms", raw.timeout_ms, 1..=MAX_TIMEOUT_MS)?;
        bounded("max_bytes", raw.max_bytes, 1..=MAX_BYTES)?;
        bounded("from", u32::from(raw.from), 0..=99)?;
        let path = match raw.kind {
            Kind::OpenaiModeration => "/v1/moderations",
            Kind::LlamaGuard => "/v1/chat/completions",
            Kind::Webhook => "/",
        };
        let authority = if raw.authority.is_empty() {
            &raw.cluster
        } else {
            &raw.authority
        };
        let mut headers = vec![
            (":method", "POST"),
            (":path", raw.path.as_deref().unwrap_or(path)),
            (":authority", authority),
            ("content-type", "application/json"),
        ];
        headers.extend(raw.authorization.as_deref().map(|value| ("authorization", value)));
        Ok(Self {
            kind: raw.kind,
            cluster: raw.cluster.clone(),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            model: raw.model.clone().unwrap_or_default(),
            timeout_ms: raw.timeout_ms,
            max_bytes: raw.max_bytes as usize,
            from: raw.from,
            raw: raw.raw,
            on_failure: raw.on_failure,
        })
    }

    /// The question about a text, or about what stands around this place of a long one.
    pub(crate) fn ask(&self, text: &str, at: usize, scope: &str) -> Callout {
        let text = self.around(text, at);
        let mut body = Vec::new();
        let mut put = |json: &str, value: &str| {
            body.extend_from_slice(json.as_bytes());
            write_string(&mut body, value);
        };
        match self.kind {
            Kind::OpenaiModeration => put("{\"input\":", text),
            Kind::LlamaGuard => {
                put("{\"model\":", &self.model);
                put(
                    ",\"max_tokens\":16,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":",
                    text,
                );
            }
            Kind::Webhook => {
                put("{\"text\":", text);
                put(",\"scope\":", scope);
            }
        }
        if self.kind == Kind::OpenaiModeration && !self.model.is_empty() {
            put(",\"model\":", &self.model);
        }
        body.extend_from_slice(if self.kind == Kind::LlamaGuard {
            b"}]}"
        } else {
            b"}"
        });
        Callout {
            cluster: self.cluster.clone(),
            headers: self.headers.clone(),
            body,
            timeout_ms: self.timeout_ms,
        }
    }

    /// As much of a text as may be sent; of a long one, with this place in the middle.
    fn around<'t>(&self, text: &'t str, at: usize) -> &'t str {
        let last = text.len().saturating_sub(self.max_bytes);
        let from = text.floor_char_boundary(at.saturating_sub(self.max_bytes / 2).min(last));
        let to = text.floor_char_boundary(from + self.max_bytes);
        text.get(from..to).unwrap_or_default()
    }

    /// What it says. `None`: nothing that can be understood.
    pub(crate) fn verdict(&self, reply: &Reply) -> Option<bool> {
        if !reply.is_ok() {
            return None;
        }
        let mut tape = Tape::new();
        tape.parse(&reply.body, &REPLY).ok()?;
        let root = tape.view(&reply.body).root();
        match self.kind {
            Kind::OpenaiModeration => {
                let results = members(root, "results").flat_map(Value::items);
                any(results.flat_map(|result| members(result, "flagged")))
            }
            Kind::Webhook => any(members(root, "flagged")),
            Kind::LlamaGuard => {
                let text = root.pointer("/choices/0/message/content")?.text()?;
                let word = text.trim_start().to_ascii_lowercase();
                match (word.starts_with("unsafe"), word.starts_with("safe")) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    _ => None,
                }
            }
        }
    }
}

/// Every member of that name: readers differ in which of two counts.
fn members<'a>(object: Value<'a>, name: &'static str) -> impl Iterator<Item = Value<'a>> {
    object
        .members()
        .filter_map(move |(key, value)| key.eq_text(name).then_some(value))
}

/// Whether any of these is true. `None`: there is none, or one is neither true nor false.
fn any<'a>(flags: impl Iterator<Item = Value<'a>>) -> Option<bool> {
    let flags: Vec<Option<bool>> = flags.map(Value::as_bool).collect();
    if flags.contains(&Some(true)) {
        return Some(true);
    }
    flags.into_iter().reduce(Option::and).flatten()
}

fn visible(field: &str, value: &str) -> Result<(), ConfigError> {
    if value.chars().any(char::is_control) {
        return Err(ConfigError::new(field, "has control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Judge, Kind, RawJudge};
    use penstock_filter_api::Reply;

    fn judge(kind: Kind) -> Judge {
        Judge::new(&RawJudge {
            kind,
            cluster: "judge".to_owned(),
            raw: true,
            model: Some("m".to_owned()),
            ..RawJudge::default()
        })
        .unwrap()
    }

    #[test]
    fn each_kind_has_its_question() {
        for (kind, path, body) in [
            (
                Kind::OpenaiModeration,
                "/v1/moderations",
                r#"{"input":"a \"b\"","model":"m"}"#,
            ),
            (
                Kind::LlamaGuard,
                "/v1/chat/completions",
                r#"{"model":"m","max_tokens":16,"temperature":0,"messages":[{"role":"user","content":"a \"b\""}]}"#,
            ),
            (Kind::Webhook, "/", r#"{"text":"a \"b\"","scope":"user"}"#),
        ] {
            let callout = judge(kind).ask("a \"b\"", 0, "user");
            assert_eq!(String::from_utf8(callout.body).unwrap(), body);
            assert!(callout.headers.contains(&(":path".to_owned(), path.to_owned())));
        }
    }

    #[test]
    fn an_answer_is_yes_no_or_nothing() {
        for (kind, status, body, verdict) in [
            (
                Kind::OpenaiModeration,
                200,
                r#"{"results":[{"flagged":true}]}"#,
                Some(true),
            ),
            (Kind::OpenaiModeration, 200, r#"{"results":[]}"#, None),
            (
                Kind::OpenaiModeration,
                200,
                r#"{"results":[{"flagged":false},{"flagged":true}]}"#,
                Some(true),
            ),
            (
                Kind::OpenaiModeration,
                504,
                r#"{"results":[{"flagged":false}]}"#,
                None,
            ),
            (
                Kind::LlamaGuard,
                200,
                r#"{"choices":[{"message":{"content":"\n\nunsafe\nS1"}}]}"#,
                Some(true),
            ),
            (
                Kind::LlamaGuard,
                200,
                r#"{"choices":[{"message":{"content":"safe"}}]}"#,
                Some(false),
            ),
            (
                Kind::LlamaGuard,
                200,
                r#"{"choices":[{"message":{"content":"I am not sure"}}]}"#,
                None,
            ),
            (Kind::Webhook, 200, r#"{"flagged":false}"#, Some(false)),
            (
                Kind::Webhook,
                200,
                r#"{"flagged":false,"flagged":true}"#,
                Some(true),
            ),
            (Kind::Webhook, 200, r#"{"flagged":false,"flagged":"yes"}"#, None),
            (Kind::Webhook, 200, "no", None),
        ] {
            let reply = Reply {
                status,
                body: body.as_bytes().to_vec(),
            };
            assert_eq!(judge(kind).verdict(&reply), verdict, "{body}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut judge = judge(Kind::OpenaiModeration);
        judge.max_bytes = 4;
        judge.model.clear();
        assert_eq!(judge.ask("日本", 0, "user").body, r#"{"input":"日"}"#.as_bytes());
    }

    #[test]
    fn of_a_long_text_it_reads_what_is_doubtful() {
        let mut judge = judge(Kind::OpenaiModeration);
        judge.max_bytes = 4;
        for (at, shown) in [(0, "0123"), (5, "3456"), (9, "6789")] {
            assert_eq!(judge.around("0123456789", at), shown);
        }
        assert_eq!(judge.around("012", 2), "012");
    }
}
