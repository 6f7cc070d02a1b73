use super::*;

const PROMPT: &[&str] = &[
    "Acme was founded on March 5, 1987 by Jane Okafor. Revenue in 2023 was $1,250,000, up 12.5%.",
    "Okafor (2019) wrote: \"the engine never stops while the river runs\". See https://www.acme.example/about/?x=1. 1 234 staff; 7,5 kg; 3 million.",
];

fn read(texts: &[&str]) -> Grounds {
    let mut grounds = Grounds::new(texts.len(), texts.iter().map(|text| text.len()).sum());
    texts.iter().for_each(|text| grounds.read(text));
    grounds
}

fn found(answer: &str) -> Vec<(Known, String)> {
    let (grounds, mut findings) = (read(PROMPT), Findings::default());
    let mut grounding = Grounding::default();
    for (at, c) in answer.char_indices() {
        grounding.push(c, at as u64..(at + c.len_utf8()) as u64, &grounds, &mut findings);
    }
    grounding.end(&grounds, &mut findings);
    assert_eq!(grounding.open(), None, "{answer}");
    let part = |range: &Range<u64>| {
        answer
            .get(range.start as usize..range.end as usize)
            .unwrap()
            .to_owned()
    };
    findings
        .0
        .iter()
        .map(|finding| (finding.rule, part(&finding.range)))
        .collect()
}

#[test]
fn what_the_prompt_says_may_be_said_in_other_notation() {
    for answer in [
        "Revenue: 1.250.000 dollars (1.25 million), 12,5 % more, or 0.125.",
        "Founded 1987-03-05, that is 5 March 1987, 05.03.1987, 5 de marzo de 1987, 1987年3月5日.",
        "In 2023 and １２.５％; 3,000,000; 7.5kg; 3 steps, 10 people.",
        "1. First\n2. Second\n14. Last\n",
        "He said \"the engine never stops while the river runs\" and “the Engine never stops…”.",
        "See http://acme.example/about?x=1 or <https://www.acme.example/about/?x=1>.",
        "As said [1], [2] and (Okafor, 2019), [Okafor et al. 2019].",
        "The GPT4 model, v77.1, use `x = 999` or\n```\nprint(4242)\n```\n",
        "A \"short one\" and 5\" of rain; (see May 2023); [text 1987](https://www.acme.example/about?x=1)",
    ] {
        assert_eq!(found(answer), [], "{answer}");
    }
}

#[test]
fn what_it_does_not_say_is_found() {
    use Known::{UngroundedCitation, UngroundedDate, UngroundedNumber, UngroundedQuote, UngroundedUrl};
    for (answer, rule, part) in [
        ("Revenue was 1,350,000.", UngroundedNumber, "1,350,000"),
        ("It grew 13.5% then", UngroundedNumber, "13.5"),
        ("about 4 million", UngroundedNumber, "4"),
        ("in 1999", UngroundedNumber, "1999"),
        ("on March 6, 1987.", UngroundedDate, "March 6, 1987"),
        ("am 6. März 1987", UngroundedDate, "6. März 1987"),
        ("since 1987-05-03", UngroundedDate, "1987-05-03"),
        ("1987年4月5日", UngroundedDate, "1987年4月5"),
        (
            "at https://acme.example/team.",
            UngroundedUrl,
            "https://acme.example/team",
        ),
        (
            "She said \"the engine always stops at night\".",
            UngroundedQuote,
            "\"the engine always stops at night\"",
        ),
        (
            "He wrote “a wholly new sentence here”",
            UngroundedQuote,
            "“a wholly new sentence here”",
        ),
        ("as shown [17].", UngroundedCitation, "[17]"),
        ("as (Smith, 2019) says", UngroundedCitation, "(Smith, 2019)"),
        (
            "as shown [Smith et al. 2019]",
            UngroundedCitation,
            "[Smith et al. 2019]",
        ),
    ] {
        assert!(
            found(answer).contains(&(rule, part.to_owned())),
            "{answer}: {:?}",
            found(answer)
        );
    }
}

#[test]
fn above_the_bound_nothing_is_judged() {
    let long: String = (0..40_000).map(|n| format!("{n} ab ")).collect();
    let grounds = read(&[&long]);
    assert!(!grounds.is_complete());
    let (mut grounding, mut findings) = (Grounding::default(), Findings::default());
    for (at, c) in "In 99999999 and \"words that are nowhere\".".char_indices() {
        grounding.push(c, at as u64..at as u64 + 1, &grounds, &mut findings);
    }
    grounding.end(&grounds, &mut findings);
    assert!(findings.0.is_empty());
}
