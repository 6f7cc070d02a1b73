//! All rules over one text.

use crate::find::{Find, Rule, RuleId, Strength};
use crate::fold::Folded;
use crate::pattern::Custom;
use crate::{pii, secrets};
use std::sync::Arc;

/// Built-in rules, in the order of their numbers.
const GROUPS: [&[Rule]; 3] = [pii::RULES, pii::national::RULES, secrets::RULES];
/// How many of them are about personal data; those about secrets come after.
const PERSONAL: usize = pii::RULES.len() + pii::national::RULES.len();

/// A choice of built-in rules, and rules of the user.
#[derive(Clone, Debug)]
pub struct Scanner {
    rules: Vec<Rule<'static>>,
    on: Vec<bool>,
    custom: Arc<[Custom]>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(|rule| rule.default)
    }
}

impl Scanner {
    /// Every built-in rule that `choice` takes.
    pub fn new(choice: impl Fn(&Rule<'_>) -> bool) -> Self {
        let rules = GROUPS.concat();
        let on = rules.iter().map(choice).collect();
        Self {
            rules,
            on,
            custom: Arc::new([]),
        }
    }

    /// The same choice, and these rules of the user.
    #[must_use]
    pub fn with(mut self, custom: Vec<Custom>) -> Self {
        self.custom = custom.into();
        self
    }

    /// All rules, by number: the built-in ones, then those of the user.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'_>> {
        let custom = self.custom.iter().map(Custom::rule);
        self.rules.iter().copied().chain(custom)
    }

    /// Of the rules that run, keeps those that `choice` takes.
    pub fn keep(&mut self, choice: impl Fn(RuleId) -> bool) {
        for (number, on) in self.on.iter_mut().enumerate() {
            *on = *on && u16::try_from(number).is_ok_and(|number| choice(RuleId(number)));
        }
    }

    /// The rule of a find.
    pub fn rule(&self, id: RuleId) -> Rule<'_> {
        const NONE: Rule<'_> = Rule {
            entity: "",
            id: "",
            strength: Strength::Context,
            default: false,
        };
        let number = usize::from(id.0);
        let custom = || self.custom.get(number - self.rules.len()).map(Custom::rule);
        let rule = self.rules.get(number).copied();
        rule.or_else(custom).unwrap_or(NONE)
    }

    /// What the text holds, in order, without overlap.
    pub fn scan(&self, text: &str) -> Vec<Find> {
        let folded = Folded::new(text);
        let mut finds = Vec::new();
        pii::scan(folded.text(), &mut finds);
        if pii::CUED.iter().any(|rule| self.runs(*rule)) {
            pii::scan_cued(folded.text(), &mut finds);
        }
        let personal = finds.len();
        secrets::scan(folded.text(), &mut finds);
        for find in finds.iter_mut().skip(personal) {
            find.rule.0 += PERSONAL as u16;
        }
        finds.retain(|find| self.runs(find.rule));
        for (number, custom) in (self.rules.len() as u16..).zip(&*self.custom) {
            custom.scan(folded.text(), RuleId(number), &mut finds);
        }
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

    fn runs(&self, rule: RuleId) -> bool {
        self.on.get(usize::from(rule.0)) == Some(&true)
    }

    /// Of finds that overlap the surest stays, then the longest, then that of the earlier rule.
    fn settle(&self, finds: &mut Vec<Find>) {
        finds.sort_unstable_by_key(|find| (find.start, find.rule));
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
