//! N-grams of words by their hashes, block by block.

use crate::concepts::{Concept, Concepts};
use crate::token::{Kind, Letters, Token, Tokens, mix};

/// Concepts further apart than so many words have nothing to do with each other.
const REACH: u32 = 14;

/// A concept that was met: what it is, after how many words, and where it begins.
type Met = (Concept, u32, usize);

/// Reads tokens, and shows the n-grams that each closes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    /// Hashes and first bytes of the last two words.
    words: [(u32, usize); 2],
    count: u32,
    /// The last concepts, the latest first.
    met: [Met; 3],
}

impl Reader {
    /// Shows n-grams by their hashes, with the first byte of each: the word, the pair, the three in a row, the pair around another
    /// word; the concept, and the concepts before it with this one; of a mark itself alone.
    #[inline]
    pub(crate) fn push(&mut self, token: Token, concepts: &Concepts, mut show: impl FnMut(u32, usize)) {
        show(token.hash, token.start);
        if token.kind != Kind::Word {
            return;
        }
        let [(last, last_start), (previous, previous_start)] = self.words;
        let [two, three, around] = join(previous, last, token.hash);
        show(two, last_start);
        show(three, previous_start);
        show(around, previous_start);
        self.words = [(token.hash, token.start), (last, last_start)];
        self.count += 1;
        let entries = [
            (three, previous_start),
            (two, last_start),
            (token.hash, token.start),
        ];
        let found = entries
            .into_iter()
            .find_map(|(gram, start)| Some((concepts.of(gram)?, start)));
        if let Some((concept, start)) = found {
            self.meet((concept, self.count, start), &mut show);
        }
    }

    fn meet(&mut self, met: Met, show: &mut impl FnMut(u32, usize)) {
        let (concept, count, start) = met;
        let one = mix(0x7f4a_7c15 ^ u32::from(concept));
        show(one, start);
        let near = |other: &&Met| other.0 != 0 && other.0 != concept && count - other.1 <= REACH;
        let mut before = self.met.iter().filter(near);
        let latest = before.next();
        for (other, _, from) in latest.into_iter().chain(before) {
            show(pair(mix(0x7f4a_7c15 ^ u32::from(*other)), one), *from);
        }
        if let [first, second, _] = self.met
            && [&first, &second].iter().all(near)
        {
            let two = pair(
                mix(0x7f4a_7c15 ^ u32::from(second.0)),
                mix(0x7f4a_7c15 ^ u32::from(first.0)),
            );
            show(pair(two, one), second.2);
        }
        let [first, second, third] = self.met;
        // The same again is no news, but a newer place.
        self.met = if first.0 == concept {
            [met, second, third]
        } else {
            [met, first, second]
        };
    }
}

/// The pair, the three in a row, and the pair around the one in the middle. The hashes of words are well mixed, so that sums of odd
/// multiples of them are.
#[inline]
fn join(first: u32, second: u32, third: u32) -> [u32; 3] {
    let last = third.wrapping_mul(0x9e37_79b1);
    let two = second.wrapping_mul(0x85eb_ca77).wrapping_add(last);
    let before = first.wrapping_mul(0xc2b2_ae3d);
    [
        two,
        two.wrapping_add(before),
        (last ^ 0x5bd1_e995).wrapping_add(before),
    ]
}

fn pair(a: u32, b: u32) -> u32 {
    mix(a.rotate_left(15).wrapping_mul(0x9e37_79b1) ^ b)
}

/// The hash of up to three words in a row, as [`Reader`] gives it.
pub(crate) fn chain(words: &[u32]) -> u32 {
    match *words {
        [first, second, third, ..] => {
            let [_, three, _] = join(first, second, third);
            three
        }
        [second, third] => {
            let [two, ..] = join(0, second, third);
            two
        }
        [word] => word,
        [] => 0,
    }
}

/// A text as blocks of so many tokens; a window is a block and the one behind it.
pub struct Grams {
    /// The distinct n-grams of each block, in order, and its tokens. At least one block.
    pub blocks: Vec<(Vec<u32>, u32)>,
    /// What the text is written in.
    pub letters: Letters,
}

impl Grams {
    /// Reads a text.
    pub fn new(text: &str, block: u32, concepts: &Concepts) -> Self {
        let mut tokens = Tokens::new(text);
        let (mut blocks, mut grams, mut reader) = (Vec::new(), Vec::new(), Reader::default());
        let mut count = 0;
        for token in tokens.by_ref() {
            if count == block {
                blocks.push((distinct(&mut grams), count));
                count = 0;
            }
            count += 1;
            reader.push(token, concepts, |gram, _| grams.push(gram));
        }
        if count > 0 || blocks.is_empty() {
            blocks.push((distinct(&mut grams), count));
        }
        Self {
            blocks,
            letters: tokens.letters(),
        }
    }
}

fn distinct(grams: &mut Vec<u32>) -> Vec<u32> {
    grams.sort_unstable();
    grams.dedup();
    std::mem::take(grams)
}
