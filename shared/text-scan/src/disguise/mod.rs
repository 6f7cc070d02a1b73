//! Texts spelt in the ways that `view` undoes: for tests, and for measuring a guard.
//!
//! ```
//! use penstock_text_scan::disguise::Disguise;
//!
//! assert_eq!(Disguise::Dotted.apply("Do it", 1), "D.o. .i.t");
//! assert_eq!(Disguise::Rot13.apply("Do it", 1), "Qb vg");
//! ```
//!
//! The same text, kind and seed give the same spelling.

mod codes;

/// A way to spell a text so that a filter does not know it and a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disguise {
    /// Characters without width between letters.
    ZeroWidth,
    /// Soft hyphens between letters.
    SoftHyphen,
    /// Tag characters for ASCII, some of them after text that is seen.
    Tags,
    /// Full-width forms for ASCII.
    FullWidth,
    /// Letters of one of the mathematical alphabets.
    Mathematical,
    /// Letters of Cyrillic or Greek that look like the Latin ones.
    Homoglyphs,
    /// Digits and symbols for letters.
    Leet,
    /// A blank between any two characters.
    Spaced,
    /// A full stop between any two characters.
    Dotted,
    /// Combining marks on letters.
    Diacritics,
    /// Backwards: the text, or each of its words.
    Reversed,
    /// Each letter moved by half the alphabet.
    Rot13,
    /// Base64.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Percent-encoding of every byte, or of those that a URL may not have.
    Url,
    /// Character references.
    HtmlEntity,
    /// `\u` and four digits.
    UEscape,
    /// Capitals at random.
    MixedCase,
    /// Controls of writing direction: backwards after an override, or marks between letters.
    Bidi,
}

/// Letters of a hundred that are replaced where not all are.
const SHARE: u64 = 85;
/// Look-alikes of Cyrillic, and of Greek where Cyrillic has none.
const HOMOGLYPHS: &str =
    "aа cс eе iі jј oо pр sѕ xх yу hһ vν AА BВ CС EЕ HН IІ JЈ KК MМ OО PР SЅ TТ XХ YΥ ZΖ NΝ";
const LEET: &str = "a4 e3 i1 o0 s5 t7 l1 A4 E3 I1 O0 S5 T7 L1";
/// First letters of mathematical alphabets, capitals and then small letters: bold, bold italic, script, Fraktur, sans-serif,
/// monospace.
const ALPHABETS: [u32; 6] = [0x1d400, 0x1d468, 0x1d4d0, 0x1d56c, 0x1d5d4, 0x1d670];

impl Disguise {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::ZeroWidth,
        Self::SoftHyphen,
        Self::Tags,
        Self::FullWidth,
        Self::Mathematical,
        Self::Homoglyphs,
        Self::Leet,
        Self::Spaced,
        Self::Dotted,
        Self::Diacritics,
        Self::Reversed,
        Self::Rot13,
        Self::Base64,
        Self::Hex,
        Self::Url,
        Self::HtmlEntity,
        Self::UEscape,
        Self::MixedCase,
        Self::Bidi,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ZeroWidth => "zero_width",
            Self::SoftHyphen => "soft_hyphen",
            Self::Tags => "tags",
            Self::FullWidth => "full_width",
            Self::Mathematical => "mathematical",
            Self::Homoglyphs => "homoglyphs",
            Self::Leet => "leet",
            Self::Spaced => "spaced",
            Self::Dotted => "dotted",
            Self::Diacritics => "diacritics",
            Self::Reversed => "reversed",
            Self::Rot13 => "rot13",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Url => "url",
            Self::HtmlEntity => "html_entity",
            Self::UEscape => "u_escape",
            Self::MixedCase => "mixed_case",
            Self::Bidi => "bidi",
        }
    }

    /// The text in this spelling. What has none in it stays.
    pub fn apply(self, text: &str, seed: u64) -> String {
        let mut chance = Chance(seed ^ 0x9e37_79b9_7f4a_7c15);
        match self {
            Self::ZeroWidth => scattered(
                text,
                &['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'],
                &mut chance,
            ),
            Self::SoftHyphen => scattered(text, &['\u{ad}'], &mut chance),
            Self::Tags => tags(text, &mut chance),
            Self::FullWidth => each(text, full_width),
            Self::Mathematical => {
                let first = chance.pick(&ALPHABETS);
                each(text, |c| mathematical(c, first))
            }
            Self::Homoglyphs => swapped(text, HOMOGLYPHS, &mut chance),
            Self::Leet => swapped(text, LEET, &mut chance),
            Self::Spaced => parted(text, ' '),
            Self::Dotted => parted(text, '.'),
            Self::Diacritics => marked(text, &mut chance),
            Self::Reversed => reversed(text, &mut chance),
            Self::Rot13 => each(text, crate::view::rot13),
            Self::Base64 => codes::base64(text, &mut chance),
            Self::Hex => codes::hex(text, &mut chance),
            Self::Url => codes::url(text, &mut chance),
            Self::HtmlEntity => codes::entities(text, &mut chance),
            Self::UEscape => text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            Self::MixedCase => mixed(text, &mut chance),
            Self::Bidi => bidi(text, &mut chance),
        }
    }
}

/// Numbers that a seed gives (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound.max(1)
    }

    fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let index = self.below(choices.len() as u64) as usize;
        choices.get(index).copied().unwrap_or_default()
    }

    fn in_hundred(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

fn each(text: &str, spell: impl Fn(char) -> char) -> String {
    text.chars().map(spell).collect()
}

/// One of some characters after letters, half of the time.
fn scattered(text: &str, marks: &[char], chance: &mut Chance) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if c.is_alphanumeric() && chance.in_hundred(50) {
            out.push(chance.pick(marks));
        }
    }
    out
}

fn tags(text: &str, chance: &mut Chance) -> String {
    let seen = chance.pick(&["", "Hello! ", "Thanks. 👍"]);
    let tag = |c: char| {
        if matches!(c, ' '..='~') {
            moved(c, 0xe0000)
        } else {
            c
        }
    };
    format!("{seen}{}", each(text, tag))
}

fn full_width(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '!'..='~' => moved(c, 0xfee0),
        _ => c,
    }
}

fn mathematical(c: char, first: u32) -> char {
    match c {
        'A'..='Z' => moved(c, first - u32::from('A')),
        'a'..='z' => moved(c, first + 26 - u32::from('a')),
        _ => c,
    }
}

fn moved(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

/// Most letters that a list has another for.
fn swapped(text: &str, pairs: &str, chance: &mut Chance) -> String {
    let mut swap = |c: char| {
        let other = pairs
            .split(' ')
            .find_map(|pair| pair.strip_prefix(c))
            .and_then(|to| to.chars().next());
        other.filter(|_| chance.in_hundred(SHARE)).unwrap_or(c)
    };
    text.chars().map(&mut swap).collect()
}

/// A character between any two.
fn parted(text: &str, between: char) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !out.is_empty() {
            out.push(between);
        }
        out.push(c);
    }
    out
}

fn marked(text: &str, chance: &mut Chance) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if c.is_alphabetic() && chance.in_hundred(SHARE) {
            out.extend(
                (0..=chance.below(2)).filter_map(|_| char::from_u32(0x300 + chance.below(0x4f) as u32)),
            );
        }
    }
    out
}

fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

fn reversed(text: &str, chance: &mut Chance) -> String {
    if chance.in_hundred(70) {
        return backwards(text);
    }
    let words: Vec<String> = text.split(' ').map(backwards).collect();
    words.join(" ")
}

fn mixed(text: &str, chance: &mut Chance) -> String {
    let flip = |c: char| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    text.chars()
        .map(|c| if chance.in_hundred(50) { flip(c) } else { c })
        .collect()
}

fn bidi(text: &str, chance: &mut Chance) -> String {
    if chance.in_hundred(50) {
        return format!("\u{202e}{}\u{202c}", backwards(text));
    }
    scattered(
        text,
        &[
            '\u{200e}', '\u{200f}', '\u{202a}', '\u{202c}', '\u{202d}', '\u{2066}', '\u{2069}',
        ],
        chance,
    )
}
