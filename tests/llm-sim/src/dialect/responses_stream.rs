//! OpenAI responses as a stream of typed events.
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use crate::controls::{Controls, Style};
use crate::dialect::responses::{Envelope, Items, Shown, call, output_logprobs, text_part};
use crate::dialect::{Ask, Event, Kind, join, openai, sse};
use crate::json::Json;
use crate::rng::Rng;
use crate::script::{Answer, Finish};
use crate::{arr, obj};

/// created, in_progress, each item from added to done, and completed (or incomplete) with the whole again.
pub fn events(ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
    let style = openai::style(controls);
    let items = Items::new(ask, answer, style);
    let rng = answer.rng.clone();
    let mut stream = Stream {
        ask,
        answer,
        controls,
        style,
        rng,
        index: 0,
        hidden: 0,
        events: Vec::new(),
    };
    let envelope = Envelope::new(ask, answer);
    for name in ["response.created", "response.in_progress"] {
        let response = envelope.object("in_progress", Json::Null, Json::Null, arr![], None);
        stream.push(name, obj! {"response": response}, Kind::Opening);
    }
    stream.reasoning(&items);
    stream.message(&items);
    stream.calls(&items);
    let (name, cut) = match envelope.finish() {
        Finish::Length => ("response.incomplete", Kind::Terminal),
        Finish::Stop | Finish::Tools => ("response.completed", Kind::Terminal),
    };
    let response = envelope.finished(items.done(ask, controls), controls);
    stream.push(name, obj! {"response": response}, cut);
    if style == Style::Litellm {
        stream.events.push(openai::done());
    }
    stream.events
}

struct Stream<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    controls: &'a Controls,
    style: Style,
    rng: Rng,
    /// The item being written.
    index: usize,
    /// Tokens produced but not shown, paid with the next delta.
    hidden: u64,
    events: Vec<Event>,
}

impl Stream<'_> {
    fn reasoning(&mut self, items: &Items<'_>) {
        if items.choice.reasoning.is_empty() {
            return;
        }
        let between = self.between();
        self.item("response.output_item.added", items.reasoning(""), between);
        match items.shown {
            Shown::Nothing => self.hidden = self.answer.usage.reasoning,
            Shown::Summary => self.summary(items),
            Shown::Text => self.reasoning_text(items),
        }
        let between = self.between();
        self.item(
            "response.output_item.done",
            items.reasoning(&items.choice.reasoning()),
            between,
        );
        self.index += 1;
    }

    fn summary(&mut self, items: &Items<'_>) {
        let place = obj! {"item_id": &items.reasoning_id, "output_index": self.index, "summary_index": 0};
        let part = |text: &str| obj! {"part": obj! {"type": "summary_text", "text": text}};
        let between = self.between();
        self.push(
            "response.reasoning_summary_part.added",
            join(place.clone(), part("")),
            between,
        );
        for piece in &items.choice.reasoning {
            let delta = self.padded(join(place.clone(), obj! {"delta": piece}));
            self.push(
                "response.reasoning_summary_text.delta",
                delta,
                Kind::Delta { tokens: 1 },
            );
        }
        let text = items.choice.reasoning();
        let done = join(place.clone(), obj! {"text": &text});
        self.push("response.reasoning_summary_text.done", done, Kind::Between);
        self.push(
            "response.reasoning_summary_part.done",
            join(place, part(&text)),
            Kind::Between,
        );
    }

    fn reasoning_text(&mut self, items: &Items<'_>) {
        let place = obj! {"item_id": &items.reasoning_id, "output_index": self.index, "content_index": 0};
        let part = |text: &str| obj! {"part": obj! {"type": "reasoning_text", "text": text}};
        let between = self.between();
        self.push(
            "response.content_part.added",
            join(place.clone(), part("")),
            between,
        );
        for piece in &items.choice.reasoning {
            let delta = join(place.clone(), obj! {"delta": piece});
            self.push("response.reasoning_text.delta", delta, Kind::Delta { tokens: 1 });
        }
        let text = items.choice.reasoning();
        self.push(
            "response.reasoning_text.done",
            join(place.clone(), obj! {"text": &text}),
            Kind::Between,
        );
        self.push(
            "response.content_part.done",
            join(place, part(&text)),
            Kind::Between,
        );
    }

    fn message(&mut self, items: &Items<'_>) {
        if !items.has_message() {
            return;
        }
        let place = obj! {"item_id": &items.message_id, "output_index": self.index, "content_index": 0};
        let between = self.between();
        self.item(
            "response.output_item.added",
            items.message("in_progress", Vec::new()),
            between,
        );
        let part = obj! {"part": text_part("", Vec::new())};
        self.push("response.content_part.added", join(place.clone(), part), between);
        for piece in &items.choice.text {
            let logprobs = output_logprobs(self.ask, self.controls, std::slice::from_ref(piece));
            let delta = self.padded(join(place.clone(), obj! {"delta": piece, "logprobs": logprobs}));
            let tokens = 1 + std::mem::take(&mut self.hidden);
            self.push("response.output_text.delta", delta, Kind::Delta { tokens });
        }
        let text = items.choice.text();
        let logprobs = output_logprobs(self.ask, self.controls, &items.choice.text);
        let done = join(place.clone(), obj! {"text": &text, "logprobs": logprobs.clone()});
        self.push("response.output_text.done", done, Kind::Between);
        let part = text_part(&text, logprobs);
        self.push(
            "response.content_part.done",
            join(place, obj! {"part": part.clone()}),
            Kind::Between,
        );
        let cut = items.choice.finish == Finish::Length;
        let status = if cut { "incomplete" } else { "completed" };
        self.item(
            "response.output_item.done",
            items.message(status, vec![part]),
            Kind::Between,
        );
        self.index += 1;
    }

    fn calls(&mut self, items: &Items<'_>) {
        for (tool, id) in items.choice.tools.iter().zip(&items.call_ids) {
            let place = obj! {"item_id": id, "output_index": self.index};
            let between = self.between();
            self.item(
                "response.output_item.added",
                call(tool, id, "", "in_progress"),
                between,
            );
            for piece in &tool.arguments {
                let delta = self.padded(join(place.clone(), obj! {"delta": piece}));
                let tokens = 1 + std::mem::take(&mut self.hidden);
                self.push(
                    "response.function_call_arguments.delta",
                    delta,
                    Kind::Delta { tokens },
                );
            }
            let arguments = tool.arguments();
            let done = join(place, obj! {"arguments": &arguments});
            self.push("response.function_call_arguments.done", done, Kind::Between);
            self.item(
                "response.output_item.done",
                call(tool, id, &arguments, "completed"),
                Kind::Between,
            );
            self.index += 1;
        }
    }

    /// Borders go with the output around them.
    fn between(&self) -> Kind {
        let begun = self
            .events
            .iter()
            .any(|event| matches!(event.kind, Kind::Delta { .. }));
        if begun { Kind::Between } else { Kind::Opening }
    }

    fn item(&mut self, name: &'static str, item: Json, kind: Kind) {
        self.push(name, obj! {"output_index": self.index, "item": item}, kind);
    }

    /// OpenAI pads deltas by chance, against readers of lengths.
    fn padded(&mut self, delta: Json) -> Json {
        let length = self.rng.range(1, 16) as usize;
        let padding = (self.style == Style::Openai).then(|| self.rng.id(length));
        delta.with_some("obfuscation", padding)
    }

    /// llama-server leaves the sequence number out.
    fn push(&mut self, name: &'static str, body: Json, kind: Kind) {
        let number = (self.style != Style::Llamacpp).then_some(self.events.len());
        let mut body = join(obj! {"type": name}.with_some("sequence_number", number), body);
        if self.style == Style::Ollama {
            // Go writes its maps sorted, so that the type comes late.
            body = body.sorted();
        }
        // LiteLLM and transformers leave the event line out.
        let line = match self.style {
            Style::Openai | Style::Vllm | Style::Ollama | Style::Llamacpp => Some(name),
            Style::Litellm | Style::Transformers => None,
        };
        self.events
            .push(sse(line, &body.write(openai::stream_format(self.style)), kind));
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::responses::OpenaiResponses;
    use crate::dialect::testing::told;

    const BODY: &str = r#"{"model":"gpt-5","stream":true,"input":"hi","instructions":"be kind","reasoning":{"summary":"auto"}}"#;

    #[test]
    fn every_event_comes_in_its_order() {
        let told = told(&OpenaiResponses, "/v1/responses", BODY, "out=2;reason=2;tool=1");
        let item = [
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
        ];
        let done = [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
        ];
        let names = told.names();
        let text = names.iter().position(|name| name == item[1]).unwrap() - 1;
        assert_eq!(names[..2], ["response.created", "response.in_progress"]);
        assert_eq!(names[text..text + 6], [item, done].concat());
        assert_eq!(
            names[2..7]
                .iter()
                .filter(|name| name.contains("reasoning_summary"))
                .count(),
            4
        );
        assert_eq!(names.last().unwrap(), "response.completed");
        let numbers: Vec<u64> = told
            .data()
            .iter()
            .map(|data| data["sequence_number"].as_u64().unwrap())
            .collect();
        assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
        assert_eq!(told.delta_tokens(), told.answer.usage.output);
    }

    #[test]
    fn the_end_repeats_the_whole_and_echoes_the_request() {
        let told = told(&OpenaiResponses, "/v1/responses", BODY, "out=2;tool=1;cached=3");
        let data = told.data();
        let response = &data.last().unwrap()["response"];
        let deltas = data
            .iter()
            .filter(|event| event["type"] == "response.output_text.delta");
        let text: String = deltas.map(|event| event["delta"].as_str().unwrap()).collect();
        assert_eq!(response["output"][0]["content"][0]["text"], text);
        assert_eq!(
            response["output"][1]["arguments"],
            told.answer.choices[0].tools[0].arguments()
        );
        assert_eq!(response["instructions"], "be kind");
        assert_eq!(response["usage"]["input_tokens_details"]["cached_tokens"], 3);
        assert_eq!(response["id"], data[0]["response"]["id"]);
        assert_eq!(told.unary()["output"], response["output"]);
    }

    #[test]
    fn cut_by_the_limit_it_is_incomplete() {
        let body = r#"{"model":"gpt-5","stream":true,"input":"hi","max_output_tokens":2}"#;
        let told = told(&OpenaiResponses, "/v1/responses", body, "out=9");
        assert_eq!(told.names().last().unwrap(), "response.incomplete");
        let data = told.data();
        assert_eq!(
            data.last().unwrap()["response"]["incomplete_details"]["reason"],
            "max_output_tokens"
        );
        assert_eq!(told.broken()[1]["response"]["status"], "failed");
    }
}
