//! `curl -u user:password`.

use super::placeholder::is_placeholder;
use super::rules::{Own, own_rule};
use super::walk::Walk;

/// Bytes between `curl` and its option.
const MAX_COMMAND: usize = 600;
/// Bytes of user and password.
const MAX: usize = 160;
/// Bytes of the shortest password.
const MIN: usize = 3;
const SAMPLES: [&[u8]; 8] = [
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"token",
    b"secret",
    b"test",
    b"yyy",
];

/// The password after `-u` or `--user` at `at`, if a `curl` stands shortly before.
pub(super) fn find(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let near = walk.curl > 0
        && at - walk.curl < MAX_COMMAND
        && walk.before(at).is_some_and(|b| b.is_ascii_whitespace());
    let option = walk.text.get(at..).filter(|_| near)?;
    let rest = option
        .strip_prefix(b"-u")
        .or_else(|| option.strip_prefix(b"--user"))?;
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'=')).count();
    let from = at + (option.len() - rest.len()) + blanks;
    let (start, end) = password(walk.text, from).filter(|_| blanks > 0)?;
    (!is_sample(walk.text.get(start..end)?)).then(|| walk.add(start, end, own_rule(Own::CurlUser)))
}

/// Where the password of `user:password` stands; of `password:` and `:password` that one.
fn password(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let quote = rest.first().copied().filter(|b| matches!(b, b'"' | b'\''));
    let start = from + usize::from(quote.is_some());
    let rest = text.get(start..)?;
    let rest = rest.get(..rest.len().min(MAX))?;
    let colon = rest.iter().position(|b| *b == b':')?;
    let (user, secret) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    let user = (!user.contains(&b' ') && !user.contains(&b'\n')).then_some(user)?;
    let is_quote = |b: &u8| matches!(b, b'"' | b'\'') && (quote.is_none() || user.ends_with(b"\""));
    let opened = secret.first().copied().filter(is_quote);
    let secret = secret.get(usize::from(opened.is_some())..)?;
    let close = |b: &u8| {
        *b == b'\n'
            || opened
                .or(quote)
                .map_or(b.is_ascii_whitespace(), |quote| *b == quote)
    };
    let at_end = || (start + rest.len() == text.len()).then_some(secret.len());
    let end = secret.iter().position(close).or_else(at_end)?;
    let begin = start + colon + 1 + usize::from(opened.is_some());
    if end == 0 && quote.is_some() && user.len() >= MIN {
        return Some((start, start + colon));
    }
    (end >= MIN).then_some((begin, begin + end))
}

fn is_sample(password: &[u8]) -> bool {
    let known = SAMPLES.iter().any(|sample| password.eq_ignore_ascii_case(sample));
    let template = matches!(password, [b'$', next, ..] if !next.is_ascii_digit())
        || password.iter().any(|b| b"<>[]".contains(b));
    known
        || template
        || password.starts_with(b"{{")
        || password.starts_with(b"{$")
        || is_placeholder(password)
}
