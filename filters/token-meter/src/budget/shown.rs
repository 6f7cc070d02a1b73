//! The accounts of a budget that have metrics of their own, and the worker that sets them: a list in shared data, so that all
//! workers show the same ones, and never more than a cap.
//!
//! Little-endian: the worker (u32), then of each account its number (u64), the length of its labels (u16) and these, by number.

use super::rule::Budget;
use super::shared::{Change, StateError, change};
use super::workers::Alive;
use penstock_filter_api::Ports;

/// Most accounts of a budget with metrics of their own. A metric once made stays until the proxy ends, so a place is never
/// given to another.
pub(crate) const MOST: usize = 100;

/// The list of one budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    exporter: u32,
    accounts: Vec<(u64, String)>,
}

impl Shown {
    /// Accounts, and their labels as they stand in the names of metrics.
    pub(crate) fn accounts(&self) -> &[(u64, String)] {
        &self.accounts
    }

    pub(crate) fn has(&self, account: u64) -> bool {
        self.place(account).is_ok()
    }

    fn place(&self, account: u64) -> Result<usize, usize> {
        self.accounts.binary_search_by_key(&account, |(known, _)| *known)
    }

    /// Whether an account gets a place that has spent so much of `limit`. Half of the places go to the first that have spent
    /// anything; each of the others needs more than the one before, up to half of the limit: names that somebody mints do
    /// not take the places of those that use the budget up.
    pub(crate) fn admits(&self, spent: u64, limit: u64) -> bool {
        let (late, all) = (
            self.accounts.len().saturating_mul(2).saturating_sub(MOST),
            2 * MOST,
        );
        let (late, all) = (late as u64, all as u64);
        // Of `limit` so many parts, without 128 bits.
        let least = limit / all * late + limit % all * late / all;
        self.accounts.len() < MOST && spent > 0 && spent >= least
    }

    /// Adds an account. Not one whose labels cannot be told from another's.
    fn add(&mut self, account: u64, labels: &str) -> bool {
        let known = self.accounts.iter().any(|(_, known)| known == labels);
        match self.place(account) {
            Err(place) if !known => {
                self.accounts.insert(place, (account, labels.to_owned()));
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    /// Gives an account of `budget` a place, if there is still one for it. Then this is the list as it was found.
    pub(crate) fn enter(
        &mut self,
        budget: &Budget,
        (account, spent): (u64, u64),
        labels: &str,
        ports: &mut dyn Ports,
    ) {
        self.change(budget, ports, &mut |shown| {
            shown.admits(spent, budget.limit) && shown.add(account, labels)
        });
    }

    /// Brings it up to date. True for the worker that exports: the youngest, whose configuration is the latest.
    pub(crate) fn look(&mut self, budget: &Budget, own: u32, alive: &Alive, ports: &mut dyn Ports) -> bool {
        self.change(budget, ports, &mut |shown| {
            let takes_over = shown.exporter < own || !alive.has(shown.exporter);
            if takes_over {
                shown.exporter = own;
            }
            takes_over
        });
        self.exporter == own
    }

    /// Changes the list, if it is to be written. Bytes that are none begin a new one: nobody's budget hangs on it.
    fn change(&mut self, budget: &Budget, ports: &mut dyn Ports, with: &mut dyn FnMut(&mut Self) -> bool) {
        let key = format!("{}shown", budget.prefix);
        let changed: Result<Self, StateError> = change(ports, &key, &mut |bytes| {
            let mut shown = Self::read(bytes).unwrap_or_default();
            Ok(if with(&mut shown) {
                *bytes = shown.write();
                Change::Write(shown)
            } else {
                Change::Keep(shown)
            })
        });
        if let Ok(shown) = changed {
            *self = shown;
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut shown = Self::default();
        let Some((exporter, mut rest)) = bytes.split_first_chunk() else {
            return bytes.is_empty().then_some(shown);
        };
        shown.exporter = u32::from_le_bytes(*exporter);
        while let Some((account, more)) = rest.split_first_chunk() {
            let (length, more) = more.split_first_chunk()?;
            let (labels, more) = more.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let labels = str::from_utf8(labels).ok()?.to_owned();
            shown.accounts.push((u64::from_le_bytes(*account), labels));
            rest = more;
        }
        (rest.is_empty() && shown.accounts.is_sorted()).then_some(shown)
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = self.exporter.to_le_bytes().to_vec();
        for (account, labels) in &self.accounts {
            bytes.extend(account.to_le_bytes());
            // A key has four labels at most, each of 64 bytes at most.
            bytes.extend((labels.len() as u16).to_le_bytes());
            bytes.extend(labels.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(of: usize) -> Shown {
        let mut shown = Shown::default();
        for account in 0..of as u64 {
            assert!(shown.add(account, &format!("tenant=.=t{account};.;")));
        }
        shown
    }

    #[test]
    fn late_places_are_for_those_that_use_much() {
        let least = |of| (0..=1000).find(|spent| full(of).admits(*spent, 1000));
        let places = [0, 49, 50, 51, 75, 99, 100];
        assert_eq!(
            places.map(least),
            [Some(1), Some(1), Some(1), Some(10), Some(250), Some(490), None]
        );
        // Not even a large limit overflows, and no small one is nothing.
        assert!(full(75).admits(u64::MAX / 4 + 1, u64::MAX) && !full(75).admits(u64::MAX / 5, u64::MAX));
        assert!(!full(75).admits(2, 100) && full(75).admits(25, 100));
    }

    #[test]
    fn nobody_has_two_places_or_the_labels_of_another() {
        let mut shown = full(3);
        assert!(!shown.add(2, "tenant=.=another;.;"));
        assert!(!shown.add(9, "tenant=.=t1;.;"));
        assert_eq!(shown, full(3));
    }

    proptest! {
        /// A list is read as it was written; a part of it, or anything else, is none or another list.
        #[test]
        fn lists_survive_and_bytes_do_no_harm(of in 0usize..MOST, cut in 0usize..4000, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = Shown { exporter: 7, ..full(of) };
            let written = shown.write();
            prop_assert_eq!(Shown::read(&written), Some(shown));
            for bytes in [&written[..cut.min(written.len())], &bytes] {
                if let Some(read) = Shown::read(bytes) {
                    prop_assert!(bytes.is_empty() || read.write() == bytes);
                }
            }
        }
    }
}
