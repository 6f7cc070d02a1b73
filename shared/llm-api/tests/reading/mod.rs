//! Reads fixtures and compares them with what is expected of them.

use penstock_llm_api::{
    Api, ApiError, Dialect, Encoding, FrameReading, Part, StreamReader, Usage, Want, read_request,
    read_response, request_texts, response_texts, text_of,
};
use penstock_wire::{Framer, Framing, Limits, Tape};
use std::path::{Path, PathBuf};

/// What must be read of an answer. Empty means "none".
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) model: &'static str,
    pub(crate) usage: Usage,
    pub(crate) finish: &'static str,
    pub(crate) tier: &'static str,
    /// Of a whole answer one line a text, of a stream one line a channel; `.` at the end: it has finished.
    pub(crate) texts: &'static [&'static str],
    /// `kind code`.
    pub(crate) error: &'static str,
    pub(crate) complete: bool,
    pub(crate) usage_only_frames: usize,
    /// Number of the first frame with output.
    pub(crate) first_output: usize,
}

fn fixture(name: &str) -> (PathBuf, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (path, bytes)
}

fn dialect(api: Api) -> Dialect<'static> {
    Dialect::new(api, None).expect("a dialect without description")
}

fn parsed(bytes: &[u8]) -> Tape {
    let mut tape = Tape::new();
    tape.parse(bytes, &Limits::default()).expect("JSON");
    tape
}

fn error_line(error: Option<&ApiError>) -> String {
    let Some(error) = error else { return String::new() };
    if *error == ApiError::default() {
        return " ".to_owned();
    }
    let words = [error.kind.as_deref(), error.code.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn mark(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Plain => "",
        Encoding::JsonInString | Encoding::JsonFragment | Encoding::JsonValue => " json",
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Delta => " delta",
        Part::Whole => " whole",
        Part::Repeat => " repeat",
        Part::Echo => " echo",
    }
}

/// Checks what is read of a whole answer.
pub(crate) fn whole(api: Api, name: &str, expected: &Expected) {
    whole_of(dialect(api), name, expected);
}

/// As [`whole`], in any dialect.
pub(crate) fn whole_of(dialect: Dialect<'_>, name: &str, expected: &Expected) {
    let (path, bytes) = fixture(name);
    let tape = parsed(&bytes);
    let json = tape.view(&bytes);
    let answer = read_response(dialect, json);
    let place = path.display();
    assert_eq!(
        answer.model.as_deref().unwrap_or(""),
        expected.model,
        "{place}: model"
    );
    assert_eq!(answer.usage, expected.usage, "{place}: usage");
    assert_eq!(
        answer.finish.map_or("", |finish| finish.name()),
        expected.finish,
        "{place}: finish"
    );
    assert_eq!(
        answer.service_tier.as_deref().unwrap_or(""),
        expected.tier,
        "{place}: tier"
    );
    assert_eq!(
        error_line(answer.error.as_ref()),
        expected.error,
        "{place}: error"
    );
    let texts = response_texts(dialect, json);
    let lines = texts.texts.iter().map(|text| {
        let signed = if text.signed { " signed" } else { "" };
        let mark = mark(text.encoding);
        format!(
            "{} {}{}{mark}{signed}: {}",
            text.scope.name(),
            text.message,
            part(text.part),
            text_of(json, text.node)
        )
    });
    let unseen = texts
        .unseen
        .iter()
        .map(|unseen| format!("unseen {}", unseen.kind.name()));
    assert_eq!(
        lines.chain(unseen).collect::<Vec<_>>(),
        expected.texts,
        "{place}: texts"
    );
    let bytes = texts
        .texts
        .iter()
        .filter(|text| text.scope.is_output() && text.part == Part::Whole);
    let bytes: usize = bytes.map(|text| text_of(json, text.node).len()).sum();
    assert_eq!(answer.output_bytes, bytes as u64, "{place}: output bytes");
}

/// Checks what is read of a request: a line of parameters, then the texts, then what is unseen.
pub(crate) fn request_lines(api: Api, name: &str, expected: &[&str]) {
    request_lines_of(dialect(api), name, expected);
}

/// As [`request_lines`], in any dialect.
pub(crate) fn request_lines_of(dialect: Dialect<'_>, name: &str, expected: &[&str]) {
    let (path, bytes) = fixture(name);
    let tape = parsed(&bytes);
    let json = tape.view(&bytes);
    let request = read_request(dialect, json).expect("a readable request");
    let mut words = vec![format!("model {}", request.model.as_deref().unwrap_or("-"))];
    words.extend(request.stream.then(|| "stream".to_owned()));
    words.extend(request.usage_asked.map(|asked| format!("usage_asked {asked}")));
    words.extend(request.max_output_tokens.map(|max| format!("max {max}")));
    words.extend((request.choices != 1).then(|| format!("choices {}", request.choices)));
    words.extend(request.service_tier.map(|tier| format!("tier {tier}")));
    let mut lines = vec![words.join(", ")];
    let texts = request_texts(dialect, json);
    lines.extend(texts.texts.iter().map(|text| {
        let signed = if text.signed { " signed" } else { "" };
        let mark = mark(text.encoding);
        format!(
            "{} {}{mark}{signed}: {}",
            text.scope.name(),
            text.message,
            text_of(json, text.node)
        )
    }));
    lines.extend(
        texts
            .unseen
            .iter()
            .map(|unseen| format!("unseen {}", unseen.kind.name())),
    );
    assert_eq!(lines, expected, "{}", path.display());
}

/// A stream, read to its end.
#[derive(Debug, Default, PartialEq)]
struct Played {
    channels: Vec<(u32, String, String, bool)>,
    repeats: Vec<(u32, String)>,
    usage_only_frames: usize,
    first_output: Option<usize>,
    output_bytes: u64,
}

fn play(reader: &mut StreamReader, framing: Framing, bytes: &[u8], chunk: usize) -> Played {
    let mut framer = Framer::new(framing, 1 << 20);
    let mut played = Played::default();
    let mut reading = FrameReading::default();
    let mut tape = Tape::new();
    let mut number = 0;
    let mut sink = |frame: penstock_wire::Frame<'_>| {
        let Some(data) = frame.data() else { return };
        let json = tape
            .parse(&data, &Limits::default())
            .is_ok()
            .then(|| tape.view(&data));
        reader.read(frame.event(), &data, json, &mut reading);
        played.note(number, json, &reading);
        number += 1;
    };
    for chunk in bytes.chunks(chunk) {
        framer.push(chunk, &mut sink).expect("frames");
    }
    framer.finish(&mut sink).expect("a last frame");
    played
}

impl Played {
    fn note(&mut self, number: usize, json: Option<penstock_wire::Json<'_>>, reading: &FrameReading) {
        self.usage_only_frames += usize::from(reading.usage_only);
        self.output_bytes += reading.output_bytes;
        if reading.output && self.first_output.is_none() {
            self.first_output = Some(number);
        }
        for piece in &reading.pieces {
            let text = text_of(json.expect("pieces come from JSON"), piece.node).into_owned();
            let signed = if piece.signed { " signed" } else { "" };
            let label = format!("{}{}{signed}", piece.scope.name(), mark(piece.encoding));
            match piece.part {
                Part::Delta | Part::Whole => self.text(piece.channel.0, label, &text, piece.last),
                Part::Repeat => self.repeats.push((piece.channel.0, text)),
                Part::Echo => self.text(piece.channel.0, format!("{label} echo"), &text, false),
            }
        }
        for id in &reading.finished {
            for channel in self.channels.iter_mut().filter(|channel| channel.0 == id.0) {
                channel.3 = true;
            }
        }
    }

    fn text(&mut self, id: u32, label: String, text: &str, last: bool) {
        match self.channels.iter_mut().find(|channel| channel.0 == id) {
            Some(channel) => {
                assert_eq!(channel.1, label, "a channel has one scope");
                channel.2 += text;
                channel.3 |= last;
            }
            None => self.channels.push((id, label, text.to_owned(), last)),
        }
    }

    /// Repeats say again what their channel said; a text that stands alone, what any said.
    fn check_repeats(&self, place: &str) {
        for (id, text) in &self.repeats {
            let own = self.channels.iter().any(|channel| channel.0 == *id);
            let said = self.channels.iter().filter(|channel| !own || channel.0 == *id);
            let found = said.filter(|channel| channel.2.contains(text.as_str())).count();
            assert!(found > 0, "{place}: {text:?} repeats nothing");
        }
    }
}

/// Checks what is read of a stream: whole, byte by byte, and by a meter.
pub(crate) fn stream(api: Api, name: &str, expected: &Expected) {
    stream_of(dialect(api), name, expected);
}

/// As [`stream`], in any dialect.
pub(crate) fn stream_of(dialect: Dialect<'_>, name: &str, expected: &Expected) {
    let (path, bytes) = fixture(name);
    let place = path.display().to_string();
    let framing = match path.extension().and_then(|extension| extension.to_str()) {
        Some("ndjson") => Framing::Ndjson,
        Some("json") => Framing::JsonArray,
        _ => Framing::Sse,
    };
    let mut reader = StreamReader::new(dialect, Want::Pieces);
    let played = play(&mut reader, framing, &bytes, bytes.len());
    compare(&reader, &played, expected, &place);
    played.check_repeats(&place);

    let mut dribbled = StreamReader::new(dialect, Want::Pieces);
    assert_eq!(
        play(&mut dribbled, framing, &bytes, 1),
        played,
        "{place}: byte by byte"
    );

    let mut meter = StreamReader::new(dialect, Want::Usage);
    let metered = play(&mut meter, framing, &bytes, bytes.len());
    assert_eq!(
        (metered.first_output, metered.output_bytes),
        (played.first_output, played.output_bytes),
        "{place}"
    );
    assert_eq!(meter.usage(), expected.usage, "{place}: metered usage");
    assert_eq!(meter.complete(), expected.complete, "{place}: metered end");
}

fn compare(reader: &StreamReader, played: &Played, expected: &Expected, place: &str) {
    assert_eq!(reader.model().unwrap_or(""), expected.model, "{place}: model");
    assert_eq!(reader.usage(), expected.usage, "{place}: usage");
    assert_eq!(
        reader.finish().map_or("", |finish| finish.name()),
        expected.finish,
        "{place}: finish"
    );
    assert_eq!(
        reader.service_tier().unwrap_or(""),
        expected.tier,
        "{place}: tier"
    );
    assert_eq!(error_line(reader.error()), expected.error, "{place}: error");
    assert_eq!(reader.complete(), expected.complete, "{place}: complete");
    let lines = played
        .channels
        .iter()
        .map(|(_, label, text, finished)| format!("{label}: {text}{}", if *finished { "." } else { "" }));
    assert_eq!(lines.collect::<Vec<_>>(), expected.texts, "{place}: texts");
    assert_eq!(
        played.usage_only_frames, expected.usage_only_frames,
        "{place}: usage-only frames"
    );
    assert_eq!(
        played.first_output.unwrap_or(0),
        expected.first_output,
        "{place}: first output"
    );
    let output = played.channels.iter().filter(|(_, label, _, _)| {
        ["output", "reasoning", "refusal", "tool_call"]
            .iter()
            .any(|scope| label.starts_with(scope))
    });
    let bytes: usize = output.map(|(_, _, text, _)| text.len()).sum();
    assert_eq!(played.output_bytes, bytes as u64, "{place}: output bytes");
}
