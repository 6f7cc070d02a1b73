//! An HTTP/1 message as it was captured (RFC 9112), read liberally: what is odd becomes a warning.

use super::chunked;

/// A message whose head and transfer coding are undone.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) start: Start,
    headers: Vec<(String, Vec<u8>)>,
    /// The content, with its content coding still on it.
    pub(crate) body: Vec<u8>,
    /// The head lacks its end, so nothing is known of the body.
    is_torn: bool,
    /// What was odd.
    pub(crate) warnings: Vec<String>,
}

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// There is none: the file is a body alone.
    #[default]
    Bare,
    /// `POST /v1/chat/completions HTTP/1.1`.
    Request { method: String, target: String },
    /// `HTTP/1.1 200 OK`.
    Response { status: u16 },
}

impl Message {
    /// Reads a capture. What has no head is a body.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut message = Self::default();
        let mut rest = bytes;
        loop {
            let Some((start, after)) = start_line(rest) else {
                // After an interim response nothing but the final one can come.
                if message.start == Start::Bare {
                    message.body = bytes.to_vec();
                }
                return message;
            };
            message.start = start;
            message.headers.clear();
            rest = message.read_fields(after);
            match message.start {
                Start::Response {
                    status: 100 | 102..=199,
                } => {}
                Start::Bare | Start::Request { .. } | Start::Response { .. } => break,
            }
        }
        message.read_body(rest);
        message
    }

    /// A request as if it had been captured.
    pub(crate) fn request(method: &str, target: &str, body: Vec<u8>) -> Self {
        let start = Start::Request {
            method: method.to_owned(),
            target: target.to_owned(),
        };
        Self {
            start,
            body,
            ..Self::default()
        }
    }

    /// The first header of that name, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        let named = self.headers.iter().find(|(own, _)| own == name)?;
        Some(&named.1)
    }

    /// Every header of that name.
    pub(crate) fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m [u8]> {
        let named = self.headers.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| value.as_slice())
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status } => Some(status),
            Start::Bare | Start::Request { .. } => None,
        }
    }

    /// Reads header lines up to the blank line; gives what stands behind it.
    fn read_fields<'b>(&mut self, mut rest: &'b [u8]) -> &'b [u8] {
        while let Some((line, after)) = split_line(rest) {
            if line.is_empty() {
                return after;
            }
            let folded = self
                .headers
                .last_mut()
                .filter(|_| line.starts_with(b" ") || line.starts_with(b"\t"));
            match (folded, field(line)) {
                (Some((_, value)), _) => {
                    // A folded line (RFC 9112, section 5.2) continues the one before it.
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                (None, Some(field)) => self.headers.push(field),
                (None, None) if is_head(after) => self.warn("a header line that is none was skipped"),
                (None, None) => {
                    self.is_torn = true;
                    self.warn("the head breaks off: what follows is taken for the body");
                    return rest;
                }
            }
            rest = after;
        }
        self.warn("the head does not end with a blank line");
        &[]
    }

    fn read_body(&mut self, rest: &[u8]) {
        let codings: Vec<u8> = self.all("transfer-encoding").collect::<Vec<_>>().join(&b","[..]);
        let codings = String::from_utf8_lossy(&codings).to_ascii_lowercase();
        let chunked = codings.split(',').any(|coding| coding.trim() == "chunked");
        let decoded = if self.is_torn {
            chunked::decode_torn(rest)
        } else {
            chunked::decode(rest)
        };
        if !chunked && (decoded.is_none() || !self.is_torn) {
            return self.read_plain(rest);
        }
        if chunked && self.header("content-length").is_some() {
            self.warn("content-length beside transfer-encoding: the latter holds");
        }
        let Some(decoded) = decoded else {
            if !rest.is_empty() {
                self.warn("transfer-encoding says chunked, but the body is not: taken as it is");
            }
            return self.body.extend_from_slice(rest);
        };
        self.body = decoded.body;
        for (broken, warning) in [
            (
                decoded.broken,
                "chunk sizes do not fit their chunks: read on at the next one that does",
            ),
            (
                !decoded.ended,
                "the body ends before its last chunk: the connection was cut, or the capture is",
            ),
            (decoded.behind > 0, "bytes follow the message: not read"),
        ] {
            if broken {
                self.warn(warning);
            }
        }
    }

    fn read_plain(&mut self, rest: &[u8]) {
        let mut lengths: Vec<&[u8]> = self.all("content-length").collect();
        lengths.dedup();
        let promised = match *lengths {
            [length] => std::str::from_utf8(length)
                .ok()
                .and_then(|text| text.trim().parse::<usize>().ok()),
            _ => None,
        };
        let odd = !lengths.is_empty() && promised.is_none();
        self.body.extend_from_slice(rest);
        if odd {
            self.warn("content-length is not one number: the body is all that follows the head");
        }
        let Some(promised) = promised.filter(|promised| *promised != rest.len()) else {
            return;
        };
        self.warnings.push(format!(
            "content-length says {promised} bytes, the body has {}",
            rest.len()
        ));
        // The next message of a kept-alive connection is not part of this one.
        if rest
            .get(promised..)
            .is_some_and(|behind| start_line(behind).is_some())
        {
            self.body.truncate(promised);
            self.warn("another message follows: not read");
        }
    }

    fn warn(&mut self, warning: &str) {
        self.warnings.push(warning.to_owned());
    }
}

/// Takes one line and its LF or CRLF off the front; `None` where no line end is left.
pub(super) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        rest.get(1..).unwrap_or_default(),
    ))
}

/// A name in lower case, and its value.
fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii();
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) || EVENT_FIELDS.contains(&name) {
        return None;
    }
    let value = value.get(1..).unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Some((name, value.trim_ascii().to_vec()))
}

/// Fields of server-sent events look like headers, where a capture has lost the end of its head.
const EVENT_FIELDS: &[&[u8]] = &[b"data", b"event"];

/// Whether the bytes are header lines up to a blank one.
fn is_head(mut rest: &[u8]) -> bool {
    while let Some((line, after)) = split_line(rest) {
        if line.is_empty() {
            return true;
        }
        if field(line).is_none() {
            return false;
        }
        rest = after;
    }
    false
}

/// The first line of a message, if the bytes begin with one; blank lines before it do not count.
fn start_line(bytes: &[u8]) -> Option<(Start, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let (line, rest) = split_line(bytes).unwrap_or((bytes, &[]));
    let line = std::str::from_utf8(line).ok()?;
    if let Some(status_line) = line.strip_prefix("HTTP/") {
        let status = status_line.split_ascii_whitespace().nth(1)?.parse().ok()?;
        return Some((Start::Response { status }, rest));
    }
    let mut words = line.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let start = Start::Request {
        method: method.to_owned(),
        target: path_of(target).to_owned(),
    };
    (is_method && version.starts_with("HTTP/")).then_some((start, rest))
}

/// The path of a request target: a proxy's client writes the whole address (RFC 9112, section 3.2.2).
fn path_of(target: &str) -> &str {
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        Some(_) | None => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> (String, Vec<String>) {
        let message = Message::parse(text.as_bytes());
        (String::from_utf8(message.body).unwrap(), message.warnings)
    }

    #[test]
    fn a_head_tells_request_from_response_from_neither() {
        let start = |text: &str| Message::parse(text.as_bytes()).start;
        let request = |method: &str, target: &str| Start::Request {
            method: method.to_owned(),
            target: target.to_owned(),
        };
        assert_eq!(start("POST /v1/x HTTP/1.1\r\n\r\n"), request("POST", "/v1/x"));
        assert_eq!(
            start("GET http://h:1/p?q HTTP/1.1\r\n\r\n"),
            request("GET", "/p?q")
        );
        assert_eq!(start("HTTP/2 200\n\n"), Start::Response { status: 200 });
        assert_eq!(start("{\"a\": 1}"), Start::Bare);
        assert_eq!(start("data: POST / HTTP/1.1"), Start::Bare);
    }

    #[test]
    fn interim_responses_are_passed_over() {
        let capture = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx";
        let message = Message::parse(capture.as_bytes());
        assert_eq!(
            (message.status(), message.body.as_slice()),
            (Some(200), b"x".as_slice())
        );
        assert_eq!(message.header("link"), None);
    }

    #[test]
    fn fields_are_read_in_any_case_folded_or_not() {
        let message = Message::parse(b"HTTP/1.1 200 OK\nA-B:  one\n two \nnonsense\nEmpty:\n\nx");
        assert_eq!(message.header("a-b"), Some(b"one two".as_slice()));
        assert_eq!(message.header("empty"), Some(b"".as_slice()));
        assert_eq!(message.warnings, ["a header line that is none was skipped"]);
    }

    #[test]
    fn lengths_that_do_not_fit_are_told_and_all_is_read() {
        let (whole, warnings) = body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc");
        assert_eq!((whole.as_str(), warnings.len()), ("abc", 1));
        let (first, warnings) =
            body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n\r\nx");
        assert_eq!((first.as_str(), warnings.len()), ("ab", 2));
        assert_eq!(
            body("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab").1,
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_client_that_took_the_chunks_off_is_understood() {
        let (whole, warnings) = body("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{\"a\": 1}");
        assert_eq!((whole.as_str(), warnings.len()), ("{\"a\": 1}", 1));
    }
}
