//! Rules of the user, as they are written.

use crate::raw::Action;
use crate::squeeze::Squeezed;
use penstock_filter_api::{ConfigError, reads};
use penstock_text_scan::view::views;
use penstock_text_scan::{Case, Group, Pattern, PatternError};

/// Most rules of the user.
const MAX_CUSTOM: usize = 200;
/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 48;

/// A rule of the user: `phrases`, or `regex`. Both are compared with the normalised text, so that disguises do not help.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Custom")
)]
pub(crate) struct RawCustom {
    /// Names the rule in policies, metrics and verdicts: small letters, digits and underlines.
    #[cfg_attr(feature = "schema", schemars(required))]
    pub(crate) id: String,
    /// Phrases to find, in any case and however many blanks or line breaks part their words: at most 10000 of at most 256 bytes.
    phrases: Vec<String>,
    /// A regular expression, matched in linear time: no look-around, no backreferences.
    regex: Option<String>,
    /// What becomes of a finding, where no policy names the rule.
    pub(crate) action: Action,
}

reads!(struct RawCustom { id, phrases, regex, action } needs id);

impl Default for RawCustom {
    fn default() -> Self {
        Self {
            id: String::new(),
            phrases: Vec::new(),
            regex: None,
            action: Action::Deny,
        }
    }
}

/// Compiles the rules of the user.
pub(crate) fn compile(raw: &[RawCustom]) -> Result<Vec<Pattern>, ConfigError> {
    if raw.len() > MAX_CUSTOM {
        return Err(ConfigError::new(
            "custom",
            format!("more than {MAX_CUSTOM} rules"),
        ));
    }
    let one = |(index, rule): (usize, &RawCustom)| {
        let twice = raw.iter().take(index).any(|other| other.id == rule.id);
        let pattern = if twice {
            Err(ConfigError::new("id", "there is a rule of this name"))
        } else {
            rule.compile()
        };
        pattern.map_err(|error| error.under(&format!("custom[{index}]")))
    };
    raw.iter().enumerate().map(one).collect()
}

impl RawCustom {
    fn compile(&self) -> Result<Pattern, ConfigError> {
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.id.is_empty() || self.id.len() > MAX_ID_BYTES || !self.id.bytes().all(is_name) {
            return Err(ConfigError::new(
                "id",
                "not 1 to 48 small letters, digits and underlines",
            ));
        }
        if crate::rule::RULES.iter().any(|rule| rule.id == self.id) {
            return Err(ConfigError::new("id", "there is a rule of this name"));
        }
        let fault =
            |field: &'static str| move |error: PatternError| ConfigError::new(field, error.to_string());
        match (&self.regex, self.phrases.as_slice()) {
            (Some(regex), []) => Pattern::regex(regex, Group::Whole).map_err(fault("regex")),
            (None, [_, ..]) => {
                let phrases: Vec<_> = self.phrases.iter().map(|phrase| canonical(phrase)).collect();
                let phrases = phrases.iter().map(|phrase| phrase.trim());
                Pattern::literals(phrases, Case::Fold).map_err(fault("phrases"))
            }
            _ => Err(ConfigError::new("", "needs either phrases or regex")),
        }
    }
}

/// A phrase in the letters of the text that it is compared with.
fn canonical(phrase: &str) -> String {
    let views = views(phrase).views;
    let text = views.first().map_or(phrase, |view| view.text());
    Squeezed::new(text).text().to_owned()
}
