//! As much of HTTP/1.1 as a load generator needs: heads, and bodies by length or in chunks.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Most bytes of one read.
const READ_BYTES: usize = 16 * 1024;

/// A connection with what was read from it and not used yet.
pub struct Connection {
    pub stream: TcpStream,
    unused: Vec<u8>,
}

/// What a head says.
pub struct Head {
    pub status: u16,
    body: Body,
}

#[derive(Clone, Copy)]
enum Body {
    /// So many bytes are to come.
    Length(usize),
    Chunked,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Result<Self, String> {
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self {
            stream,
            unused: Vec::with_capacity(READ_BYTES),
        })
    }

    /// The next head; `None` when the peer has closed between messages.
    pub async fn head(&mut self) -> Result<Option<Head>, String> {
        loop {
            if let Some(end) = find(&self.unused, b"\r\n\r\n") {
                let head = parse(&self.unused[..end])?;
                self.unused.drain(..end + 4);
                return Ok(Some(head));
            }
            if self.more().await? == 0 {
                return if self.unused.is_empty() {
                    Ok(None)
                } else {
                    Err("closed within a head".to_owned())
                };
            }
        }
    }

    /// The next bytes of a body, without its framing; `None` at its end.
    pub async fn part(&mut self, head: &mut Head) -> Result<Option<Vec<u8>>, String> {
        loop {
            match head.body {
                Body::Length(0) => return Ok(None),
                Body::Length(left) if !self.unused.is_empty() => {
                    let size = left.min(self.unused.len());
                    head.body = Body::Length(left - size);
                    return Ok(Some(self.unused.drain(..size).collect()));
                }
                Body::Length(_) => {}
                Body::Chunked => {
                    if let Some(chunk) = take_chunk(&mut self.unused)? {
                        return Ok(if chunk.is_empty() { None } else { Some(chunk) });
                    }
                }
            }
            if self.more().await? == 0 {
                return Err("closed within a body".to_owned());
            }
        }
    }

    /// The whole rest of a body.
    pub async fn body(&mut self, head: &mut Head) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(part) = self.part(head).await? {
            body.extend(part);
        }
        Ok(body)
    }

    async fn more(&mut self) -> Result<usize, String> {
        self.unused.reserve(READ_BYTES);
        self.stream
            .read_buf(&mut self.unused)
            .await
            .map_err(|error| error.to_string())
    }
}

fn parse(head: &[u8]) -> Result<Head, String> {
    let text = std::str::from_utf8(head).map_err(|_| "head is not text".to_owned())?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    let mut body = Body::Length(0);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            body = Body::Length(
                value
                    .trim()
                    .parse()
                    .map_err(|_| "bad content-length".to_owned())?,
            );
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            body = Body::Chunked;
        }
    }
    Ok(Head { status, body })
}

/// The bytes of the next whole chunk, taken out; empty for the last one.
fn take_chunk(bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, String> {
    let Some(line) = find(bytes, b"\r\n") else {
        return Ok(None);
    };
    let size = std::str::from_utf8(&bytes[..line])
        .ok()
        .and_then(|size| usize::from_str_radix(size, 16).ok());
    let size = size.ok_or("bad chunk size")?;
    let begin = line + 2;
    if bytes.len() < begin + size + 2 {
        return Ok(None);
    }
    let chunk = bytes[begin..begin + size].to_vec();
    bytes.drain(..begin + size + 2);
    Ok(Some(chunk))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
