//! Coded runs, each replaced in place by what it says.
//!
//! One pass from start to end. A run that says nothing is passed over as a whole, so no byte is looked at more than a
//! few times.

mod base64;
mod escape;
mod hex;
mod html;
mod percent;

use super::block::BLOCK;
use super::map::Map;
use super::rewrite::Rewrite;
use super::signs::{Coding, Signs};
use super::work;

/// Runs of this many units, or more, count as a sign: fewer are spelling.
const SIGN_UNITS: usize = 3;

/// A coded run that was read.
struct Run {
    /// Where it ends.
    end: usize,
    /// What it says.
    says: String,
    /// Characters or bytes that were coded.
    units: usize,
}

/// What an attempt to read a run gave.
enum Attempt {
    Read(Run),
    /// No run of this coding begins before this offset.
    Nothing(usize),
}

/// The text with its coded runs read, if it has any. Looks into blocks that may hold one, and the one before each.
pub(super) fn decode(text: &str, blocks: &[u32], signs: &mut Signs) -> Option<(String, Map)> {
    let bytes = text.as_bytes();
    let mut pass = Pass {
        text,
        out: Rewrite::new(text),
        signs,
        percent_from: 0,
        hex_from: 0,
    };
    let mut at = 0;
    for block in blocks {
        let block = *block as usize;
        at = at.max(base64::line_start(bytes, at, block.saturating_sub(BLOCK)));
        while let Some(byte) = bytes.get(at).filter(|_| at < block + BLOCK) {
            at = pass.byte(at, *byte);
        }
    }
    pass.out.finish()
}

struct Pass<'t, 's> {
    text: &'t str,
    out: Rewrite<'t>,
    signs: &'s mut Signs,
    /// Before here no run of percent codes begins.
    percent_from: usize,
    /// Before here no run of hexadecimal digits begins.
    hex_from: usize,
}

impl Pass<'_, '_> {
    /// Reads the run that begins at a byte, or steps over what cannot begin one.
    #[inline]
    fn byte(&mut self, at: usize, byte: u8) -> usize {
        match byte {
            b'&' => self.attempt(at, Coding::Html, html::read(self.text, at)),
            b'\\' => self.attempt(at, Coding::Escape, escape::read(self.text, at)),
            b'%' if at >= self.percent_from => {
                let attempt = percent::read(self.text, at);
                if let Attempt::Nothing(end) = attempt {
                    self.percent_from = end;
                    return at + 1;
                }
                self.attempt(at, Coding::Percent, attempt)
            }
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'+' | b'/' => self.token(at),
            _ => at + 1,
        }
    }

    /// A word: digits of bytes, base64, or neither.
    #[inline]
    fn token(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let end = at + base64::line_len(bytes, at);
        let is_long = base64::is_long(bytes, at, end);
        if at >= self.hex_from && (is_long || hex::is_unit(bytes, at, end)) {
            match hex::read(self.text, at) {
                Attempt::Nothing(end) => self.hex_from = end,
                attempt => return self.attempt(at, Coding::Hex, attempt),
            }
        }
        if is_long {
            return self.attempt(at, Coding::Base64, base64::read(self.text, at, end));
        }
        end
    }

    fn attempt(&mut self, at: usize, coding: Coding, attempt: Attempt) -> usize {
        let run = match attempt {
            Attempt::Nothing(end) => return end.max(at + 1),
            Attempt::Read(run) => run,
        };
        self.out.keep_to(at);
        self.out.put_str(run.end, &run.says);
        if run.units >= SIGN_UNITS {
            self.signs.count(coding);
        }
        run.end
    }
}
