//! OpenAI embeddings.
//! <https://platform.openai.com/docs/api-reference/embeddings>

use base64::Engine;
use serde_json::Value;

use crate::controls::{Controls, UsageMode};
use crate::dialect::openai::{self, JSON};
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Operation, Page, Refusal, ids, model, number, string, texts,
    vector,
};
use crate::json::Json;
use crate::obj;
use crate::script::Answer;

pub struct OpenaiEmbeddings;

/// Dimensions when the request does not say: small, since nothing here looks at them.
const DIMENSIONS: u64 = 64;
const MAX_DIMENSIONS: u64 = 4096;

impl Dialect for OpenaiEmbeddings {
    fn api(&self) -> &'static str {
        "embeddings"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body)?;
        if body.get("input").is_none_or(Value::is_null) {
            return Err(Refusal::bad("Missing required parameter: 'input'."));
        }
        Ok(Ask {
            operation: Operation::Embed,
            cache: Cache::Silent,
            model,
            texts: texts(&body, &["input"]),
            ids: ids(&body, "input"),
            body,
            ..Ask::default()
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let style = openai::style(controls);
        let dimensions = number(&ask.body, "dimensions")
            .unwrap_or(DIMENSIONS)
            .clamp(1, MAX_DIMENSIONS) as usize;
        let packed = string(&ask.body, "encoding_format").as_deref() == Some("base64");
        let item = |(index, text): (usize, String)| {
            let vector = vector(&text, dimensions);
            let embedding = if packed {
                base64(&vector).into()
            } else {
                Json::from(vector)
            };
            obj! {"object": "embedding", "index": index, "embedding": embedding}
        };
        let items = inputs(&ask.body)
            .into_iter()
            .enumerate()
            .map(item)
            .collect::<Vec<_>>();
        let usage = (controls.usage != UsageMode::None)
            .then(|| obj! {"prompt_tokens": answer.usage.input, "total_tokens": answer.usage.input});
        let body = obj! {"object": "list", "data": items, "model": &ask.model}.with_some("usage", usage);
        Page {
            content_type: JSON,
            body: body.write(openai::unary_format(style)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        JSON
    }

    /// Embeddings are never streamed.
    fn stream(&self, _: &Ask, _: &Answer, _: &Controls) -> Vec<Event> {
        Vec::new()
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        openai::error_page(refusal)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        Vec::new()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

/// Each input as a text; ids stand for themselves.
fn inputs(body: &Value) -> Vec<String> {
    match body.get("input") {
        Some(Value::Array(items)) if !items.iter().all(Value::is_number) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(one) => vec![one.to_string()],
        None => Vec::new(),
    }
}

/// Little-endian 32-bit floats, as the official client asks for them.
fn base64(vector: &[f64]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::told;

    #[test]
    fn base64_and_floats_say_the_same() {
        let floats = told(
            &OpenaiEmbeddings,
            "/",
            r#"{"model":"m","input":["a","b"],"dimensions":4}"#,
            "",
        )
        .unary();
        let packed = r#"{"model":"m","input":["a","b"],"dimensions":4,"encoding_format":"base64"}"#;
        let packed = told(&OpenaiEmbeddings, "/", packed, "").unary();
        let text = packed["data"][1]["embedding"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let third = f32::from_le_bytes(bytes[8..12].try_into().unwrap());
        assert!((f64::from(third) - floats["data"][1]["embedding"][2].as_f64().unwrap()).abs() < 1e-6);
        assert_eq!(floats["usage"]["prompt_tokens"], floats["usage"]["total_tokens"]);
    }
}
