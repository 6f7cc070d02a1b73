//! Personal data.

#[allow(dead_code, reason = "the recognisers that read it come next")]
mod candidate;
pub(crate) mod national;

use candidate::{Candidate, Gatherer};

use crate::context::Context;
use crate::find::{Find, Rule, RuleId, Strength};

/// The rules, by number. Those of [`national`] are numbered after them.
pub(crate) const RULES: &[Rule] = &[Rule {
    entity: "EMAIL_ADDRESS",
    id: "email",
    strength: Strength::Checked,
    default: true,
}];

/// Adds what a folded text holds, in any order, overlaps included.
pub(crate) fn scan(text: &str, finds: &mut Vec<Find>) {
    let text = text.as_bytes();
    let context = Context::new(text);
    let (mut gatherer, mut at) = (Gatherer::default(), 0);
    while let Some(trigger) = text.get(at..).and_then(next_trigger) {
        at += trigger;
        match text.get(at) {
            Some(b'@') => {
                email(text, at, finds);
                at += 1;
            }
            Some(b':') => at += 1,
            _ => {
                let (groups, next) = gatherer.gather(text, at);
                identify(&Candidate { text, groups }, &context, finds);
                at = next;
            }
        }
    }
}

/// Where something may stand: at digits, '@' and ':'.
fn next_trigger(text: &[u8]) -> Option<usize> {
    text.iter()
        .position(|b| TRIGGERS.get(usize::from(*b)) == Some(&true))
}

const TRIGGERS: [bool; 256] = triggers();

#[expect(
    clippy::indexing_slicing,
    reason = "a constant: out of bounds is an error of the compiler"
)]
const fn triggers() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = b'0';
    while byte <= b':' {
        table[byte as usize] = true;
        byte += 1;
    }
    table[b'@' as usize] = true;
    table
}

fn identify(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    let core = finds.len();
    national::identify(candidate, context, finds);
    for find in finds.iter_mut().skip(core) {
        find.rule.0 += RULES.len() as u16;
    }
}

fn email(text: &[u8], at: usize, finds: &mut Vec<Find>) {
    let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'.' || **b == b'-';
    let before = text.iter().take(at).rev().take_while(word).count();
    let after = text.iter().skip(at + 1).take_while(word).count();
    if before > 0 && after > 3 {
        finds.push(Find {
            start: at - before,
            end: at + 1 + after,
            rule: RuleId(0),
        });
    }
}
