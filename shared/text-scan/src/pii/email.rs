//! E-mail addresses (RFC 5321, RFC 6531), at an '@'.

use super::rules::Core;
use crate::find::Find;

/// Bytes of the longest local part and the longest domain (RFC 5321, 4.5.3.1).
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;

/// Endings of files, not of domains: "icon@2x.png", "styles@v2.css".
const FILES: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "pdf", "css", "js", "ts", "tsx", "jsx", "json",
    "html", "xml", "yaml", "yml", "txt", "exe", "dll", "jar", "java", "cpp", "class", "tar", "gz", "log",
    "whl", "sock", "service",
];

/// Adds the address around the '@' at `at`.
pub(crate) fn find(text: &[u8], at: usize, finds: &mut Vec<Find>) {
    let (before, after) = (
        text.get(..at).unwrap_or_default(),
        text.get(at + 1..).unwrap_or_default(),
    );
    let Some(domain) = domain(after) else {
        return;
    };
    let Some(local) = local(before) else {
        return;
    };
    let (start, end) = (at - local, at + 1 + domain);
    if !is_userinfo(text, start) && !is_remote(text, start, at, end) {
        finds.push(Core::Email.at(start, end));
    }
}

/// Bytes of the local part before the '@'.
fn local(before: &[u8]) -> Option<usize> {
    if before.last() == Some(&b'"') {
        return quoted(before);
    }
    let near = before.get(before.len().saturating_sub(MAX_LOCAL + 1)..)?;
    let len = near.iter().rev().take_while(|b| is_local(**b)).count();
    let local = near.get(near.len() - len..)?;
    // Begins with a letter or a digit: what stands before is no part of it, and half a character is none.
    let skip = local
        .iter()
        .position(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0xc3)?;
    let local = local.get(skip..)?;
    let local = after_foreign(local);
    let dots = local.ends_with(b".") || local.windows(2).any(|pair| pair == b"..");
    (!local.is_empty() && local.len() <= MAX_LOCAL && !dots).then_some(local.len())
}

/// `"first last"@example.com`.
fn quoted(before: &[u8]) -> Option<usize> {
    let inside = before.split_last()?.1;
    let near = inside.get(inside.len().saturating_sub(MAX_LOCAL)..)?;
    let len = near.iter().rev().position(|b| matches!(b, b'"' | b'\n'))?;
    let open = near.len() - len - 1;
    (near.get(open) == Some(&b'"') && len > 0).then_some(len + 2)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b'_' | b'-' | b'+' | b'%' | b'\'' | b'&' | b'~' | b'#'
        )
        || byte >= 0x80
}

/// The end of the local part that is written in an alphabet: Chinese, Japanese and Korean text stands before an address
/// without a blank, and so do its punctuation marks.
fn after_foreign(local: &[u8]) -> &[u8] {
    let foreign = local.iter().rposition(|b| *b >= 0xe0).map(|lead| {
        lead + if local.get(lead).is_some_and(|b| *b >= 0xf0) {
            4
        } else {
            3
        }
    });
    let rest = foreign.and_then(|end| local.get(end..)).unwrap_or(local);
    let head = rest
        .iter()
        .take_while(|b| !(b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0xc3))
        .count();
    rest.get(head..).unwrap_or_default()
}

/// Bytes of the domain behind the '@': labels, the last of letters only.
fn domain(after: &[u8]) -> Option<usize> {
    let near = after.get(..after.len().min(MAX_DOMAIN + 1))?;
    let len = near.iter().take_while(|b| is_domain(**b)).count();
    let mut domain = near.get(..len)?;
    loop {
        let last = domain.iter().rposition(|b| *b == b'.')?;
        let (rest, ending) = (domain.get(..last)?, domain.get(last + 1..)?);
        let ends = is_ending(ending);
        if ends && is_labels(rest) {
            return Some(domain.len());
        }
        if ends || rest.is_empty() {
            return None;
        }
        domain = rest;
    }
}

/// Letters of the alphabets of Europe go on in two bytes from C3 to D1; Chinese and Japanese ones do not belong to it.
fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | 0x80..=0xbf | 0xc3..=0xd1)
}

fn is_ending(ending: &[u8]) -> bool {
    let letters = (2..=24).contains(&ending.len()) && ending.iter().all(u8::is_ascii_alphabetic);
    let punycode = ending
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"));
    (letters || punycode)
        && !FILES
            .iter()
            .any(|file| ending.eq_ignore_ascii_case(file.as_bytes()))
}

fn is_labels(labels: &[u8]) -> bool {
    let label =
        |label: &[u8]| (1..=63).contains(&label.len()) && !label.starts_with(b"-") && !label.ends_with(b"-");
    labels.split(|b| *b == b'.').all(label)
}

/// `user:password@host` of a URL: what stands before the '@' is no mailbox.
fn is_userinfo(text: &[u8], start: usize) -> bool {
    let near = text.get(start.saturating_sub(128)..start).unwrap_or_default();
    let word = near
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_graphic() && **b != b'/')
        .count();
    let before = near.get(..near.len() - word).unwrap_or_default();
    before.ends_with(b"://")
}

/// `git@example.com:team/project.git`.
fn is_remote(text: &[u8], start: usize, at: usize, end: usize) -> bool {
    let user = text.get(start..at).unwrap_or_default();
    matches!(user, b"git" | b"hg" | b"svn") && matches!(text.get(end), Some(b':' | b'/'))
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn addresses_are_found_in_every_spelling() {
        for address in [
            "ana@example.com",
            "first.last+tag@mail.example.co.uk",
            "o'neil@example.org",
            "x_1@example-site.io",
            "\"ana maria\"@example.com",
            "ana@xn--bcher-kva.example",
            "josé@exämple.com",
            "почта@example.com",
            "ANA@EXAMPLE.COM",
            "a@b.museum",
            "１２３ana＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "user%host@example.com",
        ] {
            for around in [
                "to {} now",
                "<{}>",
                "请写信给{}谢谢",
                "メールは{}です。",
                "({})",
                "{}",
                "mailto:{}",
                "{}.",
                "「{}」、",
            ] {
                let text = around.replace("{}", address);
                assert_eq!(finds("EMAIL_ADDRESS", &text), [address], "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for text in [
            "icon@2x.png",
            "pip install thing@1.2.3",
            "@media screen.and",
            "me@localhost",
            "a@b",
            "@example.com",
            "a@.com",
            "a@-b.com",
            "a..b@example.com",
            "git@example.com:team/project.git",
            "https://ana:secret@example.com/",
            "postgres://ana:p-w@db.example.com:5432/x",
            "a @example.com",
            "a@example.c",
            "user@1.2.3.4",
        ] {
            assert!(!has("EMAIL_ADDRESS", text), "{text}");
        }
    }

    #[test]
    fn a_domain_without_a_valid_name_is_none() {
        let labels = ["-a", "a-", "", "a..b", "a_b", "a b", "a,b", "a/b", "a:b"];
        let endings = ["c", "1", "c1", "png", "css", "", "-", "x".repeat(25).as_str()].map(String::from);
        for wrong in labels
            .iter()
            .map(|label| format!("ana@{label}.com"))
            .chain(endings.iter().map(|end| format!("ana@b.{end}")))
        {
            assert!(
                !has("EMAIL_ADDRESS", &format!("<{wrong}>")) || wrong.contains(' '),
                "{wrong}"
            );
        }
        for wrong in ["ana.", "a..na", "", "x".repeat(65).as_str()] {
            assert!(
                !has("EMAIL_ADDRESS", &format!("<{wrong}@example.com>")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_path_of_a_url_may_hold_one() {
        assert_eq!(
            finds("EMAIL_ADDRESS", "https://example.com/u/ana@example.org/x"),
            ["ana@example.org"]
        );
    }
}
