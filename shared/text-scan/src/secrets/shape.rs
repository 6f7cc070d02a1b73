//! Shapes: how a credential is written, in one short string.
//!
//! A shape is literal bytes and runs such as `{a36}` or `{w20-50}`: a class of bytes and how many of them. A run takes
//! all that it may, and nothing is ever given back: so a literal after a run of varying length must be outside its class.

/// The end of what stands at `at`, if it has the shape and nothing that could belong to it follows.
pub(super) fn fits(shape: &str, text: &[u8], at: usize) -> Option<usize> {
    let (mut end, mut last) = (at, b'a');
    for part in Parts::of(shape) {
        match part {
            Part::Literal(byte) => {
                (text.get(end) == Some(&byte)).then_some(())?;
                (end, last) = (end + 1, b'a');
            }
            Part::Run { class, min, max } => {
                let run = text.iter().skip(end).take(max);
                let len = run.take_while(|b| has(class, **b)).count();
                (len >= min).then_some(())?;
                (end, last) = (end + len, class);
            }
        }
    }
    let (next, then) = (text.get(end), text.get(end + 1));
    let letter = |b: &u8| b.is_ascii_alphanumeric();
    let joint = matches!(next, Some(b'_' | b'-' | b'=')) && then.is_some_and(letter);
    (!joint && !next.is_some_and(|b| has(last, *b) || letter(b))).then_some(end)
}

/// The literal bytes before the first run.
pub(super) const fn literal(shape: &str) -> &[u8] {
    let bytes = shape.as_bytes();
    let mut len = 0;
    while len < bytes.len() && bytes_at(bytes, len) != b'{' {
        len += 1;
    }
    bytes.split_at(len).0
}

/// A byte of a constant.
#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
pub(super) const fn bytes_at(bytes: &[u8], at: usize) -> u8 {
    bytes[at]
}

/// Whether a byte belongs to a class.
pub(super) fn has(class: u8, b: u8) -> bool {
    match class {
        b'd' => b.is_ascii_digit(),
        b'h' => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        b'H' => b.is_ascii_hexdigit(),
        b'l' => matches!(b, b'0'..=b'9' | b'a'..=b'z'),
        b'u' => matches!(b, b'0'..=b'9' | b'A'..=b'Z'),
        b't' => matches!(b, b'2'..=b'7' | b'A'..=b'Z'),
        b'L' => b.is_ascii_alphabetic(),
        b'a' => b.is_ascii_alphanumeric(),
        b'w' => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
        b'e' => has(b'w', b) || b == b'=',
        b'v' => has(b'w', b) || matches!(b, b'=' | b'.'),
        b'b' => b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'),
        b'c' => has(b'b', b) || matches!(b, b'_' | b'-' | b'='),
        b'q' => has(b'w', b) || matches!(b, b'~' | b'.'),
        b'p' => has(b'c', b) || b == b'%',
        b'=' => b == b'=',
        _ => false,
    }
}

/// A step of a shape.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// This byte.
    Literal(u8),
    /// So many bytes of a class.
    Run {
        /// The letter of the class.
        class: u8,
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
}

/// The steps of a shape.
pub(super) struct Parts<'a>(std::slice::Iter<'a, u8>);

impl<'a> Parts<'a> {
    /// Of this shape.
    pub(super) fn of(shape: &'a str) -> Self {
        Self(shape.as_bytes().iter())
    }
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let byte = *self.0.next()?;
        if byte != b'{' {
            return Some(Part::Literal(byte));
        }
        let class = *self.0.next()?;
        let (mut min, mut max) = (None, 0);
        for byte in self.0.by_ref() {
            match byte {
                b'-' => min = Some(std::mem::take(&mut max)),
                b'0'..=b'9' => max = max * 10 + usize::from(byte - b'0'),
                _ => break,
            }
        }
        let min = min.unwrap_or(max);
        Some(Part::Run { class, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, literal};

    #[test]
    fn a_shape_takes_whole_runs_only() {
        assert_eq!(fits("ab_{h4}", b"ab_01ef", 0), Some(7));
        assert_eq!(fits("ab_{h4}", b"ab_01ef.", 0), Some(7));
        assert_eq!(fits("ab_{h4}", b"ab_01eg", 0), None);
        assert_eq!(fits("ab_{h4}", b"ab_01efa", 0), None);
        assert_eq!(fits("ab_{h4}", b"ab_01efz", 0), None);
        assert_eq!(fits("{w2-4}.{d1}", b"x--_-.1", 1), Some(7));
        assert_eq!(fits("{w2-4}.{d1}", b"x.1", 0), None);
    }

    #[test]
    fn the_literal_ends_at_the_first_run() {
        assert_eq!(literal("ab_{h4}-X"), b"ab_");
        assert_eq!(literal("{h4}"), b"");
    }
}
