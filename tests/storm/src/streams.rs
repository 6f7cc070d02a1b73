//! Many clients at a time whose streams lie about their length, are left, and are broken by the server, against one
//! budget of tokens. The server reports its usage with every chunk, so what the meter has seen of a stream it knows to the token.

use crate::client::{Client, bytes};
use crate::rng::Rng;
use crate::sim::{Sim, Truth};
use crate::stage::{Books, Stage, meter};
use crate::{Figures, Plan, figure, must};
use penstock_e2e::bodies::chat_json;
use penstock_e2e::message::Request;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

const WORKERS: u32 = 4;
const CLIENTS: u64 = 200;
/// Tokens of the budget for each stream that is asked for: the storm wants twice as many.
const TOKENS_A_STREAM: u64 = 40;
/// `max_tokens` as clients give it; answers have up to 150 tokens all the same.
const LIES: [Option<u64>; 5] = [None, Some(1), Some(7), Some(40), Some(1_000_000)];

/// What is to become of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Whole,
    /// The client goes after so many tokens.
    Left(u64),
    /// The server breaks it after so many.
    Reset(u64),
}

/// What a client saw of one request.
struct Seen {
    id: String,
    status: u16,
    /// Tokens that came.
    tokens: u64,
}

/// An exchange that was let in, as its three sides know it.
struct Exchange<'a> {
    id: &'a str,
    seen: u64,
    truth: Truth,
    outcome: &'a str,
    input: u64,
    output: u64,
}

pub async fn run(plan: &Plan, figures: &mut Figures) -> Result<(), String> {
    let each = plan.size(40, 6);
    let limit = CLIENTS * each * TOKENS_A_STREAM;
    let budget =
        format!(r#"{{"name": "all", "unit": "tokens", "limit": {limit}, "window": {{"per": "month"}}}}"#);
    let sim = Sim::start(plan.seed).await?;
    let stage = Stage::open("streams", meter(&budget), sim.port, WORKERS).await?;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(stage.port(), plan.seed, number, each));
    }
    let mut seen = Vec::new();
    while let Some(of_one) = clients.join_next().await {
        seen.extend(of_one.map_err(|error| error.to_string())??);
    }
    let books = stage.closed_books().await?;
    let (ledger, truth) = (stage.ledger().await?, sim.truth().await?);
    let exchanges = joined(&seen, &ledger, &truth)?;
    figure(
        figures,
        &format!("streams, {CLIENTS} at a time, {WORKERS} workers"),
        seen.len(),
    );
    figure(figures, "let in", exchanges.len());
    for (outcome, name) in [
        ("complete", "complete"),
        ("cancelled", "left by the client"),
        ("upstream_error", "broken by the server"),
        ("cut", "cut by the budget"),
    ] {
        let count = exchanges.iter().filter(|one| one.outcome == outcome).count();
        figure(figures, &format!("  of these {name}"), count);
    }
    for exchange in &exchanges {
        exchange.is_booked_right()?;
    }
    sums(figures, limit, &books, &exchanges)?;
    let refused = seen.iter().filter(|one| one.status == 429).count();
    must(books.denied == refused as i64, || {
        format!("{refused} were refused, {books:?}")
    })?;
    stage.close();
    Ok(())
}

/// What holds of all together. Bytes that come to Envoy in one piece are decided in one piece: what of a piece is not paid for is
/// cut off, and booked, since the server has made it.
fn sums(figures: &mut Figures, limit: u64, books: &Books, exchanges: &[Exchange<'_>]) -> Result<(), String> {
    let settled: u64 = exchanges.iter().map(|one| one.input + one.output).sum();
    let sent: u64 = exchanges.iter().map(|one| one.truth.input + one.truth.sent).sum();
    let cut = exchanges.iter().filter(|one| one.outcome == "cut");
    let pieces: Vec<u64> = cut.map(|one| one.output - one.seen).collect();
    let unpaid: u64 = pieces.iter().sum();
    let over = (books.used as u64).saturating_sub(limit);
    figure(figures, "tokens of the budget", limit);
    figure(figures, "booked", books.used);
    figure(figures, "by the exchanges' own lines", settled);
    figure(figures, "that left the server", sent);
    figure(figures, "overspent", over);
    figure(figures, "in the pieces with which budgets cut, at most", unpaid);
    figure(
        figures,
        "  longest of these pieces",
        pieces.iter().max().copied().unwrap_or(0),
    );
    figure(figures, "still held when all is over", books.held());
    must(books.used as u64 == settled, || {
        format!("the lines say {settled}, {books:?}")
    })?;
    must(over <= unpaid, || {
        format!("overspent {over}, but what was cut off is {unpaid}")
    })?;
    must(
        (books.held(), books.expired, books.state_errors) == (0, 0, 0),
        || format!("{books:?}"),
    )?;
    must(books.cut as usize == pieces.len() && !pieces.is_empty(), || {
        format!("{} lines say that they were cut, {books:?}", pieces.len())
    })
}

impl Exchange<'_> {
    /// A complete one has the server's own sum. Of any other, the meter had what came to the client, and no more than left the
    /// server.
    fn is_booked_right(&self) -> Result<(), String> {
        let Truth {
            input,
            output,
            sent,
            complete,
        } = self.truth;
        let (least, most) = if self.outcome == "complete" {
            (output, output)
        } else {
            (self.seen, sent)
        };
        let right = self.input == input
            && (least..=most).contains(&self.output)
            && (self.outcome != "complete" || complete);
        must(right, || {
            let Self {
                id, seen, outcome, ..
            } = self;
            format!(
                "{id}, {outcome}: booked {} + {}, the client has {seen}, {:?}",
                self.input, self.output, self.truth
            )
        })
    }
}

fn joined<'a>(
    seen: &'a [Seen],
    ledger: &'a BTreeMap<String, Value>,
    truth: &BTreeMap<String, Truth>,
) -> Result<Vec<Exchange<'a>>, String> {
    let let_in = seen.iter().filter(|one| one.status == 200);
    let exchanges = let_in.map(|one| {
        let id = one.id.as_str();
        let line = ledger.get(id).ok_or_else(|| format!("{id} has no line"))?;
        let number = |field: &str| line[field].as_u64().unwrap_or(0);
        Ok(Exchange {
            id,
            seen: one.tokens,
            truth: *truth
                .get(id)
                .ok_or_else(|| format!("{id}: the server never had it"))?,
            outcome: line["outcome"].as_str().unwrap_or_default(),
            input: number("input_tokens"),
            output: number("output_tokens"),
        })
    });
    let exchanges: Result<Vec<_>, String> = exchanges.collect();
    let exchanges = exchanges?;
    must(exchanges.len() == truth.len(), || {
        format!("{} were let in, the server had {}", exchanges.len(), truth.len())
    })?;
    Ok(exchanges)
}

async fn client(port: u16, seed: u64, number: u64, streams: u64) -> Result<Vec<Seen>, String> {
    let mut rng = Rng::new(seed, number);
    let mut seen = Vec::new();
    for turn in 0..streams {
        let fate = match rng.range(0, 9) {
            0..=1 => Fate::Left(rng.range(1, 60)),
            2..=3 => Fate::Reset(rng.range(1, 60)),
            _ => Fate::Whole,
        };
        let id = format!("{number}-{turn}");
        let request = request(&id, fate, &mut rng);
        let (status, tokens) = stream(port, &request, fate)
            .await
            .map_err(|why| format!("{id}: {why}"))?;
        seen.push(Seen { id, status, tokens });
    }
    Ok(seen)
}

fn request(id: &str, fate: Fate, rng: &mut Rng) -> Request {
    let words = 4 * rng.range(1, 10) as usize;
    let bound = rng
        .pick(&LIES)
        .map_or(String::new(), |most| format!(r#""max_tokens":{most},"#));
    let body = format!(
        r#"{{"model":"m-1","stream":true,{bound}"messages":[{{"role":"user","content":"{}"}}]}}"#,
        "one more word ".repeat(words)
    );
    let reset = if let Fate::Reset(after) = fate {
        format!("; reset={after}")
    } else {
        String::new()
    };
    // An eighth of the bytes, where the meter expects a quarter until it has learned: no prompt is longer than what was set aside.
    let input = words * 14 / 8;
    let sim = format!(
        "in={input}; out={}; tpot=4; heedless=1; usage=continuous{reset}",
        rng.range(5, 150)
    );
    chat_json(body).header("x-request-id", id).header("x-sim", sim)
}

/// Status, and the tokens that came.
async fn stream(port: u16, request: &Request, fate: Fate) -> Result<(u16, u64), String> {
    let mut client = Client::connect(port).await?;
    client.send(&bytes(request)).await?;
    let head = client.head().await?;
    let length = head
        .response_length("POST")
        .map_err(|broken| format!("{broken:?}"))?;
    let enough = if let Fate::Left(after) = fate {
        after
    } else {
        u64::MAX
    };
    let (mut tokens, mut rest) = (0, Vec::new());
    let (has_enough, mut is_enough) = tokio::sync::watch::channel(false);
    let reading = client.reader.body(length, |bytes| {
        rest.extend_from_slice(bytes);
        tokens += take_tokens(&mut rest);
        has_enough.send_replace(tokens >= enough);
    });
    tokio::select! {
        // A stream that is cut or reset ends without an end.
        _ = reading => {}
        _ = is_enough.wait_for(|enough| *enough) => {}
    }
    Ok((head.status(), tokens))
}

/// Takes the whole events out of `bytes`, and counts those that have a token.
fn take_tokens(bytes: &mut Vec<u8>) -> u64 {
    let mut tokens = 0;
    while let Some(end) = penstock_e2e::message::find(bytes, b"\n\n") {
        let event: Vec<u8> = bytes.drain(..end + 2).collect();
        let event = event
            .strip_prefix(b"data: ")
            .and_then(|event| serde_json::from_slice::<Value>(event).ok());
        let text = event
            .as_ref()
            .and_then(|event| event["choices"][0]["delta"]["content"].as_str());
        tokens += u64::from(text.is_some_and(|text| !text.is_empty()));
    }
    tokens
}
