//! An accepted call, answered: the answer is written, planned and handed over as a response.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Response, header, request};
use http_body_util::Either;

use crate::backend::Slot;
use crate::connection::Cutter;
use crate::controls::{Controls, Gzip};
use crate::deliver::{Delivery, TRAILERS};
use crate::dialect::{Ask, Dialect, Operation, Page};
use crate::exchange::identify;
use crate::orca;
use crate::pace::{Due, Pace};
use crate::plan::{self, Plan};
use crate::rng::Rng;
use crate::script::Answer;
use crate::server::{Reply, Site};
use crate::truth::Exchange;

/// An accepted call.
pub struct Task {
    pub dialect: &'static dyn Dialect,
    pub ask: Ask,
    pub controls: Controls,
    pub site: Site,
    pub head: request::Parts,
}

impl Task {
    pub fn answer(&self, exchange: &mut Exchange) -> Answer {
        let answer = Answer::write(self.site.backend.seed, &self.ask, &self.controls);
        if self.ask.operation != Operation::CountTokens {
            exchange.record.usage = answer.usage;
        }
        exchange.record.status = 200;
        answer
    }

    pub fn stream(&self, mut exchange: Exchange, slot: Slot, cutter: Arc<Cutter>) -> Reply {
        let answer = self.answer(&mut exchange);
        let pace = Pace::new(&self.controls, self.site.backend.pace());
        let plan = self.stream_plan(&answer, pace);
        let headers = self.stream_headers(&exchange);
        self.reply(headers, Delivery::new(plan, exchange, Some(slot), cutter))
    }

    pub fn stream_plan(&self, answer: &Answer, pace: Pace) -> Plan {
        let events = self.dialect.stream(&self.ask, answer, &self.controls);
        let broken = |sent| self.dialect.broken(&self.ask, answer, sent);
        let ping = self.dialect.ping(&self.ask);
        plan::stream(events, broken, ping, &self.controls, pace, &mut self.rng())
    }

    pub fn stream_headers(&self, exchange: &Exchange) -> HeaderMap {
        let mut headers = self.headers(self.dialect.stream_type(&self.ask), exchange);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers
    }

    pub async fn unary(&self, mut exchange: Exchange, slot: Slot, cutter: Arc<Cutter>) -> Reply {
        let answer = self.answer(&mut exchange);
        let pace = Pace::new(&self.controls, self.site.backend.pace());
        let due = pace.whole(answer.usage.output);
        // A timer rounds up to its grain, also when there is nothing to wait for.
        if let Due::After(due) = due
            && due > Duration::ZERO
        {
            tokio::time::sleep_until((slot.since() + due).into()).await;
        }
        self.whole(&answer, due, exchange, slot, cutter)
    }

    /// The unary response, at its time.
    pub fn whole(
        &self,
        answer: &Answer,
        due: Due,
        exchange: Exchange,
        slot: Slot,
        cutter: Arc<Cutter>,
    ) -> Reply {
        let Page { content_type, body } = self.dialect.unary(&self.ask, answer, &self.controls);
        let length = body.len() as u64;
        let plan = plan::unary(
            body.into_bytes(),
            answer.usage.output,
            due,
            &self.controls,
            &mut self.rng(),
        );
        let headers = self.headers(content_type, &exchange);
        let delivery = Delivery::new(plan, exchange, Some(slot), cutter);
        let controls = &self.controls;
        let chunked = controls.trailers || controls.gzip == Gzip::Always || controls.truncate.is_some();
        self.reply(
            headers,
            if chunked {
                delivery
            } else {
                delivery.with_length(length)
            },
        )
    }

    /// Decides how `chunk=rand` cuts.
    fn rng(&self) -> Rng {
        let texts = self.ask.texts.iter().map(String::as_bytes);
        Rng::from_parts(self.site.backend.seed, texts.chain([&b"cuts"[..]]))
    }

    fn headers(&self, content_type: &'static str, exchange: &Exchange) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let wrong = self
            .controls
            .content_type
            .as_deref()
            .map(HeaderValue::from_str)
            .transpose()
            .ok()
            .flatten();
        headers.insert(
            header::CONTENT_TYPE,
            wrong.unwrap_or(HeaderValue::from_static(content_type)),
        );
        identify(&mut headers, exchange);
        headers.extend(self.report());
        if self.controls.gzip == Gzip::Always {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if self.controls.trailers {
            let names = HeaderValue::from_str(&TRAILERS.join(", "));
            headers.extend(names.ok().map(|names| (header::TRAILER, names)));
        }
        headers
    }

    fn report(&self) -> Vec<(HeaderName, HeaderValue)> {
        let load = self.site.backend.load();
        if let (Some(reports), None) = (self.site.backend.reports, self.controls.orca) {
            return reports.headers(&load, &self.head.headers, self.dialect.api(), self.ask.stream);
        }
        // Asked for by the request, vLLM reports on unary answers only; forced, on all.
        let asked = orca::asked(&self.head.headers).filter(|_| !self.ask.stream);
        let form = self.controls.orca.or(asked);
        form.and_then(|form| orca::header(form, &load))
            .into_iter()
            .collect()
    }

    pub fn reply(&self, headers: HeaderMap, delivery: Delivery) -> Reply {
        let mut response = Response::new(Either::Right(delivery));
        *response.headers_mut() = headers;
        response
    }
}
