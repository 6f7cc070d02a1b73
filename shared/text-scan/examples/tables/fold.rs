//! What stands for a character in a canonical view, by the rules of `view::letters`.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

/// Letters whose like in ASCII no data file of Unicode gives: small capitals, letters with strokes, letters upside down.
const LATIN: &str = "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz ᴁae ɶoe \
    øo Øo łl ŁL đd ĐD ðd ÐD ɖd ħh ĦH ŧt ŦT ŋn ŊN ıi ȷj ƀb ɓb ƃb ɗd ɠg ɡg ɦh ɨi ɩi ƙk ɫl ɬl ɭl ɱm ɲn ɳn ƞn ɔo ɵo ƥp \
    ɋq ɽr ɾr ʂs ʃs ƭt ʈt ʉu ʊu ʋv ⱱv ɣy ƴy ʐz ƶz ȥz ɑa ɒa æae ÆAE œoe ŒOE ßss ẞSS þth ÞTH ǝe Ǝe əe Əe ɛe ɜe ɐa ɟf \
    ɥh ᴉi ʞk ɯm ɹr ʇt ʌv ʍw ʎy ⅄y ꓕt ɘe ƒf ſs µu";

/// Quotation marks, apostrophes, dashes and line ends that are spelt otherwise in ASCII.
const MARKS: &str = "‘' ’' ‚' ‛' ʼ' ′' “\" ”\" „\" ‟\" ″\" «\" »\" ‐- ‑- ‒- –- —- ―- −- ﹘- ﹣- ⁓~";

/// Letters of other scripts that pass for a Latin one although the data of Unicode does not say so.
pub(crate) const WEAK: &str = "вb кk мm нh тt гr пn иu ьb Вb αa βb γy εe ηn ιi κk μu νv ρp τt υu χx ωw տm հh ո\
    n";

/// What stands for a character; `None` if it stays.
pub(crate) fn fold(c: char) -> Option<String> {
    if c.is_ascii() || is_ideograph(c) || is_kept(c) {
        return None;
    }
    if is_stripped(c) {
        return Some(String::new());
    }
    let to = listed(LATIN, c)
        .or_else(|| listed(MARKS, c))
        .or_else(|| enclosed(c))
        .unwrap_or_else(|| decomposed(c));
    let to = if to == String::from(c) {
        latin_alike(c).unwrap_or(to)
    } else {
        to
    };
    let is_blank = to.trim().chars().all(is_stripped) && !c.is_whitespace();
    (to != String::from(c) && !is_blank && to.len() <= 2 * c.len_utf8()).then_some(to)
}

/// The Latin letter that a letter of another script passes for.
pub(crate) fn alike(c: char) -> Option<u8> {
    let others = [
        Script::Cyrillic,
        Script::Greek,
        Script::Armenian,
        Script::Cherokee,
        Script::Coptic,
        Script::Lisu,
        Script::Canadian_Aboriginal,
        Script::Tifinagh,
    ];
    if !others.contains(&c.script()) || !c.is_alphabetic() {
        return None;
    }
    let text = prototype(c)?;
    let [byte] = text.as_bytes() else { return None };
    byte.is_ascii_alphabetic().then_some(*byte)
}

/// The letter that a listed letter passes for.
pub(crate) fn listed(list: &str, c: char) -> Option<String> {
    let mut entries = list.split_whitespace();
    entries.find_map(|entry| entry.strip_prefix(c)).map(str::to_owned)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

/// What the code of the view looks into itself.
pub(crate) fn is_read(c: char) -> bool {
    let has_look_alikes = matches!(c, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1400}'..='\u{167f}'
        | '\u{1c80}'..='\u{1c8f}' | '\u{2c80}'..='\u{2cff}' | '\u{2d30}'..='\u{2d7f}');
    has_look_alikes || is_hidden(c) || is_part(c)
}

fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Parts of letters and flags, and full-width forms.
fn is_part(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3099}' | '\u{309a}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{ff01}'..='\u{ff5e}')
}

/// What has no better spelling here.
fn is_kept(c: char) -> bool {
    // Not worth their bytes: ligatures of whole Arabic words, ideographs that only old standards kept apart.
    let rare = matches!(c, '\u{fc00}'..='\u{fdff}' | '\u{3300}'..='\u{3357}');
    // Letters of Hangul that stand alone, a vowel of Thai, й and ї, which are no и and no і.
    let letter = matches!(c, '\u{3131}'..='\u{318e}' | '\u{3200}'..='\u{320d}' | '\u{3260}'..='\u{326d}' | '\u{e33}'
        | '\u{eb3}' | 'й' | 'Й' | 'ї' | 'Ї' | 'ў' | 'Ў');
    let nothing = matches!(
        c.general_category(),
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Control
    );
    is_hidden(c) || is_part(c) || rare || letter || nothing
}

/// Marks above and below letters that are read without them.
fn is_stripped(c: char) -> bool {
    let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark;
    let block = matches!(c, '\u{300}'..='\u{8ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{2de0}'..='\u{2dff}' | '\u{a66f}'..='\u{a69f}' | '\u{fb1e}' | '\u{fe20}'..='\u{fe2f}');
    let script = matches!(
        c.script(),
        Script::Inherited
            | Script::Arabic
            | Script::Hebrew
            | Script::Syriac
            | Script::Cyrillic
            | Script::Greek
    );
    c == '\u{640}' || (is_mark && block && script)
}

/// Letters in circles, squares and brackets that Unicode does not decompose, or not to the bare letter.
fn enclosed(c: char) -> Option<String> {
    let code = u32::from(c);
    let letter = |first: u32, a: u8| Some(String::from(char::from(a + (code - first) as u8)));
    match code {
        0x249c..=0x24b5 => letter(0x249c, b'a'),
        0x1f110..=0x1f129 => letter(0x1f110, b'A'),
        0x1f130..=0x1f149 => letter(0x1f130, b'A'),
        0x1f150..=0x1f169 => letter(0x1f150, b'A'),
        0x1f170..=0x1f189 => letter(0x1f170, b'A'),
        0x1cce6..=0x1ccef => letter(0x1cce6, b'0'),
        0x320e..=0x321e | 0x3220..=0x3247 => {
            let text: String = String::from(c).nfkc().collect();
            Some(text.trim_matches(['(', ')']).to_owned())
        }
        // Half-width letters of Hangul, as letters that stand alone.
        0xffa1..=0xffbe => hangul(code - 0xffa1 + 0x3131),
        0xffc2..=0xffc7 => hangul(code - 0xffc2 + 0x314f),
        0xffca..=0xffcf => hangul(code - 0xffca + 0x3155),
        0xffd2..=0xffd7 => hangul(code - 0xffd2 + 0x315b),
        0xffda..=0xffdc => hangul(code - 0xffda + 0x3161),
        _ => None,
    }
}

fn hangul(code: u32) -> Option<String> {
    char::from_u32(code).map(String::from)
}

/// The compatibility form, without marks where the base is a letter that is read without them.
fn decomposed(c: char) -> String {
    let parts: String = String::from(c).nfkd().collect();
    let is_read_bare = parts.chars().next().is_some_and(|base| {
        base.is_alphabetic()
            && matches!(
                base.script(),
                Script::Latin | Script::Greek | Script::Cyrillic | Script::Arabic | Script::Hebrew
            )
    });
    let to: String = if is_read_bare {
        parts.chars().filter(|c| !is_stripped(*c)).nfc().collect()
    } else {
        parts.nfc().collect()
    };
    let listed: String = to
        .chars()
        .map(|c| {
            listed(LATIN, c)
                .or_else(|| listed(MARKS, c))
                .unwrap_or_else(|| c.into())
        })
        .collect();
    // Georgian capitals are a style of the small letters.
    if matches!(c, '\u{1c90}'..='\u{1cbf}') {
        c.to_lowercase().collect()
    } else {
        listed
    }
}

/// The letters of ASCII that a rare Latin letter is confused with.
fn latin_alike(c: char) -> Option<String> {
    (c.script() == Script::Latin && c.is_alphabetic())
        .then(|| prototype(c))
        .flatten()
}

/// What a letter is confused with (UTS 39), if that is one or two letters of ASCII.
fn prototype(c: char) -> Option<String> {
    let text = String::from(c);
    let to: String = skeleton(&text)
        .filter(|c| !is_stripped(*c))
        .map(|c| listed(LATIN, c).unwrap_or_else(|| decomposed(c)))
        .collect();
    let is_word = !to.is_empty() && to.len() <= 2 && to.bytes().all(|b| b.is_ascii_alphabetic());
    // The skeleton makes no difference between I and l: here a capital is an I.
    let is_capital = to == "l" && !matches!(c.general_category(), GeneralCategory::LowercaseLetter);
    (is_word && to != text).then(|| if is_capital { "I".to_owned() } else { to })
}
