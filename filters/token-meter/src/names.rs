//! Label values, each with a number, and never more of them than a cap.

use crate::table::Table;

/// Longest name that is kept apart, in bytes; a longer one is `other`.
const MAX_NAME_BYTES: usize = 128;

/// The number of a label value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot(u16);

impl Slot {
    /// No value.
    pub(crate) const NONE: Self = Self(0);
    /// Any value that has no number of its own.
    pub(crate) const OTHER: Self = Self(1);

    pub(crate) fn number(self) -> u16 {
        self.0
    }
}

/// Whether a name that is new may have a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// As long as the cap allows. For names that somebody vouches for.
    Welcome,
    /// Only known names have one. Clients choose names, and a failed request must not fill the table.
    KnownOnly,
}

/// The values of one label.
#[derive(Debug)]
pub(crate) struct Names {
    slots: Table<String, Slot>,
    names: Vec<String>,
    cap: usize,
}

impl Names {
    /// Room for `cap` names, beside none at all and `other`.
    pub(crate) fn new(other: &str, cap: u16) -> Self {
        let names = vec!["none".to_owned(), other.to_owned()];
        Self {
            slots: Table::default(),
            names,
            cap: usize::from(cap),
        }
    }

    /// The number of `name`.
    pub(crate) fn slot(&mut self, name: Option<&str>, admission: Admission) -> Slot {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Slot::NONE;
        };
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let full = self.slots.len() >= self.cap || name.len() > MAX_NAME_BYTES;
        match (admission, u16::try_from(self.names.len())) {
            (Admission::Welcome, Ok(next)) if !full => {
                *self.slots.slot(name.to_owned()) = Slot(next);
                self.names.push(name.to_owned());
                Slot(next)
            }
            (Admission::Welcome | Admission::KnownOnly, _) => Slot::OTHER,
        }
    }

    /// The name of a number.
    pub(crate) fn name(&self, slot: Slot) -> &str {
        self.names.get(usize::from(slot.0)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_cap_are_other() {
        let mut names = Names::new("other", 2);
        let a = names.slot(Some("a"), Admission::Welcome);
        let b = names.slot(Some("b"), Admission::Welcome);
        assert_eq!(names.slot(Some("c"), Admission::Welcome), Slot::OTHER);
        assert_eq!(names.slot(Some("a"), Admission::KnownOnly), a);
        assert_eq!(
            (names.name(a), names.name(b), names.name(Slot::OTHER)),
            ("a", "b", "other")
        );
    }

    #[test]
    fn a_failed_request_takes_no_place() {
        let mut names = Names::new("rest", 1);
        assert_eq!(names.slot(Some("typo"), Admission::KnownOnly), Slot::OTHER);
        assert_ne!(names.slot(Some("real"), Admission::Welcome), Slot::OTHER);
    }

    #[test]
    fn nothing_and_too_much_have_fixed_numbers() {
        let mut names = Names::new("other", 5);
        assert_eq!(names.slot(None, Admission::Welcome), Slot::NONE);
        assert_eq!(names.slot(Some(""), Admission::Welcome), Slot::NONE);
        assert_eq!(
            names.slot(Some(&"x".repeat(129)), Admission::Welcome),
            Slot::OTHER
        );
        assert_eq!(names.name(Slot::NONE), "none");
    }
}
