//! HTTP messages as the scenarios speak of them: heads and bytes, not yet framed for HTTP/1.1 or HTTP/2.

/// Header or trailer fields in wire order. Values are any bytes.
pub type Fields = Vec<(String, Vec<u8>)>;

/// How a message on HTTP/1.1 says where its body ends. On HTTP/2 only the declared length matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `content-length` with the true length.
    Length,
    /// `content-length` with this value, whatever the body is.
    Lying(usize),
    /// `transfer-encoding: chunked`.
    Chunked,
    /// The end of the connection; only for responses.
    Close,
}

/// A request. Without a body its head is its end.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// With the query.
    pub path: String,
    /// All fields but `host` and those that frame the body.
    pub headers: Fields,
    /// The body, as it goes over the wire.
    pub body: Option<Vec<u8>>,
    /// How its end is marked.
    pub framing: Framing,
    /// Fields after the body; need [`Framing::Chunked`].
    pub trailers: Fields,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            framing: Framing::Length,
            trailers: Vec::new(),
        }
    }

    /// Adds a field.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Takes every field of this name away.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets how the end of the body is marked.
    pub fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Adds a trailer; the body is then chunked.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.framing = Framing::Chunked;
        self.trailers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The declared `content-length`, if there is one.
    pub fn declared_length(&self) -> Option<usize> {
        declared(self.framing, self.body.as_ref()?.len())
    }
}

/// The `content-length` that a message of this framing declares.
pub fn declared(framing: Framing, body_bytes: usize) -> Option<usize> {
    match framing {
        Framing::Length => Some(body_bytes),
        Framing::Lying(length) => Some(length),
        Framing::Chunked | Framing::Close => None,
    }
}

/// The first field of this name.
pub fn first<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    fields
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}

/// Text for messages to people: printable, and cut in the middle when long.
pub fn show(bytes: &[u8]) -> String {
    const SHOWN_BYTES: usize = 400;
    let text = |part: &[u8]| String::from_utf8_lossy(part).escape_debug().to_string();
    if bytes.len() <= SHOWN_BYTES {
        return format!("\"{}\"", text(bytes));
    }
    let (head, tail) = (&bytes[..SHOWN_BYTES / 2], &bytes[bytes.len() - SHOWN_BYTES / 2..]);
    format!(
        "\"{}\" ... \"{}\" ({} bytes)",
        text(head),
        text(tail),
        bytes.len()
    )
}

/// Where `needle` begins in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    hay.windows(needle.len()).position(|window| window == needle)
}
