//! Text completions: choices without calls.

use super::{Bit, Dialect, Framing, Said, add, items, text};
use serde_json::{Value, json};

pub(crate) const COMPLETIONS: Dialect = Dialect {
    name: "openai_completions",
    paths: ["/v1/completions"; 2],
    framing: Framing::Sse,
    max_texts: 2,
    max_calls: 0,
    cuts_calls: false,
    ask,
    heard,
    whole,
    of_whole,
    payloads,
    of_payloads,
};

fn ask(said: &Said, stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "prompt": said.texts})
}

fn heard(request: &Value) -> Said {
    Said {
        texts: items(&request["prompt"]).map(text).collect(),
        calls: Vec::new(),
    }
}

fn whole(said: &Said) -> Value {
    let choices = said.texts.iter().enumerate();
    let choices = choices.map(|(index, text)| json!({"index": index, "text": text, "finish_reason": "stop"}));
    json!({"id": "c", "object": "text_completion", "model": "m", "choices": choices.collect::<Vec<_>>()})
}

fn of_whole(answer: &Value) -> Said {
    Said {
        texts: items(&answer["choices"])
            .map(|choice| text(&choice["text"]))
            .collect(),
        calls: Vec::new(),
    }
}

fn chunk(index: usize, text: &str, finish: Option<&str>) -> String {
    json!({"id": "c", "object": "text_completion", "model": "m", "choices": [{"index": index, "text": text, "finish_reason": finish}]})
        .to_string()
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let mut choices = 1;
    let mut out = Vec::new();
    for bit in bits {
        if let Bit::Text(choice, piece) = bit {
            choices = choices.max(choice + 1);
            out.push(chunk(*choice, piece, None));
        }
    }
    out.extend((0..choices).map(|choice| chunk(choice, "", Some("stop"))));
    out.push("[DONE]".to_owned());
    out
}

fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    for choice in payloads.iter().flat_map(|payload| items(&payload["choices"])) {
        let number = choice["index"].as_u64().unwrap() as usize;
        add(&mut said.texts, number, choice["text"].as_str().unwrap());
    }
    said
}
