//! A client that keeps its connection.

use penstock_e2e::bodies::chat_json;
use penstock_e2e::http1::{Head, Reader};
use penstock_e2e::message::{Fields, Request, first};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// One connection.
pub struct Client {
    pub reader: Reader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

/// A whole answer.
pub struct Answer {
    pub status: u16,
    pub fields: Fields,
    pub body: Vec<u8>,
}

impl Answer {
    /// What a refusal by a budget must have: 429, its code, and the seconds until it is worth trying again.
    pub fn is_refusal_by(&self, budget: &str) -> Result<(), String> {
        let code = format!(r#""code":"budget_{budget}""#);
        let wait = first(&self.fields, "retry-after").and_then(|value| std::str::from_utf8(value).ok());
        let waits = wait
            .and_then(|wait| wait.parse::<u64>().ok())
            .is_some_and(|seconds| seconds > 0);
        let body = String::from_utf8_lossy(&self.body);
        if self.status == 429 && waits && body.contains(&code) {
            return Ok(());
        }
        Err(format!(
            "no refusal: {}, retry-after {wait:?}, {body}",
            self.status
        ))
    }
}

impl Client {
    pub async fn connect(port: u16) -> Result<Self, String> {
        let socket = TcpStream::connect(("127.0.0.1", port))
            .await
            .map_err(|error| format!("connect: {error}"))?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        let (read, write) = socket.into_split();
        Ok(Self {
            reader: Reader::new(read),
            write,
        })
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.write
            .write_all(bytes)
            .await
            .map_err(|error| format!("send: {error}"))
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Result<Head, String> {
        let head = self.reader.head().await;
        head.map_err(|broken| format!("no answer: {broken:?}"))
    }

    /// The next answer, whole.
    pub async fn answer(&mut self) -> Result<Answer, String> {
        let head = self.head().await?;
        let length = head
            .response_length("POST")
            .map_err(|broken| format!("{broken:?}"))?;
        let mut body = Vec::new();
        self.reader
            .body(length, |bytes| body.extend_from_slice(bytes))
            .await
            .map_err(|broken| format!("an answer that breaks: {broken:?}"))?;
        Ok(Answer {
            status: head.status(),
            fields: head.fields,
            body,
        })
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer, String> {
        self.send(&bytes(request)).await?;
        self.answer().await
    }
}

/// A request as it goes over the wire.
pub fn bytes(request: &Request) -> Vec<u8> {
    let mut bytes = request.head1();
    bytes.extend(request.body.as_deref().unwrap_or_default());
    bytes
}

/// A short chat request of this tenant.
pub fn chat_of(tenant: &str) -> Request {
    chat_json(r#"{"model":"m-1","messages":[{"role":"user","content":"hi"}]}"#).header("x-tenant", tenant)
}
