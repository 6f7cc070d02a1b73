//! Every dialect reads any documents without a panic, a meter sees what a full reader sees, and edits of a
//! readable request apply.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penstock_llm_api::{
    Api, Dialect, FrameReading, StreamReader, Want, ask_usage, cap_output, read_request, read_response,
    request_text_bytes, request_texts, response_texts, set_model, strip_usage, text_of,
};
use penstock_wire::{Json, JsonEdits, Limits, Tape};

const LIMITS: Limits = Limits { max_bytes: 1 << 16, max_depth: 64, max_nodes: 1 << 14 };

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    // `Api::Custom` is the last, and has no description here.
    let Some(dialect) = Dialect::new(Api::ALL[choice as usize % (Api::ALL.len() - 1)], None) else { return };
    let mut reader = StreamReader::new(dialect, Want::Pieces);
    let mut meter = StreamReader::new(dialect, Want::Usage);
    let mut tape = Tape::new();
    // One document a line.
    for line in bytes.split(|byte| *byte == b'\n') {
        let json = tape.parse(line, &LIMITS).is_ok().then(|| tape.view(line));
        let (mut reading, mut metered) = (FrameReading::default(), FrameReading::default());
        reader.read(None, line, json, &mut reading);
        meter.read(None, line, json, &mut metered);
        assert_eq!((reading.output, reading.output_bytes), (metered.output, metered.output_bytes));
        let Some(json) = json else { continue };
        assert!(reading.pieces.iter().all(|piece| !text_of(json, piece.node).is_empty()));
        read_response(dialect, json);
        response_texts(dialect, json);
        let mut edits = JsonEdits::new();
        strip_usage(dialect, json, &reading, &mut edits);
        assert!(edits.apply(json).is_ok());
        request(dialect, json);
    }
    assert_eq!(reader.usage(), meter.usage());
});

fn request(dialect: Dialect<'_>, json: Json<'_>) {
    let texts = request_texts(dialect, json).texts;
    let bytes = texts.iter().filter(|text| text.scope.is_input()).map(|text| text_of(json, text.node).len() as u64);
    assert_eq!(request_text_bytes(dialect, json), bytes.sum());
    if read_request(dialect, json).is_err() {
        return;
    }
    let mut edits = JsonEdits::new();
    ask_usage(dialect, json, &mut edits);
    cap_output(dialect, json, 7, &mut edits);
    set_model(dialect, json, "m", &mut edits);
    let edited = edits.apply(json).expect("edits of a readable request apply");
    let mut tape = Tape::new();
    tape.parse(&edited, &Limits::default()).expect("an edited request is JSON");
    assert!(read_request(dialect, tape.view(&edited)).is_ok());
}
