//! The listener: one port speaks HTTP/1.1 and HTTP/2 without TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

use crate::backend::Backend;
use crate::connection::{Cutter, Link, Wire};
use crate::deliver::{CutOnPurpose, Delivery};
use crate::truth::Truth;
use crate::{exchange, other, routes};

/// Streams one HTTP/2 connection may carry at once.
const MAX_H2_STREAMS: u32 = 10_000;

pub type Reply = Response<Either<Full<Bytes>, Delivery>>;

/// One listener's view of the fleet.
#[derive(Clone)]
pub struct Site {
    pub backend: Arc<Backend>,
    pub truth: Arc<Truth>,
    /// Numbers the requests that came without an id.
    pub ids: Arc<AtomicU64>,
}

impl Site {
    pub fn next_id(&self) -> String {
        format!("sim-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// Accepts until the process ends.
pub async fn serve(listener: TcpListener, site: Site) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, site.clone()));
            }
            Err(error) => {
                eprintln!("llm-sim: accept on {}: {error}", site.backend.name);
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, site: Site) {
    // Frames must leave one by one; a failure only makes them coalesce.
    let _ = stream.set_nodelay(true);
    let link = Arc::new(Link::default());
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&link)));
    let shared = Arc::clone(&link);
    let service = service_fn(move |request: Request<Incoming>| {
        let whole = request.version() < http::Version::HTTP_2;
        let cutter = Arc::new(Cutter::new(Arc::clone(&shared), whole));
        let site = site.clone();
        async move { respond(request, site, cutter).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().header_read_timeout(None);
    builder.http2().max_concurrent_streams(MAX_H2_STREAMS);
    let served = builder.serve_connection_with_upgrades(wire, service);
    tokio::select! {
        // A client that goes away is normal here, and the truth has it.
        _ = served => {}
        () = link.severed() => {}
    }
}

async fn respond(request: Request<Incoming>, site: Site, cutter: Arc<Cutter>) -> Result<Reply, CutOnPurpose> {
    match routes::find(request.method(), request.uri()) {
        routes::Route::Model(dialect) => exchange::run(request, dialect, site, cutter).await,
        routes::Route::Other => other::run(request, site).await,
        routes::Route::Page(page) => Ok(routes::page(page, request, &site).await),
    }
}
