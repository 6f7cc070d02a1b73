//! Names of tools: before the arguments of the same call, told apart from those of others, complete when they say so.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{
    Api, CustomApi, CustomResponse, CustomSpec, Dialect, FrameReading, Part, Pointer, Scope, StreamReader,
    Text, Want, read_request, request_texts, response_texts, text_of,
};
use penstock_wire::{Limits, Tape};

fn dialect(api: Api) -> Dialect<'static> {
    Dialect::new(api, None).expect("a dialect without description")
}

fn parsed(bytes: &str) -> Tape {
    let mut tape = Tape::new();
    tape.parse(bytes.as_bytes(), &Limits::default()).expect("JSON");
    tape
}

/// Of each name, call and definition `scope message/index text`; the index of a definition counts from `d`.
fn line(scope: Scope, message: u32, index: u32, text: &str) -> Option<String> {
    let known = matches!(scope, Scope::ToolName | Scope::ToolCall | Scope::ToolDefinition);
    let index = match index.checked_sub(Text::DEFINITIONS) {
        Some(definition) => format!("d{definition}"),
        None => index.to_string(),
    };
    known.then(|| format!("{} {message}/{index} {text}", scope.name()))
}

fn of_request(api: Api, body: &str) -> Vec<String> {
    let tape = parsed(body);
    let json = tape.view(body.as_bytes());
    let texts = request_texts(dialect(api), json).texts;
    let lines = texts
        .iter()
        .filter_map(|text| line(text.scope, text.message, text.index, &text_of(json, text.node)));
    lines.collect()
}

fn of_answer(api: Api, body: &str) -> Vec<String> {
    let tape = parsed(body);
    let json = tape.view(body.as_bytes());
    let texts = response_texts(dialect(api), json).texts;
    let lines = texts
        .iter()
        .filter_map(|text| line(text.scope, text.message, text.index, &text_of(json, text.node)));
    lines.collect()
}

/// One line a piece; `.` at the end of a text that is complete, `(again)` behind a repeat.
fn of_stream(api: Api, frames: &[&str]) -> Vec<String> {
    let mut reader = StreamReader::new(dialect(api), Want::Pieces);
    let mut reading = FrameReading::default();
    let mut lines = Vec::new();
    let mut names = Vec::new();
    for frame in frames {
        let tape = parsed(frame);
        let json = tape.view(frame.as_bytes());
        reader.read(None, frame.as_bytes(), Some(json), &mut reading);
        for id in &reading.finished {
            if names.contains(id) && !reading.pieces.iter().any(|piece| piece.channel == *id) {
                lines.push("name ends.".to_owned());
            }
        }
        for piece in &reading.pieces {
            let text = text_of(json, piece.node);
            let Some(line) = line(piece.scope, piece.message, piece.index, &text) else {
                continue;
            };
            if piece.scope == Scope::ToolName {
                names.push(piece.channel);
            }
            let again = if piece.part == Part::Repeat {
                " (again)"
            } else {
                ""
            };
            lines.push(format!("{line}{}{again}", if piece.last { "." } else { "" }));
        }
    }
    lines
}

#[test]
fn requests_name_tools_where_they_define_and_call_them() {
    let chat = r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[
        {"id":"1","type":"function","function":{"arguments":"{}","name":"a"}},
        {"id":"2","type":"custom","custom":{"input":"y","name":"b"}}]},
        {"role":"assistant","function_call":{"arguments":"z","name":"old"}}],
        "tools":[{"type":"function","function":{"description":"Does a.","name":"a"}},
        {"type":"custom","custom":{"name":"b"}}],"functions":[{"name":"old"}],
        "tool_choice":{"type":"function","function":{"name":"a"}},
        "response_format":{"type":"json_schema","json_schema":{"name":"reply","schema":{}}}}"#;
    let expected = [
        "tool_name 1/0 a",
        "tool_call 1/0 {}",
        "tool_name 1/1 b",
        "tool_call 1/1 y",
        "tool_name 2/0 old",
        "tool_call 2/0 z",
        "tool_name 0/d0 a",
        "tool_definition 0/d0 Does a.",
        "tool_name 0/d1 b",
        "tool_name 0/d0 old",
    ];
    assert_eq!(of_request(Api::OpenAiChat, chat), expected);

    let messages = r#"{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"text","text":"x"},
        {"type":"tool_use","id":"1","input":{"at":"y"},"name":"a"},
        {"type":"mcp_tool_use","id":"2","name":"b","server_name":"s","input":{}}]}],
        "tools":[{"name":"a","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}],
        "tool_choice":{"type":"tool","name":"a"}}"#;
    let expected = [
        "tool_name 0/1 a",
        "tool_call 0/1 at",
        "tool_call 0/1 y",
        "tool_name 0/2 b",
        "tool_name 0/d0 a",
        "tool_name 0/d1 web_search",
    ];
    assert_eq!(of_request(Api::AnthropicMessages, messages), expected);

    let gemini = r#"{"contents":[{"role":"model","parts":[{"text":"x"},
        {"functionCall":{"args":{"k":"v"},"name":"a"}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"a","response":{}}}]}],
        "tools":[{"functionDeclarations":[{"name":"a"},{"name":"b","description":"Does b."}]}]}"#;
    let expected = [
        "tool_name 0/1 a",
        "tool_call 0/1 k",
        "tool_call 0/1 v",
        "tool_name 0/d0 a",
        "tool_name 0/d1 b",
        "tool_definition 0/d1 Does b.",
    ];
    assert_eq!(of_request(Api::Gemini, gemini), expected);

    let responses = r#"{"input":[{"type":"function_call","call_id":"1","arguments":"{}","name":"a"},
        {"type":"mcp_call","server_label":"s","name":"b","arguments":"{}","output":"done"}],
        "tools":[{"type":"function","name":"a","parameters":{}},{"type":"custom","name":"c"}]}"#;
    let expected = [
        "tool_name 0/0 a",
        "tool_call 0/0 {}",
        "tool_name 1/0 b",
        "tool_call 1/0 {}",
        "tool_name 0/d0 a",
        "tool_name 0/d1 c",
    ];
    assert_eq!(of_request(Api::OpenAiResponses, responses), expected);

    let ollama = r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":{"k":1},"name":"a"}},
        {"function":{"name":"b","arguments":{}}}]}],"tools":[{"type":"function","function":{"name":"a"}}]}"#;
    let expected = [
        "tool_name 0/0 a",
        "tool_call 0/0 k",
        "tool_name 0/1 b",
        "tool_name 0/d0 a",
    ];
    assert_eq!(of_request(Api::OllamaChat, ollama), expected);
}

#[test]
fn names_are_no_text_that_is_metered() {
    let body = r#"{"messages":[],"tools":[{"type":"function","function":{"name":"a"}}]}"#;
    let tape = parsed(body);
    let request = read_request(Dialect::OpenAiChat, tape.view(body.as_bytes())).expect("a readable request");
    assert_eq!(request.text_bytes, 0);
    let frame =
        r#"{"content_block":{"type":"tool_result","name":"a"},"type":"content_block_start","index":0}"#;
    let mut reader = StreamReader::new(Dialect::AnthropicMessages, Want::Pieces);
    let mut reading = FrameReading::default();
    let tape = parsed(frame);
    reader.read(
        None,
        frame.as_bytes(),
        Some(tape.view(frame.as_bytes())),
        &mut reading,
    );
    assert_eq!(reading.pieces.len(), 1);
    assert!(!reading.output && reading.output_bytes == 0);
}

#[test]
fn whole_answers_have_the_name_before_the_arguments() {
    let chat = r#"{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}","name":"a"}},
        {"function":{"arguments":"{}","name":"b"}}]}},{"message":{"function_call":{"arguments":"{}","name":"old"}}}]}"#;
    let expected = [
        "tool_name 0/0 a",
        "tool_call 0/0 {}",
        "tool_name 0/1 b",
        "tool_call 0/1 {}",
        "tool_name 1/0 old",
        "tool_call 1/0 {}",
    ];
    assert_eq!(of_answer(Api::OpenAiChat, chat), expected);
    let mcp =
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"description":"Does b.","name":"b"}]}}"#;
    let expected = [
        "tool_name 0/d0 a",
        "tool_name 0/d1 b",
        "tool_definition 0/d1 Does b.",
    ];
    assert_eq!(of_answer(Api::Mcp, mcp), expected);
    let listed = r#"{"output":[{"type":"mcp_list_tools","tools":[
        {"name":"a","description":"Does a."},{"name":"b","description":"Does b."}]}]}"#;
    let expected = [
        "tool_name 0/d0 a",
        "tool_definition 0/d0 Does a.",
        "tool_name 0/d1 b",
        "tool_definition 0/d1 Does b.",
    ];
    assert_eq!(of_answer(Api::OpenAiResponses, listed), expected);
}

#[test]
fn a_name_in_pieces_is_complete_where_its_arguments_begin() {
    let call = |function: &str| {
        format!(
            r#"{{"choices":[{{"index":1,"delta":{{"tool_calls":[{{"index":2,"function":{function}}}]}}}}]}}"#
        )
    };
    let frames = [
        call(r#"{"name":"get_","arguments":""}"#),
        call(r#"{"name":"weather"}"#),
        call(r#"{"arguments":"{\"a\""}"#),
        call(r#"{"arguments":":1}"}"#),
        // Servers that number no calls, or sort their keys, send both at once.
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"{}","name":"b"}}]}}]}"#
            .to_owned(),
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":7,"function":{"name":"c"}}]}}]}"#
            .to_owned(),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
    ];
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let expected = [
        "tool_name 1/2 get_",
        "tool_name 1/2 weather",
        "name ends.",
        r#"tool_call 1/2 {"a""#,
        "tool_call 1/2 :1}",
        "tool_name 0/0 b.",
        "tool_call 0/0 {}",
        "tool_name 0/7 c",
        "name ends.",
    ];
    assert_eq!(of_stream(Api::OpenAiChat, &frames), expected);
}

#[test]
fn streams_of_whole_calls_tell_them_apart() {
    let ollama = [
        r#"{"message":{"tool_calls":[{"function":{"name":"a","arguments":{"k":"v"}}}]},"done":false}"#,
        r#"{"message":{"tool_calls":[{"function":{"arguments":{},"name":"b"}}]},"done":false}"#,
    ];
    let expected = [
        "tool_name 0/0 a.",
        "tool_call 0/0 k.",
        "tool_call 0/0 v.",
        "tool_name 0/1 b.",
    ];
    assert_eq!(of_stream(Api::OllamaChat, &ollama), expected);

    let gemini = [
        r#"{"candidates":[{"content":{"parts":[{"text":"x"},{"functionCall":{"args":{"k":"v"},"name":"a"}}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"b","willContinue":true}}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"stringValue":"w"}]}}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"c"}}]}}]}"#,
    ];
    let expected = [
        "tool_name 0/1 a.",
        "tool_call 0/1 k.",
        "tool_call 0/1 v.",
        "tool_name 0/2 b.",
        "tool_call 0/2 stringValue.",
        "tool_call 0/2 w.",
        "tool_name 0/3 c.",
    ];
    assert_eq!(of_stream(Api::Gemini, &gemini), expected);
}

#[test]
fn events_name_a_tool_once_and_repeat_it() {
    let responses = [
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"f","arguments":"","name":"a"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"f","delta":"{}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"f","arguments":"{}","name":"a"}}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"mcp_call","id":"m","arguments":"{}","name":"b"}}"#,
    ];
    let lines = of_stream(Api::OpenAiResponses, &responses);
    let expected = [
        "tool_name 1/0 a",
        "name ends.",
        "tool_call 1/0 {}",
        "tool_name 1/0 a (again)",
        "tool_call 1/0 {}. (again)",
        "tool_name 2/0 b.",
        "tool_call 2/0 {}.",
    ];
    assert_eq!(lines, expected);

    let messages = [
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","input":{},"name":"a"}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
    ];
    assert_eq!(
        of_stream(Api::AnthropicMessages, &messages),
        ["tool_name 0/3 a.", "tool_call 0/3 {}"]
    );
}

#[test]
fn a_described_api_pairs_names_and_arguments_by_their_pointers() {
    let at = |pointer: &str| Pointer::parse(pointer).expect("a pointer");
    let api = CustomApi::new(CustomSpec {
        response: CustomResponse {
            texts: vec![
                (Scope::Output, at("/said")),
                (Scope::ToolCall, at("/calls/*/with")),
                (Scope::ToolName, at("/calls/*/tool")),
            ],
            ..CustomResponse::default()
        },
        ..CustomSpec::default()
    });
    let body = r#"{"calls":[{"with":"x","tool":"a"},{"with":"y","tool":"b"}],"said":"z"}"#;
    let tape = parsed(body);
    let json = tape.view(body.as_bytes());
    let texts = response_texts(Dialect::Custom(&api), json).texts;
    let lines = texts
        .iter()
        .filter_map(|text| line(text.scope, text.message, text.index, &text_of(json, text.node)));
    let expected = [
        "tool_name 0/0 a",
        "tool_name 1/0 b",
        "tool_call 0/0 x",
        "tool_call 1/0 y",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    assert_eq!(texts.len(), 5);
}

#[test]
fn arguments_that_are_no_string_are_given_as_a_whole() {
    let anthropic = |input: &str| {
        format!(
            r#"{{"type":"message","content":[{{"type":"tool_use","id":"u","name":"f","input":{input}}}]}}"#
        )
    };
    let gemini = |args: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"functionCall":{{"name":"f","args":{args}}}}}]}}}}]}}"#
        )
    };
    let ollama = |arguments: &str| {
        format!(r#"{{"message":{{"tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}}}"#)
    };
    let chat = |arguments: &str| {
        format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}}}]}}"#
        )
    };
    for (dialect, body, whole) in [
        (
            Dialect::AnthropicMessages,
            anthropic(r#"{"a": 1}"#),
            Some(Some(r#"{"a": 1}"#)),
        ),
        (Dialect::Gemini, gemini(r#"{"a": 1}"#), Some(Some(r#"{"a": 1}"#))),
        (Dialect::Gemini, gemini("{}"), Some(Some("{}"))),
        (
            Dialect::OllamaChat,
            ollama(r#"{"a": 1}"#),
            Some(Some(r#"{"a": 1}"#)),
        ),
        (
            Dialect::OpenAiChat,
            chat(r#"{"a": 1}"#),
            Some(Some(r#"{"a": 1}"#)),
        ),
        (Dialect::OpenAiChat, chat(r#""""#), Some(None)),
        (Dialect::OpenAiChat, chat(r#""{\"a\": 1}""#), None),
    ] {
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).unwrap();
        let json = tape.view(body.as_bytes());
        let texts = response_texts(dialect, json);
        let given = texts
            .arguments
            .iter()
            .map(|one| (one.at, one.index, one.node.map(|node| json.value(node).raw())));
        let expected: Vec<_> = whole.into_iter().map(|node| (1, 0, node)).collect();
        assert_eq!(given.collect::<Vec<_>>(), expected, "{body}");
    }
}
