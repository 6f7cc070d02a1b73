//! The name before a value: `apiKey`, `DB_PASSWORD`, `"client-secret"`, `var githubToken string`.

use super::names;

/// Letters and digits of a name that are looked at.
const MAX: usize = 48;
/// Bytes of a name that are looked at, with what joins its words.
const MAX_RAW: usize = 72;
/// Bytes between a name and its mark: blanks, quotes, brackets.
const MAX_GAP: usize = 24;

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
    /// The end of the letters without what may follow a name.
    end: usize,
    kind: Option<Kind>,
    /// Whether it is written as a variable of the environment is.
    pub(super) shouts: bool,
}

/// What the end of a name says; of those with the same last letter the first that fits counts.
type End = (&'static [u8], Option<Kind>);

const P: Option<Kind> = Some(Kind::Password);
const S: Option<Kind> = Some(Kind::Secret);

/// Ends of names by their last letter.
#[rustfmt::skip]
fn ends(last: u8) -> &'static [End] {
    match last {
        b'a' => &[(b"senha", P), (b"contrasena", P)],
        b'd' => &[(b"password", P), (b"passwd", P), (b"pwd", P), (b"cred", S)],
        b'e' => &[(b"passphrase", P), (b"passcode", P), (b"motdepasse", P), (b"secretkeybase", S)],
        b'g' => &[(b"sig", Some(Kind::Signature))],
        b'h' => &[(b"auth", S)],
        b'l' => &[(b"credential", S)],
        b'n' => &[
            (b"csrftoken", None), (b"middlewaretoken", None), (b"xsrftoken", None), (b"authenticitytoken", None), (b"verificationtoken", None), (b"pagetoken", None),
            (b"nexttoken", None), (b"continuationtoken", None), (b"synctoken", None), (b"publictoken", None), (b"canceltoken", None),
            (b"cancellationtoken", None), (b"specialtoken", None), (b"padtoken", None), (b"eostoken", None),
            (b"accesstoken", S), (b"authtoken", S), (b"apitoken", S), (b"refreshtoken", S), (b"bearertoken", S), (b"sessiontoken", S),
            (b"bottoken", S), (b"usertoken", S), (b"token", Some(Kind::Token)), (b"authorization", Some(Kind::Header)),
        ],
        b'p' => &[(b"mdp", P)],
        b's' => &[(b"bypass", None), (b"compass", None), (b"trespass", None), (b"surpass", None), (b"overpass", None), (b"pass", P)],
        b't' => &[(b"passwort", P), (b"kennwort", P), (b"nosecret", None), (b"secret", S)],
        b'w' => &[(b"pw", P), (b"psw", P)],
        b'y' => &[
            (b"apikey", S), (b"accesskey", S), (b"secretkey", S), (b"privatekey", S), (b"authkey", S), (b"encryptionkey", S),
            (b"signingkey", S), (b"masterkey", S), (b"accountkey", S), (b"subscriptionkey", S), (b"licensekey", S), (b"serverkey", S),
            (b"servicekey", S), (b"appkey", S), (b"applicationkey", S), (b"hmackey", S), (b"consumerkey", S), (b"sharedkey", S),
            (b"storagekey", S), (b"deploykey", S), (b"sessionkey", S), (b"aeskey", S), (b"cryptkey", S), (b"integrationkey", S),
            (b"writekey", S), (b"insertkey", S), (b"adminkey", S), (b"securitykey", S), (b"developerkey", S), (b"functionkey", S),
        ],
        _ => &[],
    }
}

/// What may follow the end, by its last letter: the type of a variable, a stage, a number, the plural.
fn tail(last: u8) -> &'static [&'static [u8]] {
    match last {
        b'e' => &[b"value"],
        b'd' => &[b"prod"],
        b'g' => &[b"string"],
        b'r' => &[b"str", b"var"],
        b's' => &[b"s"],
        b't' => &[b"test"],
        b'v' => &[b"dev", b"v"],
        b'w' => &[b"new"],
        _ => &[],
    }
}

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
        let name = open(head);
        Self::of(name.strip_suffix(b" value").map_or(name, open))
    }

    /// The name at the end of `raw`.
    pub(super) fn of(raw: &[u8]) -> Self {
        let mut key = Self {
            letters: [0; MAX],
            start: MAX,
            end: MAX,
            kind: None,
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
        key.judge();
        key
    }

    /// Finds the end that says something, behind what may follow it.
    fn judge(&mut self) {
        while let Some((last, rest)) = self.stem().split_last() {
            let stem = self.stem();
            if let Some((_, kind)) = ends(*last).iter().find(|(end, _)| stem.ends_with(end)) {
                self.kind = *kind;
                return;
            }
            let tail = tail(*last)
                .iter()
                .find(|tail| stem.ends_with(tail))
                .map_or(0, |tail| tail.len());
            let tail = if last.is_ascii_digit() { 1 } else { tail };
            if tail == 0 || rest.is_empty() {
                return;
            }
            self.end -= tail;
        }
    }

    fn stem(&self) -> &[u8] {
        self.letters.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether there are too few letters for a name.
    pub(super) fn is_empty(&self) -> bool {
        self.start + 2 > MAX
    }

    /// Whether it is the name of a function that sets what it names.
    pub(super) fn sets(&self) -> bool {
        self.stem().windows(3).any(|part| part == b"set")
            || self.stem().windows(4).any(|part| part == b"with")
    }

    /// What the name says of its value.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The rows of the providers that the name speaks of.
    pub(super) fn providers(&self) -> impl Iterator<Item = usize> {
        let stem = self.stem();
        let named = self.kind.is_some() || ROLES.iter().any(|role| stem.ends_with(role));
        let at = move |from: usize| stem.get(from..).unwrap_or_default();
        let rows = (0..stem.len())
            .flat_map(move |from| names::at(at(from)).map(move |(row, name)| (row, from + name)));
        rows.filter(move |(_, end)| named || *end == stem.len())
            .map(|(row, _)| row)
    }
}

/// What stands before a mark, without blanks, quotes and brackets. `name="..." value=` names it one attribute earlier.
fn open(head: &[u8]) -> &[u8] {
    let gap = head
        .iter()
        .rev()
        .take(MAX_GAP)
        .take_while(|b| b" \t\"'`)]\\:=?|".contains(b))
        .count();
    head.get(..head.len() - gap).unwrap_or_default()
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
