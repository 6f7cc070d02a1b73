//! The listener: one port speaks HTTP/1.1 and HTTP/2 without TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::backend::Backend;
use crate::connection::{Cutter, Link, Wire};
use crate::deliver::{CutOnPurpose, Delivery};
use crate::faults::Restart;
use crate::truth::Truth;
use crate::{exchange, other, routes};

/// Streams one HTTP/2 connection may carry at once.
const MAX_H2_STREAMS: u32 = 10_000;

/// Wait before an address that cannot be opened again is tried once more.
const REOPEN_PAUSE: Duration = Duration::from_millis(200);

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
pub async fn serve(mut listener: TcpListener, site: Site) {
    let mut restarts = site.backend.faults.restarts();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Ok(()) = restarts.changed() => {
                let down = restarts.borrow_and_update().down;
                listener = reopened(listener, down, &site).await;
                continue;
            }
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, site.clone(), restarts.clone()));
            }
            Err(error) => {
                eprintln!("llm-sim: accept on {}: {error}", site.backend.name);
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// The same address once more, after it has refused connections for a while and the backend has lost what it had.
async fn reopened(listener: TcpListener, down: Duration, site: &Site) -> TcpListener {
    let address = listener.local_addr();
    drop(listener);
    if let Some(gpu) = &site.backend.gpu {
        gpu.restart();
    }
    tokio::time::sleep(down).await;
    loop {
        match &address {
            Ok(address) => match TcpListener::bind(address).await {
                Ok(listener) => return listener,
                Err(error) => eprintln!("llm-sim: {address} cannot be opened again: {error}"),
            },
            Err(error) => eprintln!("llm-sim: {} has no address: {error}", site.backend.name),
        }
        tokio::time::sleep(REOPEN_PAUSE).await;
    }
}

async fn connection(stream: TcpStream, site: Site, mut restarts: watch::Receiver<Restart>) {
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
    // Marked before the connection is dropped.
    let restarted = async {
        let _ = restarts.changed().await;
        link.cut();
    };
    tokio::select! {
        // A client that goes away is normal here, and the truth has it.
        _ = served => {}
        () = link.severed() => {}
        () = restarted => {}
    }
}

async fn respond(request: Request<Incoming>, site: Site, cutter: Arc<Cutter>) -> Result<Reply, CutOnPurpose> {
    let backend = Arc::clone(&site.backend);
    let route = routes::find(request.method(), request.uri(), &backend);
    // Our own pages work whatever is simulated.
    if !request.uri().path().starts_with("/sim/") && backend.faults.hangs(Instant::now()) {
        std::future::pending::<()>().await;
    }
    let mut reply = match route {
        routes::Route::Model(dialect) => exchange::run(request, dialect, site, cutter).await,
        routes::Route::Other => other::run(request, site).await,
        routes::Route::Page(page) => Ok(routes::page(page, request, &site).await),
    }?;
    if backend.faults.draining(Instant::now()) {
        reply
            .headers_mut()
            .insert("x-gpu-draining", HeaderValue::from_static("1"));
    }
    Ok(reply)
}
