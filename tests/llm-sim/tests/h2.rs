//! The same over HTTP/2: trailers, resets of one stream, a client that cancels one stream.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;

const CHAT: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

struct Sim {
    child: Child,
    sender: SendRequest<Full<Bytes>>,
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn sim() -> Sim {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llm-sim"));
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let socket = tokio::net::TcpStream::connect(ready["listening"][0].as_str().unwrap())
        .await
        .unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    Sim { child, sender }
}

impl Sim {
    async fn send(
        &mut self,
        path: &str,
        id: &str,
        sim: &str,
        body: &'static str,
    ) -> hyper::Result<hyper::Response<Incoming>> {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let request = Request::builder().method(method).uri(format!("http://sim{path}"));
        let request = request
            .header("x-request-id", id)
            .header("x-sim", sim)
            .body(Full::from(body))
            .unwrap();
        self.sender.send_request(request).await
    }

    async fn chat(&mut self, id: &str, sim: &str) -> hyper::Result<hyper::Response<Incoming>> {
        self.send("/v1/chat/completions", id, sim, CHAT).await
    }

    /// The record, once it has left `running`.
    async fn closed(&mut self, id: &str) -> Value {
        loop {
            let answer = self
                .send(&format!("/sim/truth?id={id}"), "", "", "")
                .await
                .unwrap();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let record = serde_json::from_slice::<Value>(&body).unwrap()["requests"][0].take();
            if record["outcome"] != "running" {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn trailers_end_a_stream() {
    let mut sim = sim().await;
    let body = sim
        .chat("t", "out=3;trailers=1")
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(body.trailers().unwrap()["x-sim-output-tokens"], "3");
    assert!(body.to_bytes().ends_with(b"data: [DONE]\n\n"));
    assert_eq!(sim.closed("t").await["http"], "2");
}

#[tokio::test]
async fn a_cut_resets_its_stream_alone() {
    let mut sim = sim().await;
    assert!(sim.chat("h", "reset=headers").await.is_err());
    for stage in ["start", "2", "end"] {
        let answer = sim.chat(stage, &format!("out=5;reset={stage}")).await.unwrap();
        assert!(answer.into_body().collect().await.is_err(), "{stage}");
        assert_eq!(sim.closed(stage).await["outcome"], "reset", "{stage}");
    }
    assert_eq!(sim.chat("after", "out=1").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_cancelled_stream_is_noticed() {
    let mut sim = sim().await;
    let mut body = sim.chat("gone", "out=100000;tpot=5").await.unwrap().into_body();
    for _ in 0..3 {
        body.frame().await.unwrap().unwrap();
    }
    drop(body);
    let record = sim.closed("gone").await;
    assert_eq!(record["outcome"], "cancelled");
    assert!(record["sent_output_tokens"].as_u64().unwrap() < 100_000);
}
