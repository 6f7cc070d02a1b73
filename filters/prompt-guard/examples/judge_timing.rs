//! Times the guard over JSONL `{text}` from standard input, text by text: prints nanoseconds a byte, the median of
//! as many rounds as half a second holds. What it reads: views, rules of form, classifier.

use std::hint::black_box;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};

use penstock_llm_api::Scope;
use penstock_prompt_guard::Preview;
use serde_json::Value;

/// How long to measure.
const SPAN: Duration = Duration::from_millis(500);

fn main() -> std::io::Result<()> {
    let mut texts = Vec::new();
    for line in stdin().lock().lines() {
        let record: Value = serde_json::from_str(&line?)?;
        texts.extend(record.get("text").and_then(Value::as_str).map(str::to_owned));
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    let guard = Preview::new("{}").map_err(|error| std::io::Error::other(error.to_string()))?;
    let nanoseconds = median(&guard, &texts).as_nanos() as f64 / bytes.max(1) as f64;
    writeln!(stdout(), "{nanoseconds:.3}")
}

fn median(guard: &Preview, texts: &[String]) -> Duration {
    let (begun, mut rounds) = (Instant::now(), Vec::new());
    while begun.elapsed() < SPAN {
        let start = Instant::now();
        for text in texts {
            black_box(guard.judge(black_box(text), Scope::User));
        }
        rounds.push(start.elapsed());
    }
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}
