//! Gemini's embedContent and batchEmbedContents.
//! <https://ai.google.dev/api/embeddings>

use serde_json::Value;

use crate::controls::{Controls, UsageMode};
use crate::dialect::gemini::{JSON, error_page, model};
use crate::dialect::{Ask, Call, Dialect, Event, Failed, Operation, Page, Refusal, texts, vector};
use crate::json::{Format, Json};
use crate::obj;
use crate::script::Answer;

pub struct GeminiEmbed;

const DIMENSIONS: u64 = 64;
const MAX_DIMENSIONS: u64 = 4096;

impl Dialect for GeminiEmbed {
    fn api(&self) -> &'static str {
        "gemini"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        if body.get("content").is_none() && !body.get("requests").is_some_and(Value::is_array) {
            return Err(Refusal::bad(
                "* EmbedContentRequest.content: contents is not specified",
            ));
        }
        let prompt = match body.get("requests").and_then(Value::as_array) {
            Some(requests) => requests
                .iter()
                .flat_map(|request| texts(request, &["content"]))
                .collect(),
            None => texts(&body, &["content"]),
        };
        let model = model(call.path)?;
        Ok(Ask {
            operation: Operation::Embed,
            model,
            texts: prompt,
            body,
            ..Ask::default()
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let body = match ask.body.get("requests").and_then(Value::as_array) {
            Some(requests) => obj! {"embeddings": requests.iter().map(values).collect::<Vec<_>>()},
            None => obj! {"embedding": values(&ask.body)},
        };
        let usage = (controls.usage != UsageMode::None)
            .then(|| obj! {"promptTokenCount": answer.usage.input, "totalTokenCount": answer.usage.input});
        let body = body.with_some("usageMetadata", usage);
        Page {
            content_type: JSON,
            body: format!("{}\n", body.write(Format::PRETTY)),
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
        error_page(refusal)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        Vec::new()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

fn values(request: &Value) -> Json {
    let config = ["outputDimensionality", "output_dimensionality"]
        .iter()
        .find_map(|key| request.get(*key));
    let dimensions = config
        .and_then(Value::as_u64)
        .unwrap_or(DIMENSIONS)
        .clamp(1, MAX_DIMENSIONS) as usize;
    obj! {"values": vector(&texts(request, &["content"]).concat(), dimensions)}
}
