//! All rules over one text.

use crate::find::{Find, Rule, RuleId, Strength};
use crate::fold::Folded;
use crate::{pii, secrets};

/// Built-in rules, in the order of their numbers.
const GROUPS: [&[Rule]; 3] = [pii::RULES, pii::national::RULES, secrets::RULES];
/// How many of them are about personal data; those about secrets come after.
const PERSONAL: usize = pii::RULES.len() + pii::national::RULES.len();

/// A choice of rules.
#[derive(Clone, Debug)]
pub struct Scanner {
    rules: Vec<Rule>,
    on: Vec<bool>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(|rule| rule.default)
    }
}

impl Scanner {
    /// Every built-in rule that `choice` takes.
    pub fn new(choice: impl Fn(&Rule) -> bool) -> Self {
        let rules = GROUPS.concat();
        let on = rules.iter().map(choice).collect();
        Self { rules, on }
    }

    /// All built-in rules, by number.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of a find.
    pub fn rule(&self, id: RuleId) -> Rule {
        const NONE: Rule = Rule {
            entity: "",
            id: "",
            strength: Strength::Context,
            default: false,
        };
        self.rules.get(usize::from(id.0)).copied().unwrap_or(NONE)
    }

    /// What the text holds, in order, without overlap.
    pub fn scan(&self, text: &str) -> Vec<Find> {
        let folded = Folded::new(text);
        let mut finds = Vec::new();
        pii::scan(folded.text(), &mut finds);
        let personal = finds.len();
        secrets::scan(folded.text(), &mut finds);
        for find in finds.iter_mut().skip(personal) {
            find.rule.0 += PERSONAL as u16;
        }
        finds.retain(|find| self.on.get(usize::from(find.rule.0)) == Some(&true));
        self.settle(&mut finds);
        for find in &mut finds {
            *find = Find {
                start: folded.origin(find.start),
                end: folded.origin(find.end),
                ..*find
            };
        }
        finds
    }

    /// Of finds that overlap the surest stays, then the longest.
    fn settle(&self, finds: &mut Vec<Find>) {
        finds.sort_unstable_by_key(|find| find.start);
        let mut kept: Vec<Find> = Vec::with_capacity(finds.len());
        for find in finds.iter() {
            match kept.last_mut() {
                Some(last) if last.end > find.start => {
                    if self.weight(find) > self.weight(last) {
                        *last = *find;
                    }
                }
                Some(_) | None => kept.push(*find),
            }
        }
        *finds = kept;
    }

    fn weight(&self, find: &Find) -> (Strength, usize) {
        (self.rule(find.rule).strength, find.end - find.start)
    }
}
