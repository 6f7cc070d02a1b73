//! A worker's VM dies with streams open: what these had set aside comes back, and the tokens of the others are booked.

use crate::client::{Client, bytes};
use crate::stage::{Stage, fine, scripted};
use crate::{Figures, figure, must};
use penstock_e2e::bodies::{chat, chat_json, delta, sse};
use penstock_e2e::chunking::Chunking;
use penstock_e2e::message::Request;
use penstock_e2e::scenario::{Module, Setup, case};
use penstock_e2e::script::Step;
use std::time::{Duration, Instant};

const WORKERS: u32 = 2;
const STREAMS: u64 = 40;
/// Tokens that each stream sets aside.
const EACH: u64 = 1000;
const LIMIT: u64 = STREAMS * EACH + 2 * EACH;
/// The documented lease is 15 s of ticks.
const PATIENCE: Duration = Duration::from_secs(120);

/// The meter, and in the same VM a filter that can kill it.
fn mortal() -> Setup {
    let budget = format!(
        r#"{{"name": "all", "unit": "output_tokens", "limit": {LIMIT}, "reserve": "most", "window": {{"per": "month"}}}}"#
    );
    let config = format!(r#"{{"token_meter": {{"budgets": [{budget}]}}, "probe": {{"trap_on": "die"}}}}"#);
    Setup::with(Module::Probe, config)
}

pub async fn run(figures: &mut Figures) -> Result<(), String> {
    let hangs = sse().data(delta("a word")).step(Step::Hang);
    let (upstream, ground) = scripted(hangs).await?;
    let stage = Stage::open("trap", mortal(), upstream, WORKERS).await?;
    let streams = opened(&stage).await?;
    figure(
        figures,
        &format!("tokens held by {STREAMS} open streams, {WORKERS} workers"),
        stage.books().await?.held(),
    );
    ground.begin(&case("storm").upstream(fine()), Chunking::Whole);
    let mut killer = Client::connect(stage.port()).await?;
    killer.send(&bytes(&chat("die"))).await?;
    // However it ends.
    let _ = killer.answer().await;
    drop(streams);
    let books = stage.closed_books().await?;
    figure(
        figures,
        "held once a VM has died and all clients are gone",
        books.held(),
    );
    // Expired: on a machine so slow that the lease is over by now.
    must(books.held() + books.expired >= EACH as i64, || {
        format!("no stream died with the VM: {books:?}")
    })?;
    let waited = room_for_all(&stage).await?;
    let books = stage.closed_books().await?;
    figure(
        figures,
        "seconds until all of it could be had again",
        format!("{:.0}", waited.as_secs_f32()),
    );
    figure(figures, "expired", books.expired);
    figure(figures, "still held", books.held());
    must(books.expired > 0 && books.held() == 0, || format!("{books:?}"))?;
    stage.close();
    Ok(())
}

async fn opened(stage: &Stage) -> Result<Vec<Client>, String> {
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Client::connect(stage.port()).await?;
        client.send(&bytes(&bounded(EACH, r#""stream":true,"#))).await?;
        let head = client.head().await?;
        must(head.status() == 200, || format!("a stream got {}", head.status()))?;
        streams.push(client);
    }
    Ok(streams)
}

/// Asks for nearly all of the budget until it is there.
async fn room_for_all(stage: &Stage) -> Result<Duration, String> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let mut client = Client::connect(stage.port()).await?;
        match client.ask(&bounded(LIMIT - EACH, "")).await?.status {
            200 => return Ok(begin.elapsed()),
            429 => {}
            status => return Err(format!("a request got {status}")),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(format!(
        "what the dead VM held never came back: {:?}",
        stage.books().await?
    ))
}

fn bounded(most: u64, more: &str) -> Request {
    chat_json(format!(
        r#"{{"model":"m-1",{more}"max_tokens":{most},"messages":[{{"role":"user","content":"hi"}}]}}"#
    ))
}
