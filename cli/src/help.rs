//! What `--help` prints.

/// A page of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    All,
    Check,
    Schema,
    Read,
    Scan,
    Redact,
}

/// The page.
pub(crate) fn text(topic: Topic) -> &'static str {
    match topic {
        Topic::All => include_str!("help/penstock.txt"),
        Topic::Check => include_str!("help/check.txt"),
        Topic::Schema => include_str!("help/schema.txt"),
        Topic::Read => include_str!("help/read.txt"),
        Topic::Scan => include_str!("help/scan.txt"),
        Topic::Redact => include_str!("help/redact.txt"),
    }
}
