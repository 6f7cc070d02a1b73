//! Backends that take as long as a GPU, over real sockets. Orders and counts decide here, never times.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Long enough for anything here, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Fleet {
    child: Child,
    addresses: Vec<String>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fleet(arguments: &[&str]) -> Fleet {
    let mut child = Command::new(env!("CARGO_BIN_EXE_llm-sim"))
        .args(["--listen", "127.0.0.1:0", "--speed", "50"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let addresses = ready["listening"].as_array().unwrap().iter();
    let addresses = addresses.map(|one| one.as_str().unwrap().to_owned()).collect();
    Fleet { child, addresses }
}

impl Fleet {
    fn open(&self, place: usize, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        self.try_open(place, method, path, headers, body).unwrap()
    }

    fn try_open(
        &self,
        place: usize,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<TcpStream> {
        let mut socket = TcpStream::connect(&self.addresses[place])?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        socket.write_all(format!("{head}{body}").as_bytes())?;
        Ok(socket)
    }

    fn send(&self, place: usize, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut text = String::new();
        let mut socket = self.open(place, method, path, headers, body);
        socket.read_to_string(&mut text).unwrap();
        text
    }

    fn get(&self, path: &str) -> String {
        self.send(0, "GET", path, "", "")
    }

    fn fault(&self, place: usize, text: &str) {
        assert!(
            self.send(place, "PUT", "/sim/faults", "", text).ends_with("ok\n"),
            "{text}"
        );
    }
}

/// A chat that is answered with so many tokens.
fn chat(prompt: &str, tokens: u64, stream: bool) -> String {
    let message = json!({"role": "user", "content": prompt});
    json!({
        "model": "m", "messages": [message], "stream": stream, "stream_options": {"include_usage": true},
        "max_tokens": tokens, "ignore_eos": true,
    })
    .to_string()
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn a_prompt_sent_twice_is_found_in_the_cache_and_on_the_bill() {
    let fleet = fleet(&[
        "--fleet",
        "2xA100",
        "--reports",
        "triton",
        "--stream-interval",
        "4",
    ]);
    let prompt = "Tell me of penstocks. ".repeat(300);
    let cached = |answer: &str| {
        let usage = answer.split("\"cached_tokens\":").nth(1).unwrap();
        usage
            .split([',', '}'])
            .next()
            .unwrap()
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    let ask = "endpoint-load-metrics-format: text\r\n";
    let first = fleet.send(0, "POST", CHAT, ask, &chat(&prompt, 9, true));
    assert!(
        first.contains("endpoint-load-metrics: TEXT named_metrics.kv_cache_utilization="),
        "{first}"
    );
    assert_eq!(
        (first.matches("\"content\":\"").count() >= 9, cached(&first)),
        (true, 0)
    );
    let second = fleet.send(0, "POST", CHAT, "", &chat(&prompt, 9, false));
    assert_eq!(
        cached(&second),
        3 * 512,
        "6,600 bytes are 1,650 tokens and three whole blocks"
    );
    let elsewhere = fleet.send(1, "POST", CHAT, "", &chat(&prompt, 1, false));
    assert_eq!(cached(&elsewhere), 0, "each server has its own cache");
    let truth = fleet.get("/sim/truth");
    assert!(
        truth.contains("\"cached_tokens\":1536") && truth.contains("\"output_tokens\":19"),
        "{truth}"
    );
    assert!(truth.contains("\"backend\":\"A100-1\"") && truth.contains("\"backend\":\"A100-2\""));
    assert!(fleet.get("/metrics").contains("kv_cache_block_type=\"max\""));
}

#[test]
fn a_client_that_leaves_is_cancelled_in_the_engine() {
    let fleet = fleet(&["--gpu", "A100", "--reports", "vllm"]);
    let running = |count: &str| {
        let start = Instant::now();
        let line = format!("vllm:num_requests_running{{engine=\"0\",model_name=\"m\"}} {count}");
        while !fleet.get("/metrics").contains(&line) {
            assert!(start.elapsed() < PATIENCE, "never {count} running");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let mut socket = fleet.open(0, "POST", CHAT, "", &chat("count for ever", 200_000, true));
    let mut byte = [0];
    socket.read_exact(&mut byte).unwrap();
    running("1.0");
    drop(socket);
    running("0.0");
}

#[test]
fn what_does_not_fit_is_refused() {
    let fleet = fleet(&["--gpu", "RTX4090"]);
    let answer = fleet.send(0, "POST", CHAT, "", &chat("much", 60_000, false));
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("KV cache"),
        "{answer}"
    );
}

#[test]
fn faults_come_and_go() {
    let fleet = fleet(&[
        "--fleet",
        "A100,A100",
        "--fault",
        "1: blackhole=on",
        "--fault",
        "A100-1: draining=on",
    ]);
    let ask = |place| fleet.send(place, "POST", CHAT, "", &chat("hi", 2, false));
    let start = Instant::now();
    while !(ask(1).starts_with("HTTP/1.1 503") && ask(0).contains("x-gpu-draining: 1")) {
        assert!(start.elapsed() < PATIENCE);
    }
    fleet.fault(1, "blackhole=off");
    assert!(ask(1).starts_with("HTTP/1.1 200"));
    fleet.fault(0, "draining=off; hang=on");
    let mut hung = fleet.open(0, "POST", CHAT, "", &chat("hi", 2, false));
    hung.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(hung.read(&mut [0]).is_err(), "no byte comes");
    assert!(fleet.get("/sim/faults").contains("\"hang\":true"));
    assert!(
        fleet
            .send(0, "DELETE", "/sim/faults", "", "")
            .contains("\"hang\":false")
    );
    assert!(ask(0).starts_with("HTTP/1.1 200") && !ask(0).contains("x-gpu-draining"));
}

#[test]
fn a_restart_cuts_streams_and_comes_back_empty() {
    let fleet = fleet(&["--gpu", "A100", "--reports", "vllm"]);
    let prompt = "Tell me of penstocks. ".repeat(300);
    let mut stream = fleet.open(0, "POST", CHAT, "", &chat(&prompt, 100_000, true));
    stream.read_exact(&mut [0]).unwrap();
    fleet.fault(0, "restart=0.2");
    assert!(
        stream.read_to_end(&mut Vec::new()).is_err(),
        "a reset, not an end"
    );
    let start = Instant::now();
    let mut answer = String::new();
    while answer.is_empty() {
        assert!(start.elapsed() < PATIENCE);
        // Refused while it is down, and reset if it goes down just then.
        let open = fleet.try_open(0, "POST", CHAT, "", &chat(&prompt, 1, false));
        let _ = open.and_then(|mut socket| socket.read_to_string(&mut answer));
    }
    assert!(answer.contains("\"cached_tokens\": 0"), "{answer}");
}
