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
    Explain,
    Simulate,
    Fleet,
    Budgets,
    Istio,
    Disguise,
}

impl Topic {
    /// The page of a command.
    pub(crate) fn of(command: &str) -> Option<Self> {
        Some(match command {
            "help" => Self::All,
            "check" => Self::Check,
            "schema" => Self::Schema,
            "read" => Self::Read,
            "scan" => Self::Scan,
            "redact" => Self::Redact,
            "explain" => Self::Explain,
            "simulate" => Self::Simulate,
            "fleet" => Self::Fleet,
            "budgets" => Self::Budgets,
            "istio" => Self::Istio,
            "disguise" => Self::Disguise,
            _ => return None,
        })
    }
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
        Topic::Explain => include_str!("help/explain.txt"),
        Topic::Simulate => include_str!("help/simulate.txt"),
        Topic::Fleet => include_str!("help/fleet.txt"),
        Topic::Budgets => include_str!("help/budgets.txt"),
        Topic::Istio => include_str!("help/istio.txt"),
        Topic::Disguise => include_str!("help/disguise.txt"),
    }
}
