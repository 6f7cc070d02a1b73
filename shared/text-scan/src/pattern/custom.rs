//! A rule of the user.

use super::check::Check;
use super::error::PatternError;
use super::literals::Literals;
use super::regex::Regex;
use super::{Case, Group};
use crate::find::{Find, Rule, RuleId, Strength};
use std::ops::Range;

/// A rule of the user. It outweighs built-in rules where both find the same or overlap; within a longer find it goes.
///
/// ```
/// use penstock_text_scan::{Custom, Group, Near, Pattern, Scanner};
///
/// let badge = Custom {
///     entity: "BADGE".to_owned(),
///     id: "badge".to_owned(),
///     pattern: Pattern::regex(r"\bB(\d{5})\b", Group::Number(1))?,
///     check: None,
///     near: Some(Near::new(["badge", "工牌"], 40)?),
/// };
/// let scanner = Scanner::default().with(vec![badge]);
/// let text = "my badge: B12345";
/// let finds = scanner.scan(text);
/// assert_eq!(scanner.rule(finds[0].rule).entity, "BADGE");
/// assert_eq!(&text[finds[0].start..finds[0].end], "12345");
/// assert!(scanner.scan("vitamin B12345").is_empty());
/// # Ok::<(), penstock_text_scan::PatternError>(())
/// ```
#[derive(Debug)]
pub struct Custom {
    /// What is found, such as `EMPLOYEE_ID`.
    pub entity: String,
    /// Names the rule in metrics and in `penstock scan`.
    pub id: String,
    /// What it looks like.
    pub pattern: Pattern,
    /// What its digits must fulfil.
    pub check: Option<Check>,
    /// Words that must be near.
    pub near: Option<Near>,
}

/// What a rule of the user looks for. Full-width forms are ASCII, here as in texts.
#[derive(Debug)]
pub enum Pattern {
    /// One of many literals.
    Literals(Literals),
    /// A regular expression.
    Regex(Regex),
}

impl Pattern {
    /// Literals: see [`Literals::new`].
    pub fn literals<'t>(
        literals: impl IntoIterator<Item = &'t str>,
        case: Case,
    ) -> Result<Self, PatternError> {
        Literals::new(literals, case).map(Self::Literals)
    }

    /// A regular expression: see [`Regex::new`].
    pub fn regex(source: &str, group: Group<'_>) -> Result<Self, PatternError> {
        Regex::new(source, group).map(Self::Regex)
    }

    /// Shows every match, from left to right, without overlap.
    pub fn each(&self, text: &str, found: impl FnMut(Range<usize>)) {
        match self {
            Self::Literals(literals) => literals.each(text, found),
            Self::Regex(regex) => regex.each(text, found),
        }
    }
}

/// Words of which one must be near a find, in any case and any language.
#[derive(Clone, Debug)]
pub struct Near {
    words: Literals,
    reach: usize,
}

impl Near {
    /// Words that count up to `reach` bytes before or behind a find.
    pub fn new<'t>(words: impl IntoIterator<Item = &'t str>, reach: usize) -> Result<Self, PatternError> {
        let words = Literals::new(words, Case::Fold)?;
        Ok(Self { words, reach })
    }

    /// Leaves the finds that have a word near them.
    fn sift(&self, text: &str, finds: &mut Vec<Range<usize>>) {
        let mut words: Vec<Range<usize>> = Vec::new();
        if !finds.is_empty() {
            self.words.each(text, |word| words.push(word));
        }
        finds.retain(|find| {
            let from = find.start.saturating_sub(self.reach);
            let passed = words.partition_point(|word| word.start < from);
            words
                .get(passed)
                .is_some_and(|word| word.end <= find.end.saturating_add(self.reach))
        });
    }
}

impl Custom {
    /// The rule as others see it.
    pub(crate) fn rule(&self) -> Rule<'_> {
        Rule {
            entity: &self.entity,
            id: &self.id,
            strength: Strength::Own,
            default: true,
        }
    }

    /// Adds what a folded text holds.
    pub(crate) fn scan(&self, text: &str, rule: RuleId, finds: &mut Vec<Find>) {
        let mut found = Vec::new();
        self.pattern.each(text, |range| found.push(range));
        if let Some(check) = self.check {
            found.retain(|range| text.get(range.clone()).is_some_and(|value| check.holds(value)));
        }
        if let Some(near) = &self.near {
            near.sift(text, &mut found);
        }
        finds.extend(
            found
                .into_iter()
                .map(|Range { start, end }| Find { start, end, rule }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Custom, Group, Near, Pattern};
    use crate::{Check, Scanner};

    fn found(custom: Custom, text: &str) -> Vec<&str> {
        let entity = custom.entity.clone();
        let scanner = Scanner::new(|_| false).with(vec![custom]);
        let finds = scanner.scan(text);
        assert!(finds.iter().all(|find| scanner.rule(find.rule).entity == entity));
        finds
            .iter()
            .filter_map(|find| text.get(find.start..find.end))
            .collect()
    }

    fn custom(pattern: Pattern) -> Custom {
        Custom {
            entity: "CUSTOM".to_owned(),
            id: "custom".to_owned(),
            pattern,
            check: None,
            near: None,
        }
    }

    #[test]
    fn full_width_forms_are_found_and_the_find_covers_them() {
        let badge = custom(Pattern::regex(r"B-\d{3}", Group::Whole).unwrap());
        assert_eq!(found(badge, "号Ｂ－１２３、B-456"), ["Ｂ－１２３", "B-456"]);
        let project = custom(Pattern::literals(["Ｎimbus"], Case::Fold).unwrap());
        assert_eq!(
            found(project, "ＮＩＭＢＵＳ and nimbus"),
            ["ＮＩＭＢＵＳ", "nimbus"]
        );
    }

    #[test]
    fn a_check_digit_decides() {
        let loyalty = Custom {
            check: Check::from_name("luhn"),
            ..custom(Pattern::regex(r"\b\d{4}-\d{3}\b", Group::Whole).unwrap())
        };
        assert_eq!(
            found(loyalty, "7992-739, 7992-738, 0000-018"),
            ["7992-738", "0000-018"]
        );
    }

    #[test]
    fn words_count_only_when_near() {
        let near = |text| {
            let number = custom(Pattern::regex(r"\d{5}", Group::Whole).unwrap());
            let near = Near::new(["Matrícula", "学号"], 12).unwrap();
            found(
                Custom {
                    near: Some(near),
                    ..number
                },
                text,
            )
            .len()
        };
        assert_eq!(near("MATRÍCULA: 12345"), 1);
        assert_eq!(near("12345は学号です"), 1);
        assert_eq!(near("matrícula de la universidad 12345"), 0);
        assert_eq!(near("matrículas 12345"), 0);
        assert_eq!(near("学号11111 22222 33333"), 2);
    }

    #[test]
    fn an_own_rule_outweighs_a_built_in_one() {
        let alias = Custom {
            entity: "ALIAS".to_owned(),
            ..custom(Pattern::regex(r"team-\w+@example\.com", Group::Whole).unwrap())
        };
        let scanner = Scanner::default().with(vec![alias]);
        let finds = scanner.scan("ana@example.com, team-x@example.com");
        let entities: Vec<_> = finds.iter().map(|find| scanner.rule(find.rule).entity).collect();
        assert_eq!(entities, ["EMAIL_ADDRESS", "ALIAS"]);
    }
}
