//! Reading HTTP/1.1 by hand, so that a test sees every byte and every broken end.

use crate::message::{Fields, first};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest head that is read, in bytes.
const MAX_HEAD_BYTES: usize = 256 * 1024;

/// A connection read message by message.
pub struct Reader<R> {
    io: R,
    buffer: Vec<u8>,
}

/// A start line and its fields.
#[derive(Clone, Debug)]
pub struct Head {
    /// `POST /x HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub start_line: String,
    /// Names as they came, values as bytes.
    pub fields: Fields,
}

/// What a body's end is marked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Exactly this many bytes.
    Bytes(usize),
    /// The last chunk.
    Chunked,
    /// The end of the connection.
    ToTheEnd,
}

/// Why a message is not whole.
#[derive(Debug)]
pub enum Broken {
    /// The connection ended, cleanly or not, inside a message.
    Cut,
    /// The connection ended before a message began.
    Nothing,
    /// The peer does not speak HTTP/1.1.
    Garbage(String),
}

impl Head {
    /// The part of the start line with this index.
    pub fn word(&self, index: usize) -> &str {
        self.start_line.split(' ').nth(index).unwrap_or("")
    }

    /// Status of a response head, 0 if it is none.
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    /// How the body of a request is framed.
    pub fn request_length(&self) -> Result<Length, Broken> {
        Ok(self.framed()?.unwrap_or(Length::Bytes(0)))
    }

    /// How the body of a response to `method` is framed.
    pub fn response_length(&self, method: &str) -> Result<Length, Broken> {
        if method == "HEAD" || matches!(self.status(), 204 | 304) {
            return Ok(Length::Bytes(0));
        }
        Ok(self.framed()?.unwrap_or(Length::ToTheEnd))
    }

    fn framed(&self) -> Result<Option<Length>, Broken> {
        if first(&self.fields, "transfer-encoding").is_some_and(|value| value.ends_with(b"chunked")) {
            return Ok(Some(Length::Chunked));
        }
        let Some(value) = first(&self.fields, "content-length") else {
            return Ok(None);
        };
        let length = std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        length
            .map(|bytes| Some(Length::Bytes(bytes)))
            .ok_or_else(|| Broken::Garbage("content-length".to_owned()))
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads from `io`.
    pub fn new(io: R) -> Self {
        Self {
            io,
            buffer: Vec::new(),
        }
    }

    /// The next head.
    pub async fn head(&mut self) -> Result<Head, Broken> {
        loop {
            if let Some(end) = crate::message::find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return parse_head(&head[..end]);
            }
            if self.buffer.len() > MAX_HEAD_BYTES {
                return Err(Broken::Garbage("a head without an end".to_owned()));
            }
            let nothing = self.buffer.is_empty();
            if self.fill().await == 0 {
                return Err(if nothing { Broken::Nothing } else { Broken::Cut });
            }
        }
    }

    /// A body, handed to `sink` as it comes. Gives the trailers.
    pub async fn body(&mut self, length: Length, mut sink: impl FnMut(&[u8])) -> Result<Fields, Broken> {
        match length {
            Length::Bytes(bytes) => self.exactly(bytes, &mut sink).await.map(|()| Fields::new()),
            Length::Chunked => self.chunks(&mut sink).await,
            Length::ToTheEnd => self
                .rest(&mut sink)
                .await
                .map(|()| Fields::new())
                .map_err(|_| Broken::Cut),
        }
    }

    /// Comes back when the peer has ended the connection. Bytes that come before are kept.
    pub async fn gone(&mut self) {
        while self.fill().await > 0 {}
    }

    /// Whether bytes came that nobody has read.
    pub fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    async fn exactly(&mut self, mut bytes: usize, sink: &mut impl FnMut(&[u8])) -> Result<(), Broken> {
        while bytes > 0 {
            if self.buffer.is_empty() && self.fill().await == 0 {
                return Err(Broken::Cut);
            }
            let part: Vec<u8> = self.buffer.drain(..bytes.min(self.buffer.len())).collect();
            bytes -= part.len();
            sink(&part);
        }
        Ok(())
    }

    async fn chunks(&mut self, sink: &mut impl FnMut(&[u8])) -> Result<Fields, Broken> {
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or("");
            let size = usize::from_str_radix(size.trim(), 16)
                .map_err(|_| Broken::Garbage(format!("chunk size {line:?}")))?;
            if size == 0 {
                return self.trailers().await;
            }
            self.exactly(size, sink).await?;
            if !self.line().await?.is_empty() {
                return Err(Broken::Garbage("chunk longer than its size".to_owned()));
            }
        }
    }

    async fn trailers(&mut self) -> Result<Fields, Broken> {
        let mut fields = Fields::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(fields);
            }
            fields.push(parse_field(line.as_bytes())?);
        }
    }

    async fn rest(&mut self, sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let part = std::mem::take(&mut self.buffer);
            sink(&part);
            let mut chunk = [0; 16 * 1024];
            match self.io.read(&mut chunk).await? {
                0 => return Ok(()),
                read => self.buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }

    async fn line(&mut self) -> Result<String, Broken> {
        loop {
            if let Some(end) = crate::message::find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return String::from_utf8(line)
                    .map_err(|_| Broken::Garbage("a line that is not text".to_owned()));
            }
            if self.fill().await == 0 {
                return Err(Broken::Cut);
            }
        }
    }

    /// Bytes read; 0 at the end of the connection, whichever kind of end it is.
    async fn fill(&mut self) -> usize {
        let mut chunk = [0; 16 * 1024];
        let read = self.io.read(&mut chunk).await.unwrap_or(0);
        self.buffer.extend_from_slice(&chunk[..read]);
        read
    }
}

/// A start line and the fields under it, without the blank line.
pub fn parse_head(bytes: &[u8]) -> Result<Head, Broken> {
    let mut lines = bytes
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let start_line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    if !start_line.contains("HTTP/1.") {
        return Err(Broken::Garbage(format!("start line {start_line:?}")));
    }
    let fields = lines.map(parse_field).collect::<Result<_, _>>()?;
    Ok(Head { start_line, fields })
}

fn parse_field(line: &[u8]) -> Result<(String, Vec<u8>), Broken> {
    let colon = line.iter().position(|&byte| byte == b':');
    let colon = colon.ok_or_else(|| Broken::Garbage("a field without a colon".to_owned()))?;
    let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
    Ok((name, line[colon + 1..].trim_ascii().to_vec()))
}

/// The end of a chunked body.
pub fn last_chunk(trailers: &Fields) -> Vec<u8> {
    let mut out = b"0\r\n".to_vec();
    push_fields(&mut out, trailers);
    out.extend(b"\r\n");
    out
}

/// Writes header or trailer fields as HTTP/1.1 has them.
pub fn push_fields(out: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields {
        out.extend(name.bytes());
        out.extend(b": ");
        out.extend(value);
        out.extend(b"\r\n");
    }
}
