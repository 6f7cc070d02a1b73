//! What an answer claims and no text of the prompt says: numbers, days, addresses, quotations, sources.
//!
//! For answers that must rest on what they were given. The prompt is read once, by the same reader as the answer, into a
//! set of hashes: it holds no text. Code is not read for claims.
//!
//! What this cannot know: whether a claim follows from the prompt. A sum that the model worked out is a number that stands
//! nowhere; a wrong sentence made of right numbers is not met. Numbers in words are not read.

mod claims;
mod figure;
mod grounds;
mod lexer;
mod quote;
#[cfg(test)]
mod tests;

use super::markup::{Code, Grown, Place, Stands, Word};
use super::url::Url;
use super::{Finding, Findings};
use crate::rule::Known;
use claims::{Claim, Claims};
use lexer::{Lexer, Token};
use quote::{Citation, Quotes};
use std::ops::Range;

pub(crate) use grounds::Grounds;

/// Follows the claims of one text.
#[derive(Debug, Default)]
pub(crate) struct Grounding {
    code: Code,
    reader: Reader,
    quotes: Quotes,
    citation: Citation,
}

/// Numbers, days, words and addresses of a text, of a prompt or of an answer.
#[derive(Debug, Default)]
struct Reader {
    lexer: Lexer,
    claims: Claims,
    word: Word,
}

/// What a reader meets.
#[derive(Debug)]
enum Met {
    Claim(Claim),
    Url(String),
    Word(String),
}

impl Grounding {
    /// The next character, and where it stands in the channel.
    pub(crate) fn push(&mut self, c: char, at: Range<u64>, grounds: &Grounds, findings: &mut Findings) {
        self.code.push(c, &at);
        if self.code.place() != Place::Text {
            self.quotes.drop();
            return self
                .reader
                .end(&mut |met, range| judge(met, range, grounds, findings));
        }
        if let Some(range) = self.quotes.push(c, at.clone(), grounds) {
            findings.push(Known::UngroundedQuote, range);
        }
        if let Some(range) = self.citation.push(c, at.clone(), grounds) {
            findings.push(Known::UngroundedCitation, range);
        }
        self.reader
            .push(c, at, &mut |met, range| judge(met, range, grounds, findings));
    }

    /// The text ends.
    pub(crate) fn end(&mut self, grounds: &Grounds, findings: &mut Findings) {
        self.reader
            .end(&mut |met, range| judge(met, range, grounds, findings));
        self.quotes.drop();
        let end = self.citation.push('\n', 0..0, grounds);
        findings.0.extend(end.map(|range| Finding {
            rule: Known::UngroundedCitation,
            range,
        }));
    }

    /// Where something begins that may become a finding.
    pub(crate) fn open(&self) -> Option<u64> {
        let parts = [
            self.reader.lexer.open(),
            self.reader.claims.open(),
            self.reader.word.kept().start(),
            self.quotes.open(),
            self.citation.open(),
        ];
        parts.into_iter().flatten().min()
    }
}

impl Reader {
    fn push(&mut self, c: char, at: Range<u64>, give: &mut dyn FnMut(Met, Range<u64>)) {
        match self.word.push(c, at.clone(), Stands::InText) {
            Grown::No => {}
            Grown::Ended => self.end_word(give),
            Grown::Full => self.word.skip(),
        }
        // Digits of an address are no numbers.
        if !self.word.text().contains("://") {
            let claims = &mut self.claims;
            self.lexer
                .push(c, at, &mut |token, range| tell(claims, token, range, give));
        }
    }

    fn end(&mut self, give: &mut dyn FnMut(Met, Range<u64>)) {
        self.end_word(give);
        let claims = &mut self.claims;
        self.lexer
            .end(&mut |token, range| tell(claims, token, range, give));
        claims.flush(&mut |claim, range| give(Met::Claim(claim), range));
    }

    fn end_word(&mut self, give: &mut dyn FnMut(Met, Range<u64>)) {
        let text = self.word.text();
        if let Some(url) = Url::parse(text).filter(|url| url.is_web() && !url.scheme.is_empty()) {
            let host = url.host.to_ascii_lowercase();
            let host = host.strip_prefix("www.").unwrap_or(&host);
            let query = text
                .split('#')
                .next()
                .and_then(|text| text.split_once('?'))
                .map_or("", |(_, query)| query);
            let name = format!("{host}{}?{query}", url.path.trim_end_matches('/'));
            give(Met::Url(name), self.word.kept().origin(0..text.len()));
        }
        self.word.clear();
    }
}

fn tell(claims: &mut Claims, token: Token, range: Range<u64>, give: &mut dyn FnMut(Met, Range<u64>)) {
    claims.push(&token, range.clone(), &mut |claim, range| {
        give(Met::Claim(claim), range)
    });
    if let Token::Word(word, true) = token {
        give(Met::Word(word), range);
    }
}

/// Whether the prompt says so.
fn judge(met: Met, range: Range<u64>, grounds: &Grounds, findings: &mut Findings) {
    let rule = match met {
        Met::Claim(Claim::Number(readings)) => {
            let is_small = readings
                .iter()
                .all(|number| number.parse().is_ok_and(|number: u64| number <= 10));
            (!is_small && !readings.iter().any(|number| grounds.has_number(number)))
                .then_some(Known::UngroundedNumber)
        }
        Met::Claim(Claim::Day(days)) => {
            (!days.iter().any(|day| grounds.has_day(*day))).then_some(Known::UngroundedDate)
        }
        Met::Url(name) => (!grounds.has_url(&name)).then_some(Known::UngroundedUrl),
        Met::Word(_) => None,
    };
    if let Some(rule) = rule.filter(|_| grounds.is_complete()) {
        findings.push(rule, range);
    }
}
