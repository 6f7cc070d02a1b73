//! Words that may be addresses.

use crate::output::kept::Kept;

/// Longest address that is judged at once, in bytes. The rest of a longer one is as it is.
const MAX_WORD_BYTES: usize = 2048;
/// How addresses begin that are looked at.
const SCHEMES: &[&str] = &[
    "http:/",
    "https:/",
    "ftp://",
    "ws://",
    "wss://",
    "javascript:",
    "vbscript:",
    "data:",
    "//",
];

/// The current word.
#[derive(Debug, Default)]
pub(crate) struct Word {
    kept: Kept,
    /// It is none to look at, up to its end.
    dull: bool,
}

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Anywhere: it is looked at if it begins as an address does.
    InText,
    /// Where an address does, however it is written.
    AsAddress,
}

/// What a character made of the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grown {
    No,
    /// It is as long as it gets; it may go on.
    Full,
    /// It ends before this character.
    Ended,
}

impl Word {
    pub(crate) fn push(&mut self, c: char, at: std::ops::Range<u64>, stands: Stands) -> Grown {
        if self.is_end(c, stands) {
            self.dull = false;
            return if self.kept.is_empty() {
                Grown::No
            } else {
                Grown::Ended
            };
        }
        if self.dull {
            return Grown::No;
        }
        self.kept.push(c, at);
        let may_be = stands == Stands::AsAddress || may_be(self.kept.text());
        if !may_be {
            self.kept.clear();
            self.dull = true;
        }
        if self.kept.len() >= MAX_WORD_BYTES {
            Grown::Full
        } else {
            Grown::No
        }
    }

    fn is_end(&self, c: char, stands: Stands) -> bool {
        let text = self.kept.text();
        // Behind a scheme these are a part of the address.
        let begun = stands == Stands::AsAddress || text.contains(':') || text.starts_with("//");
        match c {
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => true,
            '=' | ',' | ';' | '*' => !begun,
            _ if c.is_ascii() || stands == Stands::AsAddress => c.is_whitespace() || c.is_ascii_control(),
            // A host may have letters of any alphabet; behind it the text goes on.
            _ => !c.is_alphanumeric() || !is_host(text),
        }
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The text without the marks of a sentence behind it.
    pub(crate) fn text(&self) -> &str {
        self.kept
            .text()
            .trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~'])
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }

    /// No more of it is looked at.
    pub(crate) fn skip(&mut self) {
        self.kept.clear();
        self.dull = true;
    }
}

/// Whether an address ends in its host, so far.
fn is_host(text: &str) -> bool {
    let authority = text.split_once("//").map(|(_, authority)| authority);
    authority.is_some_and(|authority| !authority.contains(['/', '\\', '?', '#']))
}

/// Whether this is the beginning of an address, or can become one.
fn may_be(text: &str) -> bool {
    let bytes = text.as_bytes();
    let known = |scheme: &&str| {
        let len = scheme.len().min(bytes.len());
        let (head, scheme) = (bytes.get(..len), scheme.as_bytes().get(..len));
        head.zip(scheme)
            .is_some_and(|(head, scheme)| head.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.iter().any(known)
}
