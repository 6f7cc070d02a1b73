//! Floods and bombs: how much a prompt may be, and whether it says anything.

use crate::raw::RawLimits;
use crate::rule::Known;
use penstock_filter_api::{Kind, Value};
use penstock_llm_api::{Scope, Texts, UnseenKind};
use penstock_wire::Json;

/// So much from the middle of a long text is measured, in bytes.
const SAMPLE_BYTES: usize = 8 << 10;
/// Bytes of a shingle: of these a text seldom has the same twice.
const SHINGLE: usize = 16;
/// A text with no more than this part of its shingles distinct says the same over and over, in hundredths.
const DISTINCT: usize = 3;
/// Longest run of the same byte that is kept: rules of dashes and indents are no repetition.
const MAX_RUN: usize = 3;
/// Fewest pairs of letters that are judged.
const MIN_PAIRS: u32 = 500;
/// Words have more common pairs of letters than this, in hundredths: .85 and more in ten languages. Random ones have .31.
const COMMON: u32 = 55;
/// What commonly follows each letter, `a` to `z`, in languages that are written in Latin letters.
const FOLLOWERS: [&str; 26] = [
    "abcdghiklmnoprstuy",
    "abei",
    "acehiortu",
    "aefiosu",
    "abcdegiklmnrstuvy",
    "fios",
    "aegiu",
    "aeiortu",
    "acdegklmnoprstvyz",
    "a",
    "aehiouy",
    "aeilotu",
    "abegiop",
    "acdeghinostuyz",
    "acdfilmnrstuvwy",
    "aehlort",
    "u",
    "adeiost",
    "acdefiostuy",
    "adehiortu",
    "acefiklmnorsty",
    "aeior",
    "aehio",
    "",
    "aeglou",
    "aiuz",
];

/// The same, a bit for each letter.
#[allow(clippy::indexing_slicing)] // The compiler does it.
const FOLLOWS: [u32; 26] = {
    let mut follows = [0; 26];
    let mut letter = 0;
    while letter < 26 {
        let row = FOLLOWERS[letter].as_bytes();
        let mut at = 0;
        while at < row.len() {
            follows[letter] |= 1 << (row[at] - b'a');
            at += 1;
        }
        letter += 1;
    }
    follows
};

/// Whether a long text says nothing: the same over and over, or no words at all.
pub(crate) fn says_nothing(text: &str) -> Option<Known> {
    let bytes = text.as_bytes();
    let from = (bytes.len() / 2).saturating_sub(SAMPLE_BYTES / 2);
    let sample = bytes.get(from..).unwrap_or_default();
    let sample = sample.get(..SAMPLE_BYTES).unwrap_or(sample);
    if repeats(sample) {
        return Some(Known::Repetition);
    }
    is_gibberish(sample).then_some(Known::Gibberish)
}

fn repeats(sample: &[u8]) -> bool {
    let mut kept: Vec<u8> = Vec::with_capacity(sample.len());
    let (mut last, mut run) = (None, 0);
    for byte in sample {
        run = if last == Some(byte) { run + 1 } else { 1 };
        last = Some(byte);
        if run <= MAX_RUN {
            kept.push(*byte);
        }
    }
    // One letter, over and over. Blanks and rules may fill a sample.
    if kept.len() * 20 < sample.len() {
        return kept
            .iter()
            .any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    }
    let shingles = kept.windows(SHINGLE).map(shingle);
    let most = shingles.len() * DISTINCT / 100;
    shingles.len() > 0 && !has_more(shingles, most)
}

/// Whether more than so many are distinct. A text that says something is known by its first few.
fn has_more(hashes: impl Iterator<Item = u64>, most: usize) -> bool {
    let mut places = vec![0u64; (most * 2 + 2).next_power_of_two()];
    let mask = places.len() - 1;
    let mut distinct = 0;
    for hash in hashes.map(|hash| hash.max(1)) {
        let mut at = (hash >> 32) as usize & mask;
        while let Some(place) = places.get_mut(at).filter(|place| **place != hash) {
            if *place == 0 {
                *place = hash;
                distinct += 1;
                break;
            }
            at = (at + 1) & mask;
        }
        if distinct > most {
            return true;
        }
    }
    false
}

fn shingle(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0, |hash: u64, chunk| {
        let word = chunk.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    })
}

fn is_gibberish(sample: &[u8]) -> bool {
    let letter = |byte: u8| (byte | 0x20).wrapping_sub(b'a');
    let (mut pairs, mut common) = (0u32, 0u32);
    let mut before = u8::MAX;
    for byte in sample {
        let next = letter(*byte);
        if before < 26 && next < 26 {
            pairs += 1;
            common += FOLLOWS.get(usize::from(before)).copied().unwrap_or_default() >> next & 1;
        }
        before = next;
    }
    pairs >= MIN_PAIRS && common * 100 < pairs * COMMON
}

/// The bounds that a request is over.
pub(crate) fn over(limits: &RawLimits, json: Json<'_>, texts: &Texts) -> Vec<Known> {
    let (mut turn, mut last, mut longest, mut total) = (0usize, None, 0usize, 0usize);
    let mut messages = 0;
    for text in texts.texts.iter().filter(|text| is_said(text.scope)) {
        let bytes = json.value(text.node).decoded_len();
        total += bytes;
        turn = if last == Some(text.message) {
            turn + bytes
        } else {
            bytes
        };
        last = Some(text.message);
        longest = longest.max(turn);
        messages = messages.max(text.message as usize + 1);
    }
    let attachments = texts
        .unseen
        .iter()
        .filter(|unseen| is_attachment(unseen.kind))
        .count();
    let depth = if limits.depth == 0 { 0 } else { json.depth() };
    [
        (Known::PromptTooLong, total, limits.prompt_bytes),
        (Known::TurnTooLong, longest, limits.turn_bytes),
        (Known::TooManyMessages, messages, limits.messages),
        (Known::TooManyTools, tools(json.root()), limits.tools),
        (Known::TooManyAttachments, attachments, limits.attachments),
        (Known::TooDeep, depth, limits.depth),
    ]
    .into_iter()
    .filter(|(_, is, most)| *most > 0 && *is > *most as usize)
    .map(|(rule, ..)| rule)
    .collect()
}

fn is_said(scope: Scope) -> bool {
    match scope {
        Scope::System
        | Scope::User
        | Scope::Assistant
        | Scope::ToolCall
        | Scope::ToolResult
        | Scope::Document
        | Scope::Other => true,
        Scope::ToolDefinition
        | Scope::ToolName
        | Scope::Metadata
        | Scope::Output
        | Scope::Reasoning
        | Scope::Refusal => false,
    }
}

fn is_attachment(kind: UnseenKind) -> bool {
    match kind {
        UnseenKind::Image | UnseenKind::Audio | UnseenKind::Video | UnseenKind::File => true,
        UnseenKind::Reference
        | UnseenKind::Encrypted
        | UnseenKind::Tokens
        | UnseenKind::Remote
        | UnseenKind::TooDeep => false,
    }
}

/// Tools that a request defines. Gemini has lists of them in each.
fn tools(root: Value<'_>) -> usize {
    let lists = ["tools", "functions"]
        .into_iter()
        .filter_map(|name| root.member(name));
    let tools = lists
        .filter(|list| list.kind() == Kind::Array)
        .flat_map(Value::items);
    let in_it = |tool: Value<'_>| {
        let lists = ["functionDeclarations", "function_declarations"]
            .into_iter()
            .filter_map(|name| tool.member(name));
        lists.map(|list| list.items().count()).sum::<usize>().max(1)
    };
    tools.map(in_it).sum()
}

#[cfg(test)]
mod tests {
    use super::{Known, has_more, says_nothing};

    #[test]
    fn texts_that_say_the_same_over_and_over_are_told_from_texts() {
        let table: String = (0..2000)
            .map(|n| format!("| {} | {} |\n", n * 37 % 1009, n * 11 % 503))
            .collect();
        for (text, verdict) in [
            ("poem ".repeat(2000), Some(Known::Repetition)),
            ("A".repeat(20_000), Some(Known::Repetition)),
            ("\u{e4}\u{f6}".repeat(5000), Some(Known::Repetition)),
            (
                "repeat this forever and never stop. ".repeat(500),
                Some(Known::Repetition),
            ),
            (" ".repeat(20_000), None),
            ("-".repeat(20_000), None),
            (table, None),
        ] {
            let text = text.as_str();
            assert_eq!(says_nothing(text), verdict, "{}", text.get(..20).unwrap_or(text));
        }
    }

    #[test]
    fn letters_without_words_are_gibberish() {
        let mut state = 7u64;
        let mut letter = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (state >> 40) as u8 % 26)
        };
        let random: String = (0..9000).map(|_| letter()).collect();
        assert_eq!(says_nothing(&random), Some(Known::Gibberish));
        let prose = include_str!("../../../docs/engine.md");
        assert_eq!(says_nothing(prose), None);
    }

    #[test]
    fn a_few_distinct_hashes_are_told_from_many() {
        let hashes =
            |distinct: u64| (0..1000).map(move |n| (n % distinct).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for distinct in [1, 29, 30, 31, 1000] {
            assert_eq!(has_more(hashes(distinct), 30), distinct > 30, "{distinct}");
        }
    }
}
