//! Reads JSONL `{id, text}` from standard input and writes `{id, spans: [{start, end, type}]}`, in code points.

use std::io::{BufRead, Write};

use penstock_text_scan::Scanner;
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let scanner = match std::env::args().nth(1).as_deref() {
        Some("all") => Scanner::new(|_| true),
        _ => Scanner::default(),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let record: Value = serde_json::from_str(&line?)?;
        let text = record.get("text").and_then(Value::as_str).unwrap_or_default();
        writeln!(
            out,
            "{}",
            json!({ "id": record.get("id"), "spans": spans(&scanner, text) })
        )?;
    }
    Ok(())
}

fn spans(scanner: &Scanner, text: &str) -> Vec<Value> {
    let points = |bytes: usize| text.get(..bytes).map_or(0, |before| before.chars().count());
    let span = |find: &penstock_text_scan::Find| {
        let rule = scanner.rule(find.rule);
        json!({ "start": points(find.start), "end": points(find.end), "type": rule.entity, "rule": rule.id })
    };
    scanner.scan(text).iter().map(span).collect()
}
