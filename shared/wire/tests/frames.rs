//! Framing against readers that see the whole body at once, for every way to cut it.
#![cfg(test)]

use penstock_wire::{Frame, FrameError, Framer, Framing};
use proptest::prelude::*;

/// A frame as the test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    raw: Vec<u8>,
    event: Option<String>,
    data: Option<Vec<u8>>,
}

impl From<Frame<'_>> for Seen {
    fn from(frame: Frame<'_>) -> Self {
        let data = frame.data().map(|data| data.into_owned());
        assert_eq!(frame.is_passive(), data.is_none());
        Self {
            raw: frame.raw().to_vec(),
            event: frame.event().map(str::to_owned),
            data,
        }
    }
}

/// What becomes of a body cut into `chunks`.
struct Run {
    frames: Vec<Seen>,
    left: Vec<u8>,
    result: Result<(), FrameError>,
}

impl Run {
    fn of<'c>(framing: Framing, max: usize, chunks: impl IntoIterator<Item = &'c [u8]>) -> Self {
        let mut framer = Framer::new(framing, max);
        let mut frames = Vec::new();
        let mut result = Ok(());
        let mut refused = Vec::new();
        for chunk in chunks {
            if result.is_ok() {
                result = framer.push(chunk, &mut |frame| frames.push(frame.into()));
            } else {
                assert_eq!(
                    framer.push(chunk, &mut |_| panic!("a frame after an error")),
                    result
                );
                refused.extend_from_slice(chunk);
            }
        }
        if result.is_ok() {
            assert!(framer.pending().len() <= max);
            framer.finish(&mut |frame| frames.push(frame.into())).unwrap();
        }
        let mut left = framer.take_pending();
        left.extend(refused);
        Self { frames, left, result }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.frames.iter().flat_map(|frame| frame.raw.clone()).collect();
        bytes.extend_from_slice(&self.left);
        bytes
    }

    fn events(&self) -> Vec<(Option<String>, Vec<u8>)> {
        self.frames
            .iter()
            .filter_map(|frame| Some((frame.event.clone(), frame.data.clone()?)))
            .collect()
    }
}

fn whole(framing: Framing, body: &[u8]) -> Run {
    Run::of(framing, usize::MAX, [body])
}

fn events(framing: Framing, body: &str) -> Vec<(Option<String>, String)> {
    let text = |data| String::from_utf8(data).unwrap();
    whole(framing, body.as_bytes())
        .events()
        .into_iter()
        .map(|(event, data)| (event, text(data)))
        .collect()
}

fn data(framing: Framing, body: &str) -> Vec<String> {
    events(framing, body).into_iter().map(|(_, data)| data).collect()
}

#[test]
fn reads_sse_blocks() {
    let body = "\u{feff}: hi\r\nevent: a\r\ndata: 1\r\n\r\nretry: 5\n\nevent:b\rid: 7\rdata:2\rdata: 3\r\rdata\n\ndata:  x\n\nevent\ndata:y";
    let expected = [
        (Some("a"), "1"),
        (Some("b"), "2\n3"),
        (None, ""),
        (None, " x"),
        (None, "y"),
    ];
    let expected = expected.map(|(event, data)| (event.map(str::to_owned), data.to_owned()));
    assert_eq!(events(Framing::Sse, body), expected);
}

#[test]
fn a_byte_order_mark_counts_only_at_the_start() {
    assert_eq!(
        data(Framing::Sse, "\u{feff}data: 1\n\n\u{feff}data: 2\n\n"),
        ["1"]
    );
    assert_eq!(data(Framing::Sse, "\u{feff}\u{feff}data: 1\n\n"), [""; 0]);
    assert_eq!(whole(Framing::Sse, b"\xEF\xBBdata: 1\n\n").events(), []);
}

#[test]
fn no_frame_waits_for_a_later_byte() {
    let alive = |framing, body: &str| {
        let mut framer = Framer::new(framing, 100);
        let mut seen = Vec::new();
        for (at, byte) in body.bytes().enumerate() {
            framer
                .push(&[byte], &mut |frame| seen.push((at, frame.raw().len())))
                .unwrap();
        }
        assert!(framer.pending().is_empty(), "{body:?}");
        seen
    };
    assert_eq!(alive(Framing::Sse, ": ping\n"), [(6, 7)]);
    assert_eq!(alive(Framing::Sse, ": ping\r\n"), [(6, 7), (7, 1)]);
    assert_eq!(alive(Framing::Sse, "data: a\n\n"), [(8, 9)]);
    assert_eq!(
        alive(Framing::Sse, "data: a\r\n\r\n\n"),
        [(9, 10), (10, 1), (11, 1)]
    );
    assert_eq!(alive(Framing::Sse, "data: a\n: in\n\n"), [(13, 14)]);
    assert_eq!(alive(Framing::Ndjson, "{}\n\n"), [(2, 3), (3, 1)]);
    assert_eq!(
        alive(Framing::JsonArray, "[{},\n[\"]\"] ,\"\\\"\",1]\n"),
        [(0, 1), (2, 2), (9, 7), (15, 6), (18, 2), (18, 1), (19, 1)]
    );
}

#[test]
fn reads_lines() {
    assert_eq!(
        data(Framing::Ndjson, "{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}"),
        ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]
    );
}

#[test]
fn reads_arrays() {
    assert_eq!(
        data(
            Framing::JsonArray,
            "[{\"a\":[1,{}]}\n,\r\n{\"b\":\"]\\\"}\"}\n]\n"
        ),
        ["{\"a\":[1,{}]}", "{\"b\":\"]\\\"}\"}"]
    );
    assert_eq!(
        data(Framing::JsonArray, " [ 1 , -2.5e3,true,\"x,y\" , [] ] "),
        ["1", "-2.5e3", "true", "\"x,y\"", "[]"]
    );
    assert_eq!(data(Framing::JsonArray, "[]"), [""; 0]);
    assert_eq!(
        data(Framing::JsonArray, "[{\"a\":1},{\"b\""),
        ["{\"a\":1}", "{\"b\""]
    );
    for bad in [
        "{}", "[,", "[1,]", "[1 2", "[{}{}", "[1,,", "[]]", "[] x", "[}", "x",
    ] {
        let run = whole(Framing::JsonArray, bad.as_bytes());
        assert_eq!(run.result, Err(FrameError::Syntax), "{bad}");
        assert_eq!(run.bytes(), bad.as_bytes());
    }
}

#[test]
fn a_frame_over_the_bound_is_an_error_and_nothing_is_lost() {
    for (framing, body) in [
        (Framing::Sse, "data: 1\n\ndata: 345678\n\ndata: 2\n\n"),
        (Framing::Sse, "data: 1\n\n: 3456789ab\n\ndata: 2\n\n"),
        (Framing::Ndjson, "[1]\n[1, 2, 3, 4, 5]\n[2]\n"),
        (Framing::JsonArray, "[1,[1, 2, 3, 4, 5],2]"),
    ] {
        for size in [1, 2, 3, 5, 100] {
            let run = Run::of(framing, 11, body.as_bytes().chunks(size));
            assert_eq!(run.result, Err(FrameError::TooLarge), "{body:?} by {size}");
            assert_eq!(run.events().len(), 1);
            assert_eq!(run.bytes(), body.as_bytes());
        }
    }
}

#[test]
fn puts_other_data_into_a_frame() {
    let replaced = |framing, body: &str, data: &str| {
        let mut out = Vec::new();
        let mut framer = Framer::new(framing, 1_000);
        let mut sink = |frame: Frame<'_>| out.extend(frame.with_data(data.as_bytes()));
        framer
            .push(body.as_bytes(), &mut sink)
            .and_then(|()| framer.finish(&mut sink))
            .unwrap();
        String::from_utf8(out).unwrap()
    };
    let sse = |body, data| replaced(Framing::Sse, body, data);
    assert_eq!(
        sse("event: a\r\ndata: 1\r\nid: 3\r\n\r\n", "{}"),
        "event: a\r\ndata: {}\r\nid: 3\r\n\r\n"
    );
    assert_eq!(
        sse(": c\n\ndata:1\ndata: 2\n: c\n\n", "x"),
        ": c\n\ndata:x\n: c\n\n"
    );
    assert_eq!(sse("data:1\r\r", "x\ny"), "data:x\rdata:y\r\r");
    assert_eq!(sse("data:1\n\n", " x"), "data:  x\n\n");
    assert_eq!(sse("data\n\n", "x"), "data: x\n\n");
    assert_eq!(sse("\u{feff}data: 1", "x\ny"), "\u{feff}data: x\ndata: y");
    assert_eq!(sse("data: 1\n\n", ""), "data: \n\n");
    assert_eq!(
        replaced(Framing::Ndjson, "\n {}\r\n", "{\"a\":\n1}"),
        "\n {\"a\": 1}\r\n"
    );
    assert_eq!(
        replaced(Framing::JsonArray, "[1 ,\n{}\n]", "[2]"),
        "[[2] ,\n[2]\n]"
    );
}

/// Server-sent events as the standard tells it, line by line, over the whole body; a block without its last
/// blank line counts.
fn sse_by_the_standard(body: &[u8]) -> Vec<(Option<String>, Vec<u8>)> {
    let mut text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).to_vec();
    for at in (1..text.len()).rev() {
        if text[at - 1..=at] == *b"\r\n" {
            text.remove(at);
        }
    }
    let (mut events, mut name, mut data) = (Vec::new(), None, None::<Vec<u8>>);
    let lines: Vec<&[u8]> = text.split(|byte| matches!(byte, b'\r' | b'\n')).collect();
    for line in lines.iter().copied().chain([&b""[..]]) {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (
                &line[..colon],
                line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]),
            ),
            None => (line, &b""[..]),
        };
        match field {
            _ if line.is_empty() => {
                events.extend(data.take().map(|data| (name.take(), data)));
                name = None;
            }
            b"event" => {
                name = String::from_utf8(value.to_vec())
                    .ok()
                    .filter(|name| !name.is_empty())
            }
            b"data" => data = Some(data.map_or(value.to_vec(), |data| [&data[..], b"\n", value].concat())),
            _ => {}
        }
    }
    events
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\n\n",
        ":",
        ": ",
        "data",
        "data:",
        "data: ",
        "data: {\"a\":1}\n\n",
        "event: x",
        "event:",
        "id: 1",
        "retry: 1",
        "\u{feff}",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "\\\"",
        ",",
        " ",
        "1",
        "true",
        "[DONE]",
        "{\"b\":[\"}\"]}",
        "é",
        "0123456789abcdef",
    ]);
    let piece = prop_oneof![
        12 => token.prop_map(|token| token.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn json_array() -> impl Strategy<Value = (Vec<u8>, Vec<serde_json::Value>)> {
    let item = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        "[\\]\\[{}\",\\\\a]{0,6}".prop_map(serde_json::Value::from),
        ("[\\]\\[{}\",\\\\a]{0,6}", any::<bool>())
            .prop_map(|(key, value)| serde_json::json!({ key: [value, [], {}] })),
    ];
    let space = "[ \r\n\t]{0,3}";
    (prop::collection::vec((item, space, space), 0..6), space, space).prop_map(|(items, before, behind)| {
        let written: Vec<String> = items
            .iter()
            .map(|(item, left, right)| format!("{left}{item}{right}"))
            .collect();
        let body = format!("{before}[{}]{behind}", written.join(","));
        (
            body.into_bytes(),
            items.into_iter().map(|(item, _, _)| item).collect(),
        )
    })
}

/// `body` cut at `cuts`.
fn chunks<'b>(body: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut ends: Vec<usize> = cuts
        .iter()
        .map(|cut| cut.index(body.len() + 1))
        .chain([body.len()])
        .collect();
    ends.sort_unstable();
    let starts = [0].into_iter().chain(ends.clone());
    starts
        .zip(ends.clone())
        .map(|(start, end)| &body[start..end])
        .collect()
}

const FRAMINGS: [Framing; 3] = [Framing::Sse, Framing::Ndjson, Framing::JsonArray];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_split_gives_the_same_events_and_bytes(
        body in soup(),
        array in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        max in prop_oneof![Just(usize::MAX), 4_usize..40],
    ) {
        let body = if array { [b"[{\"a\":1},\n", &body[..]].concat() } else { body };
        for framing in FRAMINGS {
            let whole = Run::of(framing, max, [&body[..]]);
            prop_assert_eq!(whole.bytes(), &body[..]);
            for run in [Run::of(framing, max, chunks(&body, &cuts)), Run::of(framing, max, body.chunks(1))] {
                prop_assert_eq!(run.result, whole.result);
                prop_assert_eq!(run.events(), whole.events());
                prop_assert_eq!(run.bytes(), &body[..]);
            }
        }
    }

    #[test]
    fn sse_reads_as_the_standard_tells(body in soup()) {
        prop_assert_eq!(whole(Framing::Sse, &body).events(), sse_by_the_standard(&body));
    }

    #[test]
    fn arrays_give_their_items((body, items) in json_array()) {
        let run = Run::of(Framing::JsonArray, 1_000, body.chunks(1));
        prop_assert_eq!(run.result, Ok(()));
        let seen: Vec<serde_json::Value> =
            run.events().iter().map(|(_, data)| serde_json::from_slice(data).unwrap()).collect();
        prop_assert_eq!(seen, items);
    }

    #[test]
    fn replaced_data_reads_back(body in soup(), line in "[a-z :]{0,6}", other in prop::option::of("[a-z :]{0,6}")) {
        let new = [Some(line), other].into_iter().flatten().collect::<Vec<_>>().join("\n");
        let mut framer = Framer::new(Framing::Sse, usize::MAX);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut sink = |frame: Frame<'_>| {
            after.extend(frame.with_data(new.as_bytes()));
            before.extend(frame.data().map(|_| (frame.event().map(str::to_owned), new.clone().into_bytes())));
        };
        framer.push(&body, &mut sink).unwrap();
        framer.finish(&mut sink).unwrap();
        prop_assert_eq!(whole(Framing::Sse, &after).events(), before);
    }

    #[test]
    fn the_same_data_put_back_changes_nothing(body in soup()) {
        for framing in FRAMINGS {
            let mut framer = Framer::new(framing, usize::MAX);
            let _ = framer.push(&body, &mut |frame| {
                if let Some(std::borrow::Cow::Borrowed(data)) = frame.data() {
                    let again = frame.with_data(data);
                    // A field without colon gets one, and a CR in a line is no JSON.
                    let plainer = match framing {
                        Framing::Sse => data.is_empty(),
                        Framing::Ndjson => data.contains(&b'\r'),
                        Framing::JsonArray => false,
                    };
                    assert!(again == frame.raw() || plainer);
                }
            });
        }
    }
}
