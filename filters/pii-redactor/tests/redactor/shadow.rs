//! In shadow nothing changes, and everything is counted that would be done.

use crate::dialects::{Bit, DIALECTS, Said};
use crate::story::{Story, given, head};

const SAID: &str = "I am ana@corp.test, [EMAIL_1]";

fn answer(story: &mut Story, content_type: &str, body: &[u8], chunk: usize) {
    story.envoy.response_head(
        story.stream,
        head(&[(":status", "200"), ("content-type", content_type)]),
        false,
    );
    for piece in body.chunks(chunk) {
        story.envoy.response_body(story.stream, piece, false);
    }
    story.envoy.response_body(story.stream, b"", true);
    assert_eq!(story.envoy.misuse(), [""; 0]);
}

#[test]
fn no_byte_changes_either_way() {
    for dialect in &DIALECTS {
        for (stream, chunk) in [(false, 7), (true, 1), (true, 13), (true, 10_000)] {
            for answers in ["mask", "block", "alert"] {
                let config = format!(r#"{{"mode": "shadow", "answers": "{answers}"}}"#);
                let said = Said {
                    texts: vec![SAID.to_owned(); dialect.max_texts],
                    calls: Vec::new(),
                };
                let ask = (dialect.ask)(&said, stream);
                let mut story = given(&config).asks(dialect.paths[usize::from(stream)], &ask);
                assert_eq!(
                    story.envoy.upstream(story.stream).body,
                    ask.to_string().as_bytes(),
                    "{}",
                    dialect.name
                );
                let back = "[EMAIL_1] is not eve@evil.test".to_owned();
                let body = if stream {
                    let bits: Vec<Bit> = back
                        .split_inclusive(' ')
                        .map(|word| Bit::Text(0, word.to_owned()))
                        .collect();
                    dialect.framing.frames(&(dialect.payloads)(&bits)).concat()
                } else {
                    (dialect.whole)(&Said {
                        texts: vec![back],
                        calls: Vec::new(),
                    })
                    .to_string()
                };
                let content_type = if stream {
                    dialect.framing.content_type()
                } else {
                    "application/json"
                };
                answer(&mut story, content_type, body.as_bytes(), chunk);
                let got = String::from_utf8(story.envoy.client(story.stream).body.clone()).unwrap();
                assert_eq!(got, body, "{} {answers}", dialect.name);
                let counted = |way: &str, action: &str| -> u64 {
                    let metrics = story.envoy.metrics();
                    let of = |name: &&String| {
                        name.contains(&format!("direction=.={way}"))
                            && name.contains(&format!("action=.=would_{action};"))
                    };
                    metrics
                        .iter()
                        .filter(|(name, _)| of(name))
                        .map(|(_, count)| count)
                        .sum()
                };
                assert!(counted("request", "mask") > 0, "{}", dialect.name);
                assert_eq!(
                    counted("response", answers),
                    1,
                    "{} {answers} {stream} {chunk}",
                    dialect.name
                );
            }
        }
    }
}
