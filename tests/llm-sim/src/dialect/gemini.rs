//! Gemini's generateContent, streamGenerateContent and countTokens.
//! <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/tokens>

use serde_json::Value;

use crate::controls::{Controls, UsageMode};
use crate::dialect::gemini_stream::{self, array_end, framed};
use crate::dialect::{Ask, Cache, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, join, texts};
use crate::json::{Format, Json};
use crate::script::{Answer, Choice, Finish, ToolCall, Usage};
use crate::{arr, obj};

pub struct GeminiGenerate;
pub struct GeminiCountTokens;

pub const JSON: &str = "application/json; charset=UTF-8";
/// Choices a request may ask for.
const MAX_CANDIDATES: u64 = 8;
/// How a stream is framed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `alt=sse`, with CRLF.
    Sse,
    /// One JSON array, an element at a time.
    Array,
}

/// The model's name, out of `/v1beta/models/NAME:method` (or a longer path that ends so).
pub fn model(path: &str) -> Result<String, Refusal> {
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = last.rsplit_once(':').map_or(last, |(name, _)| name);
    match name {
        "" => Err(Refusal {
            status: 404,
            message: "the path names no model".to_owned(),
        }),
        name => Ok(name.to_owned()),
    }
}

fn read(call: Call<'_>, operation: Operation) -> Result<Ask, Refusal> {
    let model = model(call.path)?;
    let body = call.body;
    let contents = body
        .get("contents")
        .or_else(|| body.pointer("/generateContentRequest/contents"));
    if !contents.is_some_and(Value::is_array) {
        return Err(Refusal::bad(
            "* GenerateContentRequest.contents: contents is not specified",
        ));
    }
    let counting = operation == Operation::CountTokens;
    let config = |key: &str| {
        body.pointer(&format!("/generationConfig/{key}"))
            .and_then(Value::as_u64)
    };
    let declared = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let declared = declared.filter_map(|tool| {
        tool.get("functionDeclarations")
            .or_else(|| tool.get("function_declarations"))
            .and_then(Value::as_array)
    });
    let names = declared
        .flatten()
        .filter_map(|call| call.get("name").and_then(Value::as_str).map(str::to_owned));
    let keys = [
        "generateContentRequest",
        "tools",
        "systemInstruction",
        "system_instruction",
        "contents",
    ];
    Ok(Ask {
        operation,
        cache: Cache::Reads,
        model,
        stream: call.path.ends_with(":streamGenerateContent"),
        framing: call.query.get("alt").cloned(),
        n: if counting {
            0
        } else {
            config("candidateCount").unwrap_or(1).clamp(1, MAX_CANDIDATES) as u32
        },
        max_tokens: config("maxOutputTokens"),
        texts: texts(&body, &keys),
        tools: names.collect(),
        usage_asked: true,
        body,
        ..Ask::default()
    })
}

fn framing(ask: &Ask) -> Framing {
    if ask.framing.as_deref() == Some("sse") {
        Framing::Sse
    } else {
        Framing::Array
    }
}

impl Dialect for GeminiGenerate {
    fn api(&self) -> &'static str {
        "gemini"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        read(call, Operation::Chat)
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let candidates = answer.choices.iter().map(candidate).collect::<Vec<_>>();
        let usage = usage(answer.usage, answer.usage, controls);
        let body = object(ask, answer, candidates.into(), usage);
        Page {
            content_type: JSON,
            body: format!("{}\n", body.write(Format::PRETTY)),
        }
    }

    fn stream_type(&self, ask: &Ask) -> &'static str {
        match framing(ask) {
            Framing::Sse => "text/event-stream",
            Framing::Array => JSON,
        }
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        gemini_stream::events(ask, answer, controls, framing(ask))
    }

    fn error(&self, refusal: &Refusal, failed: &Failed<'_>) -> Page {
        let (path, query) = failed.path.split_once('?').unwrap_or((failed.path, ""));
        // A stream that is an array fails as an array.
        let in_array = path.ends_with(":streamGenerateContent") && !query.contains("alt=sse");
        let error = error_object(refusal);
        let body = if in_array { arr![error] } else { error };
        Page {
            content_type: JSON,
            body: format!("{}\n", body.write(Format::PRETTY)),
        }
    }

    fn broken(&self, ask: &Ask, _: &Answer, sent: usize) -> Vec<Event> {
        let message = "The model is overloaded. Please try again later.".to_owned();
        let error = error_object(&Refusal { status: 503, message });
        let framing = framing(ask);
        let mut events = vec![framed(framing, &error, sent == 0, Kind::Closing)];
        events.extend(array_end(framing, Kind::Closing));
        events
    }

    /// Neither Google's SSE nor its arrays are kept alive by anything.
    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

impl Dialect for GeminiCountTokens {
    fn api(&self) -> &'static str {
        "gemini"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        read(call, Operation::CountTokens)
    }

    fn unary(&self, _: &Ask, answer: &Answer, _: &Controls) -> Page {
        let total = answer.usage.input;
        let body = obj! {"totalTokens": total, "promptTokensDetails": by_modality(total)};
        Page {
            content_type: JSON,
            body: format!("{}\n", body.write(Format::PRETTY)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        JSON
    }

    /// Counting is never streamed.
    fn stream(&self, _: &Ask, _: &Answer, _: &Controls) -> Vec<Event> {
        Vec::new()
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        error_page(refusal)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        Vec::new()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

pub fn error_page(refusal: &Refusal) -> Page {
    Page {
        content_type: JSON,
        body: format!("{}\n", error_object(refusal).write(Format::PRETTY)),
    }
}

/// <https://cloud.google.com/apis/design/errors>
fn error_object(refusal: &Refusal) -> Json {
    let status = match refusal.status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        status if status < 500 => "FAILED_PRECONDITION",
        _ => "INTERNAL",
    };
    obj! {"error": obj! {"code": refusal.status, "message": &refusal.message, "status": status}}
}

fn by_modality(tokens: u64) -> Json {
    arr![obj! {"modality": "TEXT", "tokenCount": tokens}]
}

/// Cumulative: `so_far` of the output, all of the input. Thoughts are apart from candidates; the prompt has all
/// that came from the cache; tool results are counted apart from the prompt.
/// <https://ai.google.dev/api/generate-content#UsageMetadata>
pub fn usage(whole: Usage, so_far: Usage, controls: &Controls) -> Option<Json> {
    if controls.usage == UsageMode::None {
        return None;
    }
    let above_zero = |n: u64| (n > 0).then_some(n);
    let candidates = so_far.output - so_far.reasoning;
    let tool_use = controls.tool_prompt.min(whole.input);
    let prompt = whole.input - tool_use;
    let counts = obj! {"promptTokenCount": prompt}
        .with_some("cachedContentTokenCount", above_zero(whole.cached))
        .with_some("candidatesTokenCount", above_zero(candidates))
        .with_some("toolUsePromptTokenCount", above_zero(tool_use))
        .with("totalTokenCount", whole.input + so_far.output)
        .with("promptTokensDetails", by_modality(prompt))
        .with_some("cacheTokensDetails", above_zero(whole.cached).map(by_modality))
        .with_some(
            "toolUsePromptTokensDetails",
            above_zero(tool_use).map(by_modality),
        );
    Some(counts.with_some("thoughtsTokenCount", above_zero(so_far.reasoning)))
}

pub fn object(ask: &Ask, answer: &Answer, candidates: Json, usage: Option<Json>) -> Json {
    let id = answer.rng.clone().id(23);
    let body = obj! {"candidates": candidates}.with_some("usageMetadata", usage);
    body.with("modelVersion", &ask.model).with("responseId", id)
}

/// Tool calls end with `STOP` too.
pub fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Tools => "STOP",
        Finish::Length => "MAX_TOKENS",
    }
}

pub fn thought(text: &str) -> Json {
    obj! {"text": text, "thought": true}
}

/// Calls come whole, with arguments as an object.
pub fn call(tool: &ToolCall) -> Json {
    let arguments: Value = serde_json::from_str(&tool.arguments()).unwrap_or_default();
    obj! {"functionCall": obj! {"name": &tool.name, "args": Json::from(&arguments)}}
}

pub fn content(parts: Vec<Json>) -> Json {
    obj! {"parts": parts, "role": "model"}
}

fn candidate(choice: &Choice) -> Json {
    let mut parts = Vec::new();
    if !choice.reasoning.is_empty() {
        parts.push(thought(&choice.reasoning()));
    }
    if !choice.text.is_empty() || choice.tools.is_empty() {
        parts.push(obj! {"text": choice.text()});
    }
    parts.extend(choice.tools.iter().map(call));
    obj! {"content": content(parts), "finishReason": finish_reason(choice.finish), "index": choice.index}
}

/// `GET /v1beta/models`.
pub fn models(names: &[String]) -> Json {
    let model = |name: &String| {
        obj! {
            "name": format!("models/{name}"), "version": "001", "displayName": name,
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": arr!["generateContent", "countTokens"],
        }
    };
    join(
        obj! {"models": names.iter().map(model).collect::<Vec<_>>()},
        obj! {},
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::{refused, told};

    const BODY: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    const SSE: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    const ARRAY: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

    #[test]
    fn usage_grows_and_thoughts_stand_apart() {
        let told = told(
            &GeminiGenerate,
            SSE,
            BODY,
            "out=3;reason=2;cached=4;tool_prompt=5",
        );
        assert_eq!(told.ask.model, "gemini-2.5-flash");
        assert!(
            told.events()
                .iter()
                .all(|event| event.bytes.ends_with(b"\r\n\r\n"))
        );
        let counts: Vec<u64> = told
            .data()
            .iter()
            .map(|data| data["usageMetadata"]["totalTokenCount"].as_u64().unwrap())
            .collect();
        assert!(counts.is_sorted());
        let data = told.data();
        let last = &data.last().unwrap()["usageMetadata"];
        assert_eq!(last["candidatesTokenCount"], 3);
        assert_eq!(last["thoughtsTokenCount"], 2);
        assert_eq!(last["cachedContentTokenCount"], 4);
        assert_eq!(last["toolUsePromptTokenCount"], 5);
        assert_eq!(last["promptTokenCount"], told.answer.usage.input - 5);
        assert_eq!(last["totalTokenCount"], told.answer.usage.total());
        assert_eq!(told.delta_tokens(), 5);
    }

    #[test]
    fn without_sse_it_is_one_array() {
        let told = told(&GeminiGenerate, ARRAY, BODY, "out=3;tool=1");
        let items: Vec<Value> = serde_json::from_str(&told.wire()).unwrap();
        assert_eq!(items.len(), 5);
        let call = items
            .iter()
            .find_map(|item| item["candidates"][0]["content"]["parts"][0].get("functionCall"));
        assert!(call.unwrap()["args"].is_object());
        assert_eq!(items[4]["candidates"][0]["finishReason"], "STOP");
    }

    #[test]
    fn an_array_fails_as_an_array() {
        assert_eq!(
            refused(&GeminiGenerate, 429, ARRAY)[0]["error"]["status"],
            "RESOURCE_EXHAUSTED"
        );
        assert_eq!(refused(&GeminiGenerate, 429, SSE)["error"]["code"], 429);
        assert_eq!(
            told(&GeminiGenerate, SSE, BODY, "").broken()[0]["error"]["status"],
            "UNAVAILABLE"
        );
    }
}
