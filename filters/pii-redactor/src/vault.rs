//! What stands for what in one exchange. It lives in memory until the exchange ends, and no part of it is ever shown.

use crate::keyed::Key;
use crate::placeholder::{self, essence, hash, label};
use crate::surrogate;
use penstock_text_scan::RuleId;
use std::fmt;

/// Most surrogates in one exchange: each is looked for by its own text.
const MAX_SURROGATES: usize = 1000;
/// Digits of a tag under a key, and how many more it has when two values would have the same.
const TAG_DIGITS: usize = 6;

/// The originals of one exchange by what stands for them.
#[derive(Default)]
pub(crate) struct Vault {
    entries: Vec<Entry>,
    /// Indices of entries, sorted by value and label.
    by_value: Vec<usize>,
    /// Indices of placeholders, sorted by name.
    by_name: Vec<usize>,
    /// Indices of surrogates, sorted without regard to case.
    surrogates: Vec<usize>,
    /// Every label of a placeholder, once: an answer may ask for them 100,000 times.
    labels: Vec<String>,
    /// The last number given out, by label.
    numbers: Vec<(String, u64)>,
    /// Hashes of names that stand in the request already. Sorted.
    taken: Vec<u64>,
    /// Hashes of the letters and digits of the values that the client sent. Sorted.
    sent: Vec<u64>,
    /// Bytes with which a stand-in may begin.
    starts: [u64; 4],
    /// Some original is a number in JSON.
    has_numbers: bool,
}

/// A value and what stands for it.
pub(crate) struct Entry {
    /// The name of a placeholder, without brackets, or a surrogate.
    pub(crate) stand_in: String,
    pub(crate) original: String,
    /// The original is a number in JSON: it stood without quotes.
    pub(crate) is_number: bool,
    pub(crate) rule: RuleId,
    is_surrogate: bool,
    label: String,
}

/// A value that is to be masked.
#[derive(Clone, Copy)]
pub(crate) struct Masked<'a> {
    pub(crate) entity: &'a str,
    pub(crate) value: &'a str,
    pub(crate) is_number: bool,
    pub(crate) rule: RuleId,
}

impl Vault {
    /// Whether nothing is masked.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Learns which names stand in the request already, and which values the client sends.
    pub(crate) fn learn(&mut self, mut taken: Vec<u64>, mut sent: Vec<u64>) {
        taken.sort_unstable();
        sent.sort_unstable();
        self.taken = taken;
        self.sent = sent;
    }

    /// Whether the client itself sent this value.
    pub(crate) fn was_sent(&self, value: &str) -> bool {
        self.sent.binary_search(&essence(value)).is_ok()
    }

    /// `[EMAIL_1]`: the same for the same value. Under a key its name tells the value apart from all others.
    pub(crate) fn placeholder(&mut self, masked: Masked<'_>, key: Option<&Key>) -> String {
        let label = label(masked.entity);
        let index = match self.find(masked, &label, false) {
            Ok(index) => index,
            Err(place) => {
                let name = match key {
                    Some(key) => self.tagged(&label, masked, key),
                    None => self.numbered(&label),
                };
                self.insert(place, masked, label, name, false)
            }
        };
        format!(
            "[{}]",
            self.entries.get(index).map_or("", |entry| &entry.stand_in)
        )
    }

    /// A value of the same form that is nobody's, or `None` where there is none to give. `is_free`: whether a value does not
    /// stand in the request unmasked.
    pub(crate) fn surrogate(&mut self, masked: Masked<'_>, is_free: &dyn Fn(&str) -> bool) -> Option<String> {
        let label = label(masked.entity);
        let index = match self.find(masked, &label, true) {
            Ok(index) => index,
            Err(place) => {
                let stand_in = self.next_surrogate(masked, is_free)?;
                self.insert(place, masked, label, stand_in, true)
            }
        };
        self.entries.get(index).map(|entry| entry.stand_in.clone())
    }

    fn find(&self, masked: Masked<'_>, label: &str, is_surrogate: bool) -> Result<usize, usize> {
        let wanted = (masked.value, label, masked.is_number, is_surrogate);
        let place = self.by_value.binary_search_by(|index| {
            let known = self.entries.get(*index);
            let known = known.map(|known| {
                (
                    known.original.as_str(),
                    known.label.as_str(),
                    known.is_number,
                    known.is_surrogate,
                )
            });
            known.cmp(&Some(wanted))
        });
        place.map(|at| self.by_value.get(at).copied().unwrap_or_default())
    }

    fn insert(
        &mut self,
        place: usize,
        masked: Masked<'_>,
        label: String,
        stand_in: String,
        is_surrogate: bool,
    ) -> usize {
        let index = self.entries.len();
        self.by_value.insert(place.min(self.by_value.len()), index);
        if is_surrogate {
            let place = self
                .surrogates
                .partition_point(|known| capitals(self.stand_in(*known)).lt(capitals(stand_in.as_bytes())));
            self.surrogates.insert(place, index);
        } else {
            let place = self
                .by_name
                .partition_point(|known| self.stand_in(*known) < stand_in.as_bytes());
            self.by_name.insert(place, index);
            if !self.labels.contains(&label) {
                self.labels.push(label.clone());
            }
        }
        self.start_with(stand_in.as_bytes().first().copied().unwrap_or_default());
        self.has_numbers |= masked.is_number;
        self.entries.push(Entry {
            stand_in,
            original: masked.value.to_owned(),
            is_number: masked.is_number,
            rule: masked.rule,
            is_surrogate,
            label,
        });
        index
    }

    /// The next number of a label or an entity, from 1.
    fn next_number(&mut self, of: &str) -> u64 {
        match self.numbers.iter_mut().find(|(known, _)| known == of) {
            Some((_, last)) => {
                *last += 1;
                *last
            }
            None => {
                self.numbers.push((of.to_owned(), 1));
                1
            }
        }
    }

    fn numbered(&mut self, label: &str) -> String {
        loop {
            let name = format!("{label}_{}", self.next_number(label));
            if self.taken.binary_search(&hash(name.as_bytes())).is_err() {
                return name;
            }
        }
    }

    fn tagged(&self, label: &str, masked: Masked<'_>, key: &Key) -> String {
        let kind = if masked.is_number { "number" } else { "text" };
        let number = self.entries.len().to_string();
        let named = if key.is_guessable() { &number } else { masked.value };
        let tag = key.tag(&format!("{label}/{kind}"), named, 64);
        let mut digits = TAG_DIGITS;
        loop {
            let name = format!("{label}_{}", tag.get(..digits).unwrap_or(&tag));
            if digits >= 20 || self.named(name.as_bytes()).is_none() {
                return name;
            }
            digits += 2;
        }
    }

    /// The first surrogate that is no value of the request.
    fn next_surrogate(&mut self, masked: Masked<'_>, is_free: &dyn Fn(&str) -> bool) -> Option<String> {
        if self.surrogates.len() >= MAX_SURROGATES || masked.is_number {
            return None;
        }
        loop {
            let number = self.next_number(masked.entity);
            let surrogate = surrogate::make(masked.entity, masked.value, number)?;
            if is_free(&surrogate) && !self.was_sent(&surrogate) {
                return Some(surrogate);
            }
        }
    }

    fn stand_in(&self, index: usize) -> &[u8] {
        self.entries
            .get(index)
            .map_or(b"", |entry| entry.stand_in.as_bytes())
    }

    fn start_with(&mut self, first: u8) {
        for byte in [
            first.to_ascii_uppercase(),
            first.to_ascii_lowercase(),
            b'[',
            b'\\',
            b'"',
            0xef,
            0xe3,
        ] {
            if let Some(word) = self.starts.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
    }

    /// How many bytes lie before the next with which a stand-in may begin.
    pub(crate) fn next_start(&self, text: &[u8]) -> Option<usize> {
        text.iter().position(|byte| {
            let word = self
                .starts
                .get(usize::from(byte >> 6))
                .copied()
                .unwrap_or_default();
            word >> (byte & 63) & 1 == 1
        })
    }

    /// The entry of an index.
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The placeholder of this name, in capitals.
    pub(crate) fn named(&self, name: &[u8]) -> Option<usize> {
        let place = self
            .by_name
            .binary_search_by(|index| self.stand_in(*index).cmp(name))
            .ok()?;
        self.by_name.get(place).copied()
    }

    /// Whether a placeholder's name begins like this.
    pub(crate) fn has_name_from(&self, start: &[u8]) -> bool {
        let place = self
            .by_name
            .partition_point(|index| self.stand_in(*index) < start);
        self.by_name
            .get(place)
            .is_some_and(|index| self.stand_in(*index).starts_with(start))
    }

    /// Whether names with this label are given out.
    pub(crate) fn has_label(&self, label: &[u8]) -> bool {
        self.labels.iter().any(|known| known.as_bytes() == label)
    }

    /// Whether a number in JSON is masked.
    pub(crate) fn has_numbers(&self) -> bool {
        self.has_numbers
    }

    /// The longest surrogate with which a text begins, in any case: its length and its index. And whether a longer one
    /// may begin there, had the text gone on.
    pub(crate) fn surrogates_in(&self, text: &[u8]) -> (Option<(usize, usize)>, bool) {
        let byte = |index: &usize, at: usize| self.stand_in(*index).get(at).map(u8::to_ascii_uppercase);
        let (mut alike, mut at, mut found) = (self.surrogates.as_slice(), 0, None);
        while let Some((first, longer)) = alike.split_first() {
            // All that are left begin with the first `at` bytes.
            if byte(first, at).is_none() {
                found = Some((at, *first));
                alike = longer;
                continue;
            }
            let Some(next) = text.get(at).map(u8::to_ascii_uppercase) else {
                return (found, true);
            };
            let from = alike.partition_point(|index| byte(index, at) < Some(next));
            let to = alike.partition_point(|index| byte(index, at) <= Some(next));
            alike = alike.get(from..to).unwrap_or_default();
            at += 1;
        }
        (found, false)
    }
}

fn capitals(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().map(u8::to_ascii_uppercase)
}

/// Never what it holds.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} values>", self.entries.len())
    }
}

/// The placeholder that nobody restores: for what is masked in answers.
pub(crate) fn bare_placeholder(entity: &str) -> String {
    format!("[{}]", placeholder::label(entity))
}
