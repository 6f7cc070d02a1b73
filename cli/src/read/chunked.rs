//! The chunked transfer coding (RFC 9112, section 7.1), also where a capture lost bytes in its middle.

use super::http::split_line;

/// Most digits of a chunk's size.
const MAX_SIZE_DIGITS: usize = 15;

/// A decoded body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) body: Vec<u8>,
    /// Some chunk was not as long as it said.
    pub(super) broken: bool,
    /// The last chunk came.
    pub(super) ended: bool,
    /// Bytes after the end of the trailers.
    pub(super) behind: usize,
}

/// Decodes a body; `None` where it does not begin with a chunk at all.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded> {
    size_line(bytes)?;
    let mut decoded = Decoded::default();
    decoded.take(bytes);
    Some(decoded)
}

/// Decodes a body whose beginning is lost; `None` where no chunk is in it.
pub(super) fn decode_torn(bytes: &[u8]) -> Option<Decoded> {
    if let Some(decoded) = decode(bytes) {
        return Some(decoded);
    }
    let mut decoded = Decoded::default();
    let first = decoded.skip(bytes, 0);
    let rest = bytes.get(first..).filter(|rest| !rest.is_empty())?;
    decoded.take(rest);
    Some(decoded)
}

impl Decoded {
    /// Takes chunk after chunk.
    fn take(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match size_line(rest) {
                Some((0, begin)) => return self.end(rest.get(begin..).unwrap_or_default()),
                Some((size, begin)) => match chunk(rest, begin, size) {
                    Some(next) => {
                        let data = rest.get(begin..begin + size);
                        self.body.extend_from_slice(data.unwrap_or_default());
                        at += next;
                    }
                    None => at += self.skip(rest, begin),
                },
                None => at += self.skip(rest, 0),
            }
        }
    }

    /// After the last chunk: trailers, up to a blank line.
    fn end(&mut self, mut rest: &[u8]) {
        self.ended = true;
        while let Some((line, after)) = split_line(rest) {
            rest = after;
            if line.is_empty() {
                break;
            }
        }
        self.behind = rest.len();
    }

    /// Takes what stands before the next chunk that fits, as it is; gives where that chunk begins.
    fn skip(&mut self, rest: &[u8], begin: usize) -> usize {
        let next = (begin..rest.len())
            .filter(|at| *at > 0 && rest.get(at - 1) == Some(&b'\n'))
            .find(|at| fits(rest.get(*at..).unwrap_or_default()));
        let data = rest.get(begin..next.unwrap_or(rest.len())).unwrap_or_default();
        // A chunk that only ends too early is a cut connection, not a wrong size.
        self.broken |= next.is_some();
        let data = if next.is_some() {
            data.strip_suffix(b"\r\n").unwrap_or(data)
        } else {
            data
        };
        self.body.extend_from_slice(data);
        next.unwrap_or(rest.len())
    }
}

/// Whether a whole chunk begins here.
fn fits(rest: &[u8]) -> bool {
    match size_line(rest) {
        Some((0, begin)) => rest
            .get(begin..)
            .is_some_and(|rest| rest.is_empty() || split_line(rest).is_some()),
        Some((size, begin)) => chunk(rest, begin, size).is_some(),
        None => false,
    }
}

/// Where the next chunk begins, if this one of `size` bytes at `begin` ends with a line end.
fn chunk(rest: &[u8], begin: usize, size: usize) -> Option<usize> {
    let end = begin.checked_add(size)?;
    let behind = rest.get(end..)?;
    let line_end = [&b"\r\n"[..], b"\n"]
        .into_iter()
        .find(|line_end| behind.starts_with(line_end));
    match line_end {
        Some(line_end) => end.checked_add(line_end.len()),
        // A capture may end just behind the data.
        None if behind.is_empty() => Some(end),
        None => None,
    }
}

/// The size that a chunk's first line gives, and where its data begin. Extensions are passed over.
fn size_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let size = bytes
        .get(..digits)
        .filter(|digits| !digits.is_empty() && digits.len() <= MAX_SIZE_DIGITS)?;
    let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
    let (line, rest) = split_line(bytes)?;
    let extension = line.get(digits..)?.trim_ascii_start();
    let known = extension.is_empty() || extension.starts_with(b";");
    known.then_some((size, bytes.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> (String, bool, bool, usize) {
        let decoded = decode(text.as_bytes()).unwrap();
        (
            String::from_utf8(decoded.body).unwrap(),
            decoded.broken,
            decoded.ended,
            decoded.behind,
        )
    }

    #[test]
    fn whole_bodies_with_extensions_and_trailers() {
        let whole = |text: &str| (text.to_owned(), false, true, 0);
        assert_eq!(
            decoded("3\r\nabc\r\n2;x=y\r\n\r\n\r\n0\r\n\r\n"),
            whole("abc\r\n")
        );
        assert_eq!(decoded("0003 \r\nabc\r\n0\r\nT: v\r\nU: w\r\n\r\n"), whole("abc"));
        assert_eq!(decoded("3\nabc\n0\n\n"), whole("abc"));
    }

    #[test]
    fn an_early_end_is_told() {
        assert_eq!(decoded("3\r\nabc\r\n"), ("abc".to_owned(), false, false, 0));
        assert_eq!(decoded("5\r\nabc"), ("abc".to_owned(), false, false, 0));
        assert_eq!(
            decoded("3\r\nabc\r\n0\r\n\r\nHTTP"),
            ("abc".to_owned(), false, true, 4)
        );
    }

    #[test]
    fn what_was_cut_out_of_the_middle_costs_no_later_chunk() {
        let cut = "5\r\nab\n<<cut>>\nyz\n\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(decoded(cut), ("ab\n<<cut>>\nyz\nabc".to_owned(), true, true, 0));
        let longer = "40\r\nab\n<<cut>>\nyz\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(decoded(longer), ("ab\n<<cut>>\nyzabc".to_owned(), true, true, 0));
    }

    #[test]
    fn a_lost_beginning_is_passed_over() {
        let decoded = decode_torn(b"lf\n\r\n3\r\nabc\r\n0\r\n\r\n").unwrap();
        assert_eq!(
            (decoded.body.as_slice(), decoded.broken, decoded.ended),
            (b"lf\nabc".as_slice(), true, true)
        );
        assert_eq!(decode_torn(b"lf\n\ndata: x\n\n"), None);
    }

    #[test]
    fn what_is_not_chunked_is_no_chunk() {
        for text in [
            "",
            "{}",
            "data: x\n\n",
            "fff",
            "g\r\n",
            "ffffffffffffffffffff\r\nx",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
