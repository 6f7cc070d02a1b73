//! Credentials in headers: known by their names, hashed, never shown.

use crate::Headers;
use sha2::{Digest, Sha256};

/// The name of all whose own cannot be one: given twice, too long, no text.
pub const INVALID: &str = "invalid";

/// Longest value that is hashed, in bytes.
const MAX_HASHED_BYTES: usize = 8192;

/// Headers whose value is a credential and must not become a label or a log line.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
];

/// Those of them in which clients of the APIs present their key.
const API_KEYS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

pub(crate) fn is_credential(header: &str) -> bool {
    CREDENTIALS.contains(&header)
}

/// The hash of the API key that a request presents, if it does: 16 hexadecimal digits. [`INVALID`] where it presents more
/// than one, since nobody here knows which of them the upstream reads, where one is no text or longer than 8192 bytes, and
/// for another `authorization` than `Bearer`, which may be new each time.
pub fn api_key(headers: &Headers) -> Option<String> {
    let named = headers.iter().filter(|(name, _)| API_KEYS.contains(name));
    let mut keys = named
        .map(|(name, value)| (name, value.trim_ascii()))
        .filter(|(_, value)| !value.is_empty());
    let (name, value) = keys.next()?;
    // A server that takes the first word of several must not be known by all of them.
    let known = name != "authorization" || bearer(value).is_some_and(|token| !token.contains(&b' '));
    let key = hashed("", value).filter(|_| known && keys.next().is_none());
    Some(key.unwrap_or_else(|| INVALID.to_owned()))
}

/// The start of the SHA-256 of a value, without a leading `Bearer `: 16 hexadecimal digits. `None` for what is no text or
/// too long.
pub(crate) fn hashed(key: &str, value: &[u8]) -> Option<String> {
    text(value, MAX_HASHED_BYTES)?;
    let mut sha = Sha256::new();
    if !key.is_empty() {
        sha.update(key.as_bytes());
        sha.update([0]);
    }
    sha.update(bearer(value).unwrap_or(value));
    let digest = sha.finalize();
    let digits = digest.iter().take(8).flat_map(|byte| [byte >> 4, byte & 15]);
    Some(
        digits
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect(),
    )
}

/// A value that can be a name: text without control characters, of at most so many bytes.
pub(crate) fn text(value: &[u8], most: usize) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    (value.len() <= most && !text.contains(char::is_control)).then_some(text)
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| rest.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(fields: &[(&str, &[u8])]) -> Option<String> {
        let field = |(name, value): &(&str, &[u8])| ((*name).to_owned(), (*value).to_owned());
        api_key(&Headers::new(fields.iter().map(field).collect()))
    }

    #[test]
    fn a_hash_is_the_start_of_sha_256() {
        // printf sk-1234 | sha256sum
        let plain = Some("88dc28d0f030c55e".to_owned());
        assert_eq!(hashed("", b"sk-1234"), plain);
        assert_eq!(hashed("", b"Bearer sk-1234"), plain);
        assert_ne!(hashed("pepper", b"sk-1234"), plain);
    }

    #[test]
    fn a_key_is_the_same_wherever_it_is_presented() {
        for (name, value) in [
            ("authorization", &b"Bearer sk-1234"[..]),
            ("authorization", b"bearer   sk-1234 "),
            ("x-api-key", b"sk-1234"),
            ("api-key", b" sk-1234"),
            ("x-goog-api-key", b"sk-1234"),
        ] {
            let key = presented(&[("x-other", b"y"), (name, value)]);
            assert_eq!(key.as_deref(), Some("88dc28d0f030c55e"), "{name}");
        }
        assert_eq!(presented(&[("cookie", b"a=b"), ("x-api-key", b"  ")]), None);
    }

    #[test]
    fn what_is_not_one_key_is_invalid() {
        let long = vec![b'k'; MAX_HASHED_BYTES + 1];
        for fields in [
            &[("x-api-key", &b"a"[..]), ("x-api-key", b"a")][..],
            &[("authorization", b"Bearer a"), ("x-goog-api-key", b"b")],
            &[("authorization", b"AWS4-HMAC-SHA256 Credential=a, Signature=b")],
            &[("authorization", b"Bearer")],
            &[("authorization", b"Bearer sk-1234 1")],
            &[("x-api-key", b"\xff")],
            &[("x-api-key", b"a\x00b")],
            &[("x-api-key", &long)],
        ] {
            assert_eq!(presented(fields).as_deref(), Some(INVALID));
        }
        assert_ne!(presented(&[("x-api-key", &long[1..])]).as_deref(), Some(INVALID));
    }
}
