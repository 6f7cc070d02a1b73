//! "The password is ...", "パスワードは...", "密码是...".

use super::placeholder::contains;
use super::rules::{Own, own_rule};
use super::value::Value;
use super::walk::Walk;

/// Bytes from the word to the value.
const MAX: usize = 80;
/// Bytes from `login` to the word, in the lines of a `.netrc` file.
const MAX_LOGIN: usize = 48;
/// Words that stand right before the value.
const LINKS: [&[u8]; 14] = [
    b"\xc3\xa9",
    b"\xc3\xa8",
    b"is",
    b"was",
    b"es",
    b"est",
    b"ist",
    b"lautet",
    b"=",
    b":",
    b"era",
    b"becomes",
    b"to",
    b"sera",
];

/// The value that the word at `at` speaks of, in the same sentence.
pub(super) fn find(walk: &mut Walk<'_>, at: usize, own: Own) -> Option<usize> {
    let rest = walk.text.get(at..)?;
    let rest = rest.get(..rest.len().min(MAX))?;
    let sentence = rest
        .iter()
        .position(|b| b"\n.!?;,(".contains(b))
        .unwrap_or(rest.len());
    let name = rest.iter().position(|b| *b == b' ')?;
    if contains(walk.text.get(at.saturating_sub(MAX_LOGIN)..at)?, b"login ") {
        return said(walk, at + name + 1, own);
    }
    if rest
        .get(..name)?
        .iter()
        .any(|b| b.is_ascii_digit() || b"_-=\"'`/".contains(b))
    {
        return None;
    }
    let mut from = 0;
    while let Some(blank) = rest.get(from..sentence)?.iter().position(|b| *b == b' ') {
        let word = rest.get(from..from + blank)?;
        from += blank + 1;
        let opens = matches!(rest.get(from), Some(b'"' | b'\'' | b'`'));
        if LINKS.contains(&word) || word.ends_with(b":") || opens {
            return said(walk, at + from, own);
        }
    }
    None
}

/// Words for what is secret in other scripts than ASCII, in UTF-8, and what they speak of.
#[rustfmt::skip]
const FOREIGN: [(&str, Own); 25] = [
    ("パスワード", Own::SpokenPassword), ("パスコード", Own::SpokenPassword), ("暗証番号", Own::SpokenPassword), ("密码", Own::SpokenPassword),
    ("密碼", Own::SpokenPassword), ("口令", Own::SpokenPassword), ("暗号", Own::SpokenPassword), ("비밀번호", Own::SpokenPassword),
    ("암호", Own::SpokenPassword), ("пароль", Own::SpokenPassword), ("Пароль", Own::SpokenPassword), ("contraseña", Own::SpokenPassword),
    ("シークレット", Own::Secret), ("密钥", Own::Secret), ("密鑰", Own::Secret), ("秘密鍵", Own::Secret), ("キー", Own::Secret), ("비밀 키", Own::Secret),
    ("API 키", Own::Secret), ("секрет", Own::Secret), ("ключ", Own::Secret),
    ("トークン", Own::Token), ("令牌", Own::Token), ("토큰", Own::Token), ("токен", Own::Token),
];
/// Bytes from such a word to the value.
const MAX_FOREIGN: usize = 24;

/// The value at `at` that a word in another script speaks of, right before it.
pub(super) fn foreign(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let near = walk.text.get(at.saturating_sub(4)..at)?;
    let joint = near.iter().rev().find(|b| !b" :\"'`=".contains(b))?;
    let head = walk
        .text
        .get(at.saturating_sub(MAX_FOREIGN + 16)..at)
        .filter(|_| !joint.is_ascii())?;
    let (gap, own) = (0..head.len())
        .rev()
        .find_map(|from| after_word(head.get(from..)?))?;
    let ends = |part: &[u8]| part == "。".as_bytes() || part == "、".as_bytes();
    if gap.len() > MAX_FOREIGN || gap.iter().any(|b| b"\n,!?;".contains(b)) || gap.windows(3).any(ends) {
        return None;
    }
    said(walk, at, own)
}

fn after_word(text: &[u8]) -> Option<(&[u8], Own)> {
    let leads = matches!(
        text.first(),
        Some(0xe3 | 0xe4 | 0xe5 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed | 0xd0 | 0xd1 | b'c' | b'A')
    );
    let rest = |(word, own): &(&str, Own)| text.strip_prefix(word.as_bytes()).map(|rest| (rest, *own));
    leads.then(|| FOREIGN.iter().find_map(rest)).flatten()
}

fn said(walk: &mut Walk<'_>, from: usize, own: Own) -> Option<usize> {
    let mut value = Value::after(walk.text, from)?;
    if !value.quoted {
        let end = value.bytes.iter().rposition(|b| !b".:?!".contains(b))? + 1;
        value.bytes = value.bytes.get(..end)?;
    }
    let fits = match own {
        Own::Secret => value.is_secret(),
        Own::Token => value.is_token(),
        _ => value.is_password(false),
    };
    let mixed = value.bytes.iter().any(u8::is_ascii_digit) && value.bytes.iter().any(u8::is_ascii_alphabetic);
    let special = value.bytes.iter().any(|b| b"!@#$%^&*+".contains(b));
    let spoken = fits && (mixed || special) && !value.bytes.contains(&b'/');
    spoken.then(|| walk.add(value.start, value.end(), own_rule(own)))
}
