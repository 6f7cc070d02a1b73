//! The parts of an address.

use penstock_filter_api::Glob;

/// An address with a host, as a browser takes it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// As written; empty for `//host`.
    pub(crate) scheme: &'a str,
    pub(crate) user: &'a str,
    /// Without its port, and without the brackets of an IPv6 address.
    pub(crate) host: &'a str,
    /// From the first slash on.
    pub(crate) path: &'a str,
    /// Behind the question mark or the hash.
    pub(crate) query: &'a str,
}

/// Longest scheme that is looked at, in bytes.
const MAX_SCHEME_BYTES: usize = 16;
/// From so many bytes on a query carries what someone wants to learn.
const DATA_QUERY_BYTES: usize = 40;
/// The same of one step of a path, and of one label of a host.
const DATA_STEP_BYTES: usize = 40;
const DATA_LABEL_BYTES: usize = 32;

impl<'a> Url<'a> {
    /// Takes an absolute address, or one without a scheme, apart.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let slash = |c: char| matches!(c, '/' | '\\');
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", text),
        };
        let bare = rest.trim_start_matches(slash);
        let slashes = rest.len() - bare.len();
        // Browsers take any number of slashes behind the schemes that they know best.
        let rest = match scheme {
            "" => (slashes >= 2).then_some(bare)?,
            _ if is_web(scheme) => (slashes >= 1).then_some(bare)?,
            _ => rest.strip_prefix(slash)?.strip_prefix(slash)?,
        };
        let end = rest
            .find(|c| slash(c) || matches!(c, '?' | '#'))
            .unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let host = match host.strip_prefix('[') {
            Some(host) => host.split(']').next()?,
            None => host.split(':').next()?,
        };
        let (path, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
        let host = host.trim_end_matches('.');
        (!host.is_empty()).then_some(Self {
            scheme,
            user,
            host,
            path,
            query,
        })
    }

    /// Whether a browser or a mail program opens it.
    pub(crate) fn is_web(&self) -> bool {
        is_web(self.scheme)
    }

    /// Whether its host is one of these.
    pub(crate) fn is_listed(&self, hosts: &[Glob]) -> bool {
        let host = self.host.to_ascii_lowercase();
        hosts.iter().any(|glob| glob.is_match(&host))
    }

    /// Whether there is room in it for words of a conversation.
    pub(crate) fn carries_data(&self) -> bool {
        let dense = |step: &str| {
            let parts = step
                .split(['-', '_', '+', '.', ',', '~'])
                .filter(|part| !part.is_empty())
                .count();
            step.len() >= DATA_STEP_BYTES && step.len() > 16 * parts
        };
        !self.user.is_empty()
            || self.query.len() >= DATA_QUERY_BYTES
            || self
                .path
                .split('/')
                .any(|step| dense(step) || step.contains("%20"))
            || self.host.split('.').any(|label| label.len() >= DATA_LABEL_BYTES)
    }
}

fn is_web(scheme: &str) -> bool {
    ["", "http", "https", "ftp", "ws", "wss"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web))
}

/// Whether this can stand before the colon of an address.
pub(crate) fn is_scheme(text: &str) -> bool {
    text.len() <= MAX_SCHEME_BYTES
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// What follows a prefix of ASCII, whatever its case.
pub(crate) fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_parts() {
        let url = |text| Url::parse(text).map(|url| (url.scheme, url.user, url.host, url.path, url.query));
        assert_eq!(
            url("https://a.example/x?y=1"),
            Some(("https", "", "a.example", "/x", "y=1"))
        );
        assert_eq!(url("//u:p@a.example:80"), Some(("", "u:p", "a.example", "", "")));
        for text in ["https:///x", "https:/x", "/\\x", "wss:\\/x", "///x"] {
            assert_eq!(url(text).map(|parts| parts.2), Some("x"), "{text}");
        }
        assert_eq!(url("http:\\\\[::1]:8080/"), Some(("http", "", "::1", "/", "")));
        for text in ["mailto:a@b.example", "a/b", "https:///", "note: //"] {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn a_slug_of_words_carries_no_data() {
        let carries = |text| Url::parse(text).is_some_and(|url| url.carries_data());
        assert!(!carries(
            "https://a.example/blog/how-to-write-a-letter-to-somebody-in-spain.html"
        ));
        assert!(!carries("https://a.example/search?q=rust+book&page=2"));
        assert!(carries(
            "https://a.example/q?d=TXkgc2VjcmV0IHBhc3N3b3JkIGlzIGhlbGxvIHdvcmxk"
        ));
        assert!(carries(
            "https://a.example/TXkgc2VjcmV0IHBhc3N3b3JkIGlzIGhlbGxvIHdvcmxk/x.png"
        ));
        assert!(carries("https://my%20secret@a.example/"));
    }
}
