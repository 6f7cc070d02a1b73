//! The model server: answers a chat completion at once, or streams one event an interval for ever.

use crate::clock;
use crate::http::Connection;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

/// Time between two events of a stream.
pub const EVENT_INTERVAL: Duration = Duration::from_millis(10);

/// Bytes of text in a unary answer.
const ANSWER_BYTES: usize = 1200;

/// Serves until the runtime ends; the port is one that was free.
pub async fn start() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                // A connection that the proxy ends is the normal end of a stream here.
                if let Ok(mut connection) = Connection::new(stream) {
                    let _ = serve(&mut connection).await;
                }
            });
        }
    });
    Ok(port)
}

async fn serve(connection: &mut Connection) -> Result<(), String> {
    let answer = answer();
    while let Some(mut head) = connection.head().await? {
        let body = connection.body(&mut head).await?;
        if body.windows(13).any(|window| window == b"\"stream\":true") {
            stream(connection).await?;
        } else {
            connection
                .stream
                .write_all(&answer)
                .await
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn answer() -> Vec<u8> {
    let text = "A penstock leads the water to the turbine. ".repeat(ANSWER_BYTES / 43);
    let body = format!(
        "{{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion\",\"created\":1730000000,\"model\":\"gpt-4.1-2025-04-14\",\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":420,\"completion_tokens\":260,\
         \"total_tokens\":680,\"prompt_tokens_details\":{{\"cached_tokens\":128,\"audio_tokens\":0}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":0,\"audio_tokens\":0}}}},\"system_fingerprint\":\"fp_0123456789\"}}"
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

async fn stream(connection: &mut Connection) -> Result<(), String> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    connection
        .stream
        .write_all(head.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let mut ticks = interval(EVENT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        connection
            .stream
            .write_all(&event())
            .await
            .map_err(|error| error.to_string())?;
    }
}

/// One event, with the time it was written as its text.
fn event() -> Vec<u8> {
    let event = format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1730000000,\
         \"model\":\"gpt-4.1-2025-04-14\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"@{:016}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null}}\n\n",
        clock::now_ns()
    );
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}
