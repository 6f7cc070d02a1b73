//! Words of attacks and of everyday English, and a text without blanks cut into them.

use std::sync::LazyLock;

use super::work;

/// The words, in order.
const WORDS: &str = "a able about above access account act action admin administrator after again against agent ai \
    all allow allowed already also always am an and another answer answers any anyone anything api are as ask asked \
    assistant at authorized away back bank base be because been before begin behave being below best better between \
    bomb book both build but by bypass call called can cannot card case change character chat check child code \
    command commands company complete computer confidential configuration consider constraints content context \
    continue conversation copy correct could create credentials credit data database date day debug decode delete \
    denied describe detail details developer device did different direct disable disclose display disregard do \
    document does doing done dont down drug drugs each email enable end english enter entered even ever every \
    everything example execute explain export extract fake false few file files filter filters find first follow \
    followed following for forget format forward free from full function further game get give given go god going \
    good grant granted great guide guideline guidelines hack hacker had has have he hello help her here hidden him \
    his home house how http https human i ict id if ignore ignored ignoring illegal imagine important in include \
    including information initial inject injection input inside instead instruct instruction instructions into is it \
    its jailbreak job just keep key keys know language last learn let letter like limit limitations limits line link \
    list little long look made mail main make malware man many may me mean message messages method mind mode model \
    money more most much must my name need never new next no not nothing now number of off offensive ok old on once \
    one only open openai operator or order other our out output over overridden override own page part password \
    passwords pay people perform permission person phone play please policies policy possible post pretend previous \
    previously print prior private problem process program prompt prompts provide put question questions quote read \
    real really received record refuse release remember remove repeat replace reply report request required reset \
    respond response restricted restriction restrictions result return reveal right role root rule rules run safe \
    safety said same save say school script search second secret secrets secure security see send sensitive sentence \
    server session set shall she shell should show shown shut shutdown since so some something speak start state \
    stay step steps still stop story string structure subject such summarize summary sure switch system take task \
    tell test text than that the their them then there these they thing things think this those three through time \
    title to today token tokens told too tool tools top translate true try turn two type unable under understand \
    unfiltered unlock unrestricted until up upload url us use used user users using value verbatim version very \
    violence virus want was watch way we weapon web website week well were what when where which while who why will \
    with within without word words work world would write wrong year yes yet you your yourself";

/// Letters of the longest word.
pub(super) const LONGEST: usize = 13;
/// Letters that are cut at a time, 32 KB of costs.
const SEGMENT_LETTERS: usize = 4096;
/// What a known word costs a cut.
const WORD: u32 = 10;
/// What one of two letters costs, which stand in others by chance.
const SHORT_WORD: u32 = 15;
/// What a letter of no word costs.
const LETTER: u32 = 10;

static SORTED: LazyLock<Vec<&'static str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

/// All of the words.
pub(super) fn vocabulary() -> impl Iterator<Item = &'static str> {
    SORTED.iter().copied()
}

/// Whether this is a known word, in letters of either case.
pub(super) fn is_known(word: &str) -> bool {
    let small = || word.bytes().map(|byte| byte.to_ascii_lowercase());
    SORTED
        .binary_search_by(|known| known.bytes().cmp(small()))
        .is_ok()
}

/// Where words end in small letters without blanks. Letters of no word stay together.
pub(super) fn segment(letters: &[u8]) -> Vec<usize> {
    let parts = letters.chunks(SEGMENT_LETTERS).enumerate();
    parts
        .flat_map(|(index, part)| {
            cut(part)
                .into_iter()
                .map(move |end| index * SEGMENT_LETTERS + end)
        })
        .collect()
}

/// The cut of least cost.
fn cut(letters: &[u8]) -> Vec<usize> {
    // For each offset the least cost up to it, and the length of the word that ends there: 0 for a letter of none.
    let mut best: Vec<(u32, u8)> = vec![(u32::MAX, 0); letters.len() + 1];
    relax(&mut best, 0, 0, 0);
    let tree = TREE.as_slice();
    for start in 0..letters.len() {
        let paid = best.get(start).map_or(0, |(cost, _)| *cost);
        relax(&mut best, start + 1, paid + LETTER, 0);
        for len in word_lengths(tree, letters.get(start..).unwrap_or_default()) {
            let price = if len < 3 { SHORT_WORD } else { WORD };
            relax(&mut best, start + len, paid + price, len as u8);
        }
    }
    ends(&best)
}

/// Keeps the cheaper way to an offset, and of two the one with the longer word.
fn relax(best: &mut [(u32, u8)], end: usize, cost: u32, len: u8) {
    if let Some(known) = best
        .get_mut(end)
        .filter(|known| (cost, u8::MAX - len) < (known.0, u8::MAX - known.1))
    {
        *known = (cost, len);
    }
}

/// The lengths of the known words that letters begin with.
#[inline(always)]
fn word_lengths(tree: &[Node], letters: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = tree.first();
    let letters = letters.iter().take(LONGEST).inspect(|_| work::count(1));
    let nodes = letters.map_while(move |letter| {
        at = at?.after(tree, *letter);
        at
    });
    (1..)
        .zip(nodes)
        .filter_map(|(len, node)| node.is_word.then_some(len))
}

/// The words as a tree of their letters: a node for each beginning of one. 8 bytes each, 20 KB.
#[derive(Debug, Default)]
struct Node {
    /// A bit for each letter that goes on.
    letters: u32,
    /// Where the nodes behind those stand, in order.
    first: u16,
    /// Whether a word ends here.
    is_word: bool,
}

static TREE: LazyLock<Vec<Node>> = LazyLock::new(|| tree(&SORTED));

impl Node {
    /// The node behind a small letter.
    #[inline(always)]
    fn after<'t>(&self, tree: &'t [Node], letter: u8) -> Option<&'t Node> {
        let bit = bit(letter)?;
        if self.letters & bit == 0 {
            return None;
        }
        tree.get(usize::from(self.first) + (self.letters & (bit - 1)).count_ones() as usize)
    }
}

/// The bit of a small letter.
#[inline(always)]
fn bit(letter: u8) -> Option<u32> {
    letter.is_ascii_lowercase().then(|| 1 << (letter & 31))
}

/// The tree of words that are in order.
fn tree(words: &[&'static str]) -> Vec<Node> {
    let mut tree = vec![Node::default()];
    // The words behind each node, and how many of their letters are.
    let mut behind = vec![(words, 0)];
    let mut at = 0;
    while let Some((words, depth)) = behind.get(at).copied() {
        let letter = |word: &str| word.as_bytes().get(depth).copied();
        let first = tree.len() as u16;
        let (mut letters, mut is_word) = (0, false);
        for group in words.chunk_by(|one, other| letter(one) == letter(other)) {
            match group.first().and_then(|word| bit(letter(word)?)) {
                Some(bit) => {
                    letters |= bit;
                    tree.push(Node::default());
                    behind.push((group, depth + 1));
                }
                None => is_word = true,
            }
        }
        if let Some(node) = tree.get_mut(at) {
            *node = Node {
                letters,
                first,
                is_word,
            };
        }
        at += 1;
    }
    tree
}

/// Where the words of the best cut end.
fn ends(best: &[(u32, u8)]) -> Vec<usize> {
    let (mut ends, mut end, mut was_letter) = (Vec::new(), best.len() - 1, false);
    while end > 0 {
        let len = best.get(end).map_or(0, |(_, len)| usize::from(*len));
        if !(was_letter && len == 0) {
            ends.push(end);
        }
        was_letter = len == 0;
        end -= len.max(1);
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, SORTED, TREE, is_known, segment, vocabulary, word_lengths};

    #[test]
    fn words_stand_in_order() {
        assert!(SORTED.is_sorted_by(|word, next| word < next));
        assert_eq!(SORTED.iter().map(|word| word.len()).max(), Some(LONGEST));
        assert!(is_known("Ignore") && is_known("a") && !is_known("ignor") && !is_known(""));
    }

    #[test]
    fn letters_are_cut_into_words() {
        assert_eq!(segment(b"ignoreallrules"), [6, 9, 14]);
        assert_eq!(segment(b"tellbarbaraall"), [4, 11, 14]);
        assert_eq!(segment(b""), [0; 0]);
    }

    #[test]
    fn the_tree_has_every_word_and_no_other() {
        let ends = |letters: &str| word_lengths(&TREE, letters.as_bytes()).collect::<Vec<_>>();
        for word in vocabulary() {
            let known: Vec<usize> = (1..=word.len())
                .filter(|len| word.get(..*len).is_some_and(is_known))
                .collect();
            assert_eq!(ends(word), known);
        }
        assert_eq!(TREE.iter().filter(|node| node.is_word).count(), SORTED.len());
        assert_eq!((ends("~a"), ends("")), (vec![], vec![]));
    }
}
