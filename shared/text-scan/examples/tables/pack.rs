//! The folds of all characters as runs that are few and small, and their source.

use std::collections::HashMap;
use std::fmt::Write;

use super::fold::{WEAK, alike, fold, is_read, listed};

/// Characters that one run may cover.
const RUN_CHARS: u32 = 256;
/// Bytes of a run's record.
const RUN_BYTES: u32 = 8;
/// A cell that keeps its character.
const KEEP: u16 = 0;
/// A cell that drops its character.
const DROP: u16 = 1;
/// From here on a cell is an index into the texts. No character: surrogates.
const TEXTS: u16 = 0xd800;
/// Look-alikes of Greek, Cyrillic and Armenian have a cell each.
const ALIKE: std::ops::Range<u32> = 0x370..0x590;
/// Below here tables are indexed by code point.
const INDEXED: u32 = 0x3000;
/// A look-alike that is one in a mixed word only.
const WEAK_BIT: u8 = 0x80;
/// A letter that is no look-alike. What is no letter has 0.
const NO_ALIKE: u8 = 1;

pub(crate) struct Tables {
    runs: Vec<(u32, u32)>,
    bytes: Vec<u8>,
    words: Vec<u16>,
    texts: String,
    ends: Vec<u16>,
    first: Vec<u16>,
    kept: Vec<u8>,
    alike: Vec<u8>,
    rare: Vec<(u16, u8)>,
}

/// How a run says what stands for its characters.
#[derive(Clone, Copy)]
enum Kind {
    /// All the same character, or nothing.
    One,
    /// All moved by the same distance.
    Moved,
    /// A byte each.
    Bytes,
    /// Two bytes each.
    Words,
}

impl Tables {
    pub(crate) fn new() -> Self {
        let folds: Vec<(u32, String)> = (0x80..0x11_0000)
            .filter_map(|code| Some((code, fold(char::from_u32(code)?)?)))
            .collect();
        let mut tables = Self {
            runs: Vec::new(),
            bytes: Vec::new(),
            words: Vec::new(),
            texts: String::new(),
            ends: vec![0],
            first: Vec::new(),
            kept: (0..INDEXED).step_by(64).map(kept).collect(),
            alike: ALIKE.map(look).collect(),
            rare: (0x590..0x1_0000)
                .map(|code| (code as u16, look(code)))
                .filter(|(_, to)| *to > NO_ALIKE)
                .collect(),
        };
        let mut known = HashMap::new();
        for (kind, from, to) in cheapest(&folds) {
            tables.push(kind, folds.get(from..to).unwrap_or_default(), &mut known);
        }
        tables.index();
        tables
    }

    fn push(&mut self, kind: Kind, folds: &[(u32, String)], known: &mut HashMap<String, u16>) {
        let (Some((first, to)), Some((last, _))) = (folds.first(), folds.last()) else {
            return;
        };
        let by_code: HashMap<u32, &str> = folds.iter().map(|(code, to)| (*code, to.as_str())).collect();
        let arg = match kind {
            Kind::One => to.chars().next().map_or(0, u32::from),
            Kind::Moved => to.chars().next().map_or(0, u32::from).wrapping_sub(*first),
            Kind::Bytes => {
                let start = self.bytes.len() as u32;
                let cells = (*first..=*last).map(|code| by_code.get(&code).map_or(KEEP as u8, |to| byte(to)));
                self.bytes.extend(cells);
                start
            }
            Kind::Words => {
                let start = self.words.len() as u32;
                for code in *first..=*last {
                    let cell = by_code.get(&code).map_or(KEEP, |to| self.word(to, known));
                    self.words.push(cell);
                }
                start
            }
        };
        self.runs
            .push((first | (kind as u32) << 21 | (last - first) << 24, arg));
    }

    fn word(&mut self, to: &str, known: &mut HashMap<String, u16>) -> u16 {
        let mut chars = to.chars();
        match (chars.next(), chars.next()) {
            (None, _) => DROP,
            (Some(c), None) if u32::from(c) < 0x1_0000 => u32::from(c) as u16,
            _ => *known.entry(to.to_owned()).or_insert_with(|| {
                self.texts.push_str(to);
                self.ends.push(self.texts.len() as u16);
                TEXTS + self.ends.len() as u16 - 2
            }),
        }
    }

    /// For each 32 characters below U+3000 the first run that ends there or later.
    fn index(&mut self) {
        let ends = self
            .runs
            .iter()
            .map(|(head, _)| (head & 0x1f_ffff) + (head >> 24));
        let ends: Vec<u32> = ends.collect();
        self.first = (0..INDEXED)
            .step_by(32)
            .map(|page| ends.partition_point(|end| *end < page) as u16)
            .collect();
    }

    /// Bytes that the tables take in the module.
    pub(crate) fn bytes(&self) -> usize {
        let words = self.words.len() + self.ends.len() + self.first.len();
        self.runs.len() * 8
            + self.kept.len()
            + self.bytes.len()
            + self.texts.len()
            + self.alike.len()
            + self.rare.len() * 4
            + words * 2
    }

    pub(crate) fn source(&self) -> String {
        let mut out = String::from(
            "//! Written by `cargo run -p penstock-text-scan --example tables`; `tests/tables.rs` compares.\n\n",
        );
        rows(
            &mut out,
            "RUNS",
            "(u32, u32)",
            self.runs.iter().map(|(head, arg)| format!("({head}, {arg})")),
        );
        rows(&mut out, "KEPT", "u8", self.kept.iter().map(u8::to_string));
        rows(&mut out, "FIRST", "u16", self.first.iter().map(u16::to_string));
        rows(&mut out, "BYTES", "u8", self.bytes.iter().map(u8::to_string));
        rows(&mut out, "WORDS", "u16", self.words.iter().map(u16::to_string));
        rows(&mut out, "TEXT_ENDS", "u16", self.ends.iter().map(u16::to_string));
        rows(&mut out, "ALIKE", "u8", self.alike.iter().map(u8::to_string));
        rows(
            &mut out,
            "ALIKE_RARE",
            "(u16, u8)",
            self.rare.iter().map(|(code, to)| format!("({code}, {to})")),
        );
        out.push_str("#[rustfmt::skip]\npub(super) static TEXTS: &str = \"\\\n");
        wrap(
            &mut out,
            self.texts.chars().map(|c| c.escape_unicode().to_string()),
            "\\",
        );
        out.push_str("\";\n");
        out
    }
}

/// A bit for each eight of 64 characters, set if all stay.
fn kept(start: u32) -> u8 {
    let stays = |code: u32| char::from_u32(code).is_some_and(|c| !is_read(c) && fold(c).is_none());
    let eights = (0..8).map(|index| start + index * 8);
    eights.rev().fold(0, |bits, first| {
        bits << 1 | u8::from((first..first + 8).all(stays))
    })
}

/// The look-alike of a character as a cell.
fn look(code: u32) -> u8 {
    let Some(c) = char::from_u32(code).filter(|c| c.is_alphabetic()) else {
        return 0;
    };
    let weak = listed(WEAK, c)
        .and_then(|to| to.bytes().next())
        .map(|to| to | WEAK_BIT);
    alike(c).or(weak).unwrap_or(NO_ALIKE)
}

/// The byte that stands for a character.
fn byte(to: &str) -> u8 {
    to.bytes().next().unwrap_or(DROP as u8)
}

/// The runs that take the least space: kind, and which folds.
fn cheapest(folds: &[(u32, String)]) -> Vec<(Kind, usize, usize)> {
    let mut best: Vec<(u32, usize, Kind)> = vec![(u32::MAX, 0, Kind::One); folds.len() + 1];
    if let Some(start) = best.first_mut() {
        start.0 = 0;
    }
    for from in 0..folds.len() {
        let paid = best.get(from).map_or(0, |(cost, ..)| *cost);
        for (to, cost, kind) in runs_from(folds, from) {
            if let Some(slot) = best.get_mut(to).filter(|slot| slot.0 > paid + cost) {
                *slot = (paid + cost, from, kind);
            }
        }
    }
    let (mut runs, mut to) = (Vec::new(), folds.len());
    while to > 0 {
        let Some((_, from, kind)) = best.get(to) else {
            break;
        };
        runs.push((*kind, *from, to));
        to = *from;
    }
    runs.reverse();
    runs
}

/// The runs that may begin with a fold: where each ends, what it costs, its kind.
fn runs_from(folds: &[(u32, String)], from: usize) -> Vec<(usize, u32, Kind)> {
    let rest = folds.get(from..).unwrap_or_default();
    let Some((first, start)) = rest.first() else {
        return Vec::new();
    };
    let moved = |code: u32, to: &str| to.chars().next().map(|c| u32::from(c).wrapping_sub(code));
    let single = |to: &str| to.chars().count() <= 1;
    let (mut one, mut shift, mut bytes) = (single(start), single(start) && !start.is_empty(), true);
    let mut runs = Vec::new();
    for (offset, (code, to)) in rest
        .iter()
        .enumerate()
        .take_while(|(_, (code, _))| code - first < RUN_CHARS)
    {
        let is_next = code - first == offset as u32;
        one &= is_next && to == start;
        shift &= is_next && single(to) && moved(*code, to) == moved(*first, start);
        bytes &= single(to) && to.is_ascii();
        let (end, span) = (from + offset + 1, code - first + 1);
        runs.extend(one.then_some((end, RUN_BYTES, Kind::One)));
        runs.extend(shift.then_some((end, RUN_BYTES, Kind::Moved)));
        runs.extend(bytes.then_some((end, RUN_BYTES + span, Kind::Bytes)));
        runs.push((end, RUN_BYTES + 2 * span, Kind::Words));
    }
    runs
}

fn rows(out: &mut String, name: &str, cell: &str, cells: impl ExactSizeIterator<Item = String>) {
    let _ = writeln!(
        out,
        "#[rustfmt::skip]\npub(super) static {name}: [{cell}; {}] = [",
        cells.len()
    );
    wrap(out, cells.map(|cell| cell + ", "), "");
    out.push_str("];\n\n");
}

/// Cells in lines of the usual length.
fn wrap(out: &mut String, cells: impl Iterator<Item = String>, end: &str) {
    let mut line = String::new();
    for cell in cells {
        if line.len() + cell.len() > 100 {
            let _ = writeln!(out, "{}{end}", line.trim_end());
            line.clear();
        }
        line.push_str(&cell);
    }
    let _ = writeln!(out, "{}{end}", line.trim_end());
}
