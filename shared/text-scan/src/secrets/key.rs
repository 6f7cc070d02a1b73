//! The name before a value: `apiKey`, `DB_PASSWORD`, `"client-secret"`, `var githubToken string`.

use super::formats::{KEYED, Keyed};

/// Letters and digits of a name that are looked at.
const MAX: usize = 48;
/// Bytes of a name that are looked at, with what joins its words.
const MAX_RAW: usize = 72;
/// Bytes between a name and its mark: blanks, quotes, brackets.
const MAX_GAP: usize = 8;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whatever a person may choose.
    Password,
    /// A random value.
    Secret,
    /// A random value, or a piece of a text, or the place in a list.
    Token,
    /// `Authorization`: a scheme, then a value.
    Header,
    /// The signature in a URL that grants access to Azure Storage.
    Signature,
}

/// A name's last letters and digits, in lower case.
pub(super) struct Key {
    letters: [u8; MAX],
    start: usize,
    /// Whether it is written as a variable of the environment is.
    pub(super) shouts: bool,
}

/// Ends of names, the first that fits counts.
#[rustfmt::skip]
const ENDS: [(&[u8], Option<Kind>); 66] = [
    (b"bypass", None), (b"compass", None), (b"trespass", None), (b"surpass", None), (b"overpass", None), (b"csrftoken", None),
    (b"xsrftoken", None), (b"authenticitytoken", None), (b"verificationtoken", None), (b"pagetoken", None), (b"nexttoken", None),
    (b"continuationtoken", None), (b"synctoken", None), (b"publictoken", None), (b"publickey", None), (b"nosecret", None),
    (b"canceltoken", None), (b"cancellationtoken", None), (b"specialtoken", None), (b"padtoken", None), (b"eostoken", None),
    (b"password", Some(Kind::Password)), (b"passwd", Some(Kind::Password)), (b"passwort", Some(Kind::Password)), (b"kennwort", Some(Kind::Password)),
    (b"passphrase", Some(Kind::Password)), (b"passcode", Some(Kind::Password)), (b"pwd", Some(Kind::Password)), (b"senha", Some(Kind::Password)),
    (b"contrasena", Some(Kind::Password)), (b"motdepasse", Some(Kind::Password)), (b"mdp", Some(Kind::Password)), (b"pass", Some(Kind::Password)),
    (b"pw", Some(Kind::Password)), (b"psw", Some(Kind::Password)),
    (b"apikey", Some(Kind::Secret)), (b"accesskey", Some(Kind::Secret)), (b"secretkey", Some(Kind::Secret)), (b"privatekey", Some(Kind::Secret)),
    (b"authkey", Some(Kind::Secret)), (b"encryptionkey", Some(Kind::Secret)), (b"signingkey", Some(Kind::Secret)), (b"masterkey", Some(Kind::Secret)),
    (b"accountkey", Some(Kind::Secret)), (b"subscriptionkey", Some(Kind::Secret)), (b"licensekey", Some(Kind::Secret)), (b"serverkey", Some(Kind::Secret)),
    (b"servicekey", Some(Kind::Secret)), (b"appkey", Some(Kind::Secret)), (b"applicationkey", Some(Kind::Secret)), (b"hmackey", Some(Kind::Secret)),
    (b"secret", Some(Kind::Secret)), (b"credential", Some(Kind::Secret)), (b"cred", Some(Kind::Secret)), (b"auth", Some(Kind::Secret)),
    (b"accesstoken", Some(Kind::Secret)), (b"authtoken", Some(Kind::Secret)), (b"apitoken", Some(Kind::Secret)), (b"refreshtoken", Some(Kind::Secret)),
    (b"bearertoken", Some(Kind::Secret)), (b"sessiontoken", Some(Kind::Secret)), (b"bottoken", Some(Kind::Secret)), (b"usertoken", Some(Kind::Secret)),
    (b"token", Some(Kind::Token)), (b"authorization", Some(Kind::Header)), (b"sig", Some(Kind::Signature)),
];

/// What may follow the end: the type of a variable, a number, the plural.
const TAILS: [&[u8]; 9] = [
    b"string", b"str", b"value", b"s", b"var", b"prod", b"dev", b"test", b"new",
];

/// What a provider's value is called, besides [`ENDS`].
const ROLES: [&[u8]; 8] = [
    b"key", b"id", b"login", b"access", b"pat", b"sk", b"client", b"srt",
];

impl Key {
    /// The name that ends before `mark`.
    pub(super) fn before(text: &[u8], mark: usize) -> Self {
        let head = text
            .get(mark.saturating_sub(MAX_RAW + MAX_GAP)..mark)
            .unwrap_or_default();
        let gap = head
            .iter()
            .rev()
            .take(MAX_GAP)
            .take_while(|b| b" \t\"'`)]\\:=?|".contains(b))
            .count();
        Self::of(head.get(..head.len() - gap).unwrap_or_default())
    }

    /// The name at the end of `raw`.
    pub(super) fn of(raw: &[u8]) -> Self {
        let mut key = Self {
            letters: [0; MAX],
            start: MAX,
            shouts: raw.last().is_some_and(u8::is_ascii_uppercase),
        };
        for b in raw.iter().rev().take(MAX_RAW) {
            if b.is_ascii_alphanumeric() {
                let Some(letter) = key.start.checked_sub(1).and_then(|at| key.letters.get_mut(at)) else {
                    break;
                };
                *letter = b.to_ascii_lowercase();
                key.start -= 1;
            } else if !b"_-. \t".contains(b) {
                break;
            }
        }
        key
    }

    fn letters(&self) -> &[u8] {
        self.letters.get(self.start..).unwrap_or_default()
    }

    /// The letters without what may follow a name.
    fn stem(&self) -> &[u8] {
        let mut stem = self.letters();
        loop {
            let cut = TAILS.iter().find_map(|tail| stem.strip_suffix(*tail));
            let cut = cut.or_else(|| {
                stem.split_last()
                    .filter(|(last, _)| last.is_ascii_digit())
                    .map(|(_, rest)| rest)
            });
            let Some(rest) = cut.filter(|rest| !rest.is_empty() && kind(stem).is_none()) else {
                return stem;
            };
            stem = rest;
        }
    }

    /// What the name says of its value.
    pub(super) fn kind(&self) -> Option<Kind> {
        kind(self.stem()).flatten()
    }

    /// The providers that the name speaks of, with the numbers of their rows.
    pub(super) fn providers(&self) -> impl Iterator<Item = (usize, &'static Keyed)> {
        let stem = self.stem();
        let named = kind(stem).flatten().is_some() || ROLES.iter().any(|role| stem.ends_with(role));
        KEYED.iter().enumerate().filter(move |(_, row)| {
            row.names
                .iter()
                .map(|name| name.as_bytes())
                .any(|name| stem.ends_with(name) || named && stands_in(stem, name))
        })
    }
}

fn kind(stem: &[u8]) -> Option<Option<Kind>> {
    ENDS.iter()
        .find(|(end, _)| stem.ends_with(end))
        .map(|(_, kind)| *kind)
}

fn stands_in(stem: &[u8], name: &[u8]) -> bool {
    stem.windows(name.len()).any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::{Key, Kind};

    fn kind(raw: &str) -> Option<Kind> {
        Key::before(raw.as_bytes(), raw.len()).kind()
    }

    #[test]
    fn names_of_every_style_are_understood() {
        assert_eq!(kind("export DB_PASSWORD"), Some(Kind::Password));
        assert_eq!(kind("\"client-secret\" "), Some(Kind::Secret));
        assert_eq!(kind("var githubToken string "), Some(Kind::Token));
        assert_eq!(kind("headers[\"X-Api-Key\"] "), Some(Kind::Secret));
        assert_eq!(kind("bot_tokens2"), Some(Kind::Secret));
        assert_eq!(kind("  Authorization"), Some(Kind::Header));
    }

    #[test]
    fn names_of_other_things_are_not() {
        for raw in [
            "public_key",
            "tokenId",
            "credentialsId",
            "SECRET_NAME",
            "password_length",
            "csrf-token",
            "author",
            "bucket_key",
        ] {
            assert_eq!(kind(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_provider_is_named_by_itself_or_with_a_role() {
        let providers = |raw: &str| Key::before(raw.as_bytes(), raw.len()).providers().count();
        assert_eq!(providers("mailgun_signing_key"), 1);
        assert_eq!(providers("sourcegraph"), 1);
        assert_eq!(providers("mailgun_domain"), 0);
    }
}
