//! One line of Prometheus text: `name{label="value",...} number [timestamp]` (exposition format 0.0.4).

use crate::report::number;

/// A line that is no comment, read up to its name: most lines are of no interest, and this is all they cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Sample<'a> {
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let line = line.trim_ascii();
        let end = line.iter().position(|byte| b"{ \t".contains(byte))?;
        let (name, rest) = line.split_at_checked(end)?;
        (!name.is_empty() && !name.starts_with(b"#")).then_some(Self { name, rest })
    }

    /// The number, if it is one; behind labels that are not closed there is none.
    pub(super) fn value(self) -> Option<f64> {
        let mut labels = self.labels();
        while labels.next().is_some() {}
        number(
            labels
                .rest()?
                .split(|byte| b" \t".contains(byte))
                .find(|word| !word.is_empty())?,
        )
    }

    /// The value of a label as it is written; empty if it is not there, which is the same in Prometheus.
    pub(super) fn label(self, name: &str) -> &'a [u8] {
        let found = self.labels().find(|(label, _)| *label == name.as_bytes());
        found.map_or(b"", |(_, value)| value)
    }

    /// The value of a label, if it is plain UTF-8 without escapes.
    pub(super) fn text(self, name: &str) -> &'a str {
        let value = self.label(name);
        if value.contains(&b'\\') {
            return "";
        }
        std::str::from_utf8(value).unwrap_or_default()
    }

    fn labels(self) -> Labels<'a> {
        match self.rest.strip_prefix(b"{") {
            Some(rest) => Labels::Open(rest),
            None => Labels::Closed(self.rest),
        }
    }
}

/// Name and value.
type Label<'a> = (&'a [u8], &'a [u8]);

/// Walks labels, and then knows where they ended.
enum Labels<'a> {
    Open(&'a [u8]),
    Closed(&'a [u8]),
    Broken,
}

impl<'a> Labels<'a> {
    /// What stands behind the labels.
    fn rest(self) -> Option<&'a [u8]> {
        match self {
            Self::Closed(rest) => Some(rest),
            Self::Open(_) | Self::Broken => None,
        }
    }

    fn step(rest: &'a [u8]) -> Option<(Label<'a>, &'a [u8])> {
        let (name, rest) = split_once(rest, b'=')?;
        let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let (value, rest) = rest.split_at_checked(quoted(rest)?)?;
        Some(((name.trim_ascii(), value), rest.get(1..)?))
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = Label<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self::Open(rest) = *self else { return None };
        let rest = match rest.trim_ascii_start() {
            [b',', rest @ ..] => rest.trim_ascii_start(),
            rest => rest,
        };
        if let Some(rest) = rest.strip_prefix(b"}") {
            *self = Self::Closed(rest);
            return None;
        }
        let Some((label, rest)) = Self::step(rest) else {
            *self = Self::Broken;
            return None;
        };
        *self = Self::Open(rest);
        Some(label)
    }
}

/// How many bytes stand before the closing quote.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })
}

fn split_once(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(text.iter().position(|other| *other == byte)?)?;
    Some((before, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_their_parts() {
        for (line, name, model, value) in [
            ("a 1", "a", "", Some(1.0)),
            ("a  1.5\t1790347303000", "a", "", Some(1.5)),
            ("a{} 2", "a", "", Some(2.0)),
            (r#"a{engine="0",model="m"} 3"#, "a", "m", Some(3.0)),
            (r#"a { engine = "0" , model = "m" , } 4"#, "a", "", None),
            (r#"a{ engine = "0" , model = "m" , } 4"#, "a", "m", Some(4.0)),
            (r#"a{x="} 9 \" {",model="m"} 5"#, "a", "m", Some(5.0)),
            (r#"a{x="\\",model="m"}6"#, "a", "m", Some(6.0)),
            (r#"a{model="m\\n"} 7"#, "a", "", Some(7.0)),
            (r#"a{model="m"#, "a", "", None),
            (r#"a{model="m"}"#, "a", "m", None),
            (r#"a{model=m} 8"#, "a", "", None),
            ("a +Inf", "a", "", None),
        ] {
            let sample = Sample::read(line.as_bytes()).unwrap();
            let read = (sample.name, sample.text("model"), sample.value());
            assert_eq!(read, (name.as_bytes(), model, value), "{line}");
        }
        for line in ["", "   ", "# HELP a 1", "#", "a", "{a=\"b\"} 1"] {
            assert!(Sample::read(line.as_bytes()).is_none(), "{line}");
        }
    }
}
