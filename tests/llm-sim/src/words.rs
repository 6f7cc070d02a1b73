//! The words the models say, and how they are cut into tokens.

use crate::rng::Rng;

/// Tools called when the request names none.
pub const TOOLS: [&str; 2] = ["get_weather", "search_documents"];

/// Two-, three- and four-byte characters, marks that combine, a joined emoji, and what JSON or HTML must escape.
pub const UNICODE: &str =
    "Grüße, naïve café — 東京の天気は晴れです。Привет! 😀👩‍💻 e\u{301} ½ \u{2028}<b>&\"quoted\"\\ \u{1}done.";

/// Personal data, none of it anybody's (example domains, test cards, documentation addresses).
pub const PII: &str = "Please write to jane.doe@example.com or call +1-202-555-0143. The card 4111 1111 1111 1111 \
    belongs to Jane Doe, IBAN DE89370400440532013000, SSN 078-05-1120, from 192.0.2.44.";

const WORDS: [&str; 64] = [
    "the",
    "water",
    "flows",
    "through",
    "a",
    "gated",
    "pipe",
    "and",
    "turns",
    "every",
    "wheel",
    "at",
    "its",
    "own",
    "pace",
    "when",
    "pressure",
    "rises",
    "valves",
    "open",
    "slowly",
    "so",
    "that",
    "no",
    "blade",
    "is",
    "hurt",
    "engineers",
    "measure",
    "what",
    "passes",
    "count",
    "each",
    "drop",
    "note",
    "time",
    "of",
    "arrival",
    "keep",
    "books",
    "in",
    "order",
    "for",
    "those",
    "who",
    "pay",
    "by",
    "volume",
    "rather",
    "than",
    "hour",
    "because",
    "rain",
    "falls",
    "unevenly",
    "across",
    "seasons",
    "while",
    "demand",
    "stays",
    "nearly",
    "constant",
    "all",
    "year",
];

const CITIES: [&str; 6] = ["Paris", "Zürich", "São Paulo", "東京", "New York", "Québec"];

/// So many words, one a token, with a full stop every dozen.
pub fn plain(rng: &mut Rng, count: usize) -> Vec<String> {
    let word = |position: usize, rng: &mut Rng| {
        let space = if position == 0 { "" } else { " " };
        let stop = if position % 12 == 11 || position + 1 == count {
            "."
        } else {
            ""
        };
        format!("{space}{}{stop}", rng.pick(&WORDS))
    };
    (0..count).map(|position| word(position, rng)).collect()
}

/// A text in pieces of one to four characters; repeated or cut short when `wanted` says how many.
pub fn cut(text: &str, rng: &mut Rng, wanted: Option<usize>) -> Vec<String> {
    let mut pieces = Vec::new();
    let limit = wanted.unwrap_or(usize::MAX);
    loop {
        let mut chars = text.chars().peekable();
        while chars.peek().is_some() && pieces.len() < limit {
            let length = rng.range(1, 4) as usize;
            pieces.push(chars.by_ref().take(length).collect());
        }
        if text.is_empty() || wanted.is_none() || pieces.len() >= limit {
            return pieces;
        }
    }
}

/// A tool call's arguments: strings with escapes, a number, a list.
pub fn arguments(rng: &mut Rng) -> String {
    let city = rng.pick(&CITIES);
    let days = rng.range(1, 14);
    let limit = rng.range(1, 900);
    format!(
        r#"{{"city":"{city}","days":{days},"note":"say \"hi\"\n\u00e9","limits":[{limit},0.5],"strict":true}}"#
    )
}

/// A tool call's arguments that say a text of the prompt again.
pub fn repeated(text: &str) -> String {
    serde_json::json!({"text": text, "again": [text]}).to_string()
}
