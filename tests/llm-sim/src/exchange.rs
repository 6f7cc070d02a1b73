//! One model call: read, booked, queued, answered.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header, request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::connection::Cutter;
use crate::controls::{Controls, Failure, Gzip, Reset};
use crate::deliver::CutOnPurpose;
use crate::dialect::{Ask, Call, Dialect, Failed, Operation, Refusal};
use crate::gpu;
use crate::routes;
use crate::script::Usage;
use crate::server::{Reply, Site};
use crate::task::Task;
use crate::truth::{Exchange, Outcome, Record};

/// Largest request body read, in bytes.
const MAX_REQUEST_BYTES: usize = 256 * 1024 * 1024;
/// What the `x-sim` header is called.
const CONTROL_HEADER: &str = "x-sim";

/// Answers one model call.
pub async fn run(
    request: Request<Incoming>,
    dialect: &'static dyn Dialect,
    site: Site,
    cutter: Arc<Cutter>,
) -> Result<Reply, CutOnPurpose> {
    let (head, body) = request.into_parts();
    let body = read(body).await?;
    let query = routes::query(&head.uri);
    let mut record = record(&head, &body, &site);
    record.api = dialect.api();
    let read = parse(&body).and_then(|body| {
        dialect.read(Call {
            path: head.uri.path(),
            query: &query,
            body,
        })
    });
    if let Ok(ask) = &read {
        note(&mut record, ask);
    }
    let mut exchange = site.truth.begin(record, body);
    let outcome = async {
        let ask = read?;
        let controls = controls(&head, &site).map_err(Refusal::bad)?;
        check(&head, &controls)?;
        Ok((ask, controls))
    };
    let (ask, mut controls) = match outcome.await {
        Ok(pair) => pair,
        Err(refusal) => return Ok(refuse(dialect, &refusal, None, exchange)),
    };
    if controls.reset == Some(Reset::Headers) {
        exchange.end(Outcome::Reset);
        return cut(&cutter).await;
    }
    let slot = site.backend.slot(&ask.model).await;
    if let Some(failure) = failure(&controls, &site) {
        return Ok(fail(dialect, failure, exchange));
    }
    if site.backend.gpu.is_some() {
        controls.out = controls.out.or(gpu::answer::length(&ask));
    }
    let task = Task {
        dialect,
        ask,
        controls,
        site,
        head,
    };
    if let Some(gpu) = task.site.backend.gpu.clone()
        && task.ask.operation != Operation::CountTokens
    {
        return task.on_gpu(&gpu, exchange, slot, cutter).await;
    }
    Ok(if task.ask.stream {
        task.stream(exchange, slot, cutter)
    } else {
        task.unary(exchange, slot, cutter).await
    })
}

pub async fn read(body: Incoming) -> Result<Bytes, CutOnPurpose> {
    // A client that breaks off its own request gets no answer.
    Limited::new(body, MAX_REQUEST_BYTES)
        .collect()
        .await
        .map(|body| body.to_bytes())
        .map_err(|_| CutOnPurpose)
}

fn parse(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::bad(format!(
            "We could not parse the JSON body of your request: {error}"
        ))
    })
}

fn failure(controls: &Controls, site: &Site) -> Option<Failure> {
    let swallowed = site.backend.faults.blackhole(Instant::now());
    let unavailable = Failure {
        status: 503,
        retry_after_s: None,
    };
    controls.error.or(swallowed.then_some(unavailable))
}

pub async fn cut<T>(cutter: &Cutter) -> Result<T, CutOnPurpose> {
    if cutter.cut() {
        std::future::pending::<()>().await;
    }
    Err(CutOnPurpose)
}

pub fn record(head: &request::Parts, body: &Bytes, site: &Site) -> Record {
    let id = head
        .headers
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let http = match head.version {
        http::Version::HTTP_2 => "2",
        http::Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    Record {
        id: id.unwrap_or_else(|| site.next_id()),
        backend: Arc::clone(&site.backend.name),
        api: "other",
        operation: "other",
        model: String::new(),
        path: head.uri.to_string(),
        http,
        stream: false,
        status: 0,
        outcome: Outcome::Running,
        usage: Usage::default(),
        sent_output_tokens: 0,
        usage_asked: false,
        request_headers: Arc::new(header_list(&head.headers)),
        request_body_sha256: Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        request_body_len: body.len(),
        ttft: None,
        duration: None,
        closed_after: None,
    }
}

fn note(record: &mut Record, ask: &Ask) {
    record.operation = ask.operation.name();
    record.model.clone_from(&ask.model);
    record.stream = ask.stream;
    record.usage_asked = ask.usage_asked;
}

/// Names once each, values of one name joined.
fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    let joined = |name: &HeaderName| {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    };
    headers
        .keys()
        .map(|name| (name.to_string(), joined(name)))
        .collect()
}

fn controls(head: &request::Parts, site: &Site) -> Result<Controls, String> {
    let mut controls = site.backend.defaults();
    for value in head.headers.get_all(CONTROL_HEADER) {
        let text = value.to_str().map_err(|_| "x-sim: not ASCII".to_owned())?;
        controls = controls.overlaid(text).map_err(|error| error.to_string())?;
    }
    if controls.gzip == Gzip::Asked {
        let accepted = head
            .headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok());
        controls.gzip = if accepted.is_some_and(|list| list.contains("gzip")) {
            Gzip::Always
        } else {
            Gzip::Never
        };
    }
    Ok(controls)
}

/// What cannot be done is said, not left out.
fn check(head: &request::Parts, controls: &Controls) -> Result<(), Refusal> {
    let accepts = head
        .headers
        .get(header::TE)
        .and_then(|te| te.to_str().ok())
        .is_some_and(|te| te.contains("trailers"));
    if controls.trailers && head.version < http::Version::HTTP_2 && !accepts {
        return Err(Refusal::bad(
            "x-sim: trailers=1 over HTTP/1.1 needs `te: trailers` in the request",
        ));
    }
    Ok(())
}

pub fn refuse(
    dialect: &dyn Dialect,
    refusal: &Refusal,
    retry_after_s: Option<u64>,
    mut exchange: Exchange,
) -> Reply {
    exchange.record.status = refusal.status;
    let page = dialect.error(
        refusal,
        &Failed {
            request_id: &exchange.record.id,
            path: &exchange.record.path,
        },
    );
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = routes::full(status, page.content_type, page.body);
    identify(response.headers_mut(), &exchange);
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    exchange.end(Outcome::Error);
    response
}

fn fail(dialect: &dyn Dialect, failure: Failure, exchange: Exchange) -> Reply {
    let message = match failure.status {
        401 => "Incorrect API key provided.",
        404 => "The model does not exist or you do not have access to it.",
        429 => "Rate limit reached. Please try again later.",
        status if status < 500 => "The request was not accepted.",
        _ => "The server had an error while processing your request.",
    };
    let refusal = Refusal {
        status: failure.status,
        message: message.to_owned(),
    };
    refuse(dialect, &refusal, failure.retry_after_s, exchange)
}

pub fn identify(headers: &mut HeaderMap, exchange: &Exchange) {
    if let Ok(id) = HeaderValue::from_str(&exchange.record.id) {
        headers.insert("x-request-id", id.clone());
        // Anthropic's own name for it.
        if exchange.record.api == "anthropic_messages" {
            headers.insert("request-id", id);
        }
    }
}
