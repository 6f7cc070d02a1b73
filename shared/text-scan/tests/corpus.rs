//! The shipped rules over our own corpus, `tests/eval/corpus`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use penstock_text_scan::{Find, Scanner};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A place and what stands there: offsets in code points, end exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    entity: String,
}

struct Record {
    text: String,
    spans: Vec<Span>,
    /// An identifier with a wrong check digit, or out of its range.
    wrong: Option<Span>,
}

impl Record {
    fn finds(&self, scanner: &Scanner) -> Vec<Span> {
        let points = |offset| self.text.get(..offset).expect("a boundary").chars().count();
        let span = |find: &Find| Span {
            start: points(find.start),
            end: points(find.end),
            // Which provider's secret it is, the rules' own tests say.
            entity: kind(scanner.rule(find.rule).entity).to_owned(),
        };
        scanner.scan(&self.text).iter().map(span).collect()
    }
}

fn kind(entity: &str) -> &str {
    entity.split_once(':').map_or(entity, |(kind, _)| kind)
}

fn corpus(name: &str) -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/eval/corpus");
    let lines = std::fs::read_to_string(folder.join(name)).expect("a corpus");
    let record = |line| {
        let record: Value = serde_json::from_str(line).expect("JSON");
        Record {
            text: record["text"].as_str().expect("a text").to_owned(),
            spans: record["spans"]
                .as_array()
                .expect("spans")
                .iter()
                .map(span)
                .collect(),
            wrong: record.get("wrong").map(span),
        }
    };
    lines.lines().map(record).collect()
}

fn span(span: &Value) -> Span {
    let offset = |name| span[name].as_u64().expect("an offset") as usize;
    Span {
        start: offset("start"),
        end: offset("end"),
        entity: span["type"].as_str().expect("a type").to_owned(),
    }
}

#[test]
fn a_wrong_identifier_is_never_found() {
    let scanner = Scanner::default();
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for record in corpus("generated.jsonl") {
        let Some(wrong) = &record.wrong else { continue };
        *tried.entry(wrong.entity.clone()).or_default() += 1;
        let finds = record.finds(&scanner);
        let is_found = finds.iter().any(|find| find.entity == wrong.entity);
        assert!(!is_found, "{:?}: {finds:?}", record.text);
    }
    assert!(
        tried.len() > 30 && tried.values().all(|tried| *tried >= 30),
        "{tried:?}"
    );
}

/// By chance one number in ten is right by another scheme. The word before it tells which one is meant.
#[test]
fn a_wrong_identifier_is_seldom_taken_for_another() {
    let scanner = Scanner::default();
    let records = corpus("generated.jsonl");
    let wrong: Vec<&Record> = records.iter().filter(|record| record.wrong.is_some()).collect();
    let taken = wrong.iter().filter(|record| !record.finds(&scanner).is_empty());
    let taken: Vec<&String> = taken.map(|record| &record.text).collect();
    assert!(taken.len() * 50 <= wrong.len(), "{taken:#?}");
}

#[test]
fn a_right_identifier_is_found_with_its_bounds() {
    let scanner = Scanner::default();
    let (mut right, mut named, mut missed) = (0, 0, Vec::new());
    for record in corpus("generated.jsonl")
        .iter()
        .filter(|record| record.wrong.is_none())
    {
        let finds = record.finds(&scanner);
        let Span { start, end, entity } = &record.spans[0];
        right += 1;
        named += usize::from(finds == record.spans);
        if !finds.iter().any(|find| (find.start, find.end) == (*start, *end)) {
            missed.push(format!("{entity} in {:?}: {finds:?}", record.text));
        }
    }
    assert!(missed.len() * 200 <= right, "{missed:#?}");
    assert!(named * 100 >= right * 98, "{named} of {right} under their name");
}

#[test]
fn what_was_written_by_hand_is_found_and_nothing_else() {
    let scanner = Scanner::default();
    let records = corpus("written.jsonl");
    assert!(records.len() > 80);
    for record in records {
        assert_eq!(record.finds(&scanner), record.spans, "{:?}", record.text);
    }
}
