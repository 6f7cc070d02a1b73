//! Every row of the tables: a value made from its shape is found, and the same value spoilt is not.

use super::formats::{FORMAT_COUNT, INFIX, KEYED, nth};
use super::placeholder::is_placeholder;
use super::rules::RULES;
use super::scan;
use super::shape::{Part, Parts, has, literal};
use crate::find::Find;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn byte(&mut self, class: u8) -> char {
        let bytes: Vec<u8> = (0..=127).filter(|b| has(class, *b)).collect();
        char::from(bytes[self.roll(bytes.len())])
    }

    fn write(&mut self, shape: &str) -> String {
        let mut value = String::new();
        for part in Parts::of(shape) {
            match part {
                Part::Literal(byte) => value.push(char::from(byte)),
                Part::Run { class, min, max } => {
                    let len = min + self.roll(max - min + 1);
                    (0..len).for_each(|_| value.push(self.byte(class)));
                }
            }
        }
        value
    }

    /// A value of the shape that looks random, as almost all are.
    fn value(&mut self, shape: &str) -> String {
        let digits = Parts::of(shape).any(|part| matches!(part, Part::Run { class, .. } if has(class, b'3')));
        let mut value = self.write(shape);
        loop {
            let body = &value.as_bytes()[literal(shape).len()..];
            if !is_placeholder(body) && body.iter().any(u8::is_ascii_digit) == digits {
                return value;
            }
            value = self.write(shape);
        }
    }
}

fn finds(text: &str) -> Vec<Find> {
    let mut finds = Vec::new();
    scan(text, &mut finds);
    finds
}

fn finds_entity(text: &str, value: &str, entity: &str) -> bool {
    let start = text.find(value).unwrap();
    let whole = |find: &Find| (find.start, find.end) == (start, start + value.len());
    finds(text)
        .iter()
        .any(|find| whole(find) && RULES[usize::from(find.rule.0)].entity == entity)
}

fn finds_rule(text: &str, id: &str) -> bool {
    finds(text)
        .iter()
        .any(|find| RULES[usize::from(find.rule.0)].id == id)
}

/// A byte of the first run, or of the literal before one that may be empty.
fn weak_spot(shape: &str) -> usize {
    let run = Parts::of(shape).find_map(|part| match part {
        Part::Run { min, .. } => Some(min),
        Part::Literal(_) => None,
    });
    literal(shape).len() - usize::from(run == Some(0))
}

/// The value with one byte replaced by one that belongs to no class.
fn spoil(value: &str, at: usize) -> String {
    let mut spoilt = value.to_owned();
    spoilt.replace_range(at..=at, "!");
    spoilt
}

#[test]
fn every_format_is_found_with_its_bounds_and_not_when_spoilt() {
    let mut dice = Dice(1);
    for format in (0..FORMAT_COUNT).map(nth) {
        for shape in format.shapes {
            for _ in 0..8 {
                let value = dice.value(shape);
                assert!(
                    finds_entity(&format!("密钥是{value}。"), &value, format.entity),
                    "{} {value}",
                    format.id
                );
                assert!(
                    finds_entity(&format!("x = \"{value}\";"), &value, format.entity),
                    "{} {value}",
                    format.id
                );
                let spoilt = spoil(&value, weak_spot(shape));
                assert!(!finds_rule(&spoilt, format.id), "{} {spoilt}", format.id);
                assert!(
                    !finds_rule(&format!("x{value}"), format.id),
                    "{} inside a word",
                    format.id
                );
            }
        }
    }
}

#[test]
fn every_value_with_a_provider_s_name_is_found_and_not_without() {
    let mut dice = Dice(2);
    for row in KEYED {
        for (name, shape) in row
            .names
            .iter()
            .flat_map(|name| row.shapes.iter().map(move |shape| (name, shape)))
        {
            let value = dice.value(shape);
            let text = format!("{}_KEY=\"{value}\"", name.to_uppercase());
            assert!(
                finds(&text)
                    .iter()
                    .any(|find| text.get(find.start..find.end) == Some(&value)),
                "{} {text}",
                row.id
            );
            assert!(
                !finds_rule(&format!("{name}_note=\"{value}\""), row.id) || shape.len() < 3,
                "{} {text}",
                row.id
            );
            assert!(
                !finds_rule(
                    &format!("{name}_key=\"{}\"", spoil(&value, value.len() - 1)),
                    row.id
                ),
                "{}",
                row.id
            );
        }
    }
}

#[test]
fn every_format_with_its_anchor_inside_is_found_with_its_bounds_and_not_when_spoilt() {
    let mut dice = Dice(3);
    for row in INFIX {
        for _ in 0..8 {
            let value = dice.value(row.shape);
            assert!(
                finds_entity(&format!("用 {value} 吧"), &value, row.entity),
                "{} {value}",
                row.id
            );
            let anchor = value.find(row.anchor).unwrap();
            assert!(!finds_rule(&spoil(&value, anchor), row.id), "{} {value}", row.id);
            let inside = format!("x{value}");
            assert!(
                !finds_rule(&inside, row.id) || row.shape.starts_with("{a1-"),
                "{} {inside}",
                row.id
            );
        }
    }
}

#[test]
fn every_format_begins_with_two_literal_bytes() {
    for format in (0..FORMAT_COUNT).map(nth) {
        assert!(
            format.shapes.iter().all(|shape| literal(shape).len() >= 2),
            "{}",
            format.id
        );
    }
}
