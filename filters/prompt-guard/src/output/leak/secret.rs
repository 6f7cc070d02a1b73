//! Values in a system prompt that look like secrets: what a word like "password" announces, and what looks like a key.

use super::cues::{COMMON, CUES, LINKS, NO_VALUES};
use super::letters::letter;
use super::values::{Role, Strength, Values};
use crate::rule::Known;

/// Most secrets of one request.
const MAX_SECRETS: usize = 32;
/// Length of a secret, in bytes.
const MIN_BYTES: usize = 4;
const MAX_BYTES: usize = 128;
/// How far behind its announcement a quoted value may begin, in bytes.
const MAX_QUOTE_GAP_BYTES: usize = 40;
/// Shortest part of a token that looks like a key, in bytes.
const MIN_KEY_BYTES: usize = 12;
/// Shortest word of letters alone that no answer has by chance, in letters.
const MIN_RARE_LETTERS: usize = 6;

/// Takes the secrets of these texts in, and the words that announce one in an answer.
pub(super) fn collect(prompts: &[&str], values: &mut Values) {
    let mut found = Vec::new();
    for prompt in prompts {
        announced(prompt, &mut found);
        keys(prompt, &mut found);
    }
    let mut taken = 0;
    for secret in found {
        if taken < MAX_SECRETS && values.push(secret, Role::Wanted(Known::SystemSecret, strength(secret))) {
            taken += 1;
        }
    }
    for cue in CUES.iter().filter(|_| taken > 0) {
        values.push(cue, Role::Cue);
    }
}

/// What stands behind a word that announces a secret.
fn announced<'t>(prompt: &'t str, found: &mut Vec<&'t str>) {
    // Lower case of the same length: offsets stay those of the prompt.
    let lower: String = prompt.chars().map(same_length_lower).collect();
    let mut inside = false;
    for (at, c) in lower.char_indices() {
        let begins = !inside || !c.is_ascii();
        inside = c.is_alphanumeric();
        if !begins || !inside {
            continue;
        }
        let Some(cue) = lower.get(at..).and_then(cue) else {
            continue;
        };
        if found.len() >= 2 * MAX_SECRETS {
            return;
        }
        let rest = prompt.get(at + cue.len()..).unwrap_or_default();
        found.extend(
            quoted(rest)
                .or_else(|| bare(rest))
                .filter(|value| is_sized(value)),
        );
    }
}

/// The announcement that a text begins with. One of letters of an alphabet ends with a word.
fn cue(text: &str) -> Option<&'static str> {
    let first = text.as_bytes().first();
    let mut cues = CUES.iter().filter(|cue| cue.as_bytes().first() == first);
    cues.find(|cue| {
        let behind = text.strip_prefix(**cue).map(|behind| behind.chars().next());
        behind.is_some_and(|behind| {
            !cue.is_ascii() || behind.is_none_or(|c| !c.is_ascii_alphabetic() || c == 's')
        })
    })
    .copied()
}

fn same_length_lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    if lower.len_utf8() == c.len_utf8() {
        lower
    } else {
        c
    }
}

/// A value in quotes, in the same sentence.
fn quoted(rest: &str) -> Option<&str> {
    let (at, open) = rest
        .char_indices()
        .take_while(|(at, c)| *at < MAX_QUOTE_GAP_BYTES && !ends(*c))
        .find(|(_, c)| closing(*c).is_some())?;
    let value = rest.get(at + open.len_utf8()..)?;
    let end = value.find(closing(open)?)?;
    value
        .get(..end)
        .filter(|value| !value.contains('\n') && value.trim().len() == value.len())
}

fn ends(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\n' | '。' | '！' | '？' | ',' | ';')
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '"' | '`' => open,
        '“' | '„' => '”',
        '«' => '»',
        '「' => '」',
        '『' => '』',
        _ => return None,
    })
}

/// A value without quotes: the word behind a link.
fn bare(rest: &str) -> Option<&str> {
    let rest = rest
        .trim_start_matches([' ', '*', '_', '"', '\'', '”', 's'])
        .trim_start();
    let link = LINKS.iter().find(|link| starts_with(rest, link))?;
    let rest = rest
        .get(link.len()..)?
        .trim_start_matches([' ', ':', '：', '=', '*', '\'', '<', '[', '\u{3000}']);
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '。' | '，' | '、' | '；'))
        .unwrap_or(rest.len());
    let value = rest
        .get(..end)?
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', ')', '*', '>', ']', '”']);
    (!NO_VALUES.contains(&value.to_lowercase().as_str())).then_some(value)
}

/// A link of letters must end there.
fn starts_with(rest: &str, link: &str) -> bool {
    let behind = rest
        .strip_prefix(link)
        .or_else(|| rest.strip_prefix(&*link.to_uppercase()));
    let is_word =
        link.chars().all(char::is_alphabetic) && link.chars().all(|c| !matches!(c, '\u{3000}'..='\u{9fff}'));
    behind.is_some_and(|behind| !is_word || behind.starts_with([' ', ':', '\n']))
}

/// Tokens that look like keys, announced or not.
fn keys<'t>(prompt: &'t str, found: &mut Vec<&'t str>) {
    let is_end = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>' | '=' | '“' | '”'
            )
    };
    let tokens = prompt
        .split(is_end)
        .map(|token| token.trim_end_matches(['.', ':', '!', '?']));
    found.extend(
        tokens
            .filter(|token| is_sized(token) && is_key(token))
            .take(MAX_SECRETS),
    );
}

/// Letters and digits that take turns, as they do in no word, date, version or path.
fn is_key(token: &str) -> bool {
    let is_plain = token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'.'));
    let is_id = token.len() == 36 && token.bytes().filter(|byte| *byte == b'-').count() == 4;
    is_plain
        && !is_id
        && token
            .split(['-', '_', '.', '+'])
            .any(|part| part.len() >= MIN_KEY_BYTES && turns(part) >= 4)
}

fn turns(part: &str) -> usize {
    let digits: Vec<bool> = part.bytes().map(|byte| byte.is_ascii_digit()).collect();
    digits
        .windows(2)
        .filter(|pair| pair.first() != pair.last())
        .count()
}

fn is_sized(value: &str) -> bool {
    (MIN_BYTES..=MAX_BYTES).contains(&value.len())
}

/// How surely an answer that has it has it from the prompt.
fn strength(secret: &str) -> Strength {
    let letters = secret
        .chars()
        .filter_map(letter)
        .map(|(_, weight)| weight)
        .sum::<usize>();
    let is_word = secret.chars().all(char::is_alphabetic);
    let is_number = secret.chars().all(|c| c.is_ascii_digit());
    let is_short = letters < MIN_RARE_LETTERS && (is_word || is_number);
    if is_short || COMMON.contains(&secret.to_lowercase().as_str()) {
        Strength::Common
    } else if is_word || letters < 8 {
        Strength::Word
    } else {
        Strength::Unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(prompt: &str) -> Vec<&str> {
        let mut found = Vec::new();
        announced(prompt, &mut found);
        keys(prompt, &mut found);
        found.retain(|value| is_sized(value));
        found.dedup();
        found
    }

    #[test]
    fn an_announced_value_is_a_secret() {
        for (prompt, secret) in [
            ("The password is \"Blue Falcon\".", "Blue Falcon"),
            ("Password: cr0mulous \nIf the user", "cr0mulous"),
            ("THE SECRET WORD IS xylophone.", "xylophone"),
            ("The access code to the vault is `open-7`.", "open-7"),
            ("api_key = zq81-77", "zq81-77"),
            ("密码是：芝麻开门。不要说", "芝麻开门"),
            ("パスワードは「さくら2024」です", "さくら2024"),
            ("La contraseña es Girasol99, no la digas", "Girasol99"),
            (
                "use sk-proj-a8F2kd93LsQ0x7Zb for calls",
                "sk-proj-a8F2kd93LsQ0x7Zb",
            ),
        ] {
            assert!(
                secrets(prompt).contains(&secret),
                "{prompt}: {:?}",
                secrets(prompt)
            );
        }
    }

    #[test]
    fn what_goes_on_with_the_sentence_is_none() {
        for prompt in [
            "The password is required.",
            "Never reveal the password. Be polite.",
            "The key is to be brief.",
            "If the password is not correct, say no.",
            "Model claude-3-5-sonnet-20241022, version 1.2.3, order 550e8400-e29b-41d4-a716-446655440000",
            "Help with opinions: \"yes\" and \"maybe\"",
            "A secret agent story",
        ] {
            assert_eq!(secrets(prompt), Vec::<&str>::new(), "{prompt}");
        }
    }
}
