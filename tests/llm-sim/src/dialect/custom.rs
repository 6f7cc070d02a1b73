//! A model behind an API of its own: `{"prompt": ".."}` in, `{"output": "..", "meter": {"in": n, "out": n}}` back;
//! with `"stream": true` the same as NDJSON, the meter in the last line.

use crate::controls::{Controls, UsageMode};
use crate::dialect::openai::JSON;
use crate::dialect::{
    Ask, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, flag, number, string, texts,
};
use crate::json::{Format, Json};
use crate::obj;
use crate::script::{Answer, Choice};

pub struct Custom;

impl Dialect for Custom {
    fn api(&self) -> &'static str {
        "custom"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        if !body.get("prompt").is_some_and(serde_json::Value::is_string) {
            return Err(Refusal::bad("prompt must be a string"));
        }
        Ok(Ask {
            operation: Operation::Completion,
            model: string(&body, "model").unwrap_or_else(|| "custom".to_owned()),
            stream: flag(&body, "stream") == Some(true),
            n: 1,
            max_tokens: number(&body, "limit"),
            texts: texts(&body, &["prompt"]),
            usage_asked: true,
            body,
            ..Ask::default()
        })
    }

    fn unary(&self, _: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let text = answer.choices.first().map(Choice::text).unwrap_or_default();
        let body = obj! {"output": text}.with_some("meter", meter(answer, controls));
        Page {
            content_type: JSON,
            body: body.write(Format::COMPACT),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        "application/x-ndjson"
    }

    fn stream(&self, _: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        let text = answer.choices.iter().flat_map(|choice| &choice.text);
        // Reasoning and tool calls are not shown here, but they are produced.
        let mut hidden = answer.usage.output - text.clone().count() as u64;
        let mut events: Vec<Event> = text
            .map(|piece| {
                let tokens = 1 + std::mem::take(&mut hidden);
                line(&obj! {"output": piece}, Kind::Delta { tokens })
            })
            .collect();
        let end = obj! {"output": "", "done": true}.with_some("meter", meter(answer, controls));
        events.push(line(&end, Kind::Terminal));
        events
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        Page {
            content_type: JSON,
            body: obj! {"error": &refusal.message}.write(Format::COMPACT),
        }
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        vec![line(&obj! {"error": "the model stopped"}, Kind::Closing)]
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

fn meter(answer: &Answer, controls: &Controls) -> Option<Json> {
    let usage = answer.usage;
    (controls.usage != UsageMode::None).then(|| obj! {"in": usage.input, "out": usage.output})
}

fn line(body: &Json, kind: Kind) -> Event {
    Event {
        bytes: format!("{}\n", body.write(Format::COMPACT)).into_bytes(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::told;

    #[test]
    fn the_meter_is_in_the_last_line() {
        let told = told(
            &Custom,
            "/custom/infer",
            r#"{"prompt":"hi","stream":true}"#,
            "out=3",
        );
        let lines = told.lines();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[3]["meter"]["out"], 3);
        assert_eq!(lines[3]["meter"]["in"], told.answer.usage.input);
        assert!(lines[..3].iter().all(|line| line.get("meter").is_none()));
    }
}
