//! What the tape reads, what it refuses, and what it says about it.
#![cfg(test)]

use penstock_wire::{JsonErrorKind, Kind, Limits, Tape, Value, twin, write_string};

fn defect(bytes: &[u8]) -> Option<JsonErrorKind> {
    Tape::new()
        .parse(bytes, &Limits::default())
        .err()
        .map(|error| error.kind)
}

fn with_root<T>(text: &str, read: impl FnOnce(Value<'_>) -> T) -> T {
    let mut tape = Tape::new();
    tape.parse(text.as_bytes(), &Limits::default()).unwrap();
    read(tape.view(text.as_bytes()).root())
}

#[test]
fn names_the_defect() {
    use JsonErrorKind::*;
    for (bytes, kind) in [
        (&b""[..], Truncated),
        (b" \n", Truncated),
        (b"{", Truncated),
        (b"[1,", Truncated),
        (b"{\"a\"", Truncated),
        (b"{\"a\":", Truncated),
        (b"\"abc", Truncated),
        (b"\"abc\\", Truncated),
        (b"\"\\u12", Truncated),
        (b"\"\\ud83d", Truncated),
        (b"\"\\ud83d\\", Truncated),
        (b"\"\\ud83d\\ud", Truncated),
        (b"tru", Truncated),
        (b"-", Truncated),
        (b"1.", Truncated),
        (b"1e+", Truncated),
        (b"trux", Syntax),
        (b"[1,]", Syntax),
        (b"[,1]", Syntax),
        (b"{,}", Syntax),
        (b"{\"a\":1,}", Syntax),
        (b"{\"a\" 1}", Syntax),
        (b"{a:1}", Syntax),
        (b"[1}", Syntax),
        (b"{\"a\":1]", Syntax),
        (b"]", Syntax),
        (b"+1", Syntax),
        (b".5", Syntax),
        (b"-x", Syntax),
        (b"1.x", Syntax),
        (b"NaN", Syntax),
        (b"'a'", Syntax),
        (b"\"\\x\"", Syntax),
        (b"\"\\u12g4\"", Syntax),
        (b"\"a\nb\"", Syntax),
        (b"\"a\0b\"", Syntax),
        (b"\0", Syntax),
        (b"[1]\0", TrailingBytes),
        (b"{}{}", TrailingBytes),
        (b"01", TrailingBytes),
        (b"1 2", TrailingBytes),
        (b"null,", TrailingBytes),
        (b"\xEF\xBB\xBF{}", Syntax),
        (b"\xFF", Syntax),
        (b"\"\xFF\"", Utf8),
        (b"\"\xC0\xAF\"", Utf8),
        (b"\"\xED\xA0\x80\"", Utf8),
        (b"\"\xF4\x90\x80\x80\"", Utf8),
        (b"{\"\x80\":1}", Utf8),
        (br#""\ud800""#, LoneSurrogate),
        (br#""\udc00""#, LoneSurrogate),
        (br#""\udc00\ud800""#, LoneSurrogate),
        (br#""\ud800x""#, LoneSurrogate),
        (br#""\ud800\n""#, LoneSurrogate),
        (br#""\ud800\ud800""#, LoneSurrogate),
        (br#""\ud800\u0041""#, LoneSurrogate),
    ] {
        assert_eq!(defect(bytes), Some(kind), "{:?}", String::from_utf8_lossy(bytes));
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_err());
    }
}

#[test]
fn says_where_the_defect_is() {
    let offset = |bytes: &[u8]| Tape::new().parse(bytes, &Limits::default()).unwrap_err().offset;
    assert_eq!(offset(b"[1, x]"), 4);
    assert_eq!(offset(b"{} x"), 3);
    assert_eq!(offset(b"[\"ab\xFFc\"]"), 4);
    assert_eq!(offset(br#"["\ud800"]"#), 2);
}

#[test]
fn keeps_to_its_bounds() {
    let bounded = |bytes: &[u8], max_bytes, max_depth, max_nodes| {
        let limits = Limits {
            max_bytes,
            max_depth,
            max_nodes,
        };
        Tape::new().parse(bytes, &limits).err().map(|error| error.kind)
    };
    let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let any = usize::MAX;
    assert_eq!(bounded(&deep(128), any, 128, any), None);
    assert_eq!(bounded(&deep(129), any, 128, any), Some(JsonErrorKind::TooDeep));
    assert_eq!(
        bounded(&deep(10_000), any, 128, any),
        Some(JsonErrorKind::TooDeep)
    );
    assert_eq!(bounded(&deep(10_000), any, 10_000, any), None);
    assert_eq!(bounded(b"1", any, 0, any), None);
    assert_eq!(bounded(b"[]", any, 0, any), Some(JsonErrorKind::TooDeep));
    assert_eq!(bounded(b"[[],[]]", any, 2, any), None);
    assert_eq!(bounded(b"[1,2]", any, any, 3), None);
    assert_eq!(bounded(b"[1,2]", any, any, 2), Some(JsonErrorKind::TooManyNodes));
    assert_eq!(
        bounded(&vec![b'['; 1 << 20], any, any, 500_000),
        Some(JsonErrorKind::TooManyNodes)
    );
    assert_eq!(bounded(b"[1]", 3, any, any), None);
    assert_eq!(bounded(b"[1] ", 3, any, any), Some(JsonErrorKind::TooLarge));
}

#[test]
fn accepts_numbers_of_any_size() {
    for text in [
        "1e999",
        "-1e-999",
        &"9".repeat(10_000),
        &format!("0.{}", "1".repeat(10_000)),
    ] {
        with_root(text, |root| {
            assert_eq!(root.number_raw(), text);
            assert_eq!(root.as_u64(), None);
        });
    }
}

#[test]
fn a_tape_can_be_used_again_and_is_empty_after_an_error() {
    let mut tape = Tape::new();
    tape.parse(b"[1,2,3]", &Limits::default()).unwrap();
    assert_eq!(tape.view(b"[1,2,3]").len_nodes(), 4);
    tape.parse(b"[1,2,", &Limits::default()).unwrap_err();
    assert_eq!(tape.view(b"[1,2,").len_nodes(), 0);
    assert_eq!(tape.view(b"[1,2,").root().kind(), Kind::Null);
    tape.parse(b"true", &Limits::default()).unwrap();
    assert_eq!(tape.view(b"true").root().as_bool(), Some(true));
}

#[test]
fn a_view_over_other_bytes_says_nothing_but_does_not_panic() {
    let mut tape = Tape::new();
    tape.parse(br#"{"a":["\u00e9", 12, true]}"#, &Limits::default())
        .unwrap();
    for other in [
        &b""[..],
        b"{",
        b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        b"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
    ] {
        for value in tape.view(other).nodes() {
            let _ = (
                value.text(),
                value.raw(),
                value.as_u64(),
                value.as_bool(),
                value.eq_text("é"),
            );
        }
    }
}

#[test]
fn follows_pointers() {
    let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"u":{"total":"x"},"~1":9,"\u0061b":3}"#;
    with_root(text, |root| {
        let raw = |pointer: &str| root.pointer(pointer).map(Value::raw);
        assert_eq!(raw(""), Some(text));
        assert_eq!(raw("/foo/1"), Some(r#""baz""#));
        assert_eq!(raw("/"), Some("0"));
        assert_eq!(raw("/a~1b"), Some("1"));
        assert_eq!(raw("/m~0n"), Some("8"));
        assert_eq!(raw("/~01"), Some("9"));
        assert_eq!(raw("/u/total"), Some(r#""x""#));
        assert_eq!(raw("/ab"), Some("3"));
        for absent in [
            "foo",
            "/foo/2",
            "/foo/01",
            "/foo/+1",
            "/foo/-",
            "/foo/",
            "/foo/0/x",
            "/u/total/x",
            "/none",
        ] {
            assert_eq!(raw(absent), None, "{absent}");
        }
    });
}

#[test]
fn finds_twins_of_known_keys() {
    let known = ["messages", "model", "stream_options", "K"];
    let twin_of = |text: &str| with_root(text, |root| twin(root, &known).map(|key| key.raw().to_owned()));
    assert_eq!(
        twin_of(r#"{"model":1,"messages":2,"mess":3,"x":4,"x":5,"K":6}"#),
        None
    );
    assert_eq!(twin_of(r#"["messages","messages"]"#), None);
    for (text, key) in [
        (r#"{"messages":1,"a":{},"messages":2}"#, r#""messages""#),
        (r#"{"messages":1,"mess\u0061ges":2}"#, r#""mess\u0061ges""#),
        (r#"{"MESSAGES":1}"#, r#""MESSAGES""#),
        (r#"{"\u004dessages":1}"#, r#""\u004dessages""#),
        (r#"{"model":1,"Model":1}"#, r#""Model""#),
        ("{\"me\u{17f}sages\":1}", "\"me\u{17f}sages\""),
        (r#"{"me\u017f\u017fages":1}"#, r#""me\u017f\u017fages""#),
        ("{\"\u{212a}\":1}", "\"\u{212a}\""),
        (r#"{"k":1}"#, r#""k""#),
    ] {
        assert_eq!(twin_of(text).as_deref(), Some(key), "{text}");
    }
}

#[test]
fn writes_strings_that_read_back() {
    let text = "a\"b\\c/\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}é\u{2028}😀";
    let mut out = Vec::new();
    write_string(&mut out, text);
    assert_eq!(
        out,
        r#""a\"b\\c/\n\r\t\b\f\u0000\u001f"#.bytes().chain("\u{7f}é\u{2028}😀\"".bytes()).collect::<Vec<_>>()
    );
    assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
}
