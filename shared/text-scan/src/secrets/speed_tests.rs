//! How long a text takes: plain ones, and ones that are made to take long.

use std::time::{Duration, Instant};

use super::scan;

const ENGLISH: &str = "The quick report of the committee was read twice before lunch, and nobody asked a question: the numbers \
    were what everyone had expected. In the afternoon we walked to the harbour, looked at the boats and talked about the plan for \
    next spring, which is to repair the roof and to paint the doors. Skills, reasons, doubts - all of it can wait until Monday. ";
const CHINESE: &str = "委员会的报告在午饭前读了两遍，没有人提问，数字和大家预期的一样。下午我们走到港口，看了看船，谈了明年春天的计划：\
    修理屋顶，重新粉刷门窗。其余的事情可以等到星期一再说。";
const CODE: &str = "fn total(items: &[Item]) -> u64 {\n    let mut sum = 0;\n    for item in items {\n        \
    sum += item.price * item.count as u64;\n    }\n    sum\n}\n\
    {\"name\": \"lamp\", \"price\": 1200, \"tags\": [\"home\", \"light\"], \"id\": \"a1b2-c3d4\"}\n";

/// Beginnings without an end.
const HOSTILE: [&str; 24] = [
    "=",
    ":",
    "-",
    "\\",
    "~",
    "|",
    "\"",
    ",\"",
    "A",
    "0",
    "sk-",
    "-----BEGIN PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJ",
    "curl -u a:",
    "password is ",
    "the api key to ",
    "api_key=",
    "://a:b",
    "://",
    "1:AA",
    "a.atlasv1.",
    "密码是a",
    "--password ",
];

fn time(text: &str) -> Duration {
    let start = Instant::now();
    let mut finds = Vec::new();
    scan(std::hint::black_box(text), &mut finds);
    std::hint::black_box(finds);
    start.elapsed()
}

fn repeat(text: &str, bytes: usize) -> String {
    text.repeat(bytes / text.len())
}

#[test]
#[ignore = "a measurement: cargo test --profile release -- --ignored --nocapture"]
fn nanoseconds_a_byte() {
    let named = [("english", ENGLISH), ("chinese", CHINESE), ("code", CODE)];
    for (name, text) in named.into_iter().chain(HOSTILE.map(|text| (text, text))) {
        let text = repeat(text, 1 << 16);
        let best = (0..100).map(|_| time(&text)).min().unwrap();
        println!(
            "{name:30} {:8.2} ns/byte",
            best.as_nanos() as f64 / text.len() as f64
        );
    }
}

#[test]
fn a_hostile_text_takes_as_long_as_it_has_bytes() {
    for text in HOSTILE {
        let took = time(&repeat(text, 256 << 10));
        // Were it the square of the bytes, it would be minutes, and still one on a fast machine with optimised code.
        assert!(took < Duration::from_secs(20), "{text}: {took:?}");
    }
}
