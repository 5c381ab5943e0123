//! The sockets of the Edge service, which can be closed or silenced from outside.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Extensions;
use tonic::transport::server::{Connected, TlsConnectInfo};

/// What a session can do to its socket.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) peer: Option<SocketAddr>,
    closed: CancellationToken,
    silent: Arc<AtomicBool>,
}

impl Wire {
    /// The socket that a request came over.
    pub(super) fn of(extensions: &Extensions) -> Option<&Self> {
        let behind_tls = || extensions.get::<TlsConnectInfo<Self>>();
        extensions
            .get::<Self>()
            .or_else(|| behind_tls().map(TlsConnectInfo::get_ref))
    }

    /// Closes the socket; what waits to be written is lost.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Neither reads nor writes any more, and leaves the socket open.
    pub(super) fn silence(&self) {
        self.silent.store(true, Ordering::Release);
    }
}

/// A socket whose [`Wire`] is elsewhere too.
pub(super) struct Socket {
    stream: TcpStream,
    wire: Wire,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        let closed = CancellationToken::new();
        Self {
            wire: Wire {
                peer: stream.peer_addr().ok(),
                closed: closed.clone(),
                silent: Arc::default(),
            },
            stream,
            closed: Box::pin(closed.cancelled_owned()),
        }
    }

    /// Passes when the socket may be used.
    fn gate(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut TcpStream>> {
        if self.closed.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        match self.wire.silent.load(Ordering::Acquire) {
            true => Poll::Pending,
            false => Poll::Ready(Ok(&mut self.stream)),
        }
    }
}

impl Connected for Socket {
    type ConnectInfo = Wire;

    fn connect_info(&self) -> Wire {
        self.wire.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = ready!(self.gate(context))?;
        Pin::new(stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = ready!(self.gate(context))?;
        Pin::new(stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = ready!(self.gate(context))?;
        Pin::new(stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = ready!(self.gate(context))?;
        Pin::new(stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = ready!(self.gate(context))?;
        Pin::new(stream).poll_shutdown(context)
    }
}
