//! What is no model call: booked and acknowledged, so that a test sees what came through.

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};

use crate::deliver::CutOnPurpose;
use crate::server::{Reply, Site};
use crate::truth::Outcome;
use crate::{exchange, obj, routes};

/// RFC 6455, section 1.3.
const WEBSOCKET_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Answers with what came; an upgrade gets its echo.
pub async fn run(request: Request<Incoming>, site: Site) -> Result<Reply, CutOnPurpose> {
    if request.headers().contains_key(header::UPGRADE) {
        return Ok(upgrade(request, &site));
    }
    let (head, body) = request.into_parts();
    let body = exchange::read(body).await?;
    let mut record = exchange::record(&head, &body, &site);
    record.status = 200;
    let reply = obj! {"object": "other", "path": head.uri.path(), "method": head.method.as_str(), "bytes": body.len()};
    site.truth.begin(record, body).end(Outcome::Complete);
    Ok(routes::json(&reply))
}

/// Switches to the protocol asked for and sends back whatever comes. WebSocket frames from a client are masked, and an
/// echo of them is no valid frame: this shows that bytes pass, not that frames do.
fn upgrade(mut request: Request<Incoming>, site: &Site) -> Reply {
    let upgraded = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let mut record = exchange::record(&head, &bytes::Bytes::new(), site);
    record.status = 101;
    site.truth
        .begin(record, bytes::Bytes::new())
        .end(Outcome::Complete);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
            // It ends when the client goes.
            let _ = tokio::io::copy(&mut from, &mut to).await;
        }
    });
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.extend(
        head.headers
            .get(header::UPGRADE)
            .cloned()
            .map(|protocol| (header::UPGRADE, protocol)),
    );
    let accept = head
        .headers
        .get("sec-websocket-key")
        .and_then(|key| accept(key.as_bytes()));
    headers.extend(accept.map(|accept| (header::SEC_WEBSOCKET_ACCEPT, accept)));
    response
}

fn accept(key: &[u8]) -> Option<HeaderValue> {
    use base64::Engine;
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update(WEBSOCKET_GUID)
        .finalize();
    HeaderValue::from_str(&base64::engine::general_purpose::STANDARD.encode(digest)).ok()
}
