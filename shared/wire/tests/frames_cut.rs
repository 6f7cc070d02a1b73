//! Framing against readers that see the whole body at once, for every way to cut it.
#![cfg(test)]

mod body;

use body::{Run, whole};
use penstock_wire::{Frame, Framer, Framing};
use proptest::prelude::*;

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
