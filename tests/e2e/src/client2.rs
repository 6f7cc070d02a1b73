//! An HTTP/2 client.

use crate::client1::Visit;
use crate::message::{Fields, Request};
use crate::observed::{ClientSaw, Ending};
use crate::scenario::Leaves;
use crate::upstream::part_gap;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::future::poll_fn;
use std::time::Duration;
use tokio::net::TcpStream;

impl Visit<'_> {
    /// The same as [`Visit::pay`], over HTTP/2.
    pub async fn pay2(&self, port: u16) -> Result<ClientSaw, String> {
        let socket = TcpStream::connect(("127.0.0.1", port))
            .await
            .map_err(|error| error.to_string())?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) = h2::client::handshake(socket)
            .await
            .map_err(|error| error.to_string())?;
        let driver = tokio::spawn(connection);
        let saw = self.stream(sender).await;
        driver.abort();
        saw
    }

    async fn stream(&self, sender: SendRequest<Bytes>) -> Result<ClientSaw, String> {
        let mut sender = sender.ready().await.map_err(|error| error.to_string())?;
        let bodiless = self.request.body.is_none();
        let head = self.request.head2()?;
        let (response, mut out) = sender
            .send_request(head, bodiless)
            .map_err(|error| error.to_string())?;
        let mut saw = ClientSaw::default();
        if matches!(self.leaves, Leaves::MidRequest(_) | Leaves::OnceSent) {
            self.send2(&mut out, bodiless).await?;
            match self.leaves {
                Leaves::OnceSent => drop(self.ground.until(|run| !run.upstream_saw.is_empty()).await),
                Leaves::MidRequest(_) | Leaves::OnceSeen(_) | Leaves::Never => {
                    tokio::time::sleep(Duration::from_millis(5)).await
                }
            }
            out.send_reset(Reason::CANCEL);
            tokio::time::sleep(Duration::from_millis(5)).await;
            saw.end = Ending::Left;
            return Ok(saw);
        }
        {
            let mut reading = std::pin::pin!(async {
                match response.await {
                    Ok(response) => self.read2(response, &mut saw).await,
                    Err(_) => saw.end = Ending::Broken,
                }
            });
            tokio::select! {
                biased;
                () = &mut reading => {}
                sent = self.send2(&mut out, bodiless) => { sent?; reading.await; }
            }
        }
        if saw.end == Ending::Left {
            out.send_reset(Reason::CANCEL);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(saw)
    }

    async fn send2(&self, out: &mut SendStream<Bytes>, bodiless: bool) -> Result<(), String> {
        if bodiless {
            return Ok(());
        }
        let body = self.request.body.as_deref().unwrap_or_default();
        let mid_request = matches!(self.leaves, Leaves::MidRequest(_));
        let body = match self.leaves {
            Leaves::MidRequest(bytes) => &body[..body.len().min(*bytes)],
            Leaves::Never | Leaves::OnceSent | Leaves::OnceSeen(_) => body,
        };
        let parts = self.chunking.cut(body);
        for part in &parts {
            if !send_part(out, part).await {
                return Ok(());
            }
            if parts.len() > 1 {
                part_gap(parts.len()).await;
            }
        }
        // A stream that the peer has ended takes no more; the response tells why.
        if !mid_request && self.request.trailers.is_empty() {
            let _ = out.send_data(Bytes::new(), true);
        } else if !mid_request {
            let _ = out.send_trailers(fields(&self.request.trailers)?);
        }
        Ok(())
    }

    async fn read2(&self, response: http::Response<RecvStream>, saw: &mut ClientSaw) {
        let (head, mut body) = response.into_parts();
        (saw.status, saw.headers) = (head.status.as_u16(), from_map(&head.headers));
        loop {
            let next = tokio::select! {
                next = body.data() => next,
                () = self.enough2() => {
                    saw.end = Ending::Left;
                    return;
                }
            };
            match next {
                Some(Ok(bytes)) => {
                    let _ = body.flow_control().release_capacity(bytes.len());
                    saw.body.extend_from_slice(&bytes);
                    self.ground.client_got(&bytes);
                }
                Some(Err(_)) => return saw.end = Ending::Broken,
                None => break,
            }
        }
        match body.trailers().await {
            Ok(trailers) => {
                saw.trailers = trailers.as_ref().map(from_map).unwrap_or_default();
                saw.end = Ending::Complete;
            }
            Err(_) => saw.end = Ending::Broken,
        }
    }

    async fn enough2(&self) {
        match self.leaves {
            Leaves::OnceSeen(marker) => {
                self.ground.client_has(marker).await;
            }
            Leaves::Never | Leaves::MidRequest(_) | Leaves::OnceSent => std::future::pending().await,
        }
    }
}

impl Request {
    /// Its head, as HTTP/2 has it.
    ///
    /// # Errors
    /// What HTTP/2 cannot say.
    pub fn head2(&self) -> Result<http::Request<()>, String> {
        let mut head = http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("http://penstock.test{}", self.path))
            .body(())
            .map_err(|error| error.to_string())?;
        *head.headers_mut() = fields(&self.headers)?;
        if let Some(length) = self.declared_length() {
            head.headers_mut().insert("content-length", length.into());
        }
        Ok(head)
    }
}

fn fields(fields: &Fields) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
        map.append(name, value);
    }
    Ok(map)
}

/// Fields of an HTTP/2 head or of trailers.
pub fn from_map(map: &HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// Sends within the peer's window. `false` when the stream takes no more.
async fn send_part(out: &mut SendStream<Bytes>, mut part: &[u8]) -> bool {
    while !part.is_empty() {
        out.reserve_capacity(part.len());
        let room = match poll_fn(|cx| out.poll_capacity(cx)).await {
            Some(Ok(room)) => room.min(part.len()),
            Some(Err(_)) | None => return false,
        };
        let (now, later) = part.split_at(room);
        if room > 0 && out.send_data(Bytes::copy_from_slice(now), false).is_err() {
            return false;
        }
        part = later;
    }
    true
}
