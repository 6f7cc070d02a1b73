//! Rules of the user, as they are written.

use crate::answer::divides;
use penstock_filter_api::{ConfigError, reads};
use penstock_text_scan::{Case, Check, Custom, Group, Near, Pattern, PatternError};

/// Most rules of the user.
const MAX_CUSTOM: usize = 200;
/// Longest name of an entity or a rule, in bytes.
const MAX_NAME_BYTES: usize = 48;
/// Largest `reach`, in bytes.
const MAX_REACH: u32 = 1000;
/// How long a match of a regular expression is taken to be while an answer streams, in bytes.
const REGEX_BYTES: usize = 64;

/// A rule of the user: `literals`, or `regex`.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Custom")
)]
pub(crate) struct RawCustom {
    /// What is found, such as `EMPLOYEE_ID`: capitals, digits and underlines.
    #[cfg_attr(feature = "schema", schemars(required))]
    entity: String,
    /// Names the rule in metrics. Default: the entity in lower case.
    id: Option<String>,
    /// Texts to find: at most 10000 of at most 256 bytes.
    literals: Vec<String>,
    /// A regular expression, matched in linear time: no look-around, no backreferences. `\b` is where letters and digits of
    /// ASCII end.
    regex: Option<String>,
    /// The part of the match that is the find: the number or the name of a group. Default: all of it.
    group: Option<String>,
    /// Whether `literals` differ by case.
    case_sensitive: bool,
    /// A check digit that must be right: `luhn`, `mod97`, `iso7064_11_2`, `iso7064_11_10`, `verhoeff` or `icao`.
    check: Option<String>,
    /// Words, in any language, of which one must be near.
    context: Vec<String>,
    /// How near, in bytes before or behind. 1 to 1000.
    reach: u32,
}

reads!(struct RawCustom { entity, id, literals, regex, group, case_sensitive, check, context, reach } needs entity);

impl Default for RawCustom {
    fn default() -> Self {
        Self {
            entity: String::new(),
            id: None,
            literals: Vec::new(),
            regex: None,
            group: None,
            case_sensitive: false,
            check: None,
            context: Vec::new(),
            reach: 64,
        }
    }
}

/// Compiles the rules of the user.
pub(crate) fn compile(raw: &[RawCustom]) -> Result<Vec<Custom>, ConfigError> {
    if raw.len() > MAX_CUSTOM {
        return Err(ConfigError::new(
            "custom",
            format!("more than {MAX_CUSTOM} rules"),
        ));
    }
    let one = |(index, raw): (usize, &RawCustom)| {
        raw.compile()
            .map_err(|error| error.under(&format!("custom[{index}]")))
    };
    raw.iter().enumerate().map(one).collect()
}

impl RawCustom {
    fn compile(&self) -> Result<Custom, ConfigError> {
        let entity = self.entity.clone();
        let id = self.id.clone().unwrap_or_else(|| entity.to_ascii_lowercase());
        check_name("entity", &entity, u8::is_ascii_uppercase)?;
        check_name("id", &id, u8::is_ascii_lowercase)?;
        let check = |name: &String| Check::from_name(name).ok_or_else(no_such_check);
        Ok(Custom {
            entity,
            id,
            pattern: self.pattern()?,
            check: self.check.as_ref().map(check).transpose()?,
            near: self.near()?,
        })
    }

    fn pattern(&self) -> Result<Pattern, ConfigError> {
        match (&self.regex, self.literals.as_slice()) {
            (Some(regex), []) => {
                let group = match self.group.as_deref() {
                    None => Group::Whole,
                    Some(name) => name.parse().map_or(Group::Name(name), Group::Number),
                };
                Pattern::regex(regex, group).map_err(|error| refused("regex", error))
            }
            (None, [_, ..]) if self.group.is_some() => {
                Err(ConfigError::new("group", "has an effect with regex alone"))
            }
            (None, [_, ..]) => {
                let case = if self.case_sensitive {
                    Case::Exact
                } else {
                    Case::Fold
                };
                let literals = self.literals.iter().map(String::as_str);
                Pattern::literals(literals, case).map_err(|error| refused("literals", error))
            }
            _ => Err(ConfigError::new("", "needs exactly one of literals, regex")),
        }
    }

    /// How much text it takes to tell whether a find begins, in bytes: more than the last word of it where a literal has
    /// several, and the words near it.
    pub(crate) fn span(&self) -> usize {
        let several = |literal: &&String| literal.contains(divides);
        let longest = self.literals.iter().filter(several).map(String::len).max();
        let longest = longest.or(self.regex.is_some().then_some(REGEX_BYTES));
        let near = if self.context.is_empty() {
            0
        } else {
            self.reach as usize
        };
        longest.unwrap_or(0) + near
    }

    fn near(&self) -> Result<Option<Near>, ConfigError> {
        if !(1..=MAX_REACH).contains(&self.reach) {
            return Err(ConfigError::new(
                "reach",
                format!("not between 1 and {MAX_REACH}"),
            ));
        }
        if self.context.is_empty() {
            return Ok(None);
        }
        let words = self.context.iter().map(String::as_str);
        Near::new(words, self.reach as usize)
            .map(Some)
            .map_err(|error| refused("context", error))
    }
}

/// Names go into labels and placeholders.
fn check_name(field: &str, name: &str, letter: fn(&u8) -> bool) -> Result<(), ConfigError> {
    let known = name
        .bytes()
        .all(|byte| letter(&byte) || byte.is_ascii_digit() || byte == b'_');
    if known && name.as_bytes().first().is_some_and(letter) && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    let message = format!(
        "not a letter with letters of the same case, digits or _ behind, of at most {MAX_NAME_BYTES} bytes"
    );
    Err(ConfigError::new(field, message))
}

fn no_such_check() -> ConfigError {
    let known: Vec<&str> = Check::names().collect();
    ConfigError::new("check", format!("no such check; there are: {}", known.join(", ")))
}

fn refused(field: &str, error: PatternError) -> ConfigError {
    ConfigError::new(field, error.to_string())
}
