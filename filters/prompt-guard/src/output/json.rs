//! The strings of a JSON document that comes piece by piece: the arguments of a tool call.

use std::ops::Range;

/// Longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// Deepest nesting that is told apart.
const MAX_DEPTH: u32 = 64;

/// What a character of the document stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Nothing that is text.
    Nothing,
    /// A character of a name.
    Name(char, Range<u64>),
    /// A character of a value.
    Value(char, Range<u64>),
    /// A value ends.
    End,
}

impl Event {
    /// The character that it stands for.
    pub(crate) fn text(self) -> Option<(char, Range<u64>)> {
        match self {
            Self::Name(c, at) | Self::Value(c, at) => Some((c, at)),
            Self::Nothing | Self::End => None,
        }
    }
}

/// Reads strings, decoded. A text that is no JSON is one value.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    state: State,
    name: String,
    /// A bit for each level, set for objects; the lowest is the innermost.
    objects: u64,
    depth: u32,
    expects_name: bool,
    started: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    /// No JSON.
    Bare,
    Inside(Part),
    /// Behind a backslash, which stands at this offset.
    Escaped(Part, u64),
    /// In the digits of a `\u`: where it begins, digits so far, their value, the first half of a pair.
    Unicode(Part, u64, u8, u32, u32),
    /// Behind the first half of a pair.
    Half(Part, u64, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Value,
}

impl Strings {
    /// The name of the value that is read, or was last.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn push(&mut self, c: char, at: Range<u64>) -> Event {
        match self.state {
            State::Outside => self.outside(c, at),
            State::Bare => Event::Value(c, at),
            State::Inside(part) | State::Half(part, ..) if c == '"' => {
                self.state = State::Outside;
                if part == Part::Value {
                    Event::End
                } else {
                    Event::Nothing
                }
            }
            State::Inside(part) if c == '\\' => {
                self.state = State::Escaped(part, at.start);
                Event::Nothing
            }
            State::Half(part, start, high) if c == '\\' => {
                self.state = State::Unicode(part, start, 0, 0, high);
                Event::Nothing
            }
            State::Inside(part) | State::Half(part, ..) => {
                self.state = State::Inside(part);
                self.give(part, c, at)
            }
            State::Escaped(part, start) => self.escaped(part, c, start..at.end),
            State::Unicode(part, start, count, code, high) => {
                self.digit(part, c, start..at.end, (count, code, high))
            }
        }
    }

    fn outside(&mut self, c: char, at: Range<u64>) -> Event {
        let first = !self.started && !c.is_ascii_whitespace();
        self.started |= first;
        match c {
            '{' | '[' => self.nest(u64::from(c == '{')),
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                self.objects >>= u32::from(self.depth < MAX_DEPTH);
            }
            ',' => self.expects_name = self.objects & 1 == 1,
            '"' => {
                let part = self.part();
                self.expects_name = false;
                self.state = State::Inside(part);
            }
            _ if first => {
                self.state = State::Bare;
                return Event::Value(c, at);
            }
            _ => {}
        }
        Event::Nothing
    }

    fn nest(&mut self, object: u64) {
        if self.depth < MAX_DEPTH {
            self.objects = self.objects << 1 | object;
        }
        self.depth = self.depth.saturating_add(1);
        self.expects_name = object == 1;
    }

    /// What a string is that begins here. Too deep to tell, everything is a value.
    fn part(&mut self) -> Part {
        if !self.expects_name || self.depth > MAX_DEPTH {
            return Part::Value;
        }
        self.name.clear();
        Part::Name
    }

    fn escaped(&mut self, part: Part, c: char, at: Range<u64>) -> Event {
        if c == 'u' {
            self.state = State::Unicode(part, at.start, 0, 0, 0);
            return Event::Nothing;
        }
        self.state = State::Inside(part);
        let c = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            _ => c,
        };
        self.give(part, c, at)
    }

    fn digit(&mut self, part: Part, c: char, at: Range<u64>, (count, code, high): (u8, u32, u32)) -> Event {
        let Some(digit) = c.to_digit(16) else {
            // The `u` of the second half.
            let is_second = count == 0 && high > 0 && c == 'u';
            self.state = if is_second {
                State::Unicode(part, at.start, 0, 0, high)
            } else {
                State::Inside(part)
            };
            return Event::Nothing;
        };
        let code = code << 4 | digit;
        if count < 3 {
            self.state = State::Unicode(part, at.start, count + 1, code, high);
            return Event::Nothing;
        }
        if matches!(code, 0xd800..=0xdbff) {
            self.state = State::Half(part, at.start, code);
            return Event::Nothing;
        }
        self.state = State::Inside(part);
        let whole = match code {
            0xdc00..=0xdfff if high > 0 => 0x1_0000 + ((high - 0xd800) << 10) + (code - 0xdc00),
            _ => code,
        };
        self.give(part, char::from_u32(whole).unwrap_or('\u{fffd}'), at)
    }

    fn give(&mut self, part: Part, c: char, at: Range<u64>) -> Event {
        match part {
            Part::Value => Event::Value(c, at),
            Part::Name => {
                if self.name.len() < MAX_NAME_BYTES {
                    self.name.push(c);
                }
                Event::Name(c, at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: &str) -> Vec<(String, String)> {
        let (mut strings, mut values, mut value) = (Strings::default(), Vec::new(), String::new());
        for (at, c) in json.char_indices() {
            match strings.push(c, at as u64..(at + c.len_utf8()) as u64) {
                Event::Value(c, _) => value.push(c),
                Event::End => values.push((strings.name().to_owned(), std::mem::take(&mut value))),
                Event::Nothing | Event::Name(..) => {}
            }
        }
        values
    }

    #[test]
    fn values_come_decoded_and_by_name() {
        let json = r#" {"a":"x\n\u00e9\ud83d\ude00\"","b":[1,"y",{"c":"z"}],"d\u0065":"\\"}"#;
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        assert_eq!(
            values(json),
            owned(&[("a", "x\né😀\""), ("b", "y"), ("c", "z"), ("de", "\\")])
        );
        assert_eq!(values(r#""only""#), owned(&[("", "only")]));
    }

    #[test]
    fn what_is_no_json_is_one_value() {
        let mut strings = Strings::default();
        let text: String = "ls \"x\""
            .char_indices()
            .filter_map(|(at, c)| match strings.push(c, at as u64..0) {
                Event::Value(c, _) => Some(c),
                _ => None,
            })
            .collect();
        assert_eq!(text, "ls \"x\"");
    }
}
