//! What was found in a text that only a disguise, or rarely anything else, puts there.

/// How often each kind of disguise stood in a text. Ordinary use of a character does not count: joiners in emoji and in
/// Persian or Indic words, the variation selector after a symbol, flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// Characters without width between others: zero-width spaces and joiners, invisible operators, fillers.
    pub zero_width: u32,
    /// Soft hyphens.
    pub soft_hyphen: u32,
    /// Tag characters (U+E0000 to U+E007F), which no one sees.
    pub tags: u32,
    /// Controls of writing direction.
    pub bidi: u32,
    /// Variation selectors where nothing varies.
    pub variation_selectors: u32,
    /// Letters of another script in the place of the letter that they look like.
    pub homoglyphs: u32,
    /// Mathematical, full-width, circled, squared, raised, lowered and small capital letters.
    pub styled: u32,
    /// Combining marks on letters of ASCII.
    pub diacritics: u32,
    decoded: [u32; Coding::ALL.len()],
}

/// How a run of text was coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Base64, with either alphabet.
    Base64,
    /// Hexadecimal digits of bytes.
    Hex,
    /// `%41`, as in a URL.
    Percent,
    /// `&#65;` or `&lt;`.
    Html,
    /// `\u0041` or `\x41`.
    Escape,
    /// Tag characters, or variation selectors one after the other.
    TagText,
}

impl Coding {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Base64,
        Self::Hex,
        Self::Percent,
        Self::Html,
        Self::Escape,
        Self::TagText,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::Html => "html",
            Self::Escape => "escape",
            Self::TagText => "tag_text",
        }
    }
}

impl Signs {
    /// Runs of a coding that were decoded.
    pub fn decoded(&self, coding: Coding) -> u32 {
        self.decoded.get(coding as usize).copied().unwrap_or_default()
    }

    /// Characters that a reader does not see.
    pub fn hidden(&self) -> u32 {
        let seen_by_none = [
            self.zero_width,
            self.soft_hyphen,
            self.tags,
            self.bidi,
            self.variation_selectors,
        ];
        seen_by_none
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Letters that are spelt to escape a filter, and read as usual.
    pub fn disguised(&self) -> u32 {
        self.homoglyphs
            .saturating_add(self.styled)
            .saturating_add(self.diacritics)
    }

    /// Runs that were decoded, of any coding.
    pub fn coded(&self) -> u32 {
        self.decoded
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    pub(super) fn count(&mut self, coding: Coding) {
        if let Some(count) = self.decoded.get_mut(coding as usize) {
            *count += 1;
        }
    }
}
