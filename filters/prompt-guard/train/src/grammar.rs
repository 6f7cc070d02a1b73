//! The grammar of a corpus file: templates with slots, drawn from by a seed.

use std::collections::BTreeMap;
use std::fmt;

/// How deep names may stand for names.
const MAX_DEPTH: usize = 12;

/// A line of a corpus that cannot be read.
#[derive(Debug)]
pub struct Fault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// One of what the name stands for.
    Name(String),
    /// One of these.
    Choice(Vec<Vec<Piece>>),
}

/// A template: a sentence with slots.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
    /// As it is written.
    pub line: String,
    /// The kind of its section, such as `attack`.
    pub kind: String,
    /// The family of its section, such as `override`.
    pub family: String,
}

/// What names stand for.
pub type Slots = BTreeMap<String, Vec<Vec<Piece>>>;

/// Reads a file: adds its names to `slots`, gives its templates.
pub fn read(text: &str, slots: &mut Slots) -> Result<Vec<Template>, Fault> {
    let mut templates = Vec::new();
    let (mut section, mut list): (Option<(String, String)>, Option<String>) = (None, None);
    for (number, line) in text.lines().enumerate() {
        let fault = |what: String| Fault {
            line: number + 1,
            what,
        };
        let indented = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") || line == "#" {
            continue;
        }
        if let Some(name) = list.as_ref().filter(|_| indented) {
            let pieces = parse(line).map_err(fault)?;
            slots.entry(name.clone()).or_default().push(pieces);
            continue;
        }
        list = None;
        if let Some((name, values)) = line.strip_prefix('@').and_then(|rest| rest.split_once('=')) {
            let name = name.trim().to_owned();
            if !is_name(&name) {
                return Err(fault(format!("no name: {name}")));
            }
            let values = values.trim();
            slots.insert(name.clone(), Vec::new());
            if values.is_empty() {
                list = Some(name);
            } else {
                let choice = parse(&format!("{{{values}|}}")).map_err(fault)?;
                let Some(Piece::Choice(mut all)) = choice.into_iter().next() else {
                    continue;
                };
                all.pop();
                all.iter_mut().for_each(|pieces| trim(pieces));
                slots.insert(name, all);
            }
        } else if let Some(rest) = line.strip_prefix("== ") {
            let mut words = rest.split_whitespace();
            let (Some(kind), Some(family), None) = (words.next(), words.next(), words.next()) else {
                return Err(fault("expected `== kind family`".to_owned()));
            };
            if !KINDS.contains(&kind) {
                return Err(fault(format!("no kind: {kind}; there are {}", KINDS.join(", "))));
            }
            section = Some((kind.to_owned(), family.to_owned()));
        } else {
            let (kind, family) = section
                .clone()
                .ok_or_else(|| fault("a template before any section".to_owned()))?;
            let pieces = parse(line).map_err(fault)?;
            templates.push(Template {
                pieces,
                line: line.to_owned(),
                kind,
                family,
            });
        }
    }
    Ok(templates)
}

/// The kinds of section.
pub const KINDS: [&str; 5] = ["attack", "harmless", "document", "command", "aside"];

/// Takes blanks off both ends of an alternative that stands in a line with others.
fn trim(pieces: &mut [Piece]) {
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        *last = last.trim_end().to_owned();
    }
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn parse(line: &str) -> Result<Vec<Piece>, String> {
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    let (pieces, end) = sequence(&chars, &mut at, 0)?;
    match end {
        None => Ok(pieces),
        Some(c) => Err(format!("`{c}` without its brace, at character {at}")),
    }
}

/// Pieces up to the end, or to a bar or brace that ends them.
fn sequence(chars: &[char], at: &mut usize, depth: usize) -> Result<(Vec<Piece>, Option<char>), String> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    while let Some(c) = chars.get(*at).copied() {
        *at += 1;
        match c {
            '\\' => {
                let next = chars.get(*at).copied().ok_or("a lone backslash ends the line")?;
                *at += 1;
                match next {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    '{' | '}' | '|' | '\\' => text.push(next),
                    _ => {
                        text.push('\\');
                        text.push(next);
                    }
                }
            }
            '{' => {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(braces(chars, at, depth + 1)?);
            }
            '|' | '}' if depth > 0 => {
                pieces.push(Piece::Text(text));
                return Ok((pieces, Some(c)));
            }
            '}' => return Err(format!("`}}` without `{{`, at character {at}")),
            _ => text.push(c),
        }
    }
    if depth > 0 {
        return Err("`{` without `}`".to_owned());
    }
    pieces.push(Piece::Text(text));
    Ok((pieces, None))
}

fn braces(chars: &[char], at: &mut usize, depth: usize) -> Result<Piece, String> {
    let mut all = Vec::new();
    loop {
        let (pieces, end) = sequence(chars, at, depth)?;
        all.push(pieces);
        if end == Some('}') {
            break;
        }
    }
    if let [only] = all.as_slice() {
        return match only.as_slice() {
            [Piece::Text(word)] if is_name(word) => Ok(Piece::Name(word.clone())),
            _ => Err(format!(
                "braces around neither a name nor a choice, before character {at}"
            )),
        };
    }
    Ok(Piece::Choice(all))
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

impl Template {
    /// Draws a text; `here` is what stands at `{here}`.
    pub fn draw(&self, slots: &Slots, here: &str, rng: &mut Rng) -> Result<String, String> {
        let mut out = String::new();
        draw(&self.pieces, slots, here, rng, 0, &mut out)?;
        Ok(out)
    }

    /// Whether every name it uses is known.
    pub fn check(&self, slots: &Slots) -> Result<(), String> {
        check(&self.pieces, slots, 0)
    }

    /// Whether a line can stand at `{here}`.
    pub fn has_place(&self) -> bool {
        has_place(&self.pieces)
    }

    /// How many texts it has, at most `max`.
    pub fn count(&self, slots: &Slots, max: u64) -> u64 {
        count(&self.pieces, slots, 0, max)
    }
}

fn has_place(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Text(_) => false,
        Piece::Choice(all) => all.iter().any(|one| has_place(one)),
        Piece::Name(name) => name == "here",
    })
}

fn check(pieces: &[Piece], slots: &Slots, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("names go round in a circle".to_owned());
    }
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Choice(all) => all.iter().try_for_each(|one| check(one, slots, depth))?,
            Piece::Name(name) if name == "here" => {}
            Piece::Name(name) => {
                let values = slots.get(name).filter(|values| !values.is_empty());
                let values = values.ok_or_else(|| format!("nothing is named {name}"))?;
                values
                    .iter()
                    .try_for_each(|value| check(value, slots, depth + 1))?;
            }
        }
    }
    Ok(())
}

fn count(pieces: &[Piece], slots: &Slots, depth: usize, max: u64) -> u64 {
    let mut total = 1u64;
    for piece in pieces {
        let here = match piece {
            Piece::Text(_) => 1,
            Piece::Choice(all) => all.iter().map(|one| count(one, slots, depth, max)).sum(),
            Piece::Name(name) if depth < 4 => slots.get(name).map_or(1, |values| {
                values
                    .iter()
                    .map(|value| count(value, slots, depth + 1, max))
                    .sum::<u64>()
            }),
            Piece::Name(_) => 1,
        };
        total = total.saturating_mul(here.max(1)).min(max);
    }
    total
}

fn draw(
    pieces: &[Piece],
    slots: &Slots,
    here: &str,
    rng: &mut Rng,
    depth: usize,
    out: &mut String,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("names go round in a circle".to_owned());
    }
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Choice(all) => {
                draw(&all[rng.below(all.len())], slots, here, rng, depth, out)?;
            }
            Piece::Name(name) if name == "here" => out.push_str(here),
            Piece::Name(name) => {
                let values = slots.get(name).filter(|values| !values.is_empty());
                let values = values.ok_or_else(|| format!("nothing is named {name}"))?;
                draw(&values[rng.below(values.len())], slots, here, rng, depth + 1, out)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Rng, Slots, read};

    const FILE: &str = "@thing = a pump | {big|small} \\{valves\\}\n@list =\n  one\n  two {thing}\n\n== attack override\nDrop {thing}{| now}.\\nThen {list}.\n";

    #[test]
    fn templates_are_drawn_from_by_a_seed() {
        let mut slots = Slots::new();
        let templates = read(FILE, &mut slots).unwrap();
        assert_eq!(
            (
                templates.len(),
                templates[0].kind.as_str(),
                templates[0].family.as_str()
            ),
            (1, "attack", "override")
        );
        assert_eq!(templates[0].count(&slots, 100), 3 * 2 * 4);
        let draw = |seed| templates[0].draw(&slots, "", &mut Rng(seed)).unwrap();
        let all: std::collections::BTreeSet<String> = (0..400).map(draw).collect();
        assert_eq!(all.len(), 24);
        assert!(
            all.contains("Drop a pump now.\nThen two small {valves}."),
            "{all:?}"
        );
        assert_eq!(draw(7), draw(7));
    }

    #[test]
    fn a_fault_names_its_line() {
        for (text, what) in [
            ("x", "1: a template before any section"),
            ("== attack\n", "1: expected `== kind family`"),
            ("== prank a\n", "1: no kind: prank"),
            ("== attack a\n{a", "2: `{` without `}`"),
            ("== attack a\na}", "2: `}` without `{`"),
            ("== attack a\n{a b}", "2: braces around neither"),
            ("@a b = c", "1: no name: a b"),
        ] {
            let fault = read(text, &mut Slots::new()).unwrap_err().to_string();
            assert!(fault.starts_with(what), "{fault}");
        }
        let mut slots = Slots::new();
        let templates = read("@a = {b}\n@b = {a}\n== attack x\n{a}\n{c}", &mut slots).unwrap();
        assert_eq!(
            templates[0].check(&slots).unwrap_err(),
            "names go round in a circle"
        );
        assert_eq!(templates[1].check(&slots).unwrap_err(), "nothing is named c");
    }
}
