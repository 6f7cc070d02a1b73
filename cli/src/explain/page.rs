//! An account for people.

use super::{Account, about};
use crate::term::{Paint, printable};
use penstock_prompt_guard::{Spoken, Viewed};
use std::fmt::Write;

/// Width of the column of names.
const NAMES: usize = 10;
/// Characters of a reading that are shown, before and behind the beginning of what weighs most.
const BEFORE: usize = 40;
const BEHIND: usize = 120;
/// Characters that are shown of words with a weight.
const WORDS: usize = 28;

/// The page.
pub(super) fn of(account: &Account, paint: Paint) -> String {
    let mut out = String::new();
    verdict(&mut out, paint, account);
    for view in &account.explained.views {
        let (name, script, score) = (view.name, view.script, view.score);
        heading(
            &mut out,
            paint,
            "view",
            &format!("{name}, {script}, score {score:.4}"),
        );
        let _ = writeln!(out, "  {}", excerpt(view));
    }
    if !account.explained.findings.is_empty() {
        heading(&mut out, paint, "findings", "");
    }
    for found in &account.explained.findings {
        finding(&mut out, paint, found);
    }
    if let Some(view) = account.worst().filter(|view| !view.grams.is_empty()) {
        heading(
            &mut out,
            paint,
            "weights",
            &format!("of the worst window, {}", view.name),
        );
        weights(&mut out, view);
    }
    out
}

fn verdict(out: &mut String, paint: Paint, account: &Account) {
    let judged = &account.explained.judged;
    let verdict = if judged.flagged {
        paint.error("flagged")
    } else {
        paint.good("not flagged")
    };
    line(out, paint, "verdict", &verdict);
    let threshold = f32::from(account.threshold) / 100.0;
    line(
        out,
        paint,
        "score",
        &format!("{:.4}, flagged from {threshold:.2} on", judged.score),
    );
    let read_by = format!(
        "{}, read by the {} head",
        account.scope.name(),
        account.explained.head
    );
    line(out, paint, "scope", &read_by);
    let rules = if judged.rules.is_empty() {
        "none".to_owned()
    } else {
        judged.rules.join(", ")
    };
    line(out, paint, "rules", &rules);
}

fn line(out: &mut String, paint: Paint, name: &str, value: &str) {
    // Padded before it is painted: escape sequences have no width.
    let padded = format!("{name:NAMES$}");
    let _ = writeln!(out, "{} {value}", paint.name(&padded));
}

fn heading(out: &mut String, paint: Paint, name: &str, value: &str) {
    out.push('\n');
    if value.is_empty() {
        let _ = writeln!(out, "{}", paint.name(name));
    } else {
        line(out, paint, name, value);
    }
}

fn finding(out: &mut String, paint: Paint, found: &Spoken) {
    let Spoken {
        rule,
        action,
        score,
        bytes,
    } = found;
    let score = f32::from(*score) / 100.0;
    let rule_painted = paint.warning(&format!("{rule:22}"));
    let _ = writeln!(
        out,
        "  {rule_painted} {action:8} {score:.2}  bytes {}..{}",
        bytes.start, bytes.end
    );
    let _ = writeln!(
        out,
        "    {}",
        about(rule).unwrap_or("A rule of the configuration.")
    );
}

/// What speaks for an attack on the left, what speaks against on the right, each from the heaviest on.
fn weights(out: &mut String, view: &Viewed) {
    let grams = view.grams.iter().cloned();
    let (pro, contra): (Vec<_>, Vec<_>) = grams.partition(|(_, weight)| *weight > 0.0);
    let _ = writeln!(out, "  {:width$}  against", "for an attack", width = WORDS + 7);
    let cell = |side: &[(String, f32)], row: usize| {
        let words = side
            .get(row)
            .map(|(words, weight)| format!("{weight:+.2}  {}", cut(words)));
        words.unwrap_or_default()
    };
    for row in 0..pro.len().max(contra.len()) {
        let (left, right) = (cell(&pro, row), cell(&contra, row));
        let line = format!("  {}  {right}", padded(&left, WORDS + 7));
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// Words, on one line, no longer than their column.
fn cut(words: &str) -> String {
    let shown = printable(words);
    if columns(&shown) <= WORDS {
        return shown;
    }
    let mut room = WORDS - 3;
    let kept = shown.chars().take_while(|c| {
        let wide = width(*c);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    });
    format!("{}...", kept.collect::<String>())
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Columns of a character: Chinese, Japanese, Korean and full-width ones take two.
fn width(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}' => 2,
        '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The text of a reading around its heaviest words, on one line.
fn excerpt(view: &Viewed) -> String {
    let heaviest = view.grams.iter().find(|(_, weight)| *weight > 0.0);
    let at = heaviest
        .and_then(|(words, _)| view.text.find(words.as_str()))
        .unwrap_or(view.window.start);
    let (before, behind) = view.text.split_at_checked(at).unwrap_or((&view.text, ""));
    let skipped = before.chars().count().saturating_sub(BEFORE);
    let start: String = before.chars().skip(skipped).collect();
    let end: String = behind.chars().take(BEHIND).collect();
    let shown = format!("{start}{end}");
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let dots = |is: bool| if is { "..." } else { "" };
    format!(
        "{}{}{}",
        dots(skipped > 0),
        printable(&shown),
        dots(end.len() < behind.len())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str, grams: &[(&str, f32)]) -> Viewed {
        Viewed {
            name: "canonical",
            text: text.to_owned(),
            script: "latin",
            score: 0.9,
            window: 0..text.len(),
            grams: grams
                .iter()
                .map(|(words, weight)| ((*words).to_owned(), *weight))
                .collect(),
        }
    }

    #[test]
    fn weights_stand_in_two_columns() {
        let mut out = String::new();
        let grams = [("ignore all", 2.5), ("指令", 1.25), ("thank you", -0.5)];
        weights(&mut out, &view("", &grams));
        let wanted = format!(
            "  for an attack{}against\n  +2.50  ignore all{}  -0.50  thank you\n  +1.25  指令\n",
            " ".repeat(24),
            " ".repeat(18),
        );
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_long_reading_is_shown_around_its_heaviest_words() {
        let around = "blah ".repeat(100);
        let long = format!("{around}ignore all{around}");
        let shown = excerpt(&view(&long, &[("please", -3.0), ("ignore all", 2.0)]));
        assert!(shown.starts_with("...") && shown.contains("blah ignore allblah") && shown.ends_with("..."));
        assert!(columns(&shown) <= BEFORE + BEHIND + 6, "{shown}");
        assert_eq!(excerpt(&view("short\n\x07 one", &[])), "short \u{fffd} one");
    }

    #[test]
    fn long_words_are_cut_by_columns() {
        assert_eq!(cut(&"a".repeat(WORDS)), "a".repeat(WORDS));
        assert_eq!(
            cut(&"a".repeat(WORDS + 1)),
            format!("{}...", "a".repeat(WORDS - 3))
        );
        assert_eq!(columns(&cut(&"请".repeat(WORDS))), WORDS - 1);
    }
}
