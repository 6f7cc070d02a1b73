//! Ollama's `/api/embed`.
//! <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings>

use serde_json::Value;

use crate::controls::{Controls, UsageMode};
use crate::dialect::ollama::{FORMAT, error_page};
use crate::dialect::openai::JSON;
use crate::dialect::{
    Ask, Call, Dialect, Event, Failed, Operation, Page, Refusal, model, number, texts, vector,
};
use crate::obj;
use crate::script::Answer;

pub struct OllamaEmbed;

const DIMENSIONS: u64 = 64;
const MAX_DIMENSIONS: u64 = 4096;

impl Dialect for OllamaEmbed {
    fn api(&self) -> &'static str {
        "ollama"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body).map_err(|_| Refusal::bad("model is required"))?;
        match body.get("input") {
            Some(Value::String(_) | Value::Array(_)) => {}
            Some(_) | None => return Err(Refusal::bad("invalid input type")),
        }
        Ok(Ask {
            operation: Operation::Embed,
            model,
            texts: texts(&body, &["input"]),
            body,
            ..Ask::default()
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let dimensions = number(&ask.body, "dimensions")
            .unwrap_or(DIMENSIONS)
            .clamp(1, MAX_DIMENSIONS) as usize;
        let vectors = ask
            .texts
            .iter()
            .map(|text| vector(text, dimensions))
            .collect::<Vec<_>>();
        let durations = obj! {"total_duration": 14_143_917, "load_duration": 1_019_500};
        let count = (controls.usage != UsageMode::None).then_some(answer.usage.input);
        let body = obj! {"model": &ask.model, "embeddings": vectors};
        let body = crate::dialect::join(body, durations).with_some("prompt_eval_count", count);
        Page {
            content_type: JSON,
            body: body.write(FORMAT),
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
