//! Claims out of tokens: numbers with what scales them, and days in words.

use super::figure::{Day, Figure, month, readings, scale, shifted, to_day};
use super::lexer::Token;
use std::ops::Range;

/// Tokens that may become a day: day, month and year, with the signs of Chinese between.
const MAX_ITEMS: usize = 6;

/// What a text claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// One of these numbers.
    Number(Vec<String>),
    /// One of these days.
    Day(Vec<Day>),
}

#[derive(Clone, Debug)]
enum Item {
    /// A figure, and how far a word or a sign behind it moves its point.
    Figure(Figure, Option<i32>),
    Month(u32),
    /// 年, 月, 日 and the like.
    Mark(char),
}

/// Collects tokens until they are a claim.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    items: Vec<(Item, Range<u64>)>,
}

impl Claims {
    pub(crate) fn push(&mut self, token: &Token, range: Range<u64>, give: &mut dyn FnMut(Claim, Range<u64>)) {
        match token {
            Token::Figure(figure) => self.figure(figure, range, give),
            Token::Word(word, _) => self.word(word, range, give),
            Token::Sign(sign) => self.sign(*sign, range, give),
        }
        if self.items.len() > MAX_ITEMS {
            self.flush(give);
        }
    }

    /// What is left is numbers.
    pub(crate) fn flush(&mut self, give: &mut dyn FnMut(Claim, Range<u64>)) {
        for (item, range) in self.items.drain(..) {
            if let Item::Figure(figure, by) = item {
                for number in figure.numbers().filter(|_| !figure.glued) {
                    give(Claim::Number(meanings(number, by)), range.clone());
                }
            }
        }
    }

    /// Where the first token stands that is in no claim yet.
    pub(crate) fn open(&self) -> Option<u64> {
        self.items.first().map(|(_, range)| range.start)
    }

    fn figure(&mut self, figure: &Figure, range: Range<u64>, give: &mut dyn FnMut(Claim, Range<u64>)) {
        let days = figure.days();
        if !days.is_empty() {
            self.flush(give);
            return give(Claim::Day(days), range);
        }
        self.items.push((Item::Figure(figure.clone(), None), range));
        if let Some((day, count)) = self.day() {
            let from = self.items.len() - count;
            let start = self.items.get(from).map_or(0, |(_, range)| range.start);
            let end = self.items.last().map_or(0, |(_, range)| range.end);
            self.items.truncate(from);
            self.flush(give);
            give(Claim::Day(vec![day]), start..end);
        }
    }

    /// The day that the last items name, and how many they are.
    fn day(&self) -> Option<(Day, usize)> {
        let whole = |item: &Item| match item {
            Item::Figure(figure, None) => figure.whole(),
            Item::Figure(..) | Item::Month(_) | Item::Mark(_) => None,
        };
        let items: Vec<&Item> = self.items.iter().map(|(item, _)| item).collect();
        let day = match items.as_slice() {
            [
                ..,
                year,
                Item::Mark('年' | '년'),
                month,
                Item::Mark('月' | '월'),
                day,
            ] => {
                return Some((to_day(whole(year)?, whole(month)?, whole(day)?)?, 5));
            }
            [.., Item::Month(month), day, year] => to_day(whole(year)?, *month, whole(day)?),
            [.., a, Item::Month(month), b] => {
                let (a, b) = (whole(a)?, whole(b)?);
                to_day(b, *month, a).or_else(|| to_day(a, *month, b))
            }
            _ => None,
        };
        day.map(|day| (day, 3))
    }

    fn word(&mut self, word: &str, range: Range<u64>, give: &mut dyn FnMut(Claim, Range<u64>)) {
        if let (Some((Item::Figure(_, by @ None), _)), Some(zeros)) = (self.items.last_mut(), scale(word)) {
            *by = Some(zeros);
            return;
        }
        let mark = word
            .chars()
            .next()
            .filter(|c| matches!(c, '年' | '月' | '日' | '년' | '월' | '일'));
        match (month(word), mark) {
            (Some(month), _) => self.items.push((Item::Month(month), range)),
            (None, Some(mark)) => self.items.push((Item::Mark(mark), range)),
            (None, None) if is_filler(word) => {}
            (None, None) => self.flush(give),
        }
    }

    fn sign(&mut self, sign: char, _range: Range<u64>, give: &mut dyn FnMut(Claim, Range<u64>)) {
        match (self.items.last_mut(), sign) {
            (Some((Item::Figure(_, by @ None), _)), '%' | '‰') => {
                *by = Some(if sign == '%' { -2 } else { -3 })
            }
            // The number of a line is no claim.
            (Some((Item::Figure(figure, None), _)), '.' | ')' | '、')
                if figure.opens_line && figure.whole().is_some() =>
            {
                self.items.pop();
            }
            // `5. März`, but not the end of a sentence.
            (Some((Item::Figure(figure, _), _)), '.') if figure.text.len() > 2 => self.flush(give),
            (_, ' ' | ',' | '.' | '\u{a0}' | 'º') => {}
            _ => self.flush(give),
        }
    }
}

/// What may stand inside a day.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "of" | "the" | "de" | "del" | "den" | "st" | "nd" | "rd" | "th" | "er" | "le" | "el"
    )
}

fn meanings(number: &str, by: Option<i32>) -> Vec<String> {
    let mut meant = readings(number);
    if let Some(by) = by {
        let more: Vec<String> = meant.iter().map(|number| shifted(number, by)).collect();
        meant.extend(more);
    }
    meant
}
