//! Personal data.

use crate::find::{Find, Rule, RuleId, Strength};

/// The rules, by number.
pub(crate) const RULES: &[Rule] = &[Rule {
    entity: "EMAIL_ADDRESS",
    id: "email",
    strength: Strength::Checked,
    default: true,
}];

/// Adds what a folded text holds, in any order, overlaps included.
pub(crate) fn scan(text: &str, finds: &mut Vec<Find>) {
    let bytes = text.as_bytes();
    let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'.' || **b == b'-';
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'@') {
        let before = bytes.iter().take(at).rev().take_while(word).count();
        let after = bytes.iter().skip(at + 1).take_while(word).count();
        if before > 0 && after > 3 {
            finds.push(Find {
                start: at - before,
                end: at + 1 + after,
                rule: RuleId(0),
            });
        }
    }
}
