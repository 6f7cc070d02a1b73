//! All rows as one table, and the shapes by the letters and digits that they begin with. Built by the compiler.
#![expect(
    clippy::indexing_slicing,
    reason = "constants: out of bounds is an error of the compiler"
)]

use super::row::{Check, Row, any, named};
use super::shape::{Shape, told};
use super::{ROWS, TABLES};
use crate::find::Rule;

/// Letters and digits that the longest shape begins with, and one.
const LENGTHS: usize = 20;

/// Where shapes begin with a letter, and where with a digit, by how many letters and digits come first.
pub(super) struct Index<const N: usize> {
    /// For a letter (0) and a digit (1): where the shapes of a length begin in `shapes`.
    starts: [[u16; LENGTHS + 1]; 2],
    /// Numbers of rows, with their shapes.
    shapes: [(u16, Shape); N],
}

/// The shapes of all rows.
pub(super) const SHAPES: &Index<{ shapes() }> = &index();

impl<const N: usize> Index<N> {
    /// The shapes that begin with a group like this one, in the order of the rows.
    pub(super) fn like(&self, first: u8, len: usize) -> &[(u16, Shape)] {
        let starts = self.starts.get(usize::from(first.is_ascii_digit()));
        let range = starts.and_then(|starts| Some(*starts.get(len)?..*starts.get(len + 1)?));
        let range = range.map(|range| usize::from(range.start)..usize::from(range.end));
        range.and_then(|range| self.shapes.get(range)).unwrap_or_default()
    }
}

/// How many rows the tables have.
pub(super) const fn count(tables: &[&[Row]]) -> usize {
    let (mut rows, mut table) = (0, 0);
    while table < tables.len() {
        rows += tables[table].len();
        table += 1;
    }
    rows
}

/// The rows of all tables.
pub(super) const fn rows<const N: usize>() -> [Row; N] {
    let mut rows = [named("", "", &[], any, &[]); N];
    let (mut next, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            rows[next] = TABLES[table][row];
            next += 1;
            row += 1;
        }
        table += 1;
    }
    rows
}

/// The rules of all rows.
pub(super) const fn rules<const N: usize>(rows: &[Row; N]) -> [Rule<'static>; N] {
    let mut rules = [rows[0].rule; N];
    let mut row = 0;
    while row < N {
        rules[row] = rows[row].rule;
        row += 1;
    }
    rules
}

/// The checks of all rows.
pub(super) const fn checks<const N: usize>(rows: &[Row; N]) -> [Check; N] {
    let mut checks = [rows[0].check; N];
    let mut row = 0;
    while row < N {
        checks[row] = rows[row].check;
        row += 1;
    }
    checks
}

const fn shapes() -> usize {
    let (mut shapes, mut row) = (0, 0);
    while row < ROWS.len() {
        shapes += ROWS[row].shapes.len();
        row += 1;
    }
    shapes
}

const fn index<const N: usize>() -> Index<N> {
    let mut index = Index {
        starts: [[0; LENGTHS + 1]; 2],
        shapes: [(0, told("")); N],
    };
    let (mut next, mut head) = (0, 0);
    while head < 2 * LENGTHS {
        let (class, len) = (head / LENGTHS, head % LENGTHS);
        index.starts[class][len] = next as u16;
        let mut row = 0;
        while row < ROWS.len() {
            let mut shape = 0;
            while shape < ROWS[row].shapes.len() {
                let text = ROWS[row].shapes[shape].text.as_bytes();
                if text[0].is_ascii_digit() as usize == class && head_len(text) == len {
                    index.shapes[next] = (row as u16, ROWS[row].shapes[shape]);
                    next += 1;
                }
                shape += 1;
            }
            row += 1;
        }
        index.starts[class][LENGTHS] = next as u16;
        head += 1;
    }
    index
}

/// Letters and digits up to the first separator.
const fn head_len(shape: &[u8]) -> usize {
    let mut len = 0;
    while len < shape.len() && shape[len].is_ascii_alphanumeric() {
        len += 1;
    }
    len
}
