//! Anthropic messages as a stream.
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::anthropic::{
    format, full_usage, genuine, message, signature, stop_reason, thinking, tool_id,
};
use crate::dialect::{Ask, Event, Kind, join, sse};
use crate::json::Json;
use crate::rng::Rng;
use crate::script::{Answer, Choice, Finish};
use crate::{arr, obj};

/// message_start, each content block from start to stop, message_delta with cumulative usage, message_stop.
pub fn events(ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
    let mut stream = Stream {
        ask,
        answer,
        controls,
        rng: answer.rng.clone(),
        block: 0,
        pinged: false,
        events: Vec::new(),
    };
    stream.start();
    if let Some(choice) = answer.choices.first() {
        stream.thinking(choice);
        stream.text(choice);
        stream.tools(choice);
    }
    stream.stop();
    stream.events
}

struct Stream<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    controls: &'a Controls,
    rng: Rng,
    block: usize,
    pinged: bool,
    events: Vec<Event>,
}

impl Stream<'_> {
    fn start(&mut self) {
        let usage = (self.controls.usage != UsageMode::None).then(|| self.start_usage());
        let message = message(self.ask, self.answer, arr![], None, usage);
        self.push("message_start", obj! {"message": message}, Kind::Opening);
    }

    /// What is known before the first token: the input, and an output of one.
    fn start_usage(&self) -> Json {
        let usage = self.answer.usage;
        match self.controls.style {
            None | Some(Style::Openai) => full_usage(usage, 1),
            Some(Style::Litellm) => obj! {"input_tokens": 0, "output_tokens": 0},
            Some(Style::Vllm | Style::Transformers) => {
                obj! {"input_tokens": usage.uncached(), "output_tokens": 0}
            }
            // It guesses, and tells the truth at the end.
            Some(Style::Ollama) => obj! {"input_tokens": usage.uncached() / 3, "output_tokens": 0},
            Some(Style::Llamacpp) => {
                obj! {"cache_read_input_tokens": usage.cached, "input_tokens": usage.uncached(), "output_tokens": 0}
            }
        }
    }

    fn end_usage(&self) -> Json {
        let usage = self.answer.usage;
        let counts = obj! {"input_tokens": usage.uncached()};
        match self.controls.style {
            None | Some(Style::Openai) => join(
                counts,
                obj! {
                    "cache_creation_input_tokens": usage.cache_creation(),
                    "cache_read_input_tokens": usage.cached, "output_tokens": usage.output,
                },
            )
            .with_some("output_tokens_details", thinking(usage, usage.output)),
            Some(Style::Vllm | Style::Ollama | Style::Transformers) => {
                counts.with("output_tokens", usage.output)
            }
            Some(Style::Litellm) => counts
                .with("cache_read_input_tokens", usage.cached)
                .with("output_tokens", usage.output),
            Some(Style::Llamacpp) => obj! {"output_tokens": usage.output},
        }
    }

    fn thinking(&mut self, choice: &Choice) {
        if choice.reasoning.is_empty() {
            return;
        }
        self.open(obj! {"type": "thinking", "thinking": "", "signature": ""});
        for piece in &choice.reasoning {
            self.delta(
                obj! {"type": "thinking_delta", "thinking": piece},
                Kind::Delta { tokens: 1 },
            );
        }
        let signature = signature(self.answer);
        self.delta(
            obj! {"type": "signature_delta", "signature": signature},
            self.between(),
        );
        self.close();
    }

    fn text(&mut self, choice: &Choice) {
        if choice.text.is_empty() && !choice.tools.is_empty() {
            return;
        }
        self.open(obj! {"type": "text", "text": ""});
        for piece in &choice.text {
            self.delta(
                obj! {"type": "text_delta", "text": piece},
                Kind::Delta { tokens: 1 },
            );
        }
        self.close();
    }

    fn tools(&mut self, choice: &Choice) {
        for tool in &choice.tools {
            let input = Json::Obj(Vec::new());
            self.open(obj! {"type": "tool_use", "id": tool_id(tool), "name": &tool.name, "input": input});
            // The first piece is always empty.
            self.delta(
                obj! {"type": "input_json_delta", "partial_json": ""},
                self.between(),
            );
            for piece in &tool.arguments {
                self.delta(
                    obj! {"type": "input_json_delta", "partial_json": piece},
                    Kind::Delta { tokens: 1 },
                );
            }
            self.close();
        }
    }

    fn stop(&mut self) {
        let finish = self
            .answer
            .choices
            .first()
            .map_or(Finish::Stop, |choice| choice.finish);
        let delta = obj! {"stop_reason": stop_reason(finish), "stop_sequence": Json::Null};
        let usage = (self.controls.usage != UsageMode::None).then(|| self.end_usage());
        self.push(
            "message_delta",
            obj! {"delta": delta}.with_some("usage", usage),
            Kind::Closing,
        );
        self.push("message_stop", obj! {}, Kind::Terminal);
    }

    /// Block borders go with the output around them.
    fn between(&self) -> Kind {
        let begun = self
            .events
            .iter()
            .any(|event| matches!(event.kind, Kind::Delta { .. }));
        if begun { Kind::Between } else { Kind::Opening }
    }

    fn open(&mut self, block: Json) {
        self.push(
            "content_block_start",
            obj! {"index": self.block, "content_block": block},
            self.between(),
        );
        if genuine(self.controls) && !std::mem::replace(&mut self.pinged, true) {
            let ping = b"event: ping\ndata: {\"type\": \"ping\"}\n\n".to_vec();
            self.events.push(Event {
                bytes: ping,
                kind: self.between(),
            });
        }
    }

    fn delta(&mut self, delta: Json, kind: Kind) {
        self.push(
            "content_block_delta",
            obj! {"index": self.block, "delta": delta},
            kind,
        );
    }

    fn close(&mut self) {
        self.push("content_block_stop", obj! {"index": self.block}, Kind::Between);
        self.block += 1;
    }

    fn push(&mut self, name: &'static str, body: Json, kind: Kind) {
        let mut data = join(obj! {"type": name}, body).write(format(self.controls));
        // Anthropic pads the end of an object with spaces, against readers of lengths.
        let padding = if genuine(self.controls) {
            self.rng.range(0, 14) as usize
        } else {
            0
        };
        data.insert_str(data.len() - 1, &" ".repeat(padding));
        self.events.push(sse(Some(name), &data, kind));
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::anthropic::{AnthropicCountTokens, AnthropicMessages};
    use crate::dialect::testing::{refused, told};

    const BODY: &str =
        r#"{"model":"claude-x","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

    #[test]
    fn blocks_open_and_close_in_turn() {
        let told = told(&AnthropicMessages, "/v1/messages", BODY, "out=2;reason=2;tool=1");
        let (start, delta, stop) = ("content_block_start", "content_block_delta", "content_block_stop");
        let blocks = [start, "ping", delta, stop, start, delta, stop, start, delta, stop];
        let expected = [
            &["message_start"][..],
            &blocks,
            &["message_delta", "message_stop"],
        ]
        .concat();
        assert_eq!(told.names(), expected);
        let kinds = |kind: &str| {
            told.data()
                .iter()
                .filter(|data| data["delta"]["type"] == kind)
                .count()
        };
        assert_eq!(
            (
                kinds("thinking_delta"),
                kinds("signature_delta"),
                kinds("text_delta")
            ),
            (2, 1, 2)
        );
        assert_eq!(told.delta_tokens(), told.answer.usage.output);
    }

    #[test]
    fn usage_adds_up_over_both_events() {
        let sim = "out=2;reason=2;cached=7;cache_write=5;cache_write_1h=3";
        let told = told(&AnthropicMessages, "/v1/messages", BODY, sim);
        let data = told.data();
        let start = &data[0]["message"]["usage"];
        let counts = |key: &str| start[key].as_u64().unwrap();
        let input = counts("input_tokens")
            + counts("cache_read_input_tokens")
            + counts("cache_creation_input_tokens");
        assert_eq!(input, told.answer.usage.input);
        assert_eq!(start["cache_creation"]["ephemeral_5m_input_tokens"], 5);
        assert_eq!(start["cache_creation"]["ephemeral_1h_input_tokens"], 3);
        assert_eq!(start["output_tokens"], 1);
        let end = &data[data.len() - 2]["usage"];
        assert_eq!(end["output_tokens"], 4);
        assert_eq!(end["output_tokens_details"]["thinking_tokens"], 2);
        assert_eq!(told.unary()["usage"]["output_tokens"], 4);
    }

    #[test]
    fn counting_costs_nothing_and_errors_are_named() {
        let body = r#"{"model":"c","messages":[{"role":"user","content":"hi"}]}"#;
        let told = told(&AnthropicCountTokens, "/v1/messages/count_tokens", body, "");
        assert_eq!(told.unary()["input_tokens"], told.answer.usage.input);
        assert_eq!(
            refused(&AnthropicMessages, 529, "/")["error"]["type"],
            "overloaded_error"
        );
        assert_eq!(refused(&AnthropicMessages, 429, "/")["request_id"], "r1");
    }
}
