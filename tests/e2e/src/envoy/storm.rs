//! A module that dies with a hundred streams in flight.

use crate::bodies::{chat, chat_stream, delta, probe, sse};
use crate::chunking::Chunking;
use crate::client1::{Visit, plain};
use crate::envoy::runner::Wire;
use crate::ground::{Ground, PATIENCE};
use crate::message::Request;
use crate::scenario::{Leaves, Scenario, case};
use crate::script::Step;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Streams that are open when the module dies.
const STREAMS: usize = 100;

/// The scenario that the storm happens in.
pub fn storm_scenario() -> Scenario {
    case("trap: with 100 streams in flight")
        .given(probe(r#"{"trap_on": "die"}"#))
        .upstream(sse().data(delta("good")).step(Step::Hang))
        .uncut()
        .trapping()
}

impl Wire {
    /// Opens the streams, lets the module die, and wants: service again, an end for every stream, and
    /// an upstream that is told of each.
    pub async fn storm(&mut self) -> Result<usize, String> {
        let scenario = storm_scenario();
        let port = self.port_of(&scenario).await?;
        let ground = self.ground().clone();
        ground.begin(&scenario, Chunking::Whole);
        let mut clients = JoinSet::new();
        for _ in 0..STREAMS {
            clients.spawn(visit(port, chat_stream("hi"), ground.clone()));
        }
        let length = delta("good").len();
        if !ground
            .until(|run| run.client_body.len() == STREAMS * length)
            .await
        {
            return Err(format!(
                "only {} of {STREAMS} streams began",
                ground.run().client_body.len() / length
            ));
        }
        let begin = Instant::now();
        // What becomes of the request that kills the module is Envoy's choice; that it ends is not.
        let killer = tokio::time::timeout(PATIENCE, visit(port, chat("die"), ground.clone())).await;
        killer.map_err(|_| "the request that killed the module never ended".to_owned())??;
        while plain(port).await != Ok(200) {
            if begin.elapsed() > PATIENCE {
                return Err("the worker does not serve again".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        clients.shutdown().await;
        if !ground.until(|run| run.live == 0).await {
            return Err(format!("{} upstream streams never ended", ground.run().live));
        }
        self.quiet().await?;
        Ok(1)
    }
}

async fn visit(port: u16, request: Request, ground: Ground) -> Result<(), String> {
    let visit = Visit {
        request: &request,
        chunking: Chunking::Whole,
        leaves: &Leaves::Never,
        pipelined: 0,
        ground: &ground,
    };
    visit.pay(port).await.map(drop)
}
