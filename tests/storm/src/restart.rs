//! Envoy is killed with streams open: the windows of local budgets begin anew with the next one, and nothing is held.

use crate::client::{Client, bytes, chat_of};
use crate::stage::{Stage, fine, meter, scripted};
use crate::{Figures, figure, must};
use penstock_e2e::bodies::{chat_stream, delta, sse};
use penstock_e2e::chunking::Chunking;
use penstock_e2e::scenario::case;
use penstock_e2e::script::Step;

const WORKERS: u32 = 4;
const CALLS: u64 = 5;
const STREAMS: usize = 50;

pub async fn run(figures: &mut Figures) -> Result<(), String> {
    let budgets = format!(
        r#"{{"name": "calls", "key": ["tenant"], "unit": "requests", "limit": {CALLS}, "window": {{"per": "month"}}}},
        {{"name": "tokens", "unit": "tokens", "limit": 1000000, "window": {{"per": "month"}}}}"#
    );
    let hangs = sse().data(delta("a word")).step(Step::Hang);
    let (upstream, ground) = scripted(hangs).await?;
    let mut stage = Stage::open("restart", meter(&budgets), upstream, WORKERS).await?;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let request = chat_stream("hi").header("x-tenant", format!("stream-{number}"));
        let mut client = Client::connect(stage.port()).await?;
        client.send(&bytes(&request)).await?;
        let head = client.head().await?;
        must(head.status() == 200, || format!("a stream got {}", head.status()))?;
        streams.push(client);
    }
    let held = stage.books().await?.held();
    figure(figures, &format!("tokens held by {STREAMS} open streams"), held);
    must(held > 0, || "open streams hold nothing".to_owned())?;
    ground.begin(&case("storm").upstream(fine()), Chunking::Whole);
    let before = admitted(&stage).await?;
    stage.restart().await?;
    let books = stage.books().await?;
    figure(figures, "held after kill -9 and a new start", books.held());
    must(books.held() == 0, || format!("{books:?}"))?;
    let after = admitted(&stage).await?;
    figure(
        figures,
        &format!("let in of a tenant's {CALLS} calls a month before, and after"),
        format!("{before}, {after}"),
    );
    must((before, after) == (CALLS, CALLS), || {
        format!("{before} before, {after} after")
    })?;
    let books = stage.closed_books().await?;
    must(books.held() == 0, || format!("{books:?}"))?;
    stage.close();
    Ok(())
}

/// How many of its calls a tenant gets through, until it is refused.
async fn admitted(stage: &Stage) -> Result<u64, String> {
    let mut client = Client::connect(stage.port()).await?;
    let mut admitted = 0;
    loop {
        let answer = client.ask(&chat_of("tenant")).await?;
        if answer.status != 200 {
            answer.is_refusal_by("calls")?;
            return Ok(admitted);
        }
        admitted += 1;
    }
}
