//! A call answered by a GPU: headers, tokens and the end come when its engine says so.

use std::sync::Arc;

use super::{Reached, Seat, Station, prompt};
use crate::backend::Slot;
use crate::connection::Cutter;
use crate::deliver::{CutOnPurpose, Delivery};
use crate::dialect::{Ask, Cache, Refusal};
use crate::exchange;
use crate::pace::{Due, Pace};
use crate::script::{Answer, Usage};
use crate::server::Reply;
use crate::task::Task;
use crate::truth::{Exchange, Outcome};

/// Most tokens that `ignore_eos` draws out an answer to.
const MAX_TOKENS: u64 = 200_000;

/// vLLM's and SGLang's `ignore_eos`: the answer is as long as it may be.
pub fn length(ask: &Ask) -> Option<u64> {
    let ignored = ask.body.get("ignore_eos").and_then(serde_json::Value::as_bool);
    ask.max_tokens
        .filter(|_| ignored == Some(true))
        .map(|tokens| tokens.min(MAX_TOKENS))
}

impl Task {
    pub async fn on_gpu(
        self,
        gpu: &Arc<Station>,
        mut exchange: Exchange,
        mut slot: Slot,
        cutter: Arc<Cutter>,
    ) -> Result<Reply, CutOnPurpose> {
        let mut answer = self.answer(&mut exchange);
        let seat = match gpu.submit(prompt::request(&self.ask, answer.usage)) {
            Ok(seat) => seat,
            Err(too_long) => {
                let refusal = Refusal::bad(format!("This model's context is too short: {too_long}."));
                return Ok(exchange::refuse(self.dialect, &refusal, None, exchange));
            }
        };
        let before_headers = if !self.ask.stream {
            answer.usage.output.max(1)
        } else {
            self.site
                .backend
                .reports
                .map_or(0, |reports| u64::from(reports.waits_for_first_token()))
        };
        if seat.reached(before_headers).await == Reached::Lost {
            exchange.end(Outcome::Reset);
            return exchange::cut(&cutter).await;
        }
        if self.ask.stream {
            slot.sit(seat);
            return Ok(self.streamed(answer, exchange, slot, cutter));
        }
        exchange.record.usage = self.found(&mut answer, Seat::cached(&seat));
        slot.sit(seat);
        Ok(self.whole(&answer, Due::Tokens(0), exchange, slot, cutter))
    }

    /// The body is written when its first token is there: only then is it known what the prompt cost.
    fn streamed(self, mut answer: Answer, exchange: Exchange, slot: Slot, cutter: Arc<Cutter>) -> Reply {
        let headers = self.stream_headers(&exchange);
        let pace = Pace::Engine {
            interval: self.site.backend.stream_interval,
        };
        let task = Arc::new(self);
        let later = Arc::clone(&task);
        let delivery = Delivery::planned_later(
            exchange,
            slot,
            cutter,
            Box::new(move |cached| {
                let usage = later.found(&mut answer, cached);
                (later.stream_plan(&answer, pace), usage)
            }),
        );
        task.reply(headers, delivery)
    }

    /// Books what the prefix cache held, where the API can say so.
    fn found(&self, answer: &mut Answer, cached: u64) -> Usage {
        if self.ask.cache != Cache::Silent {
            answer.usage.cached = answer.usage.cached.max(cached);
        }
        answer.usage
    }
}
