use super::*;
use penstock_llm_api::{Encoding, Scope};
use proptest::prelude::*;

const PROMPT: &str = "You are Harbour, the assistant of a ferry line. Never discuss refunds above 200 euros. \
    The password is \"BlueFalcon77\". Answer in the passenger's language, offer the next departure.";

/// Parts that a text of the properties is made of: all that the checks look for, whole and broken.
const PARTS: &[&str] = &[
    "You are Harbour, the assistant of a ferry line.",
    ".enil yrref a fo tnatsissa eht ,ruobraH era uoY",
    "WW91IGFyZSBIYXJib3VyLCB0aGUgYXNzaXN0YW50IG9mIGEgZmVycnkgbGluZS4=",
    "4e657665722064697363757373207265\n66756e64732061626f76652032303020",
    "B l u e F a l c o n 7 7",
    "<script>",
    "<img src=\"http://e.example/x\" onerror='a>b'>",
    "![a](https://e.example/i.png \"t\")",
    "[pic]: http://e.example/i\n",
    "![pic] ",
    "[a](javascript:alert)",
    "\u{1b}[31m\u{e0041}\u{200b}\u{200b}\u{200b}\u{200b}",
    "```\n",
    "`",
    "\n\n",
    "https://e.example/?q=0123456789012345678901234567890123456789 ",
    "; rm -rf / ",
    "../../../../etc/passwd ",
    "http://169.254.169.254/ ",
    "It was 1,234.5 million on 5 March 1999, or 1999-03-05. ",
    "2024年3月5日",
    "\"a sentence that nobody ever said before\" [17] (Smith, 2019) ",
    "el niño «habló» 😀 <b> a[0] ",
];

fn watch() -> Watch {
    let leak = LeakSettings {
        canaries: vec!["canary-7f3a-9c".to_owned()],
        ..LeakSettings::default()
    };
    let settings = Settings {
        leak,
        markup: Some(MarkupSettings::default()),
        active: Some(ActiveSettings::default()),
    };
    let system = System::new(&[PROMPT], &settings.leak);
    let said = Said::default();
    let mut grounds = Grounds::new(1, 30);
    grounds.read("In 1987 there were 12 ferries.");
    Watch::new(Rc::new(settings), Rc::new(system), said, Some(grounds))
}

/// Reads a text in pieces that end at these offsets, or behind them where a character goes on.
fn read(text: &str, cuts: &[usize], encoding: Encoding) -> Vec<Finding> {
    let (mut watch, mut findings, mut start, mut open) = (watch(), Vec::new(), 0, 0);
    let mut ends: Vec<usize> = cuts
        .iter()
        .copied()
        .filter(|cut| text.is_char_boundary(*cut))
        .collect();
    ends.push(text.len());
    ends.sort_unstable();
    for end in ends {
        let seen = watch.read(&Piece {
            channel: ChannelId(1),
            message: 0,
            index: 0,
            scope: Scope::Output,
            encoding,
            part: Part::Delta,
            signed: false,
            start: start as u64,
            held: "",
            text: text.get(start..end).unwrap(),
            last: end == text.len(),
        });
        let seen = seen.unwrap();
        let first = seen.open.first(|_| true);
        for finding in &seen.findings {
            // What was decided stays decided, but for a leak, which is told by its length, and what is too long to wait.
            let grows = matches!(
                finding.rule,
                Known::SystemPromptLeak
                    | Known::SystemSecret
                    | Known::ShellCommand
                    | Known::SqlStatement
                    | Known::PathTraversal
                    | Known::SsrfTarget
            );
            assert!(grows || finding.range.start >= open, "{finding:?} before {open}");
            assert!(
                finding.range.start < finding.range.end && finding.range.end <= end as u64,
                "{finding:?}"
            );
        }
        assert!(first <= end as u64);
        (start, open) = (end, first);
        findings.extend(seen.findings);
        if start == text.len() {
            assert_eq!(open, end as u64);
            break;
        }
    }
    findings
}

fn texts() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec((0..PARTS.len(), 0..60_usize), 1..12);
    parts.prop_map(|parts| {
        let broken = |(part, cut): (usize, usize)| {
            PARTS[part]
                .chars()
                .take(if cut < 12 { cut } else { 99 })
                .collect::<String>()
        };
        parts.into_iter().map(broken).collect()
    })
}

/// Texts of the signs that decide.
const SIGNS: &str = "[a-z0-9 \\n`~<>\\[\\]()!:/\\\\.,;'\"=%&|$#@*_+年月日é😀-]{0,200}";

proptest! {
    #[test]
    fn nor_of_texts_of_signs_alone(text in SIGNS) {
        let each: Vec<usize> = (1..text.len()).collect();
        for encoding in [Encoding::Plain, Encoding::JsonFragment] {
            prop_assert_eq!(read(&text, &[], encoding), read(&text, &each, encoding));
        }
    }

    #[test]
    fn findings_do_not_depend_on_how_a_text_is_cut(text in texts(), cuts in prop::collection::vec(0..800_usize, 0..40)) {
        let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < text.len()).collect();
        let whole = read(&text, &[], Encoding::Plain);
        prop_assert_eq!(&whole, &read(&text, &cuts, Encoding::Plain));
        let each: Vec<usize> = (1..text.len()).collect();
        prop_assert_eq!(&whole, &read(&text, &each, Encoding::Plain));
    }

    #[test]
    fn nor_do_those_of_arguments(text in texts(), cuts in prop::collection::vec(0..800_usize, 0..40)) {
        let json = serde_json::json!({ "path": text, "n": [1, text.to_uppercase()] }).to_string();
        let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < json.len()).collect();
        let whole = read(&json, &[], Encoding::JsonFragment);
        prop_assert_eq!(&whole, &read(&json, &cuts, Encoding::JsonFragment));
        let each: Vec<usize> = (1..json.len()).collect();
        prop_assert_eq!(&whole, &read(&json, &each, Encoding::JsonFragment));
    }

    #[test]
    fn any_text_can_be_read(text in any::<String>()) {
        read(&text, &[], Encoding::Plain);
        read(&text, &[], Encoding::JsonFragment);
    }
}

#[test]
fn texts_that_were_once_misread() {
    for text in ["!", "![a](<script", "2022024年3月5"] {
        read(text, &[], Encoding::Plain);
    }
}

#[test]
fn the_same_text_is_met_in_prose_and_in_arguments() {
    let rules = |findings: Vec<Finding>| {
        findings
            .into_iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    let text = "You are Harbour, the assistant of a ferry line.";
    assert!(rules(read(text, &[], Encoding::Plain)).contains(&Known::SystemPromptLeak));
    let json = serde_json::json!({ "a": text, "path": "/etc/passwd" }).to_string();
    let met = rules(read(&json, &[], Encoding::JsonFragment));
    assert!(
        met.contains(&Known::SystemPromptLeak) && met.contains(&Known::PathTraversal),
        "{met:?}"
    );
}

#[test]
fn a_find_in_arguments_has_the_place_of_its_source() {
    let json = "{\"path\":\"x \\u002e\\u002e%2fa\"}";
    let found = read(json, &[], Encoding::JsonFragment);
    let [
        Finding {
            rule: Known::PathTraversal,
            range,
        },
    ] = found.as_slice()
    else {
        panic!("{found:?}");
    };
    assert_eq!(
        json.get(range.start as usize..range.end as usize).unwrap(),
        "\\u002e\\u002e%2f"
    );
}
