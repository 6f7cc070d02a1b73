//! Requests of tenants that nobody ever saw, one after the other, and beside them one tenant whose budget is spent.

use crate::client::{Answer, Client, chat_of};
use crate::rng::Rng;
use crate::stage::{Stage, fine, meter, scripted};
use crate::{Figures, Plan, figure, must};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::{JoinSet, LocalSet};

const WORKERS: u32 = 4;
const CONNECTIONS: u64 = 64;
/// Accounts that the budget has room for: its default.
const MAX_KEYS: u64 = 4096;
/// How much Envoy may grow in the second half of the flood: what its allocator keeps for the next burst.
const SLACK_KB: u64 = 8 * 1024;

/// The flood as it stands.
#[derive(Default)]
struct Flood {
    sent: Cell<u64>,
    admitted: Cell<u64>,
    over: Cell<bool>,
}

impl Flood {
    fn count(&self, answer: &Answer) -> Result<(), String> {
        if answer.status != 200 {
            return answer.is_refusal_by("each");
        }
        self.admitted.set(self.admitted.get() + 1);
        Ok(())
    }
}

pub async fn run(plan: &Plan, figures: &mut Figures) -> Result<(), String> {
    let budget =
        r#"{"name": "each", "key": ["tenant"], "unit": "requests", "limit": 1, "window": {"per": "month"}}"#;
    let (upstream, _ground) = scripted(fine()).await?;
    let stage = Stage::open("flood", meter(budget).unlogged(), upstream, WORKERS).await?;
    let mut victim = Client::connect(stage.port()).await?;
    let first = victim.ask(&chat_of("victim")).await?;
    must(first.status == 200, || {
        format!("the first request got {}", first.status)
    })?;
    let keys = plan.size(1_000_000, 100_000);
    figure(figures, &format!("tenants, {WORKERS} workers"), keys);
    let flood = Rc::new(Flood::default());
    figure(
        figures,
        "Envoy's memory before, MB",
        megabytes(stage.envoy.resident_kb()?),
    );
    let local = LocalSet::new();
    let asked = local
        .run_until(halves(&stage, keys, plan.seed, &flood, victim, figures))
        .await?;
    let books = stage.closed_books().await?;
    let admitted = flood.admitted.get();
    figure(
        figures,
        &format!("tenants let in, with room for {MAX_KEYS} and one that all others share"),
        admitted,
    );
    figure(figures, "on the shared account", books.overflow);
    figure(
        figures,
        "times that the spent tenant asked meanwhile, and was refused",
        asked,
    );
    must(admitted <= MAX_KEYS, || {
        format!("{admitted} of {MAX_KEYS} places were had")
    })?;
    must(
        books.used as u64 == admitted + 1 && books.state_errors == 0,
        || format!("{books:?}"),
    )?;
    must(books.denied as u64 == keys - admitted + asked, || {
        format!("{books:?}")
    })?;
    stage.close();
    Ok(())
}

/// Sends both halves, and says how often the victim was refused.
async fn halves(
    stage: &Stage,
    keys: u64,
    seed: u64,
    flood: &Rc<Flood>,
    victim: Client,
    figures: &mut Figures,
) -> Result<u64, String> {
    let watched = tokio::task::spawn_local(refused(victim, flood.clone()));
    let mut sizes = Vec::new();
    for half in 1..=2 {
        send_up_to(keys * half / 2, stage.port(), seed, flood).await?;
        sizes.push(stage.envoy.resident_kb()?);
    }
    flood.over.set(true);
    let asked = watched.await.map_err(|error| error.to_string())??;
    figure(figures, "after one half", megabytes(sizes[0]));
    figure(figures, "after both", megabytes(sizes[1]));
    must(sizes[1] <= sizes[0] + SLACK_KB, || {
        format!("the second half made Envoy grow: {sizes:?} kB")
    })?;
    must(asked > 0, || "the spent tenant never asked".to_owned())?;
    Ok(asked)
}

async fn send_up_to(keys: u64, port: u16, seed: u64, flood: &Rc<Flood>) -> Result<(), String> {
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let flood = flood.clone();
        clients.spawn_local(async move {
            let mut client = Client::connect(port).await?;
            while flood.sent.get() < keys {
                let number = flood.sent.replace(flood.sent.get() + 1);
                let tenant = format!("{number}-{:x}", Rng::new(seed, number).next());
                flood.count(&client.ask(&chat_of(&tenant)).await?)?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done.map_err(|error| error.to_string())??;
    }
    Ok(())
}

/// Asks without pause until the flood is over.
async fn refused(mut victim: Client, flood: Rc<Flood>) -> Result<u64, String> {
    let (request, mut asked) = (chat_of("victim"), 0);
    while !flood.over.get() {
        victim.ask(&request).await?.is_refusal_by("each")?;
        asked += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(asked)
}

fn megabytes(kb: u64) -> u64 {
    kb / 1024
}
