//! JSON objects, one a line, each answered before the next is read.

use crate::{Console, OK, REFUSED, input};
use penstock_wire::{Kind, Limits, Tape, Value};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, BufRead, Read};

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

const LIMITS: Limits = Limits {
    max_bytes: MAX_LINE_BYTES as usize,
    max_depth: 64,
    max_nodes: 1_000_000,
};

/// What is wrong with a line. Never what stands in it.
pub(crate) type Fault = Cow<'static, str>;

/// An object with an `id`.
#[derive(Clone, Copy)]
pub(crate) struct Record<'j> {
    /// The whole object.
    pub(crate) root: Value<'j>,
    /// Its `id`, of any kind.
    pub(crate) id: Value<'j>,
    /// The number of its line, from 1.
    pub(crate) number: usize,
}

impl<'j> Record<'j> {
    fn new(root: Value<'j>, number: usize) -> Result<Self, Fault> {
        if root.kind() != Kind::Object {
            return Err("not a JSON object".into());
        }
        let id = root.member("id").ok_or("no `id`")?;
        Ok(Self { root, id, number })
    }

    /// A member that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<Cow<'j, str>, Fault> {
        self.node(name)?.text().ok_or_else(|| no_string(name))
    }

    /// Its place, for edits.
    pub(crate) fn node(&self, name: &str) -> Result<Value<'j>, Fault> {
        let member = self.root.member(name);
        member
            .filter(|member| member.kind() == Kind::String)
            .ok_or_else(|| no_string(name))
    }
}

fn no_string(name: &str) -> Fault {
    format!("no `{name}` that is a string").into()
}

/// Prints the answer to each line of a file, without blank lines, and gives the exit code.
pub(crate) fn answer_each(
    file: &OsStr,
    console: &mut Console<'_>,
    answer: impl FnMut(Record<'_>) -> Result<String, Fault>,
) -> u8 {
    let outcome = input::open(file).map_err(Stop::Unreadable);
    match outcome.and_then(|source| answer_all(source, console, answer)) {
        Ok(()) => OK,
        Err(Stop::BadLine { number, why }) => {
            console.fail(&format!("{}:{number}: {why}", input::name(file)));
            REFUSED
        }
        Err(Stop::Unreadable(error)) => console.fail(&format!("{}: {error}", input::name(file))),
    }
}

/// Why not all lines were answered.
enum Stop {
    BadLine { number: usize, why: Fault },
    Unreadable(io::Error),
}

fn answer_all(
    mut source: impl BufRead,
    console: &mut Console<'_>,
    mut answer: impl FnMut(Record<'_>) -> Result<String, Fault>,
) -> Result<(), Stop> {
    let mut tape = Tape::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut bounded = source.by_ref().take(MAX_LINE_BYTES);
        let length = bounded.read_until(b'\n', &mut line).map_err(Stop::Unreadable)?;
        if length == 0 {
            break;
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let parsed = tape.parse(line, &LIMITS);
        let record = parsed
            .map_err(|_| "not one JSON document".into())
            .and_then(|()| Record::new(tape.view(line).root(), number));
        let answered = record.and_then(&mut answer);
        console.say(&answered.map_err(|why| Stop::BadLine { number, why })?);
    }
    Ok(())
}
