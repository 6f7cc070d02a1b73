//! The engine beside the `regex` crate, and texts and expressions that mean harm.

use super::{Group, Reason, Regex};
use proptest::prelude::*;
use std::time::Instant;

/// What an expression finds.
fn finds<'t>(source: &str, group: Group<'_>, text: &'t str) -> Vec<&'t str> {
    let regex = Regex::new(source, group).unwrap_or_else(|error| panic!("{source}: {error}"));
    let mut found = Vec::new();
    regex.each(text, |range| found.extend(text.get(range)));
    found
}

#[test]
fn matches_are_those_that_one_expects() {
    for (source, text, found) in [
        (
            r"EMP-\d{6}",
            "EMP-123456, EMP-12345, xEMP-6543217",
            &["EMP-123456", "EMP-654321"][..],
        ),
        (
            r"\bEMP-\d{6}\b",
            "员EMP-123456号 xEMP-123456 EMP-1234567",
            &["EMP-123456"],
        ),
        ("a|ab", "ab", &["a"]),
        ("ab|a", "ab", &["ab"]),
        ("a+?b??", "aaab", &["a", "a", "a"]),
        ("(?i)straße|peña", "STRAßE PEÑA peÑa", &["STRAßE", "PEÑA", "peÑa"]),
        ("(?m)^k=.*$", "k=1\nk=2\n k=3", &["k=1", "k=2"]),
        (r"\Ax.\z|^y$", "y", &["y"]),
        (r"a(?i:b)c", "aBc abc abC", &["aBc", "abc"]),
        (r"a(?i)b|c", "aB C c", &["aB", "C", "c"]),
        (r"[^\W\d_]+", "ab1cd_é", &["ab", "cd"]),
        (r"[]a]+[^]a]", "]ab", &["]ab"]),
        (r"[a-]+", "a-b", &["a-"]),
        (r"\x41\u0042\u{43}", "ABC", &["ABC"]),
        ("．", "a.b", &["."]),
        ("编号[0-9]+", "编号42，编号", &["编号42"]),
        ("(?s)a.b", "a\nb", &["a\nb"]),
        ("a.b", "a\nb a字b", &["a字b"]),
        ("x*", "axxb", &["xx"]),
        ("(?:)*|b", "b", &[]),
    ] {
        assert_eq!(finds(source, Group::Whole, text), found, "{source}");
    }
}

#[test]
fn a_group_alone_can_be_the_find() {
    let text = "user=ana id=7, id=";
    assert_eq!(finds(r"(\w+)=(\w+)", Group::Number(2), text), ["ana", "7"]);
    assert_eq!(finds(r"id=(?<value>\d+)", Group::Name("value"), text), ["7"]);
    assert_eq!(finds(r"(?P<value>\d+)|user", Group::Name("value"), text), ["7"]);
    assert_eq!(finds(r"(?:(\w),?)+", Group::Number(1), "a,b,c"), ["c"]);
}

#[test]
fn what_cannot_run_in_linear_time_is_refused_with_its_place() {
    use Reason::*;
    for (source, at, reason) in [
        (r"(a)\1", 4, BackReference),
        ("(?P<n>a)(?P=n)", 11, BackReference),
        ("a(?=b)", 3, LookAround),
        ("(?<!a)b", 3, LookAround),
        ("(?>a)", 2, LookAround),
        ("a++", 2, LookAround),
        (r"\p{Han}", 1, Unsupported),
        ("[[:alpha:]]", 3, Unsupported),
        ("(?x)a", 2, Unsupported),
        (r"\q", 1, UnknownEscape),
        ("(a", 2, Unfinished),
        ("[a", 2, Unfinished),
        ("a)", 1, Unopened),
        ("a|*", 2, NothingToRepeat),
        ("a**", 2, NothingToRepeat),
        ("{\"k\"}", 0, NothingToRepeat),
        ("a{3,1}", 5, BadCount),
        ("a{1001}", 5, BadCount),
        ("[z-a]", 4, BadRange),
        ("(?:)|^", 0, Empty),
    ] {
        let refused = Regex::new(source, Group::Whole).unwrap_err();
        assert_eq!((refused.at, refused.reason), (at, reason), "{source}: {refused}");
    }
    assert_eq!(
        Regex::new("(a)", Group::Number(2)).unwrap_err().reason,
        NoSuchGroup
    );
    assert_eq!(
        Regex::new("(?<a>a)", Group::Name("b")).unwrap_err().reason,
        NoSuchGroup
    );
}

#[test]
fn bombs_are_refused_at_once() {
    let begun = Instant::now();
    for (source, reason) in [
        ("((a{100}){100}){100}".to_owned(), Reason::TooLarge),
        ("(((x?){1000}){1000}){1000}".to_owned(), Reason::TooLarge),
        ("(?:(?:(?:){1000}){1000}){1000}".to_owned(), Reason::Empty),
        ("(?:(?:(?:^){1000}){1000}){1000}a".to_owned(), Reason::TooLarge),
        ("(".repeat(4000), Reason::TooDeep),
        ("a".repeat(5000), Reason::TooLarge),
        (('\u{4e00}'..).take(300).collect(), Reason::TooManyClasses),
    ] {
        assert_eq!(
            Regex::new(&source, Group::Whole).unwrap_err().reason,
            reason,
            "{source:.20}"
        );
    }
    assert!(Regex::new("(?:(?:(?:){1000}){1000}){1000}a", Group::Whole).is_ok());
    assert!(begun.elapsed().as_secs() < 10);
}

/// Each takes minutes where time grows by the square, and a second at most where it does not.
#[test]
fn hostile_texts_take_linear_time() {
    for (source, unit) in [
        ("(?:a.*b)?a", "a"),
        ("(a*)*b", "a"),
        ("(?:a|aa)+$", "a"),
        ("(x+x+)+y", "x"),
        (r"\d+-\d+", "1"),
        ("[01]*1[01]{60}c?", "110100"),
        (r"key=(?:.*;)?", "key="),
        (r"\w+@\w+\.com", "@a."),
        ("漢+字?", "漢"),
    ] {
        let text = unit.repeat(200_000 / unit.len());
        let regex = Regex::new(source, Group::Whole).unwrap();
        let begun = Instant::now();
        let mut count = 0;
        regex.each(&text, |_| count += 1);
        assert!(
            begun.elapsed().as_secs() < 20,
            "{source}: {count} finds, {:?}",
            begun.elapsed()
        );
    }
}

/// Random expressions, in our syntax and in that of the `regex` crate.
fn expression() -> impl Strategy<Value = (String, String)> {
    let same = |text: &'static str| Just((text.to_owned(), text.to_owned()));
    let atom = prop_oneof![
        4 => same("a"),
        3 => same("b"),
        1 => same("1"),
        1 => same("é"),
        1 => same("漢"),
        1 => same("."),
        1 => same("[ab]"),
        1 => same("[^a]"),
        1 => same("[a-c漢-語]"),
        1 => Just((r"\d".to_owned(), "[0-9]".to_owned())),
        1 => Just((r"\w".to_owned(), "[0-9A-Za-z_]".to_owned())),
        1 => Just((r"\S".to_owned(), r"[^\t-\r ]".to_owned())),
        1 => Just((r"\b".to_owned(), r"(?-u:\b)".to_owned())),
        1 => same("^"),
        1 => same("$"),
        1 => same("(?m:^)"),
        1 => same("(?m:$)"),
        1 => same("(?i:B)"),
    ];
    atom.prop_recursive(5, 24, 3, |inner| {
        let repeats = prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}?", "{2,}"]);
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| (a.0 + &b.0, a.1 + &b.1)),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| (format!("(?:{}|{})", a.0, b.0), format!("(?:{}|{})", a.1, b.1))),
            2 => (inner, repeats).prop_map(|(a, times)| (format!("(?:{}){times}", a.0), format!("(?:{}){times}", a.1))),
        ]
    })
}

proptest! {
    #[test]
    fn finds_are_those_of_the_regex_crate((ours, theirs) in expression(), texts in prop::collection::vec("[aabbB1é漢\n -]{0,14}", 1..6)) {
        let ours = match Regex::new(&format!("({ours})"), Group::Number(1)) {
            Ok(regex) => regex,
            Err(error) => {
                prop_assert_eq!(error.reason, Reason::Empty);
                return Ok(());
            }
        };
        let theirs = regex::Regex::new(&format!("({theirs})")).unwrap();
        for text in texts {
            let mut found = Vec::new();
            ours.each(&text, |range| found.push(range));
            let known: Vec<_> = theirs.find_iter(&text).map(|found| found.range()).filter(|range| !range.is_empty()).collect();
            prop_assert_eq!(found, known, "{:?}", text);
        }
    }

    #[test]
    fn groups_are_those_of_the_regex_crate((before, before_theirs) in expression(), (ours, theirs) in expression(), (after, after_theirs) in expression(), text in "[aabbB1é漢\n -]{0,14}") {
        let ours = match Regex::new(&format!("(?:{before}({ours}){after})"), Group::Number(1)) {
            Ok(regex) => regex,
            Err(error) => {
                prop_assert_eq!(error.reason, Reason::Empty);
                return Ok(());
            }
        };
        let theirs = regex::Regex::new(&format!("(?:{before_theirs}({theirs}){after_theirs})")).unwrap();
        let mut found = Vec::new();
        ours.each(&text, |range| found.push(range));
        let known: Vec<_> = theirs
            .captures_iter(&text)
            .filter_map(|captures| captures.get(1).map(|group| group.range()))
            .filter(|range| !range.is_empty())
            .collect();
        prop_assert_eq!(found, known);
    }

    #[test]
    fn no_expression_panics(source in r"[ab(|)\[\]\\*+?{},1d:<P=^$-]{0,20}", text in "[ab1 -]{0,20}") {
        if let Ok(regex) = Regex::new(&source, Group::Whole) {
            regex.each(&text, |range| assert!(text.get(range).is_some()));
        }
    }
}
