//! The examples of docs/cli.md that stand on their own, and what follows: `$ echo '...' | penstock ...`, simulations of
//! traces made by rule, and `penstock fleet` and `penstock budgets` before a proxy that answers as a test has it.

use crate::budgets;
use crate::fleets::{STATS, admin, chunked};
use crate::run::{Ran, penstock, penstock_on, repository};

#[test]
fn the_page_shows_what_the_command_prints() {
    let path = repository("docs/cli.md");
    let page = std::fs::read_to_string(&path).unwrap();
    // Every other part is within a fence.
    let parts: Vec<String> = page
        .split("```")
        .enumerate()
        .map(|(index, part)| {
            if index % 2 == 1 {
                example(part)
            } else {
                part.to_owned()
            }
        })
        .collect();
    let current = parts.join("```");
    assert!(current.matches("$ echo '").count() > 4);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &current).unwrap();
        return;
    }
    assert_eq!(page, current, "UPDATE_DOCS=1 writes what the command prints now");
}

/// A fenced part with the output that its command has now; others as they are.
fn example(part: &str) -> String {
    let first = part.strip_prefix("\n$ ").and_then(|part| part.lines().next());
    let Some((line, ran)) = first.and_then(|line| Some((line, ran(line)?))) else {
        return part.to_owned();
    };
    // On a slow machine a simulation says how far it is.
    let errors: Vec<&str> = ran
        .err
        .lines()
        .filter(|error| !error.ends_with(" runs"))
        .collect();
    assert_eq!((ran.code, errors), (0, Vec::new()), "{line}");
    format!("\n$ {line}\n{}", ran.out)
}

/// What a line of a shell gives, if it needs nothing that is not here.
fn ran(line: &str) -> Option<Ran> {
    if let Some(echo) = line.strip_prefix("echo '") {
        let (text, command) = echo.split_once("' | penstock ")?;
        let args: Vec<&str> = command.split(' ').collect();
        return Some(penstock_on(&args, format!("{text}\n").as_bytes()));
    }
    let args: Vec<&str> = line.strip_prefix("penstock ")?.split(' ').collect();
    match args.as_slice() {
        ["fleet"] => Some(fleet()),
        ["budgets"] => Some(budgets()),
        ["simulate", trace, ..] if trace.starts_with("gen:") => Some(penstock(&args)),
        _ => None,
    }
}

/// The proxy listens where there is room; the page shows the usual place.
fn fleet() -> Ran {
    let (url, served) = admin(vec![chunked(STATS)]);
    let ran = penstock(&["fleet", "--admin", &url]);
    served.join().unwrap();
    Ran {
        out: ran.out.replace(&url, "http://127.0.0.1:9901"),
        ..ran
    }
}

/// As it was when the statistics were taken.
fn budgets() -> Ran {
    let path = budgets::saved("example.txt", budgets::STATS);
    let ran = penstock(&["budgets", "--file", &path]);
    Ran {
        out: ran.out.replace(&path, "http://127.0.0.1:9901"),
        ..ran
    }
}
