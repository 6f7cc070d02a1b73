//! The clients: closed loops of unary requests, and streams that are read as they come.

use crate::clock;
use crate::http::Connection;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Bytes of a request's body.
pub const REQUEST_BYTES: usize = 2048;

/// Streams at once.
pub const STREAMS: usize = 64;

/// How long requests went on, how many there were, and how long each took.
pub struct Unary {
    pub seconds: f64,
    pub requests: u64,
    pub latencies_ns: Vec<u64>,
}

/// Sends requests one after the other on each of `connections`, for `span` or until there were `most`.
pub async fn unary(port: u16, connections: usize, span: Duration, most: u64) -> Result<Unary, String> {
    let mut clients = JoinSet::new();
    let (begin, sent) = (clock::now_ns(), Rc::new(Cell::new(0)));
    let end = begin + nanoseconds(span);
    for _ in 0..connections {
        let sent = sent.clone();
        clients.spawn_local(async move {
            let (mut connection, request) = (connect(port).await?, request(false));
            let mut latencies = Vec::new();
            while clock::now_ns() < end && sent.get() < most {
                sent.set(sent.get() + 1);
                let begin = clock::now_ns();
                exchange(&mut connection, &request).await?;
                latencies.push(clock::now_ns() - begin);
            }
            Ok::<_, String>(latencies)
        });
    }
    let mut latencies_ns = Vec::new();
    while let Some(latencies) = clients.join_next().await {
        latencies_ns.extend(latencies.map_err(|error| error.to_string())??);
    }
    Ok(Unary {
        seconds: (clock::now_ns() - begin) as f64 / 1e9,
        requests: latencies_ns.len() as u64,
        latencies_ns,
    })
}

/// Sends one request and reads its answer.
pub async fn exchange(connection: &mut Connection, request: &[u8]) -> Result<(), String> {
    let (status, body) = answer(connection, request).await?;
    if status != 200 || !body.ends_with(b"}") {
        return Err(format!("answered {status} with {} bytes", body.len()));
    }
    Ok(())
}

/// A request, and whatever it is answered with: a guard may refuse it.
pub async fn answer(connection: &mut Connection, request: &[u8]) -> Result<(u16, Vec<u8>), String> {
    connection
        .stream
        .write_all(request)
        .await
        .map_err(|error| error.to_string())?;
    let mut head = connection.head().await?.ok_or("closed instead of answering")?;
    let body = connection.body(&mut head).await?;
    Ok((head.status, body))
}

/// Time from sending a request to its first event, once for each of `count` streams, one after the other.
pub async fn first_events(port: u16, count: usize) -> Result<Vec<u64>, String> {
    let mut waits = Vec::with_capacity(count);
    for _ in 0..count {
        let (mut connection, request) = (connect(port).await?, request(true));
        let begin = clock::now_ns();
        open(&mut connection, &request).await?;
        waits.push(clock::now_ns() - begin);
    }
    Ok(waits)
}

/// Sends a request for a stream and reads up to its first event.
async fn open(connection: &mut Connection, request: &[u8]) -> Result<crate::http::Head, String> {
    connection
        .stream
        .write_all(request)
        .await
        .map_err(|error| error.to_string())?;
    let mut head = connection.head().await?.ok_or("closed instead of answering")?;
    if head.status != 200 {
        return Err(format!("a stream was answered {}", head.status));
    }
    let part = connection
        .part(&mut head)
        .await?
        .ok_or("a stream ended before its first event")?;
    if !part.starts_with(b"data:") {
        return Err("a stream began with something else than an event".to_owned());
    }
    Ok(head)
}

/// Streams that are being read.
pub struct Streams {
    clients: JoinSet<Result<(), String>>,
    /// Age of each event when it was read.
    delays_ns: Rc<RefCell<Vec<u64>>>,
}

impl Streams {
    /// Opens [`STREAMS`] streams; each has shown its first event.
    pub async fn open(port: u16) -> Result<Self, String> {
        Self::open_with(port, &request(true)).await
    }

    /// The same, each for this request.
    pub async fn open_with(port: u16, request: &[u8]) -> Result<Self, String> {
        let mut opening = JoinSet::new();
        for _ in 0..STREAMS {
            let request = request.to_vec();
            opening.spawn_local(async move {
                let mut connection = connect(port).await?;
                let head = open(&mut connection, &request).await?;
                Ok::<_, String>((connection, head))
            });
        }
        let mut streams = Self {
            clients: JoinSet::new(),
            delays_ns: Rc::default(),
        };
        while let Some(open) = opening.join_next().await {
            let (mut connection, mut head) = open.map_err(|error| error.to_string())??;
            let delays = streams.delays_ns.clone();
            streams.clients.spawn_local(async move {
                while let Some(part) = connection.part(&mut head).await? {
                    note_events(&part, &mut delays.borrow_mut());
                }
                Err("a stream ended by itself".to_owned())
            });
        }
        Ok(streams)
    }

    /// The delays of the events that came within `span`.
    pub async fn read_for(&mut self, span: Duration) -> Result<Vec<u64>, String> {
        self.delays_ns.borrow_mut().clear();
        match tokio::time::timeout(span, self.clients.join_next()).await {
            Err(_) => Ok(self.delays_ns.take()),
            Ok(None) => Err("no streams".to_owned()),
            Ok(Some(ended)) => match ended.map_err(|error| error.to_string())? {
                Ok(()) => Err("a stream ended".to_owned()),
                Err(why) => Err(why),
            },
        }
    }
}

/// Every event tells when it was written.
fn note_events(bytes: &[u8], delays: &mut Vec<u64>) {
    let now = clock::now_ns();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let digits = bytes
            .get(at + 1..at + 17)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(written) = digits.and_then(|digits| digits.parse::<u64>().ok()) {
            delays.push(now.saturating_sub(written));
        }
    }
}

/// A connection to a proxy.
pub async fn connect(port: u16) -> Result<Connection, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await;
    Connection::new(stream.map_err(|error| format!("port {port}: {error}"))?)
}

/// A chat completion of [`REQUEST_BYTES`], as an SDK sends it.
fn request(stream: bool) -> Vec<u8> {
    let rest = if stream {
        ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
    } else {
        "}"
    };
    let before = "{\"model\":\"gpt-4.1\",\"temperature\":0.2,\"max_completion_tokens\":512,\"messages\":[\
        {\"role\":\"system\",\"content\":\"You answer questions about hydropower.\"},{\"role\":\"user\",\"content\":\"";
    let after = format!("\"}}]{rest}");
    let text = "How does a penstock lead water to a turbine, and what is it made of? ";
    let size = REQUEST_BYTES - before.len() - after.len();
    let text: String = text.chars().cycle().take(size).collect();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.example\r\ncontent-type: application/json\r\n\
         accept: application/json\r\nauthorization: Bearer sk-0123456789abcdef0123456789abcdef\r\n\
         user-agent: OpenAI/Python 1.99.0\r\nx-stainless-lang: python\r\nx-stainless-retry-count: 0\r\n\
         content-length: {REQUEST_BYTES}\r\n\r\n{before}{text}{after}"
    )
    .into_bytes()
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
