//! SQL that is smuggled into a value, and statements that destroy.

use super::text::Text;
use super::{Purpose, begins_word, ends_word};
use std::ops::Range;

/// What a second statement begins with.
const VERBS: &[&str] = &[
    "drop", "delete", "insert", "update", "alter", "truncate", "exec", "create", "grant", "shutdown",
    "declare",
];
/// What a statement that destroys begins with.
const DESTROYS: &[(&str, &[&str])] = &[
    (
        "drop",
        &["table", "database", "schema", "view", "user", "role", "index"],
    ),
    ("truncate", &["table"]),
    ("alter", &["user", "role"]),
];

/// The first such statement in a text of this purpose, which is in lower case.
pub(super) fn find(text: &Text, purpose: Purpose) -> Option<Range<usize>> {
    match purpose {
        Purpose::Prose | Purpose::Command => None,
        Purpose::Statement => destroys(text)
            .or_else(|| stacked(text.as_str()))
            .or_else(|| always_true(text.as_str())),
        Purpose::Value => {
            let (all, text) = (text, text.as_str());
            let stacked = stacked(text).filter(|_| text.contains(['\'', '"', ')']) || text.contains("--"));
            stacked
                .or_else(|| united(all))
                .or_else(|| always_true(text))
                .or_else(|| destroyed(all))
        }
    }
}

/// `drop table users` as all of a value.
fn destroyed(text: &Text) -> Option<Range<usize>> {
    destroys(text).filter(|range| {
        text.as_str()
            .get(..range.start)
            .is_some_and(|before| before.trim().is_empty())
    })
}

fn destroys(text: &Text) -> Option<Range<usize>> {
    DESTROYS.iter().find_map(|(verb, objects)| {
        text.all(verb).find_map(|at| {
            let text = text.as_str();
            let behind = text.get(at + verb.len()..)?;
            let object = behind.trim_start();
            let found = objects
                .iter()
                .find(|name| object.starts_with(**name) && ends_word(object, name.len()))?;
            let has_name = object.get(found.len()..)?.starts_with(char::is_whitespace);
            let end = at + verb.len() + (behind.len() - object.len()) + found.len();
            (begins_word(text, at) && behind.len() > object.len() && has_name).then_some(at..end)
        })
    })
}

/// A statement behind another one.
fn stacked(text: &str) -> Option<Range<usize>> {
    text.match_indices(';').find_map(|(at, _)| {
        let behind = text.get(at + 1..)?;
        let statement = behind.trim_start();
        let verb = VERBS
            .iter()
            .find(|verb| statement.starts_with(**verb) && ends_word(statement, verb.len()))?;
        let object = statement.get(verb.len()..)?.split_whitespace().next()?;
        let fits = match *verb {
            "drop" | "truncate" | "create" | "alter" => matches!(
                object,
                "table"
                    | "database"
                    | "schema"
                    | "user"
                    | "view"
                    | "role"
                    | "login"
                    | "procedure"
                    | "function"
            ),
            "delete" => object == "from",
            "insert" => object == "into",
            "update" => statement.contains(" set "),
            "exec" => object.starts_with("xp_") || object.starts_with("sp_") || object.starts_with('('),
            "declare" => object.starts_with('@'),
            "shutdown" => object.starts_with("--") || object == "with",
            _ => statement.contains(" to ") && statement.contains(" on "),
        };
        fits.then_some(at..at + 1 + (behind.len() - statement.len()) + verb.len())
    })
}

/// `union select`, with the comments that hide the blank.
fn united(text: &Text) -> Option<Range<usize>> {
    text.all("union").find_map(|at| {
        let text = text.as_str();
        let mut rest = text.get(at + 5..)?;
        while let Some(behind) = blank(rest) {
            rest = behind;
        }
        let all = rest
            .strip_prefix("all")
            .and_then(blank)
            .map(str::trim_start)
            .unwrap_or(rest);
        let end = text.len() - all.len() + 6;
        let has_columns = |columns: &str| {
            columns.contains([',', '*', '(']) || columns.contains(" from ") || columns.contains("null")
        };
        let parts = rest.len() < text.len() - at - 5;
        (parts && begins_word(text, at) && all.strip_prefix("select").is_some_and(has_columns))
            .then_some(at..end)
    })
}

/// What follows a blank or a comment.
fn blank(text: &str) -> Option<&str> {
    match text.strip_prefix("/*") {
        Some(comment) => comment.split_once("*/").map(|(_, behind)| behind),
        None => text.strip_prefix(|c: char| c.is_whitespace() || matches!(c, '+' | '(')),
    }
}

/// `' or 1=1`, `" or "a"="a`, `') or true --`.
fn always_true(text: &str) -> Option<Range<usize>> {
    text.match_indices(['\'', '"', ')']).find_map(|(at, _)| {
        let behind = text.get(at + 1..)?.trim_start_matches([')', ' ', '\t', '+']);
        let rest = behind.strip_prefix("or").or_else(|| behind.strip_prefix("||"))?;
        let rest = rest
            .strip_prefix([' ', '\t', '+', '(', '/'])?
            .trim_start_matches(['(', ' ', '*', '/', '+']);
        let end = rest.find([';', '\n', '#']).unwrap_or(rest.len());
        let clause = rest.get(..end)?;
        let clause = clause.split("--").next().unwrap_or(clause).trim();
        let (left, right) = clause.split_once('=').or_else(|| clause.split_once(" like "))?;
        let bare = |side: &str| {
            side.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '(' | ')'))
                .to_owned()
        };
        let (left, right) = (bare(left), bare(right));
        let same = left == right && !left.is_empty() && left.len() < 32;
        same.then(|| at..text.len() - rest.len() + clause.len())
    })
}
