//! Compressed bodies made to hurt.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::{Stage, head};
use penstock_exchange::{Coding, InflateBounds, Inflater};
use penstock_filter_api::Outcome;

const BOUNDS: InflateBounds = InflateBounds {
    max_bytes: 32 << 20,
    max_ratio: 200,
};

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, penstock_filter_api::Failure> {
    let mut inflater = Inflater::new(Coding::Gzip, BOUNDS).unwrap();
    let mut out = Vec::new();
    inflater.push(bytes, &mut out).map(|()| out)
}

#[test]
fn long_headers_of_many_members_are_no_work() {
    // A step for each pair of header bytes would be 10^11 steps.
    let named = flate2::GzBuilder::new().filename(vec![b'n'; 8_000]);
    let member = named
        .write(Vec::new(), flate2::Compression::fast())
        .finish()
        .unwrap();
    let _ = inflate(&member.repeat(1_000));
}

#[test]
fn members_are_bounded() {
    let member = gzip(b"");
    assert!(inflate(&member.repeat(100_000)).is_err());
    assert_eq!(inflate(&gzip(b"ab").repeat(3)), Ok(b"ababab".to_vec()));
}

#[test]
fn a_stream_that_only_says_gzip_is_cut_when_it_is_decided_and_passes_when_it_is_not() {
    let body = format!("{}{}{DONE}", delta(0, "x"), finish(0));
    let fields = [
        (":status", "200"),
        ("content-type", "text/event-stream"),
        ("content-encoding", "gzip"),
    ];
    let observes = agrees().open().needs(
        penstock_filter_api::Need::Observe,
        penstock_filter_api::Need::Observe,
    );
    let mut stage = Stage::new("{}", vec![observes]);
    let stream = stage.ask(ASK);
    stage.envoy.response_head(stream, head(&fields), false);
    stage.envoy.response_body(stream, body.as_bytes(), true);
    assert_eq!(stage.text(stream), body);
    assert_eq!(stage.failures("a", "invalid_encoding"), 1);

    let mut stage = Stage::new("{}", vec![agrees()]);
    let stream = stage.ask(ASK);
    stage.envoy.response_head(stream, head(&fields), false);
    stage.envoy.response_body(stream, body.as_bytes(), false);
    stage.envoy.pass(50);
    assert!(stage.text(stream).contains("invalid_encoding"));
    assert_eq!(stage.ended(1), [Outcome::Cut]);
}

#[test]
fn no_content_with_an_encoding_is_no_content() {
    let mut stage = Stage::new("{}", vec![agrees()]);
    let stream = stage.ask(ASK);
    let fields = [(":status", "204"), ("content-encoding", "gzip")];
    stage.envoy.response_head(stream, head(&fields), true);
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn a_head_that_has_left_keeps_its_word_on_the_encoding() {
    for open in [false, true] {
        let filter = replaces("secret", "***");
        let filter = if open { filter.open() } else { filter };
        let mut stage = Stage::new(r#"{"headers": "release"}"#, vec![filter]);
        let stream = stage.ask(ASK);
        let sent = gzip(completion("a secret").as_bytes());
        stage.answers(stream, &[("content-encoding", "gzip")], &[&sent]);
        assert_eq!(stage.failures("a", "unsupported_encoding"), 1);
        assert_eq!(stage.client(stream).body == sent, open);
        assert_eq!(stage.is_whole(stream), open);
        let outcome = if open { Outcome::Complete } else { Outcome::Cut };
        assert_eq!(stage.ended(1), [outcome]);
    }
}
