//! Exact values to look for in a row of letters, forward, backward and turned by ROT13.

use super::letters::letter;
use crate::rule::Known;
use penstock_text_scan::view::rot13;

/// Most values of one exchange: canaries, secrets and the words that announce a secret.
pub(crate) const MAX_VALUES: usize = 128;
/// Longest value, in letters.
pub(crate) const MAX_VALUE_LETTERS: usize = 128;
/// Shortest value, in letters: as many as are looked up at once.
pub(crate) const MIN_VALUE_LETTERS: usize = 4;

/// What an occurrence takes to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// No text has it by chance.
    Unique,
    /// Only as words of its own, or spaced out.
    Word,
    /// Only as a word of its own, and in quotes or near to a word that announces it.
    Common,
}

/// A value, or a word that announces one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Wanted(Known, Strength),
    Cue,
}

/// One way to write a value.
#[derive(Debug)]
pub(crate) struct Form {
    /// The number of the value.
    pub(crate) value: u8,
    pub(crate) role: Role,
    letters: Vec<char>,
    /// For each letter, whether a word begins there.
    opens: Vec<bool>,
}

/// What [`Form::fits`] compares with: a letter, and whether a word begins there.
pub(crate) type Opened = (char, bool);

impl Form {
    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// Whether it begins with these letters, and has more.
    pub(crate) fn begins_with(&self, mut given: impl ExactSizeIterator<Item = char>) -> bool {
        given.len() < self.len()
            && self
                .letters
                .iter()
                .all(|c| given.next().is_none_or(|other| other == *c))
    }

    /// Whether these are its letters, given from the last to the first.
    pub(crate) fn fits(&self, backward: impl Iterator<Item = Opened> + Clone) -> bool {
        let mut given = backward.clone().map(|(c, _)| c);
        let same = self.letters.iter().rev().all(|c| given.next() == Some(*c));
        same && match self.role {
            Role::Cue | Role::Wanted(_, Strength::Unique) => true,
            Role::Wanted(_, Strength::Word | Strength::Common) => self.words_fit(backward),
        }
    }

    /// Whether it stands there in its own words, or letter by letter.
    fn words_fit(&self, backward: impl Iterator<Item = Opened> + Clone) -> bool {
        let opens = backward.take(self.len()).map(|(_, opens)| opens);
        opens.clone().all(|opens| opens) || opens.eq(self.opens.iter().rev().copied())
    }
}

/// Values by the last letters of their forms.
#[derive(Debug, Default)]
pub(crate) struct Values {
    count: usize,
    forms: Vec<Form>,
    /// Sorted by the last letters.
    tails: Vec<(Tail, u16)>,
    /// A bit for each tail, by a hash: most letters end none.
    filter: [u64; 32],
}

impl Values {
    /// Takes a value in, if there is room and it has the letters. Gives whether it did.
    pub(crate) fn push(&mut self, text: &str, role: Role) -> bool {
        let (letters, opens) = spelt(text);
        let known = |form: &Form| form.letters == letters;
        let fits = (MIN_VALUE_LETTERS..=MAX_VALUE_LETTERS).contains(&letters.len());
        if !fits || self.count >= MAX_VALUES || self.forms.iter().any(known) {
            return false;
        }
        let value = self.count as u8;
        self.count += 1;
        let mut form = |letters: Vec<char>, opens: Vec<bool>| {
            self.forms.push(Form {
                value,
                role,
                letters,
                opens,
            });
        };
        if matches!(role, Role::Wanted(_, Strength::Unique | Strength::Word)) {
            let (back, turned) = (
                reversed(&letters),
                letters.iter().copied().map(rot13).collect::<Vec<_>>(),
            );
            form(reversed(&turned), opened(&turned));
            form(turned, opens.clone());
            form(back, opened(&letters));
        }
        form(letters, opens);
        true
    }

    /// To be called once all values are in.
    pub(crate) fn sorted(mut self) -> Self {
        let tail = |form: &Form| form.letters.iter().fold(Tail::default(), |tail, c| tail.then(*c));
        let tails = self.forms.iter().enumerate();
        self.tails = tails.map(|(at, form)| (tail(form), at as u16)).collect();
        self.tails.sort_unstable();
        for (tail, _) in &self.tails {
            let (word, bit) = tail.bit();
            if let Some(word) = self.filter.get_mut(word) {
                *word |= bit;
            }
        }
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Letters of the longest form.
    pub(crate) fn longest(&self) -> usize {
        self.forms.iter().map(Form::len).max().unwrap_or(0)
    }

    /// The forms of what must not be given away.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Form> {
        self.forms.iter().filter(|form| form.role != Role::Cue)
    }

    /// The forms that end like this.
    pub(crate) fn ending(&self, tail: Tail) -> impl Iterator<Item = &Form> {
        let (word, bit) = tail.bit();
        let may_be = self.filter.get(word).is_some_and(|word| word & bit != 0);
        let first = if may_be {
            self.tails.partition_point(|(other, _)| *other < tail)
        } else {
            self.tails.len()
        };
        let same = self.tails.get(first..).unwrap_or_default().iter();
        same.take_while(move |(other, _)| *other == tail)
            .filter_map(|(_, form)| self.forms.get(usize::from(*form)))
    }
}

/// The last four letters, 16 bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tail(u64);

impl Tail {
    pub(crate) fn then(self, c: char) -> Self {
        Self(self.0 << 16 | u64::from(c) & 0xffff)
    }

    fn bit(self) -> (usize, u64) {
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed >> 59) as usize, 1 << (mixed >> 53 & 63))
    }
}

/// The letters of a text, and where words begin.
fn spelt(text: &str) -> (Vec<char>, Vec<bool>) {
    let (mut letters, mut opens, mut outside) = (Vec::new(), Vec::new(), true);
    for c in text.chars() {
        let found = letter(c);
        if let Some((c, weight)) = found {
            letters.extend(std::iter::repeat_n(c, weight));
            opens.extend((0..weight).map(|nth| outside && nth == 0));
        }
        outside = found.is_none();
    }
    (letters, opens)
}

fn reversed(letters: &[char]) -> Vec<char> {
    letters.iter().rev().copied().collect()
}

/// Words of a reversed text: where its own words end is not kept, so it counts as one.
fn opened(letters: &[char]) -> Vec<bool> {
    (0..letters.len()).map(|at| at == 0).collect()
}
