//! The binary as a client sees it: bytes on a socket, and the truth about them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const CHAT: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const UNARY: &str = r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"hi"}]}"#;
/// Long enough for any answer here, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Sim {
    child: Child,
    addresses: Vec<String>,
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sim(arguments: &[&str]) -> Sim {
    let mut child = Command::new(env!("CARGO_BIN_EXE_llm-sim"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("llm-sim starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).expect("one JSON line when ready");
    let addresses = ready["listening"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    Sim { child, addresses }
}

fn one() -> Sim {
    sim(&["--listen", "127.0.0.1:0", "--seed", "7"])
}

/// Everything that came, and whether the connection was reset rather than ended.
struct Answer {
    head: String,
    body: Vec<u8>,
    reset: bool,
}

impl Sim {
    fn open(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.addresses[0]).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        socket.write_all(format!("{head}{body}").as_bytes()).unwrap();
        socket
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut socket = self.open(method, path, &format!("connection: close\r\n{headers}"), body);
        let mut bytes = Vec::new();
        let reset = socket.read_to_end(&mut bytes).is_err();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map_or(bytes.len(), |at| at + 4);
        let body = bytes.split_off(end);
        Answer {
            head: String::from_utf8(bytes).unwrap(),
            body,
            reset,
        }
    }

    fn chat(&self, id: &str, sim: &str, body: &str) -> Answer {
        let headers = format!("x-request-id: {id}\r\nx-sim: {sim}\r\nte: trailers\r\n");
        self.send("POST", "/v1/chat/completions", &headers, body)
    }

    fn truth(&self, id: &str) -> Value {
        let answer = self.send("GET", &format!("/sim/truth?id={id}"), "", "");
        let mut truth: Value = serde_json::from_slice(&answer.body).unwrap();
        truth["requests"][0].take()
    }

    /// The record, once it has left `running`.
    fn closed(&self, id: &str) -> Value {
        let start = Instant::now();
        loop {
            let record = self.truth(id);
            if record["outcome"] != "running" || start.elapsed() > PATIENCE {
                return record;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("none")
    }

    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(header))
    }

    /// The chunks of a chunked body; what follows the last, also trailers, comes as text.
    fn chunks(&self) -> (Vec<Vec<u8>>, String) {
        let (mut chunks, mut rest) = (Vec::new(), &self.body[..]);
        while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
            if size == 0 {
                return (chunks, String::from_utf8(rest.to_vec()).unwrap());
            }
            chunks.push(rest[at + 2..at + 2 + size].to_vec());
            rest = &rest[at + 4 + size..];
        }
        (chunks, String::new())
    }
}

#[test]
fn an_answer_and_its_truth_agree() {
    let sim = one();
    let answer = sim.chat("a", "out=6;reason=2;cached=3", UNARY);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let record = sim.truth("a");
    assert_eq!(record["outcome"], "complete");
    assert_eq!(body["usage"]["completion_tokens"], 8);
    assert_eq!(record["usage"]["output_tokens"], 8);
    assert_eq!(record["usage"]["input_tokens"], body["usage"]["prompt_tokens"]);
    assert_eq!(record["request_headers"]["x-sim"], "out=6;reason=2;cached=3");
    assert_eq!(
        sim.send("GET", "/sim/last-request?id=a", "", "").body,
        UNARY.as_bytes()
    );
}

#[test]
fn the_same_request_gives_the_same_bytes_however_cut() {
    let sim = one();
    let whole = sim.chat("w", "chunk=event", CHAT).chunks().0.concat();
    for cut in ["chunk=1", "chunk=rand", "chunk=all"] {
        assert_eq!(sim.chat("c", cut, CHAT).chunks().0.concat(), whole, "{cut}");
    }
    assert!(
        sim.chat("o", "chunk=1;out=2", CHAT)
            .chunks()
            .0
            .iter()
            .all(|chunk| chunk.len() == 1)
    );
}

#[test]
fn a_cut_is_a_reset_at_every_stage() {
    let sim = one();
    for (stage, sent) in [("headers", 0), ("start", 0), ("2", 2), ("end", 5)] {
        let answer = sim.chat(stage, &format!("out=5;reset={stage}"), CHAT);
        assert!(answer.reset, "{stage}");
        assert_eq!(answer.head.is_empty(), stage == "headers", "{stage}");
        assert!(!answer.body.ends_with(b"0\r\n\r\n"), "{stage}");
        let record = sim.truth(stage);
        assert_eq!(record["outcome"], "reset", "{stage}");
        assert_eq!(record["sent_output_tokens"], sent, "{stage}");
    }
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let sim = one();
    let headers = "x-request-id: gone\r\nx-sim: out=100000;tpot=5\r\n";
    let mut socket = sim.open("POST", "/v1/chat/completions", headers, CHAT);
    let mut some = [0; 2000];
    socket.read_exact(&mut some).unwrap();
    drop(socket);
    let record = sim.closed("gone");
    assert_eq!(record["outcome"], "cancelled");
    assert!(record["closed_after_ms"].as_f64().unwrap() > 0.0);
    let sent = record["sent_output_tokens"].as_u64().unwrap();
    assert!(sent > 0 && sent < 100_000, "{sent}");
}

#[test]
fn a_client_that_leaves_a_stalled_stream_or_a_queue_is_noticed() {
    let sim = sim(&["--listen", "127.0.0.1:0,slots=1"]);
    let stalled = sim.open(
        "POST",
        "/v1/chat/completions",
        "x-request-id: s\r\nx-sim: stall=2\r\n",
        CHAT,
    );
    let events = BufReader::new(stalled.try_clone().unwrap())
        .lines()
        .map(Result::unwrap);
    assert_eq!(
        events.filter(|line| line.starts_with("data: ")).take(3).count(),
        3
    );
    let queued = sim.open("POST", "/v1/chat/completions", "x-request-id: q\r\n", CHAT);
    let waiting = r#"vllm:num_requests_waiting{engine="0",model_name="gpt-4.1"} 1.0"#;
    let start = Instant::now();
    let seen = || {
        String::from_utf8(sim.send("GET", "/metrics", "", "").body)
            .unwrap()
            .contains(waiting)
    };
    while !seen() {
        assert!(start.elapsed() < PATIENCE, "never waited");
    }
    drop(queued);
    assert_eq!(sim.closed("q")["outcome"], "cancelled");
    drop(stalled);
    assert_eq!(sim.closed("s")["sent_output_tokens"], 2);
}

#[test]
fn gzip_and_trailers_go_together() {
    let sim = one();
    let answer = sim.chat("t", "out=3;gzip=1;trailers=1", CHAT);
    assert!(answer.has("content-encoding: gzip"));
    let (chunks, end) = answer.chunks();
    assert!(
        end.contains("x-sim-output-tokens: 3\r\n") && end.contains("x-sim-outcome: complete\r\n"),
        "{end}"
    );
    let bytes = chunks.concat();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[test]
fn refusals_are_named() {
    let sim = one();
    let limited = sim.chat("l", "error=429,7", CHAT);
    assert_eq!(limited.status(), "429");
    assert!(limited.has("retry-after: 7"));
    assert_eq!(sim.truth("l")["outcome"], "error");
    let unknown = sim.chat("u", "bogus=1", CHAT);
    assert_eq!(unknown.status(), "400");
    assert!(
        String::from_utf8(unknown.body)
            .unwrap()
            .contains("unknown control `bogus`")
    );
    assert_eq!(sim.chat("j", "", "{not json").status(), "400");
    assert_eq!(sim.send("GET", "/sim/truth?bogus=1", "", "").status(), "400");
}

#[test]
fn totals_add_up_and_can_be_cleared() {
    let sim = one();
    sim.chat("1", "out=4", CHAT);
    sim.chat("2", "out=6;truncate=2", CHAT);
    sim.chat("3", "error=500", CHAT);
    let totals = |sim: &Sim| -> Value {
        serde_json::from_slice::<Value>(&sim.send("GET", "/sim/truth", "", "").body).unwrap()["totals"].take()
    };
    assert_eq!(totals(&sim)["openai_chat/gpt-4.1"]["requests"], 3);
    assert_eq!(totals(&sim)["openai_chat/gpt-4.1"]["output_tokens"], 6);
    sim.send("DELETE", "/sim/truth", "", "");
    assert_eq!(totals(&sim), serde_json::json!({}));
}

#[test]
fn a_load_report_comes_when_asked_for() {
    let sim = one();
    let asked = |form: &str, body: &str| {
        let headers = format!("endpoint-load-metrics-format: {form}\r\n");
        sim.send("POST", "/v1/chat/completions", &headers, body).head
    };
    assert!(
        asked("TEXT", UNARY).contains("endpoint-load-metrics: TEXT named_metrics.num_requests_waiting=0.0")
    );
    assert!(asked("json", UNARY).contains("endpoint-load-metrics: JSON {"));
    assert!(!asked("text", CHAT).contains("endpoint-load-metrics"));
    assert!(
        sim.chat("f", "orca=bin", CHAT)
            .head
            .contains("endpoint-load-metrics-bin: Q")
    );
}

#[test]
fn backends_differ_and_share_one_truth() {
    let sim = sim(&[
        "--listen",
        "127.0.0.1:0,name=a,out=2",
        "--listen",
        "127.0.0.1:0,name=b,out=3",
    ]);
    assert_eq!(sim.addresses.len(), 2);
    let body: Value = serde_json::from_slice(&sim.chat("x", "", UNARY).body).unwrap();
    assert_eq!(body["usage"]["completion_tokens"], 2);
    assert_eq!(sim.truth("x")["backend"], "a");
}

#[test]
fn a_taken_port_is_said_plainly() {
    let sim = one();
    let output = Command::new(env!("CARGO_BIN_EXE_llm-sim"))
        .args(["--listen", &sim.addresses[0]])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("is in use"));
}

#[test]
fn an_upgrade_is_echoed() {
    let sim = one();
    let headers = "connection: upgrade\r\nupgrade: websocket\r\n";
    let mut socket = sim.open("GET", "/v1/realtime", headers, "");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    socket.write_all(b"ping").unwrap();
    let mut back = [0; 4];
    socket.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"ping");
}
