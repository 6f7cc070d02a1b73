//! Reasoning that a chat completion sends under several names is counted once.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{Dialect, FrameReading, Part, StreamReader, Want, response_texts};
use penstock_wire::{Limits, Tape};

/// Members of an answer, and the parts of its texts in order.
const ANSWERS: &[(&str, &[Part])] = &[
    (r#""reasoning":"Hm""#, &[Part::Delta]),
    (r#""reasoning_content":"Hm""#, &[Part::Delta]),
    (r#""reasoning_details":[{"text":"Hm"}]"#, &[Part::Delta]),
    (
        r#""reasoning":"Hm","reasoning_content":"Hm""#,
        &[Part::Delta, Part::Repeat],
    ),
    (
        r#""reasoning_content":"Hm","reasoning":"Hm""#,
        &[Part::Delta, Part::Repeat],
    ),
    (
        r#""reasoning":"Hm","reasoning_details":[{"text":"Hm"}]"#,
        &[Part::Delta, Part::Repeat],
    ),
    (
        r#""reasoning_details":[{"text":"H"},{"summary":"m"}],"reasoning":"Hm""#,
        &[Part::Delta, Part::Delta, Part::Repeat],
    ),
    (r#""reasoning":null,"reasoning_content":"Hm""#, &[Part::Delta]),
    (r#""reasoning":"","reasoning_content":"Hm""#, &[Part::Delta]),
    (
        r#""reasoning_details":[{"data":"x"}],"reasoning":"Hm""#,
        &[Part::Delta],
    ),
];

#[test]
fn a_stream_counts_it_once_in_every_frame() {
    for (members, parts) in ANSWERS {
        let frame = format!(r#"{{"choices":[{{"index":0,"delta":{{{members}}}}}]}}"#);
        let mut tape = Tape::new();
        tape.parse(frame.as_bytes(), &Limits::default()).expect("JSON");
        let mut reader = StreamReader::new(Dialect::OpenAiChat, Want::Pieces);
        for number in 0..3 {
            let mut reading = FrameReading::default();
            reader.read(
                None,
                frame.as_bytes(),
                Some(tape.view(frame.as_bytes())),
                &mut reading,
            );
            let read: Vec<Part> = reading.pieces.iter().map(|piece| piece.part).collect();
            assert_eq!(read, *parts, "frame {number}: {members}");
            assert_eq!(reading.output_bytes, 2, "frame {number}: {members}");
        }
    }
}

#[test]
fn a_whole_answer_counts_it_once() {
    for (members, parts) in ANSWERS {
        let body = format!(r#"{{"choices":[{{"index":0,"message":{{{members}}}}}]}}"#);
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).expect("JSON");
        let texts = response_texts(Dialect::OpenAiChat, tape.view(body.as_bytes())).texts;
        let whole: Vec<bool> = texts.iter().map(|text| text.part == Part::Whole).collect();
        let expected: Vec<bool> = parts.iter().map(|part| *part == Part::Delta).collect();
        assert_eq!(whole, expected, "{members}");
    }
}
