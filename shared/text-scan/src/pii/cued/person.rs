//! The grammar of names.

use super::{characters, is_han};
use crate::find::Find;
use crate::pii::rules::Core;

/// Words of the longest name.
const MAX_WORDS: usize = 6;
/// Bytes of the longest word.
const MAX_WORD: usize = 24;
/// Lower-case words within a name.
const PARTICLES: &[&str] = &[
    "de", "del", "la", "las", "los", "y", "van", "von", "der", "den", "di", "da", "do", "dos", "bin", "al",
];
/// Capitalised words that stand where a name might.
const NO_NAMES: &[&str] = &[
    "Service",
    "Services",
    "Support",
    "Care",
    "Success",
    "Experience",
    "Relations",
    "Relationship",
    "Satisfaction",
    "Account",
    "Data",
    "Number",
    "Team",
    "Interface",
    "Is",
    "The",
    "A",
    "An",
    "Sir",
    "Madam",
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "And",
    "Of",
    "Customer",
    "Hiring",
    "Manager",
    "I",
    "My",
    "Not",
    "All",
    "To",
    "User",
    "Side",
    "Server",
    "Id",
    "ID",
    "Name",
    "Reviews",
    "Review",
    "Feedback",
    "Portal",
    "Acquisition",
    "Lifetime",
    "Retention",
    "Management",
    "Engagement",
    "Journey",
    "Insights",
    "Loyalty",
    "Segmentation",
    "Department",
    "Mechanism",
    "Mechanisms",
    "Deficit",
    "Chatbot",
    "Assistant",
    "Company",
    "Inc",
    "Street",
    "Valued",
];
/// The commonest Chinese surnames (Ministry of Public Security of China, report on names of 2020, and its neighbours).
const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴夏钟汪\
田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕\
聂焦向柳邢岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲游裴席卫屈鲍覃霍翁隋甘景单包柏宁柯阮桂闵解强柴华车冉房边欧阳司马";
/// Characters that follow a Chinese name and begin none of its characters.
const AFTER_CHINESE: &str = "的是在有说和与先女想要电身住于将已您你他她我们吗了，";
/// What follows a Japanese name that a cue announces.
const AFTER_JAPANESE: &[&str] = &[
    "様",
    "さん",
    "氏",
    "殿",
    "です",
    "と申",
    "といい",
    "、",
    "。",
    "」",
    ",",
    "\"",
    "\n",
];

/// A name in Latin letters of at least `fewest` words, all but particles capitalised.
pub(super) fn latin(text: &str, start: usize, fewest: usize) -> Option<Find> {
    let (mut at, mut end, mut words) = (start, start, 0);
    for _ in 0..MAX_WORDS {
        let word = word_at(text, at)?;
        if is_name(word) {
            end = at + word.len();
            words += 1;
        } else if words == 0 || !PARTICLES.contains(&word) {
            break;
        }
        at += word.len();
        if initial(word) && text.get(at..).is_some_and(|rest| rest.starts_with('.')) {
            at += 1;
        }
        if !text.get(at..).is_some_and(|rest| rest.starts_with(' ')) {
            break;
        }
        at += 1;
    }
    (words >= fewest).then(|| Core::Person.at(start, end))
}

/// The word that begins here: letters, apostrophes and hyphens.
fn word_at(text: &str, at: usize) -> Option<&str> {
    let inner = |c: char| c.is_ascii_alphabetic() || matches!(c, '\'' | '-' | '’' | '\u{c0}'..='\u{24f}');
    let rest = text.get(at..)?;
    let len: usize = rest
        .chars()
        .take(MAX_WORD)
        .take_while(|c| inner(*c))
        .map(char::len_utf8)
        .sum();
    rest.get(..len)
}

fn is_name(word: &str) -> bool {
    let mut letters = word.chars();
    let upper = letters
        .next()
        .is_some_and(|c| c.is_ascii_uppercase() || matches!(c, '\u{c0}'..='\u{de}' | '\u{100}'..='\u{17f}'));
    let lower = letters.next().is_some_and(|c| !c.is_ascii_uppercase());
    upper && (lower || initial(word)) && !NO_NAMES.contains(&word)
}

fn initial(word: &str) -> bool {
    word.len() == 1
}

/// A Chinese name: a surname and one or two characters.
pub(super) fn chinese(text: &str, start: usize) -> Option<Find> {
    let name = characters(text, start)
        .take(5)
        .take_while(|(_, c)| is_han(*c) && !AFTER_CHINESE.contains(*c));
    let (mut len, mut end, mut double) = (0, start, false);
    for (at, c) in name {
        if len == 0 && !SURNAMES.contains(c) {
            return None;
        }
        double |= len == 1
            && matches!(
                text.get(start..at + c.len_utf8()),
                Some("欧阳" | "司马" | "上官" | "诸葛")
            );
        len += 1;
        end = at + c.len_utf8();
    }
    let fits = if double {
        matches!(len, 3 | 4)
    } else {
        matches!(len, 2 | 3)
    };
    fits.then(|| Core::Person.at(start, end))
}

/// A Japanese name: surname and given name with a blank between, or up to six characters, then what follows a name.
pub(super) fn japanese(text: &str, start: usize) -> Option<Find> {
    let (mut end, mut han, mut blanks) = (start, 0, 0);
    for (at, c) in characters(text, start).take(10) {
        let suffix = text
            .get(at..)
            .is_some_and(|rest| AFTER_JAPANESE.iter().any(|suffix| rest.starts_with(suffix)));
        match c {
            _ if suffix => break,
            ' ' if han > 0 && blanks == 0 => blanks += 1,
            _ if is_han(c) || is_katakana(c) => han += 1,
            _ if blanks > 0 && is_hiragana(c) => han += 1,
            _ => return None,
        }
        if c != ' ' {
            end = at + c.len_utf8();
        }
    }
    let rest = text.get(end..)?;
    let follows = rest.is_empty() || AFTER_JAPANESE.iter().any(|suffix| rest.starts_with(suffix));
    let enough = if blanks > 0 {
        (2..=8).contains(&han)
    } else {
        (3..=6).contains(&han)
    };
    (follows && enough).then(|| Core::Person.at(start, end))
}

/// A Japanese name with a blank in it that ends at `end`, behind の or a mark.
pub(super) fn addressee(text: &str, end: usize) -> Option<Find> {
    let before = text.get(..end)?;
    let (mut start, mut blanks) = (end, 0);
    for (at, c) in before.char_indices().rev().take(10) {
        match c {
            ' ' if blanks == 0 && start < end => blanks += 1,
            'の' | '、' | '。' | '\n' => break,
            _ if is_han(c) || is_katakana(c) || is_hiragana(c) => start = at,
            _ => return None,
        }
    }
    (blanks == 1 && end - start <= 30 && start < end).then(|| Core::Person.at(start, end))
}

fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30a1}'..='\u{30fc}')
}

fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}')
}
