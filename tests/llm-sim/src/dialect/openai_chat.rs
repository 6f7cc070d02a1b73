//! OpenAI chat completions, and the servers that speak it.
//! <https://platform.openai.com/docs/api-reference/chat>, <https://platform.openai.com/docs/api-reference/chat-streaming>

use serde_json::Value;

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai::{self, JSON, SSE};
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Operation, Page, Refusal, flag, join, model, number,
    openai_chat_stream, texts,
};
use crate::json::Json;
use crate::rng::Rng;
use crate::script::{Answer, Choice, Finish, ToolCall};
use crate::{arr, obj};

pub struct OpenaiChat;

/// Choices a request may ask for, as the API says.
const MAX_N: u64 = 128;

impl Dialect for OpenaiChat {
    fn api(&self) -> &'static str {
        "openai_chat"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body)?;
        let messages = body.get("messages").and_then(Value::as_array);
        if messages.is_none_or(Vec::is_empty) {
            return Err(Refusal::bad("Missing required parameter: 'messages'."));
        }
        Ok(Ask {
            operation: Operation::Chat,
            cache: Cache::ReadsAndWrites,
            model,
            stream: flag(&body, "stream") == Some(true),
            framing: None,
            n: number(&body, "n").unwrap_or(1).clamp(1, MAX_N) as u32,
            max_tokens: number(&body, "max_completion_tokens").or(number(&body, "max_tokens")),
            texts: texts(&body, &["tools", "functions", "response_format", "messages"]),
            ids: 0,
            tools: tool_names(&body),
            usage_asked: openai::usage_asked(&body),
            logprobs: flag(&body, "logprobs") == Some(true),
            body,
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let style = openai::style(controls);
        let mut envelope = Envelope::new(ask, answer, style);
        let choices = answer
            .choices
            .iter()
            .map(|choice| unary_choice(choice, ask, controls, style))
            .collect::<Vec<_>>();
        let usage = (controls.usage != UsageMode::None).then(|| openai::usage(answer.usage, style));
        let body = envelope.object("chat.completion", choices.into(), usage, Json::Null);
        Page {
            content_type: JSON,
            body: body.write(openai::unary_format(style)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        SSE
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        openai_chat_stream::events(ask, answer, controls)
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        openai::error_page(refusal)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        openai::broken_chunk()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        Some(b": keep-alive\n\n")
    }
}

fn tool_names(body: &Value) -> Vec<String> {
    let tools = body.get("tools").and_then(Value::as_array);
    let name = |tool: &Value| {
        tool.pointer("/function/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    tools.into_iter().flatten().filter_map(name).collect()
}

pub fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
    }
}

/// llama-server gives call ids without OpenAI's prefix.
pub fn call_id(tool: &ToolCall, style: Style) -> String {
    match style {
        Style::Openai | Style::Vllm | Style::Litellm | Style::Transformers => format!("call_{}", tool.id),
        Style::Ollama => format!("call_{}", &tool.id[..8]),
        Style::Llamacpp => tool.id.clone(),
    }
}

fn tool_calls(choice: &Choice, style: Style) -> Vec<Json> {
    let call = |tool: &ToolCall| {
        let function = obj! {"name": &tool.name, "arguments": tool.arguments()};
        obj! {"id": call_id(tool, style), "type": "function", "function": function}
    };
    choice.tools.iter().map(call).collect()
}

/// Reasoning text, which OpenAI itself keeps to itself.
pub fn reasoning_key(style: Style) -> Option<&'static str> {
    match style {
        Style::Openai => None,
        Style::Vllm | Style::Ollama => Some("reasoning"),
        Style::Llamacpp | Style::Litellm | Style::Transformers => Some("reasoning_content"),
    }
}

fn unary_choice(choice: &Choice, ask: &Ask, controls: &Controls, style: Style) -> Json {
    let content = (!choice.text.is_empty() || choice.tools.is_empty()).then(|| choice.text());
    let mut message = obj! {"role": "assistant", "content": content};
    if let Some(key) = reasoning_key(style).filter(|_| !choice.reasoning.is_empty()) {
        message = message.with(key, choice.reasoning());
    }
    if !choice.tools.is_empty() {
        message = message.with("tool_calls", tool_calls(choice, style));
    }
    let logprobs = (ask.logprobs || controls.logprobs).then(|| logprobs(&choice.text));
    let finish = finish_reason(choice.finish);
    match style {
        Style::Openai => {
            let message = message.with("refusal", Json::Null).with("annotations", arr![]);
            obj! {"index": choice.index, "message": message, "logprobs": logprobs, "finish_reason": finish}
        }
        Style::Vllm => {
            let message = message.with("refusal", Json::Null).with("audio", Json::Null);
            obj! {
                "index": choice.index, "message": message.with("function_call", Json::Null),
                "logprobs": logprobs, "finish_reason": finish, "stop_reason": Json::Null,
            }
        }
        Style::Ollama | Style::Transformers => {
            obj! {"index": choice.index, "message": message, "finish_reason": finish}
        }
        Style::Llamacpp | Style::Litellm => {
            obj! {"finish_reason": finish, "index": choice.index, "message": message}
                .with_some("logprobs", logprobs)
        }
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices-logprobs>
pub fn logprobs(pieces: &[String]) -> Json {
    let token = |piece: &String| {
        let logprob = -(Rng::from_parts(0, [piece.as_bytes()]).range(1, 4000) as f64) / 1000.0;
        let bytes = piece.bytes().collect::<Vec<u8>>();
        obj! {"token": piece, "logprob": logprob, "bytes": bytes, "top_logprobs": arr![]}
    };
    obj! {"content": pieces.iter().map(token).collect::<Vec<_>>(), "refusal": Json::Null}
}

/// The members that every object of one answer shares.
pub struct Envelope {
    id: String,
    created: u64,
    model: String,
    fingerprint: String,
    style: Style,
    pub rng: Rng,
}

impl Envelope {
    pub fn new(ask: &Ask, answer: &Answer, style: Style) -> Self {
        let mut rng = answer.rng.clone();
        let id = format!("chatcmpl-{}", rng.id(29));
        let fingerprint = format!("fp_{}", rng.hex(10));
        Self {
            id,
            created: answer.created,
            model: ask.model.clone(),
            fingerprint,
            style,
            rng,
        }
    }

    pub fn object(
        &mut self,
        object: &'static str,
        choices: Json,
        usage: Option<Json>,
        padding: Json,
    ) -> Json {
        let (id, model) = (self.id.as_str(), self.model.as_str());
        let created = self.created;
        match self.style {
            Style::Openai => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                let rest = obj! {"service_tier": "default", "system_fingerprint": &self.fingerprint};
                let body = match object {
                    "chat.completion" => head.with("choices", choices).with_some("usage", usage),
                    _ => {
                        return join(head, rest)
                            .with("choices", choices)
                            .with_some("usage", usage)
                            .with_some("obfuscation", (padding != Json::Null).then_some(padding));
                    }
                };
                join(body, rest)
            }
            Style::Vllm | Style::Litellm | Style::Transformers => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                head.with("choices", choices).with_some("usage", usage)
            }
            Style::Ollama => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                head.with("system_fingerprint", "fp_ollama")
                    .with("choices", choices)
                    .with_some("usage", usage)
            }
            Style::Llamacpp => {
                let head = obj! {"choices": choices, "created": created, "id": id, "model": model};
                head.with("system_fingerprint", "b1-sim")
                    .with("object", object)
                    .with_some("usage", usage)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::{refused, told};

    const ASKED: &str = r#"{"model":"gpt-4.1","stream":true,"n":2,"stream_options":{"include_usage":true},
        "messages":[{"role":"user","content":"hi"}]}"#;
    const UNASKED: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

    #[test]
    fn roles_come_first_usage_last_and_null_between() {
        let told = told(
            &OpenaiChat,
            "/v1/chat/completions",
            ASKED,
            "out=3;reason=2;cached=4;tool=1",
        );
        let chunks = told.data();
        assert!(told.wire().ends_with("data: [DONE]\n\n"));
        assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(chunks[1]["choices"][0]["index"], 1);
        let (last, others) = chunks.split_last().unwrap();
        assert!(
            others
                .iter()
                .all(|chunk| chunk.as_object().unwrap().contains_key("usage") && chunk["usage"].is_null())
        );
        assert_eq!(last["choices"], serde_json::json!([]));
        assert_eq!(last["usage"]["completion_tokens"], told.answer.usage.output);
        assert_eq!(last["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
        assert_eq!(last["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
        assert_eq!(told.delta_tokens(), told.answer.usage.output);
    }

    #[test]
    fn without_being_asked_no_usage_goes_out() {
        let told = told(&OpenaiChat, "/v1/chat/completions", UNASKED, "out=3");
        assert!(!told.wire().contains("usage"));
    }

    #[test]
    fn a_tool_call_in_pieces_is_json_again() {
        let told = told(&OpenaiChat, "/v1/chat/completions", UNASKED, "tool=2");
        let mut arguments = ["".to_owned(), "".to_owned()];
        for call in told
            .data()
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0).cloned())
        {
            let piece = call["function"]["arguments"].as_str().unwrap();
            arguments[call["index"].as_u64().unwrap() as usize].push_str(piece);
        }
        assert!(
            arguments
                .iter()
                .all(|text| serde_json::from_str::<Value>(text).unwrap()["strict"] == true)
        );
        assert_eq!(
            told.data().last().unwrap()["choices"][0]["finish_reason"],
            "tool_calls"
        );
    }

    #[test]
    fn styles_differ_as_the_servers_do() {
        let vllm = told(
            &OpenaiChat,
            "/v1/chat/completions",
            UNASKED,
            "out=2;reason=2;style=vllm;usage=continuous",
        );
        assert!(vllm.data()[1]["choices"][0]["delta"]["reasoning"].is_string());
        assert!(
            vllm.data()
                .iter()
                .all(|chunk| chunk["usage"]["prompt_tokens"].is_u64())
        );
        let ollama = told(
            &OpenaiChat,
            "/v1/chat/completions",
            UNASKED,
            "say=%3Cb%3E;style=ollama",
        );
        assert!(ollama.wire().contains("\\u003c"));
        assert_ne!(ollama.data()[0]["choices"][0]["delta"]["content"], "");
        let llama = told(
            &OpenaiChat,
            "/v1/chat/completions",
            UNASKED,
            "out=2;style=llamacpp",
        );
        assert!(
            llama
                .wire()
                .starts_with("data: {\"choices\":[{\"finish_reason\":null,")
        );
    }

    #[test]
    fn usage_sits_where_each_server_puts_it() {
        let last = |sim: &str| {
            let told = told(&OpenaiChat, "/v1/chat/completions", ASKED, sim);
            (
                told.data().last().unwrap().clone(),
                told.wire().ends_with("[DONE]\n\n"),
            )
        };
        let (litellm, done) = last("style=litellm");
        assert!(
            done && litellm["usage"].is_object() && litellm["choices"][0]["delta"] == serde_json::json!({})
        );
        let (transformers, done) = last("style=transformers");
        assert!(
            !done
                && transformers["usage"].is_object()
                && transformers["choices"][0]["finish_reason"] == "stop"
        );
        let unasked = told(
            &OpenaiChat,
            "/v1/chat/completions",
            UNASKED,
            "out=3;style=llamacpp",
        );
        assert_eq!(unasked.data().last().unwrap()["timings"]["predicted_n"], 3);
        assert!(!unasked.wire().contains("usage"));
    }

    #[test]
    fn it_says_no_in_its_own_words() {
        assert_eq!(
            refused(&OpenaiChat, 429, "/")["error"]["code"],
            "rate_limit_exceeded"
        );
        let told = told(&OpenaiChat, "/v1/chat/completions", UNASKED, "");
        assert_eq!(told.broken()[0]["error"]["type"], "server_error");
    }
}
