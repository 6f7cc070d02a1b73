//! A raw HTTP/1.1 client.

use crate::chunking::Chunking;
use crate::ground::Ground;
use crate::http1::{Broken, Head, Length, Reader, last_chunk, push_fields};
use crate::message::{Fields, Framing, Request};
use crate::observed::{ClientSaw, Ending};
use crate::scenario::Leaves;
use crate::upstream::{ALIVE_BODY, ALIVE_PATH, part_gap};
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What the client does in one run.
pub struct Visit<'a> {
    /// The request.
    pub request: &'a Request,
    /// How its body is cut.
    pub chunking: Chunking,
    /// When the client goes away.
    pub leaves: &'a Leaves,
    /// Plain requests right behind.
    pub pipelined: usize,
    /// Where received bytes are told.
    pub ground: &'a Ground,
}

/// A plain request on a connection of its own: the status, if an answer came with the right body.
pub async fn plain(port: u16) -> Result<u16, String> {
    let socket = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| error.to_string())?;
    let (read, mut write) = socket.into_split();
    write
        .write_all(&plain_bytes())
        .await
        .map_err(|error| error.to_string())?;
    plain_answer(&mut Reader::new(read)).await
}

impl Visit<'_> {
    /// Sends the request and reads until the response ends or the client leaves.
    pub async fn pay(&self, port: u16) -> Result<ClientSaw, String> {
        let socket = TcpStream::connect(("127.0.0.1", port))
            .await
            .map_err(|error| error.to_string())?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        let (read, mut write) = socket.into_split();
        let mut reader = Reader::new(read);
        let mut saw = ClientSaw::default();
        if matches!(self.leaves, Leaves::MidRequest(_) | Leaves::OnceSent) {
            self.send(&mut write).await.map_err(|error| error.to_string())?;
            saw.end = Ending::Left;
            return Ok(saw);
        }
        let sent = {
            let mut reading = std::pin::pin!(self.read(&mut reader, &mut saw));
            let mut writing = std::pin::pin!(self.send(&mut write));
            tokio::select! {
                biased;
                read = &mut reading => { read?; false }
                // A refused write is no failure: an early answer may come with it.
                sent = &mut writing => { reading.await?; sent.is_ok() }
            }
        };
        if sent && saw.end == Ending::Complete {
            self.follow_up(&mut reader, &mut write, &mut saw).await?;
        }
        Ok(saw)
    }

    async fn send(&self, write: &mut OwnedWriteHalf) -> io::Result<()> {
        write.write_all(&self.request.head1()).await?;
        let body = self.request.body.as_deref().unwrap_or_default();
        let body = match self.leaves {
            Leaves::MidRequest(bytes) => &body[..body.len().min(*bytes)],
            Leaves::Never | Leaves::OnceSent | Leaves::OnceSeen(_) => body,
        };
        let parts = self.chunking.cut(body);
        for part in &parts {
            if self.request.framing == Framing::Chunked {
                write
                    .write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())
                    .await?;
            } else {
                write.write_all(part).await?;
            }
            if parts.len() > 1 {
                part_gap(parts.len()).await;
            }
        }
        if matches!(self.leaves, Leaves::MidRequest(_)) {
            // The proxy is to see the bytes before it sees the end.
            return part_gap_only().await;
        }
        if self.request.framing == Framing::Chunked {
            write.write_all(&last_chunk(&self.request.trailers)).await?;
        }
        for _ in 0..self.pipelined {
            write.write_all(&plain_bytes()).await?;
        }
        if matches!(self.leaves, Leaves::OnceSent) {
            self.ground.until(|run| !run.upstream_saw.is_empty()).await;
        }
        Ok(())
    }

    async fn read(&self, reader: &mut Reader<OwnedReadHalf>, saw: &mut ClientSaw) -> Result<(), String> {
        let head = match self.response_head(reader, saw).await {
            Ok(head) => head,
            Err(Broken::Garbage(what)) => return Err(format!("client: response is no HTTP: {what}")),
            Err(Broken::Cut | Broken::Nothing) => {
                saw.end = Ending::Broken;
                return Ok(());
            }
        };
        (saw.status, saw.headers) = (head.status(), head.fields.clone());
        let length = head
            .response_length(&self.request.method)
            .map_err(|broken| format!("client: {broken:?}"))?;
        let ended = {
            let body = &mut saw.body;
            let reading = reader.body(length, |bytes| {
                body.extend_from_slice(bytes);
                self.ground.client_got(bytes);
            });
            tokio::select! {
                ended = reading => Some(ended),
                () = self.seen_enough() => None,
            }
        };
        saw.end = match ended {
            None => Ending::Left,
            Some(Ok(trailers)) => {
                saw.trailers = trailers;
                Ending::Complete
            }
            Some(Err(Broken::Garbage(what))) => return Err(format!("client: response body: {what}")),
            Some(Err(Broken::Cut | Broken::Nothing)) => Ending::Broken,
        };
        if head.status() == 101 {
            saw.end = Ending::Complete;
        }
        for _ in 0..self.pipelined {
            saw.more.push(plain_answer(reader).await?);
        }
        Ok(())
    }

    async fn response_head(
        &self,
        reader: &mut Reader<OwnedReadHalf>,
        saw: &mut ClientSaw,
    ) -> Result<Head, Broken> {
        loop {
            let head = reader.head().await?;
            match head.status() {
                101 => return Ok(head),
                status @ 100..=199 => saw.informational.push(status),
                _ => return Ok(head),
            }
        }
    }

    async fn seen_enough(&self) {
        match self.leaves {
            Leaves::OnceSeen(marker) => {
                self.ground.client_has(marker).await;
            }
            Leaves::Never | Leaves::MidRequest(_) | Leaves::OnceSent => std::future::pending().await,
        }
    }

    /// The next request on the same connection: whatever was left of the first would spoil it.
    async fn follow_up(
        &self,
        reader: &mut Reader<OwnedReadHalf>,
        write: &mut OwnedWriteHalf,
        saw: &mut ClientSaw,
    ) -> Result<(), String> {
        if reader.has_more() {
            return Err("client: bytes behind the end of the response".to_owned());
        }
        let closes = saw
            .headers
            .iter()
            .any(|(name, value)| name == "connection" && value == b"close");
        if closes || saw.status == 101 || !has_length(&saw.headers, &self.request.method, saw.status) {
            return Ok(());
        }
        if write.write_all(&plain_bytes()).await.is_err() {
            return Ok(());
        }
        match plain_answer(reader).await {
            Ok(200) => Ok(()),
            // The upstream's connection may have died under the request; the next one will tell.
            Ok(502 | 503) => Ok(()),
            Ok(status) => Err(format!("client: the next request on the connection got {status}")),
            Err(what) => Err(format!("client: the next request on the connection: {what}")),
        }
    }
}

impl Request {
    /// Its head, as HTTP/1.1 has it.
    pub fn head1(&self) -> Vec<u8> {
        let mut out = format!(
            "{} {} HTTP/1.1\r\nhost: penstock.test\r\n",
            self.method, self.path
        )
        .into_bytes();
        push_fields(&mut out, &self.headers);
        match self.declared_length() {
            Some(length) => out.extend(format!("content-length: {length}\r\n").bytes()),
            None if self.framing == Framing::Chunked => out.extend(b"transfer-encoding: chunked\r\n"),
            None => {}
        }
        out.extend(b"\r\n");
        out
    }
}

fn has_length(headers: &Fields, method: &str, status: u16) -> bool {
    let head = Head {
        start_line: format!("HTTP/1.1 {status} x"),
        fields: headers.clone(),
    };
    !matches!(head.response_length(method), Ok(Length::ToTheEnd) | Err(_))
}

fn plain_bytes() -> Vec<u8> {
    format!("GET {ALIVE_PATH} HTTP/1.1\r\nhost: penstock.test\r\n\r\n").into_bytes()
}

async fn plain_answer(reader: &mut Reader<OwnedReadHalf>) -> Result<u16, String> {
    let head = reader
        .head()
        .await
        .map_err(|broken| format!("no answer: {broken:?}"))?;
    let length = head
        .response_length("GET")
        .map_err(|broken| format!("{broken:?}"))?;
    let mut body = Vec::new();
    reader
        .body(length, |bytes| body.extend_from_slice(bytes))
        .await
        .map_err(|broken| format!("{broken:?}"))?;
    if head.status() == 200 && body != ALIVE_BODY.as_bytes() {
        return Err(format!(
            "the answer to a plain request is {}",
            crate::message::show(&body)
        ));
    }
    Ok(head.status())
}

async fn part_gap_only() -> io::Result<()> {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    Ok(())
}
