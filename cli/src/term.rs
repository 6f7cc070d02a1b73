//! Where output goes, and colours where somebody can see them.

use crate::{OK, USAGE};
use std::io::{self, IsTerminal, Write};

/// Output and errors of one command.
pub struct Console<'c> {
    /// What the command is for.
    pub out: &'c mut dyn Write,
    /// What went wrong.
    pub err: &'c mut dyn Write,
    /// Colours of `out`.
    pub out_paint: Paint,
    /// Colours of `err`.
    pub err_paint: Paint,
}

impl Console<'_> {
    /// Prints what was asked for. Where nobody reads on, the rest is lost and that is well.
    pub(crate) fn say(&mut self, text: &str) -> u8 {
        let _ = self.out.write_all(text.as_bytes());
        OK
    }

    /// Prints what is shown again and again. Tells, unlike `say`, when nobody reads any more.
    pub(crate) fn show(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Prints what goes with it.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }

    /// Prints why a command cannot be run.
    pub(crate) fn fail(&mut self, error: &str) -> u8 {
        let _ = writeln!(self.err, "{} {error}", self.err_paint.error("penstock:"));
        USAGE
    }
}

/// Paints words, or leaves them as they are.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    /// Never paints.
    pub const PLAIN: Self = Self { colours: false };

    /// Paints on a terminal, unless `NO_COLOR` (<https://no-color.org>) or a dumb terminal forbids it.
    pub fn of(stream: &impl IsTerminal) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colours: stream.is_terminal() && !forbidden,
        }
    }

    /// What empties a terminal, where there is one.
    pub(crate) fn clear(self) -> Option<&'static str> {
        self.colours.then_some("\x1b[H\x1b[2J")
    }

    /// The name of a field.
    pub(crate) fn name(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Something that went well.
    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Something to look at.
    pub(crate) fn warning(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Something that is wrong.
    pub(crate) fn error(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Text from elsewhere that may stand on a terminal: nothing in it moves the cursor or turns the writing.
pub(crate) fn printable(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c })
        .collect()
}
