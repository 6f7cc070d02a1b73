//! A connection that can be cut: HTTP/1.1 by a TCP reset, HTTP/2 by resetting the stream alone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Cuts the connection of one exchange.
pub struct Cutter {
    link: Arc<Link>,
    whole: bool,
}

/// What a connection's task and its exchanges share.
#[derive(Default)]
pub struct Link {
    cut: AtomicBool,
    notify: Notify,
}

impl Cutter {
    /// `whole`: the connection carries this exchange alone (HTTP/1.1).
    pub fn new(link: Arc<Link>, whole: bool) -> Self {
        Self { link, whole }
    }

    /// Cuts the whole connection if it is ours; false means that the stream must be failed instead.
    pub fn cut(&self) -> bool {
        if self.whole {
            self.link.cut();
            self.link.notify.notify_one();
        }
        self.whole
    }
}

impl Link {
    /// The connection is to end with a reset.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Ends when an exchange cuts the connection.
    pub async fn severed(&self) {
        self.notify.notified().await;
    }
}

/// A TCP stream that ends with RST instead of FIN once its link is cut.
pub struct Wire {
    stream: TcpStream,
    link: Arc<Link>,
}

impl Wire {
    pub fn new(stream: TcpStream, link: Arc<Link>) -> Self {
        Self { stream, link }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.link.cut.load(Ordering::SeqCst) {
            // A failure leaves a plain FIN, which is a cut in mid-message all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
