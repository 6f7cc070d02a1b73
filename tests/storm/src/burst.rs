//! As many requests as there are ports, all open at once, and a budget of one.

use crate::client::{Answer, Client, bytes, chat_of};
use crate::stage::{Stage, fine, meter, scripted};
use crate::{Figures, Plan, figure, must};
use bytes::Bytes;
use penstock_e2e::client2::from_map;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

const WORKERS: u32 = 4;
const REQUESTS: u64 = 10_000;
/// Descriptors that Envoy and this program need beside one for each connection.
const OTHER_FILES: u64 = 500;
const STREAMS_A_CONNECTION: u64 = 100;
/// Connections that are being opened at a time: Envoy's queue of those is short.
const OPENING: usize = 64;

/// What requests wait for once all but their last byte is sent.
type Gate = Arc<(Barrier, Semaphore)>;

pub async fn run(_: &Plan, figures: &mut Figures) -> Result<(), String> {
    let budget = r#"{"name": "one", "unit": "requests", "limit": 1, "window": {"per": "month"}}"#;
    let (upstream, ground) = scripted(fine()).await?;
    let stage = Stage::open("burst", meter(budget), upstream, WORKERS).await?;
    let over = transport();
    figure(
        figures,
        &format!("requests open at once, {WORKERS} workers, {over}"),
        REQUESTS,
    );
    // One more is at the barrier: this function, which looks first whether all are open.
    let gate: Gate = Arc::new((Barrier::new(REQUESTS as usize + 1), Semaphore::new(OPENING)));
    let answers = match over {
        Transport::Connections => on_connections(stage.port(), &gate),
        Transport::Streams => on_streams(stage.port(), &gate),
    };
    stage.has_open(REQUESTS).await?;
    gate.0.wait().await;
    let answers = collected(answers).await?;
    let books = stage.closed_books().await?;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    figure(figures, "admitted", admitted);
    figure(figures, "refused with 429 and retry-after", books.denied);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.is_refusal_by("one")?;
    }
    let upstream_saw = ground.run().upstream_saw.len();
    must((admitted, upstream_saw, books.used) == (1, 1, 1), || {
        format!("{admitted} were admitted, the server saw {upstream_saw}, {books:?}")
    })?;
    must(books.denied as u64 == REQUESTS - 1, || format!("{books:?}"))?;
    must(books.state_errors == 0, || format!("{books:?}"))?;
    stage.close();
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Connections,
    Streams,
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connections => "HTTP/1.1 connections",
            Self::Streams => "HTTP/2 streams",
        })
    }
}

/// A connection for each request, if this machine allows for so many descriptors.
fn transport() -> Transport {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let most = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let most = most.unwrap_or(u64::MAX);
    if most >= REQUESTS + OTHER_FILES {
        return Transport::Connections;
    }
    eprintln!(
        "a process may open {most} files here (ulimit -n): {REQUESTS} HTTP/2 streams instead of as many connections"
    );
    Transport::Streams
}

type Answers = JoinSet<Result<Vec<Answer>, String>>;

async fn collected(mut answers: Answers) -> Result<Vec<Answer>, String> {
    let mut all = Vec::new();
    while let Some(some) = answers.join_next().await {
        all.extend(some.map_err(|error| error.to_string())??);
    }
    Ok(all)
}

fn on_connections(port: u16, gate: &Gate) -> Answers {
    let mut answers = Answers::new();
    for _ in 0..REQUESTS {
        let gate = gate.clone();
        answers.spawn(async move {
            let request = bytes(&chat_of("all"));
            let (last, first) = request.split_last().ok_or("an empty request")?;
            let opening = gate.1.acquire().await.map_err(|error| error.to_string())?;
            let mut client = Client::connect(port).await?;
            client.send(first).await?;
            drop(opening);
            gate.0.wait().await;
            client.send(&[*last]).await?;
            Ok(vec![client.answer().await?])
        });
    }
    answers
}

fn on_streams(port: u16, gate: &Gate) -> Answers {
    let mut answers = Answers::new();
    for _ in 0..REQUESTS / STREAMS_A_CONNECTION {
        let gate = gate.clone();
        answers.spawn(async move {
            let socket = TcpStream::connect(("127.0.0.1", port)).await;
            let handshake = h2::client::handshake(socket.map_err(|error| error.to_string())?).await;
            let (sender, connection) = handshake.map_err(|error| error.to_string())?;
            let driver = tokio::spawn(connection);
            let mut streams = JoinSet::new();
            for _ in 0..STREAMS_A_CONNECTION {
                streams.spawn(stream(sender.clone(), gate.clone()));
            }
            let mut all = Vec::new();
            while let Some(answer) = streams.join_next().await {
                let answer = answer.map_err(|error| error.to_string())?;
                all.push(answer.map_err(|error| error.to_string())?);
            }
            driver.abort();
            Ok(all)
        });
    }
    answers
}

async fn stream(sender: h2::client::SendRequest<Bytes>, gate: Gate) -> Result<Answer, String> {
    let broken = |error: h2::Error| error.to_string();
    let request = chat_of("all");
    let (last, first) = request
        .body
        .as_deref()
        .and_then(|body| body.split_last())
        .ok_or("an empty request")?;
    let mut sender = sender.ready().await.map_err(broken)?;
    let (response, mut out) = sender.send_request(request.head2()?, false).map_err(broken)?;
    out.send_data(Bytes::copy_from_slice(first), false)
        .map_err(broken)?;
    gate.0.wait().await;
    out.send_data(Bytes::copy_from_slice(&[*last]), true)
        .map_err(broken)?;
    let (head, mut incoming) = response.await.map_err(broken)?.into_parts();
    let mut body = Vec::new();
    while let Some(bytes) = incoming.data().await {
        let bytes = bytes.map_err(broken)?;
        let _ = incoming.flow_control().release_capacity(bytes.len());
        body.extend_from_slice(&bytes);
    }
    Ok(Answer {
        status: head.status.as_u16(),
        fields: from_map(&head.headers),
        body,
    })
}
