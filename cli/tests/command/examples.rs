//! The examples of docs/cli.md that stand on their own: `$ echo '...' | penstock ...`, and what follows.

use crate::run::{penstock_on, repository};

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
    let asked = part
        .strip_prefix("\n$ echo '")
        .and_then(|asked| asked.lines().next()?.split_once("' | penstock "));
    let Some((text, command)) = asked else {
        return part.to_owned();
    };
    let args: Vec<&str> = command.split(' ').collect();
    let ran = penstock_on(&args, format!("{text}\n").as_bytes());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
    format!("\n$ echo '{text}' | penstock {command}\n{}", ran.out)
}
