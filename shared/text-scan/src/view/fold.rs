//! What stands for a character: reads the tables that `examples/tables` writes.

use super::table::{ALIKE, ALIKE_RARE, BYTES, FIRST, KEPT, RUNS, TEXT_ENDS, TEXTS, WORDS};

/// What stands for a character.
pub(super) enum Fold {
    Keep,
    Drop,
    One(char),
    Text(&'static str),
}

/// First code point of a run: the low bits of its head.
const CODE: u32 = 0x1f_ffff;
/// Characters that share an entry of `FIRST`.
const PAGE: u32 = 32;
/// Cells from here on are indexes into the texts.
const TEXT_CELLS: u16 = 0xd800;
/// First code point with a cell of its own in `ALIKE`.
const ALIKE_START: u32 = 0x370;

/// Whether a character below U+3000 stays, like the seven beside it, and takes no closer look.
#[inline(always)]
pub(super) fn is_kept(code: u32) -> bool {
    KEPT.get((code / 64) as usize)
        .is_some_and(|bits| bits >> (code / 8 % 8) & 1 == 1)
}

/// What stands for a character beyond ASCII.
pub(super) fn fold(c: char) -> Fold {
    let code = u32::from(c);
    let start = match FIRST.get((code / PAGE) as usize) {
        Some(first) => usize::from(*first),
        None => RUNS
            .partition_point(|(head, _)| head & CODE <= code)
            .saturating_sub(1),
    };
    let rest = RUNS.get(start..).unwrap_or_default();
    let run = rest.iter().find(|(head, _)| code <= (head & CODE) + (head >> 24));
    match run {
        Some((head, arg)) if head & CODE <= code => cell(*head, *arg, code),
        _ => Fold::Keep,
    }
}

/// What a run says about one of its characters.
fn cell(head: u32, arg: u32, code: u32) -> Fold {
    let offset = (code - (head & CODE)) as usize + arg as usize;
    match head >> 21 & 7 {
        0 if arg == 0 => Fold::Drop,
        0 => one(arg),
        1 => one(code.wrapping_add(arg)),
        2 => word(BYTES.get(offset).map_or(0, |byte| u16::from(*byte))),
        _ => word(WORDS.get(offset).copied().unwrap_or_default()),
    }
}

fn one(code: u32) -> Fold {
    char::from_u32(code).map_or(Fold::Keep, Fold::One)
}

fn word(cell: u16) -> Fold {
    match cell {
        0 => Fold::Keep,
        1 => Fold::Drop,
        TEXT_CELLS..0xe000 => text(usize::from(cell - TEXT_CELLS)).map_or(Fold::Keep, Fold::Text),
        _ => one(u32::from(cell)),
    }
}

fn text(index: usize) -> Option<&'static str> {
    let start = usize::from(*TEXT_ENDS.get(index)?);
    TEXTS.get(start..usize::from(*TEXT_ENDS.get(index + 1)?))
}

/// A letter of a script that has look-alikes of Latin letters.
pub(super) enum Alike {
    /// It is none itself.
    None,
    /// It looks like this one.
    Same(char),
    /// It is similar to this one: a look-alike in a word that has Latin letters too.
    Similar(char),
}

/// What a letter of such a script looks like. `None` for other characters.
#[inline(always)]
pub(super) fn alike(c: char) -> Option<Alike> {
    let code = u32::from(c);
    let cell = match ALIKE.get(code.wrapping_sub(ALIKE_START) as usize) {
        Some(cell) => *cell,
        None => rare_alike(code)?,
    };
    match cell {
        0 => None,
        1 => Some(Alike::None),
        0x80.. => Some(Alike::Similar(char::from(cell & 0x7f))),
        _ => Some(Alike::Same(char::from(cell))),
    }
}

/// The same of scripts that few write in.
fn rare_alike(code: u32) -> Option<u8> {
    let is_letter = matches!(code, 0x13a0..=0x13ff | 0x1400..=0x167f | 0x1c80..=0x1c8f | 0x2c80..=0x2cff
        | 0x2d30..=0x2d7f | 0xa4d0..=0xa4f7 | 0xa640..=0xa69f | 0xab70..=0xabbf);
    if !is_letter {
        return None;
    }
    let at = ALIKE_RARE.binary_search_by_key(&code, |(code, _)| u32::from(*code));
    Some(
        at.ok()
            .and_then(|at| ALIKE_RARE.get(at))
            .map_or(1, |(_, cell)| *cell),
    )
}
