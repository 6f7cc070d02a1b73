//! The scenarios, one file a subject.

mod plain;

use crate::scenario::Scenario;

/// Every scenario, in the order of the files.
pub fn all() -> Vec<Scenario> {
    let mut all = plain::cases();
    let mut names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        panic!("two scenarios are called `{}`", twice[0]);
    }
    all.shrink_to_fit();
    all
}
