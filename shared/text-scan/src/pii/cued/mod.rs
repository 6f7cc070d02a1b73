//! Names and addresses of persons, by the words before them. Off unless asked for.
//!
//! What no word announces is missed: names in running text need a model of the language. A cue, a grammar of what may stand
//! behind it and a list of words that are no name keep false finds rare.

mod address;
mod cues;
mod person;

use cues::{CUES, Value};

use crate::find::Find;

/// Bytes of quotes, colons and blanks between a cue and what it announces.
const MAX_GAP: usize = 6;

/// Adds what the cues of a folded text announce.
pub(crate) fn scan(text: &str, finds: &mut Vec<Find>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if begins(bytes, at)
            && let Some((cue, value)) = cue_at(bytes, at)
        {
            let start = at + cue;
            find(text, at, start, value, finds);
            at = start;
        } else {
            at += 1;
        }
    }
}

/// Whether a word begins here, or a character of another script.
fn begins(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    match text.get(at) {
        Some(b) if b.is_ascii_alphabetic() => !before.is_some_and(u8::is_ascii_alphanumeric),
        Some(b) => *b >= 0xc3,
        None => false,
    }
}

/// The longest cue at `at`: its bytes, and what it announces.
fn cue_at(text: &[u8], at: usize) -> Option<(usize, Value)> {
    let rest = text.get(at..)?;
    let first = rest.first()?.to_ascii_lowercase();
    let from = CUES.partition_point(|(cue, _)| cue.as_bytes().first() < Some(&first));
    let bucket = CUES
        .iter()
        .skip(from)
        .take_while(|(cue, _)| cue.as_bytes().first() == Some(&first));
    let begins = |cue: &str| {
        rest.get(..cue.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(cue.as_bytes()))
    };
    let longest = bucket
        .filter(|(cue, _)| begins(cue))
        .max_by_key(|(cue, _)| cue.len())?;
    Some((longest.0.len(), longest.1))
}

fn find(text: &str, cue: usize, end: usize, value: Value, finds: &mut Vec<Find>) {
    let bytes = text.as_bytes();
    let rest = bytes.get(end..).unwrap_or_default();
    let gap = rest
        .iter()
        .take(MAX_GAP)
        .take_while(|b| matches!(b, b' ' | b':' | b'"' | b'\'' | b'=' | b'.' | b'\t'))
        .count();
    let gap_bytes = rest.get(..gap).unwrap_or_default();
    let (start, has_colon) = (end + gap, gap_bytes.iter().any(|b| matches!(b, b':' | b'=')));
    let find = match value {
        Value::Title if gap > 0 => person::latin(text, start, 1),
        Value::Name if gap > 0 => person::latin(text, start, 1),
        Value::FullName if gap > 0 && !has_colon => person::latin(text, start, 2),
        Value::NameField if has_colon => {
            person::latin(text, start, 2).or_else(|| person::chinese(text, start))
        }
        Value::Chinese => person::chinese(text, start),
        Value::Japanese => person::japanese(text, start),
        Value::Addressee => person::addressee(text, cue),
        Value::Street if gap > 0 => address::latin(text, start),
        Value::ChinesePlace => address::chinese(text, start),
        Value::JapanesePlace => address::japanese(text, cue),
        Value::Title | Value::Name | Value::FullName | Value::NameField | Value::Street => None,
    };
    finds.extend(find);
}

/// The characters from a byte on, with their offsets.
fn characters(text: &str, start: usize) -> impl Iterator<Item = (usize, char)> {
    let rest = text.get(start..).unwrap_or_default();
    rest.char_indices().map(move |(at, c)| (start + at, c))
}

/// Chinese characters.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn names_behind_a_cue_are_found() {
        for (text, name) in [
            ("My name is Ana Ruiz.", "Ana Ruiz"),
            ("my name is Ana and", "Ana"),
            ("Dear Mr. John O'Neil,", "John O'Neil"),
            (
                "{\"name\": \"Ana María de la Cruz\", \"x\": 1}",
                "Ana María de la Cruz",
            ),
            ("Me llamo Íñigo López-Vega y", "Íñigo López-Vega"),
            ("El cliente Juan García Pérez quiere", "Juan García Pérez"),
            ("attention Mary J. Smith.", "Mary J. Smith"),
            ("mein Name ist Jürgen Groß.", "Jürgen Groß"),
            ("我叫王小明，", "王小明"),
            ("客户李娜的订单", "李娜"),
            ("收件人欧阳娜娜。", "欧阳娜娜"),
            ("姓名：张伟", "张伟"),
            ("お客様の佐藤 花子様、", "佐藤 花子"),
            ("私の名前は山田太郎です", "山田太郎"),
            ("氏名：鈴木 一郎", "鈴木 一郎"),
            ("港区の高橋 健宛に発送", "高橋 健"),
        ] {
            assert_eq!(finds("PERSON", text), [name], "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_not() {
        for text in [
            "My name is important to me",
            "customer service is slow",
            "Customer Service Team",
            "The name is long",
            "name: x",
            "Dear Sir or Madam",
            "{\"name\": \"get_weather\"}",
            "客户服务的质量",
            "客户需求分析",
            "我叫他来",
            "用户体验",
            "お客様の声",
            "お客様のご意見様",
            "名前は大事です",
            "Mr and Mrs",
            "attention to detail",
            "Attention Is All You Need",
            "el cliente quiere",
            "User Interface Design",
            "宛に",
        ] {
            assert!(!has("PERSON", text), "{text}");
        }
    }

    #[test]
    fn addresses_behind_a_cue_are_found() {
        for (text, address) in [
            (
                "Ship it to 12 Elm Street Apt. 4, Springfield, IL 62701, attention Bob.",
                "12 Elm Street Apt. 4, Springfield, IL 62701",
            ),
            (
                "My address is 7 Oak Ave, Dover, DE 19901.",
                "7 Oak Ave, Dover, DE 19901",
            ),
            (
                "Entregar en Calle Mayor 5, Madrid, 28013, a la atención de",
                "Calle Mayor 5, Madrid, 28013",
            ),
            (
                "请寄到广东省深圳市南山区科技路8号 518000，收件人",
                "广东省深圳市南山区科技路8号 518000",
            ),
            (
                "東京都港区芝公園4丁目2番8号 タワー101の佐藤",
                "東京都港区芝公園4丁目2番8号 タワー101",
            ),
        ] {
            assert_eq!(finds("ADDRESS", text), [address], "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_not() {
        for text in [
            "address 0x1000 in memory",
            "the address is 10.0.0.1",
            "ship it to 3 people",
            "东京都的人口",
            "東京都の人口は2024年に",
            "dirección de correo",
            "地址是错误的",
        ] {
            assert!(!has("ADDRESS", text), "{text}");
        }
    }
}
