//! Gemini's stream: SSE, or one JSON array an element at a time.
//! <https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>

use crate::controls::Controls;
use crate::dialect::gemini::{Framing, call, content, finish_reason, object, thought, usage};
use crate::dialect::{Ask, Event, Kind};
use crate::json::{Escape, Format, Json, Layout};
use crate::script::{Answer, Choice, Usage};
use crate::{arr, obj};

/// As the servers stream it.
const STREAMED: Format = Format {
    layout: Layout::Colon,
    escape: Escape::Minimal,
};

/// Thoughts, texts and calls, each chunk with the usage so far, then the finish reasons.
pub fn events(ask: &Ask, answer: &Answer, controls: &Controls, framing: Framing) -> Vec<Event> {
    let sent = Usage::default();
    let mut stream = Stream {
        ask,
        answer,
        controls,
        framing,
        sent,
        events: Vec::new(),
    };
    stream.write();
    stream.events
}

struct Stream<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    controls: &'a Controls,
    framing: Framing,
    sent: Usage,
    events: Vec<Event>,
}

impl Stream<'_> {
    fn write(&mut self) {
        let answer = self.answer;
        for choice in &answer.choices {
            for piece in &choice.reasoning {
                self.sent.reasoning += 1;
                self.part(choice, thought(piece), 1);
            }
        }
        let longest = answer
            .choices
            .iter()
            .map(|choice| choice.text.len())
            .max()
            .unwrap_or(0);
        for position in 0..longest {
            for choice in &answer.choices {
                if let Some(piece) = choice.text.get(position) {
                    self.part(choice, obj! {"text": piece}, 1);
                }
            }
        }
        for choice in &answer.choices {
            for tool in &choice.tools {
                self.part(choice, call(tool), tool.arguments.len() as u64);
            }
        }
        for choice in &answer.choices {
            let content = content(vec![obj! {"text": ""}]);
            let finish = finish_reason(choice.finish);
            let candidate = obj! {"content": content, "finishReason": finish, "index": choice.index};
            self.push(candidate, Kind::Closing);
        }
        self.events.extend(array_end(self.framing, Kind::Terminal));
    }

    fn part(&mut self, choice: &Choice, part: Json, tokens: u64) {
        self.sent.output += tokens;
        let candidate = obj! {"content": content(vec![part]), "index": choice.index};
        self.push(candidate, Kind::Delta { tokens });
    }

    fn push(&mut self, candidate: Json, kind: Kind) {
        let usage = usage(self.answer.usage, self.sent, self.controls);
        let body = object(self.ask, self.answer, arr![candidate], usage);
        let first = self.events.is_empty();
        self.events.push(framed(self.framing, &body, first, kind));
    }
}

pub fn framed(framing: Framing, body: &Json, first: bool, kind: Kind) -> Event {
    let text = match framing {
        Framing::Sse => format!("data: {}\r\n\r\n", body.write(STREAMED)),
        Framing::Array if first => format!("[{}", body.write(Format::PRETTY)),
        Framing::Array => format!("\n,\r\n{}", body.write(Format::PRETTY)),
    };
    Event {
        bytes: text.into_bytes(),
        kind,
    }
}

pub fn array_end(framing: Framing, kind: Kind) -> Option<Event> {
    (framing == Framing::Array).then(|| Event {
        bytes: b"\n]\n".to_vec(),
        kind,
    })
}
