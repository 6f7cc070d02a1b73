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

    /// Leaves finds that do not overlap, and nothing uncovered that one of them covered.
    fn settle(&self, finds: &mut Vec<Find>) {
        finds.sort_unstable_by_key(|find| (find.start, find.rule));
        let mut kept: Vec<Find> = Vec::with_capacity(finds.len());
        for find in finds.iter() {
            let Some(last) = kept.last_mut().filter(|last| find.start < last.end) else {
                kept.push(*find);
                continue;
            };
            // What begins before the last one is covered by those before it.
            let start = find.start.max(last.start);
            let find = Find { start, ..*find };
            match self.meet(last, &find) {
                Meeting::Goes => {}
                Meeting::Replaces => *last = find,
                Meeting::Cuts => {
                    last.end = start;
                    kept.push(find);
                }
                Meeting::IsCut => {
                    let start = last.end;
                    kept.push(Find { start, ..find });
                }
            }
        }
        *finds = kept;
    }

    /// A find within another goes. Of two that overlap otherwise the surer stays whole, then the longer, then that of the
    /// earlier rule; the other one keeps what is left of it. What rests on a word nearby gives way to a surer one altogether.
    fn meet(&self, last: &Find, find: &Find) -> Meeting {
        let is_surer = self.weight(find) > self.weight(last);
        let is_same = (find.start, find.end) == (last.start, last.end);
        match (self.is_weak(last), self.is_weak(find)) {
            _ if find.end <= find.start => Meeting::Goes,
            (false, true) => Meeting::Goes,
            (true, false) => Meeting::Replaces,
            _ if is_same && is_surer => Meeting::Replaces,
            _ if find.end <= last.end => Meeting::Goes,
            _ if find.start == last.start => Meeting::Replaces,
            _ if is_surer => Meeting::Cuts,
            _ => Meeting::IsCut,
        }
    }

    fn is_weak(&self, find: &Find) -> bool {
        self.rule(find.rule).strength == Strength::Context
    }

    /// A find may begin behind its end here, where another one covers all of it.
    fn weight(&self, find: &Find) -> (Strength, usize) {
        (self.rule(find.rule).strength, find.end.saturating_sub(find.start))
    }
}

/// What becomes of a find that overlaps the last one.
enum Meeting {
    Goes,
    Replaces,
    /// The last one ends where it begins.
    Cuts,
    /// It begins where the last one ends.
    IsCut,
}

#[cfg(test)]
mod tests {
    use super::{Find, RuleId, Scanner, Strength};
    use crate::{Custom, Group, Pattern};
    use proptest::prelude::*;

    #[test]
    fn a_rule_within_a_find_of_another_leaves_nothing_of_it_over() {
        let name = Custom {
            entity: "NAME".to_owned(),
            id: "name".to_owned(),
            pattern: Pattern::literals(["ana", "com, B"], crate::Case::Fold).unwrap(),
            check: None,
            near: None,
        };
        let order = Custom {
            entity: "ORDER".to_owned(),
            id: "order".to_owned(),
            pattern: Pattern::regex("com, B-[0-9]+", Group::Whole).unwrap(),
            check: None,
            near: None,
        };
        let scanner = Scanner::default().with(vec![name, order]);
        let text = "Ana: ana@example.com, B-12";
        let finds = scanner.scan(text);
        let finds: Vec<_> = finds
            .iter()
            .map(|find| {
                (
                    scanner.rule(find.rule).entity,
                    text.get(find.start..find.end).unwrap(),
                )
            })
            .collect();
        assert_eq!(
            finds,
            [
                ("NAME", "Ana"),
                ("EMAIL_ADDRESS", "ana@example."),
                ("ORDER", "com, B-12")
            ]
        );
    }

    /// The rules of each strength.
    fn rules(scanner: &Scanner) -> Vec<RuleId> {
        let of = |strength| scanner.rules().position(|rule| rule.strength == strength);
        let found = [Strength::Context, Strength::Form, Strength::Checked].map(of);
        found
            .into_iter()
            .flatten()
            .map(|rule| RuleId(rule as u16))
            .collect()
    }

    proptest! {
        #[test]
        fn what_was_covered_stays_covered_once(given in prop::collection::vec((0usize..40, 1usize..12, 0usize..3), 0..12)) {
            let scanner = Scanner::default();
            let rules = rules(&scanner);
            let find = |(start, length, rule): &(usize, usize, usize)| Find { start: *start, end: start + length, rule: rules[*rule] };
            let given: Vec<Find> = given.iter().map(find).collect();
            let mut settled = given.clone();
            scanner.settle(&mut settled);
            prop_assert!(settled.iter().all(|find| find.start < find.end), "{:?}", settled);
            prop_assert!(settled.windows(2).all(|pair| pair[0].end <= pair[1].start), "{:?}", settled);
            for at in 0..60 {
                let covers = |find: &&Find| find.start <= at && at < find.end;
                let by_form = given.iter().filter(covers).any(|find| find.rule != rules[0]);
                prop_assert!(!by_form || settled.iter().any(|find| covers(&find)), "{} of {:?} in {:?}", at, given, settled);
                prop_assert!(given.iter().any(|find| covers(&find)) || !settled.iter().any(|find| covers(&find)));
            }
        }
    }
}
