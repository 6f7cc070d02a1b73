//! Names and hashes under a key.

use crate::config::Config;
use hmac::{Hmac, Mac};
use penstock_filter_api::{ConfigError, Value};
use penstock_llm_api::{Api, Dialect, Texts, UnseenKind};
use penstock_wire::Json;
use sha2::Sha256;

/// Shortest key, in bytes: one that nobody tries out.
const MIN_KEY_BYTES: usize = 16;

/// A key of HMAC-SHA-256 (RFC 2104, FIPS 180-4), taken up once.
#[derive(Clone)]
pub(crate) struct Key {
    mac: Hmac<Sha256>,
    /// It was made of what others may guess.
    is_guessable: bool,
}

impl Key {
    pub(crate) fn new(key: &str) -> Result<Self, ConfigError> {
        if key.len() < MIN_KEY_BYTES {
            return Err(ConfigError::new(
                "key",
                format!("shorter than {MIN_KEY_BYTES} bytes"),
            ));
        }
        Self::of(key.as_bytes()).ok_or_else(|| ConfigError::new("key", "cannot be used"))
    }

    /// HMAC takes keys of any length.
    fn of(key: &[u8]) -> Option<Self> {
        let mac = Hmac::new_from_slice(key).ok()?;
        Some(Self {
            mac,
            is_guessable: false,
        })
    }

    /// A key for one exchange, where none is configured: names under it are met by no other. It is no secret.
    pub(crate) fn once(seed: &[u8], now_ns: u64, count: u64) -> Option<Self> {
        let mut key = Self::of(seed)?.mac;
        key.update(&now_ns.to_le_bytes());
        key.update(&count.to_le_bytes());
        let key = Self::of(&key.finalize().into_bytes())?;
        Some(Self {
            is_guessable: true,
            ..key
        })
    }

    /// Whether a tag of a value would let those who read it try values out.
    pub(crate) fn is_guessable(&self) -> bool {
        self.is_guessable
    }

    /// `digits` hexadecimal digits in upper case that stand for a value of this label; at most 64.
    pub(crate) fn tag(&self, label: &str, value: &str, digits: usize) -> String {
        let mut mac = self.mac.clone();
        mac.update(label.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let hex = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex = hex
            .take(digits)
            .filter_map(|digit| char::from_digit(u32::from(digit), 16));
        hex.map(|digit| digit.to_ascii_uppercase()).collect()
    }
}

/// What names the placeholders of a request, if not a number. Where the server keeps what it was sent, a number would come
/// again for another value; `once` makes a key where none is configured. A first turn that the server keeps is named by the
/// configured key too, so that the next one finds its names.
pub(crate) fn naming(
    config: &Config,
    texts: &Texts,
    kept: bool,
    once: impl FnOnce() -> Option<Key>,
) -> Option<Key> {
    let mut unseen = texts.unseen.iter();
    let stateful = unseen.any(|unseen| unseen.kind == UnseenKind::Reference);
    match &config.key {
        Some(key) if config.keyed || stateful || kept => Some(key.clone()),
        None if stateful => once(),
        Some(_) | None => None,
    }
}

/// Whether the server keeps this request for later ones: the Responses API does, unless `store` is false
/// (<https://platform.openai.com/docs/guides/conversation-state>).
pub(crate) fn is_kept(dialect: Dialect<'_>, json: Json<'_>) -> bool {
    let store = json.root().member("store").and_then(Value::as_bool);
    dialect.api() == Api::OpenAiResponses && store != Some(false)
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn tags_are_hmac_sha_256() {
        // RFC 4231, test case 2, has no NUL in its data: the value here is checked with
        // printf 'EMAIL\0ana@example.com' | openssl dgst -sha256 -hmac 0123456789abcdef
        let key = Key::new("0123456789abcdef").unwrap();
        let tag = key.tag("EMAIL", "ana@example.com", 64);
        assert_eq!(tag, TAG);
        assert!(tag.starts_with(&key.tag("EMAIL", "ana@example.com", 6)));
        assert!(!tag.starts_with(&key.tag("PHONE", "ana@example.com", 6)));
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(Key::new("0123456789abcde").is_err());
    }

    const TAG: &str = "837268628328063D410610FE6E1EA45941A8D22F578F537069CF9E947AF7A317";
}
