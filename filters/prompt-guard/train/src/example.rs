//! Labelled texts.

use crate::corpus::hash;
use penstock_guard_model::Side;
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// A labelled text.
#[derive(Clone, Debug)]
pub struct Example {
    /// The text.
    pub text: String,
    /// Whether it is an attack.
    pub attack: bool,
    /// The head that it belongs to.
    pub side: Side,
    /// ISO 639-1.
    pub language: String,
    /// Family or category.
    pub family: String,
    /// Where the attack stands in a text that is none for the rest, in bytes.
    pub planted: Option<Range<usize>>,
    /// Where it is from; `own` for the corpus.
    pub source: String,
    /// Texts of one group are never on both sides of a split.
    pub group: u64,
    /// How much it counts.
    pub weight: f32,
}

/// Sources whose licence lets their texts train weights that are published.
const PERMITTED: [&str; 9] = [
    "garak_",
    "giskard_pi",
    "cyberseceval_",
    "bipia_code",
    "bipia_text",
    "bipia_ctx",
    "jailbench",
    "llamafactory_glaive_",
    "c4_demo",
];

/// Sources of harmless texts that are made to look like attacks.
const HARD: [&str; 2] = ["goodwiins_notinject", "bipia_clean"];

impl Example {
    /// Whether it is not made to look like an attack.
    pub fn is_everyday(&self) -> bool {
        !HARD.iter().any(|prefix| self.source.starts_with(prefix))
    }
}

/// Whether weights may be trained on it.
pub fn is_permitted(source: &str) -> bool {
    PERMITTED.iter().any(|prefix| source.starts_with(prefix))
}

/// Reads labelled texts, one JSON object a line. System prompts are left out: nobody scans them.
pub fn read(path: &Path) -> Result<Vec<Example>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut examples = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let row: Value = serde_json::from_str(line)
            .map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?;
        let field = |name: &str| {
            row.get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if field("role") == "system" {
            continue;
        }
        let (group, id) = (field("group"), field("id"));
        let side = if field("role") == "tool" {
            Side::Indirect
        } else {
            Side::Direct
        };
        examples.push(Example {
            text: field("text"),
            attack: row.get("label").and_then(Value::as_i64) == Some(1),
            side,
            language: field("lang"),
            family: field("category"),
            planted: None,
            source: field("source"),
            group: hash(&[if group.is_empty() { &id } else { &group }]),
            weight: 1.0,
        });
    }
    Ok(examples)
}
