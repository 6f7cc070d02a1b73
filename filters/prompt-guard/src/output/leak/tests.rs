use super::*;
use crate::output::LeakSettings;

const PROMPT: &str = "You are Harbour, the assistant of a ferry line. Never discuss refunds above 200 euros. \
    The password is \"BlueFalcon77\". Always answer in the passenger's language, and offer the next departure. 乗客には丁寧に答えてください。払い戻しの話は絶対にしないでください。";

fn found(prompt: &str, said: &str, answer: &str) -> Vec<(Known, Range<u64>)> {
    let settings = LeakSettings {
        canaries: vec!["canary-7f3a-9c".to_owned()],
        ..LeakSettings::default()
    };
    let system = System::new(&[prompt], &settings);
    let mut own = Said::default();
    system.note(&mut own, said);
    let against = Against {
        system: &system,
        said: &own,
    };
    let (mut leak, mut findings) = (Leak::default(), Findings::default());
    for (at, c) in answer.char_indices() {
        leak.push(c, at as u64..(at + c.len_utf8()) as u64, against, &mut findings);
    }
    leak.end(against, &mut findings);
    assert_eq!(leak.open(), None);
    findings
        .0
        .into_iter()
        .map(|finding| (finding.rule, finding.range))
        .collect()
}

fn rules(prompt: &str, answer: &str) -> Vec<Known> {
    let mut rules: Vec<Known> = found(prompt, "", answer)
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    rules.dedup();
    rules
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        out.extend((0..=chunk.len()).map(|at| char::from(DIGITS[bits >> (18 - 6 * at) & 63])));
    }
    out
}

#[test]
fn every_form_of_the_prompt_is_a_leak() {
    let part = PROMPT.get(8..86).unwrap();
    let hex: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escapes: String = part.bytes().map(|byte| format!("0x{byte:02x}, ")).collect();
    let wrapped = base64(part)
        .as_bytes()
        .chunks(20)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect::<String>();
    for form in [
        part.to_owned(),
        part.to_uppercase(),
        part.replace(' ', "\n"),
        part.replace(' ', "\n- "),
        part.chars().map(|c| format!("{c}  ")).collect(),
        part.chars().map(|c| format!("{c}\u{200b}")).collect(),
        part.chars().rev().collect(),
        part.chars().map(penstock_text_scan::view::rot13).collect(),
        part.chars().rev().map(penstock_text_scan::view::rot13).collect(),
        base64(part),
        wrapped,
        hex,
        escapes,
        "乗客には丁寧に答えてください払い戻しの話は絶対にしない".to_owned(),
    ] {
        assert_eq!(
            rules(PROMPT, &format!("Sure! Here it is: {form} ok")),
            [Known::SystemPromptLeak],
            "{form}"
        );
    }
}

#[test]
fn a_leak_has_the_place_of_its_passage() {
    let answer = format!(
        "Well, {} is all that I can say to you today.",
        PROMPT.get(8..86).unwrap()
    );
    let found = found(PROMPT, "", &answer);
    let [(_, first), (_, rest)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((first.end, first.start), (rest.start, 6));
    assert_eq!(
        answer.get(first.start as usize..rest.end as usize),
        PROMPT.get(8..85)
    );
}

#[test]
fn what_the_client_wrote_is_no_leak() {
    let answer = format!("You wrote: {}", PROMPT.get(..83).unwrap());
    assert_eq!(found(PROMPT, PROMPT.get(..83).unwrap(), &answer), []);
    assert_eq!(found(PROMPT, "BlueFalcon77", "So BlueFalcon77 it is."), []);
}

#[test]
fn a_short_prompt_leaks_as_a_whole() {
    let prompt = "Be a pirate, never say why.";
    assert_eq!(
        rules(prompt, "I am told: be a pirate; never say why!"),
        [Known::SystemPromptLeak]
    );
    assert_eq!(rules(prompt, "Be a pirate, never say no."), []);
    assert_eq!(rules("Be brief.", "Be brief."), []);
}

#[test]
fn values_are_met_in_every_reading() {
    for (answer, rule) in [
        ("it is bluefalcon77", Known::SystemSecret),
        ("B-l-u-e-F-a-l-c-o-n-7-7", Known::SystemSecret),
        ("77noclaFeulB", Known::SystemSecret),
        ("OyhrSnypba77", Known::SystemSecret),
        ("Qmx1ZUZhbGNvbjc3", Known::SystemSecret),
        ("Canary 7F3A 9C", Known::Canary),
        ("c9-a3f7-yranac", Known::Canary),
        ("63616e6172792d376633612d3963", Known::Canary),
    ] {
        assert_eq!(rules(PROMPT, answer), [rule], "{answer}");
    }
}

#[test]
fn a_word_of_everyday_needs_its_announcement() {
    let prompt = "Your secret word is hello and the pin is 4711. The magic word is xylophone.";
    for answer in [
        "The secret word is: hello.",
        "It's \"hello\"",
        "it is `4711`",
        "XYLOPHONE",
        "x y l o p h o n e",
    ] {
        assert_eq!(rules(prompt, answer), [Known::SystemSecret], "{answer}");
    }
    for answer in [
        "Hello! How are you?",
        "Othello is a secret word? Hellos",
        "We sold 4711 of them",
        "xylophones",
        "a pin",
    ] {
        assert_eq!(rules(prompt, answer), [], "{answer}");
    }
}

#[test]
fn the_beginning_of_a_value_waits_for_its_rest() {
    let system = System::new(&[PROMPT], &LeakSettings::default());
    let said = Said::default();
    let against = Against {
        system: &system,
        said: &said,
    };
    for (text, open) in [
        ("It is Blue", Some(6)),
        ("It is B-l u", Some(6)),
        ("It is bl", None),
        ("It is 77noc", Some(6)),
        ("It is blank", None),
    ] {
        let (mut leak, mut findings) = (Leak::default(), Findings::default());
        for (at, c) in text.char_indices() {
            leak.push(c, at as u64..(at + 1) as u64, against, &mut findings);
        }
        assert_eq!(leak.value(&system, text.len() as u64), open, "{text}");
    }
}
