//! How budgets stand, out of Envoy's statistics.

use super::sample::Sample;
use std::collections::BTreeMap;

/// Seconds for which a proxy may not have refreshed an account before it counts as forgotten there. It does so every second.
const STALE_S: u64 = 15;

/// Budgets by name and unit.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) budgets: BTreeMap<(String, String), Budget>,
}

/// A budget of one proxy. Amounts in its unit; money in 10^-9.
#[derive(Debug, Default)]
pub(super) struct Budget {
    pub(super) is_volatile: bool,
    pub(super) limit: Option<u64>,
    pub(super) denied: u64,
    pub(super) cut: u64,
    pub(super) would_deny: u64,
    pub(super) would_cut: u64,
    pub(super) expired: u64,
    pub(super) overflowed: u64,
    pub(super) state_errors: u64,
    pub(super) accounts: BTreeMap<Who, Account>,
    /// How many are in [`Who::Rest`].
    pub(super) rest: u64,
}

/// Whose account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// Who has these values of the key.
    Own(Vec<(String, String)>),
    /// All that found no place.
    Overflow,
    /// The sum of all that have no metrics of their own.
    Rest,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) used: u64,
    pub(super) held: u64,
    /// When nothing of it is used any more, in seconds since the Unix epoch.
    pub(super) reset_s: u64,
}

impl Account {
    /// The proxy shows it no more: the budget was taken out of its configuration.
    pub(super) fn is_stale(self, now_s: u64) -> bool {
        self.reset_s.saturating_add(STALE_S) < now_s
    }
}

impl Budget {
    /// Accounts, the largest first, the sums at the end.
    pub(super) fn sorted(&self) -> Vec<(&Who, Account)> {
        let mut accounts: Vec<_> = self
            .accounts
            .iter()
            .map(|(who, account)| (who, *account))
            .collect();
        let size = |account: &Account| std::cmp::Reverse((account.used, account.held));
        accounts.sort_by_key(|(who, account)| (!matches!(who, Who::Own(_)), size(account)));
        accounts
    }

    /// All accounts together; the latest of them is the last to be over.
    pub(super) fn sum(&self) -> Account {
        self.accounts
            .values()
            .fold(Account::default(), |sum, account| Account {
                used: sum.used.saturating_add(account.used),
                held: sum.held.saturating_add(account.held),
                reset_s: sum.reset_s.max(account.reset_s),
            })
    }

    fn take(&mut self, sample: &Sample<'_>) {
        let value = sample.value;
        match sample.metric {
            "limit" => self.limit = Some(value),
            "denied_total" => self.denied = value,
            "cut_total" => self.cut = value,
            "would_deny_total" => self.would_deny = value,
            "would_cut_total" => self.would_cut = value,
            "expired_total" => self.expired = value,
            "overflow_total" => self.overflowed = value,
            "state_errors_total" => self.state_errors = value,
            "accounts" => self.rest = value,
            "used" => self.account(sample, |account| account.used = value),
            "held" => self.account(sample, |account| account.held = value),
            "reset_timestamp_seconds" => self.account(sample, |account| account.reset_s = value),
            _ => {}
        }
    }

    fn account(&mut self, sample: &Sample<'_>, with: impl FnOnce(&mut Account)) {
        let who = match sample.label("account") {
            Some("own") => Who::Own(values(sample)),
            Some("overflow") => Who::Overflow,
            Some("rest") => Who::Rest,
            Some(_) | None => return,
        };
        with(self.accounts.entry(who).or_default());
    }
}

/// The values of the key: what is left without the labels that every budget has, and those that a scraper adds.
fn values(sample: &Sample<'_>) -> Vec<(String, String)> {
    let of_key = |name: &str| matches!(name, "tenant" | "route" | "model" | "api" | "api_key");
    let labels = sample.labels.iter().filter(|(name, _)| of_key(name));
    let mut values: Vec<_> = labels
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.clone()));
    values
}

impl Counted {
    /// Reads statistics in either form.
    ///
    /// # Errors
    /// What is missing in them.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut counted = Self::default();
        let mut is_torn = false;
        for sample in text.lines().filter_map(Sample::parse) {
            let (Some(name), Some(unit)) = (sample.label("budget"), sample.label("unit")) else {
                is_torn = true;
                continue;
            };
            let budget = counted.budgets.entry((name.to_owned(), unit.to_owned()));
            let budget = budget.or_default();
            budget.is_volatile |= sample.label("volatile") == Some("yes");
            budget.take(&sample);
        }
        if counted.budgets.is_empty() {
            return Err(if is_torn || text.contains("penstock_budget_") {
                "its metrics have no labels: the `stats_tags` of envoy-configs/token-meter.yaml are missing there"
            } else {
                "this Envoy counts nothing of a budget: is `token_meter.budgets` configured, and has a request come?"
            });
        }
        if counted.budgets.values().all(|budget| budget.accounts.is_empty()) {
            return Err(
                "budgets are counted, but no account is shown: the first request came just now, or the module is older than this command",
            );
        }
        Ok(counted)
    }
}
