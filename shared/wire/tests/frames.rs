//! Which bytes are a frame, what it carries, and when it is delivered.
#![cfg(test)]

mod body;

use body::{Run, whole};
use penstock_wire::{Frame, FrameError, Framer, Framing};

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
fn junk_behind_an_array_is_the_same_error_however_it_is_cut() {
    let body = b"[]\t\t\t)";
    for length in 1..=body.len() {
        let mut framer = Framer::new(Framing::JsonArray, 1);
        let result: Result<(), FrameError> = body
            .chunks(length)
            .try_for_each(|chunk| framer.push(chunk, &mut |_| {}));
        assert_eq!(result, Err(FrameError::Syntax), "in chunks of {length}");
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
