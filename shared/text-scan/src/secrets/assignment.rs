//! A name, a mark and a value: in code, environment files, YAML, JSON, TOML, shells and HTTP headers.

use super::formats::KEYED;
use super::key::{Key, Kind};
use super::placeholder::is_placeholder;
use super::rules::{Own, keyed_rule, own_rule};
use super::shape::fits;
use super::value::Value;
use super::walk::Walk;
use crate::find::RuleId;

/// Bytes of the longest name of a command's option.
const MAX_FLAG: usize = 40;
/// Bytes of the shortest value that a provider's name speaks for.
const MIN_PROVIDED: usize = 14;
/// Bytes between a mark and a value.
const MAX_GAP: usize = 24;
/// Bytes of the shortest value.
const MIN_VALUE: usize = 4;

/// The value after the mark at `at`, if the name before it says what it is.
pub(super) fn find(walk: &mut Walk<'_>, at: usize, mark: u8) -> Option<usize> {
    let follows = walk.text.get(at + 1);
    let passed = match mark {
        b',' => !is_argument(walk.text, at),
        b'(' => !is_quote(follows),
        b':' => matches!(follows, Some(b':' | b'=' | b'>')),
        _ => matches!(follows, Some(b'=' | b'>')),
    };
    if passed || at < walk.judged {
        return None;
    }
    let key = Key::before(walk.text, at);
    let known =
        key.kind().is_some() || !key.is_empty() && is_long(walk.text, at) && key.providers().next().is_some();
    if !known || mark == b'(' && !key.sets() {
        return None;
    }
    let value = Value::after(walk.text, at + 1)?;
    let is_markup = mark == b'>' && walk.before(at) != Some(b'=');
    if is_markup && value.next != Some(b'<') {
        return None;
    }
    let letters_do = value.quoted || key.shouts && mark == b'=';
    judge(walk, &key, value, letters_do)
}

/// Whether what follows a mark is as long as a provider's values are, and no word.
fn is_long(text: &[u8], mark: usize) -> bool {
    let joint = |b: &&u8| b" \t=>\"'`\\".contains(*b);
    let gap = text.iter().skip(mark + 1).take(MAX_GAP).take_while(joint).count();
    let start = text
        .get(mark + 1 + gap..mark + 1 + gap + MIN_PROVIDED)
        .unwrap_or_default();
    !start.is_empty()
        && start
            .iter()
            .all(|b| b.is_ascii_graphic() && !b"\"'`<>,;".contains(b))
}

/// The value after `--name` at `at`.
pub(super) fn flag(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let starts =
        walk.text.get(at + 1) == Some(&b'-') && walk.before(at).is_none_or(|b| b.is_ascii_whitespace());
    let name = walk.text.get(at + 2..).filter(|_| starts)?;
    let len = name
        .iter()
        .take(MAX_FLAG)
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
        .count();
    let end = at + 2 + len;
    let value = Value::after(walk.text, end + 1).filter(|_| len > 1 && walk.text.get(end) == Some(&b' '))?;
    judge(walk, &Key::of(name.get(..len)?), value, false)
}

/// What follows `Bearer ` at `at`.
pub(super) fn bearer(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let value = Value::after(walk.text, at + 7)?;
    let found = value.is_secret() && value.bytes.len() >= 12;
    found.then(|| walk.add(value.start, value.end(), own_rule(Own::Authorization)))
}

/// `("NAME", "value")`.
fn is_argument(text: &[u8], comma: usize) -> bool {
    let before = comma.checked_sub(1).and_then(|at| text.get(at));
    is_quote(before) && is_quote(text.iter().skip(comma + 1).take(4).find(|b| **b != b' '))
}

fn is_quote(b: Option<&u8>) -> bool {
    matches!(b, Some(b'"' | b'\''))
}

fn judge(walk: &mut Walk<'_>, key: &Key, value: Value<'_>, letters_do: bool) -> Option<usize> {
    if !value.quoted {
        walk.judged = value.end();
    }
    if value.bytes.len() < MIN_VALUE {
        return None;
    }
    if let Some(rule) = provider(walk.text, key, &value) {
        return Some(walk.add(value.start, value.end(), rule));
    }
    let kind = key.kind()?;
    let value = if kind == Kind::Header {
        value.credentials(walk.text)
    } else {
        value
    };
    let (own, fits) = match kind {
        Kind::Password => (Own::Password, value.is_password(letters_do)),
        Kind::Secret => (Own::Secret, value.is_secret()),
        Kind::Token => (Own::Token, value.is_token()),
        Kind::Header => (Own::Authorization, value.is_secret()),
        Kind::Signature => (
            Own::SharedAccessSignature,
            value.bytes.len() > 40 && value.is_secret(),
        ),
    };
    fits.then(|| walk.add(value.start, value.end(), own_rule(own)))
}

fn provider(text: &[u8], key: &Key, value: &Value<'_>) -> Option<RuleId> {
    let random = value.bytes.len() >= MIN_PROVIDED && !value.bytes.iter().all(u8::is_ascii_alphabetic);
    if !random || is_placeholder(value.bytes) {
        return None;
    }
    let whole = |shape: &str| fits(shape, text, value.start) == Some(value.end());
    let rows = |row: &usize| {
        KEYED
            .get(*row)
            .is_some_and(|row| row.shapes.iter().any(|shape| whole(shape)))
    };
    let row = key.providers().find(rows)?;
    Some(keyed_rule(row))
}
