//! A connection, and what came on it that was not asked for yet.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};

/// Most bytes that wait for an `expect`.
pub(super) const MAX_WAITING: usize = 1024 * 1024;
/// Bytes of one read.
const CHUNK: usize = 4096;

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server closed it.
    Closed,
    /// It broke.
    Broken(String),
    /// More came than can wait.
    Overflow,
}

impl End {
    pub(super) fn of(error: &io::Error) -> Self {
        Self::Broken(match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                "reset by the server".to_owned()
            }
            _ => error.to_string(),
        })
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Link<S> {
    stream: S,
    /// What came, from the first byte that no `expect` took.
    waiting: BytesMut,
    /// How many of them, at the end, nobody has looked at.
    fresh: usize,
    ended: Option<End>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            waiting: BytesMut::new(),
            fresh: 0,
            ended: None,
        }
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    pub(super) fn ended(&self) -> Option<&End> {
        self.ended.as_ref()
    }

    /// What came since the last call.
    pub(super) fn take_fresh(&mut self) -> &[u8] {
        let from = self.waiting.len() - std::mem::take(&mut self.fresh);
        self.waiting.get(from..).unwrap_or_default()
    }

    /// Takes the first `length` bytes away.
    pub(super) fn consume(&mut self, length: usize) {
        let _ = self.waiting.split_to(length.min(self.waiting.len()));
        if self.waiting.is_empty() {
            // Thousands of idle copies keep no buffers.
            self.waiting = BytesMut::new();
        }
    }

    /// Waits for bytes or the end. Nothing is lost if it is given up.
    pub(super) async fn receive(&mut self) {
        poll_fn(|context| self.poll_receive(context)).await;
    }

    /// Takes what is there already.
    pub(super) async fn look(&mut self) {
        poll_fn(|context| {
            while self.ended.is_none() && self.poll_receive(context).is_ready() {}
            Poll::Ready(())
        })
        .await;
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ended.is_some() {
            return Poll::Ready(());
        }
        // Not in the future itself, of which there are thousands.
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut chunk));
        let bytes = chunk.filled();
        self.ended = match read {
            Err(error) => Some(End::of(&error)),
            Ok(()) if bytes.is_empty() => Some(End::Closed),
            Ok(()) if self.waiting.len() + bytes.len() > MAX_WAITING => Some(End::Overflow),
            Ok(()) => {
                self.waiting.extend_from_slice(bytes);
                self.fresh += bytes.len();
                None
            }
        };
        Poll::Ready(())
    }

    /// Writes all of `bytes`. What comes meanwhile is received, so that a server
    /// that answers before it reads on holds up nothing.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        poll_fn(|context| {
            while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
                match Pin::new(&mut self.stream).poll_write(context, rest) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(ErrorKind::WriteZero.into()));
                    }
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {
                        while self.ended.is_none() && self.poll_receive(context).is_ready() {}
                        return Poll::Pending;
                    }
                }
            }
            Pin::new(&mut self.stream).poll_flush(context)
        })
        .await
    }

    /// Says that nothing more comes, and gives the server `grace` to close,
    /// too: a socket that is dropped with bytes unread may take away what was
    /// sent.
    pub(super) async fn shut_down(&mut self, grace: Duration) {
        let shut = poll_fn(|context| Pin::new(&mut self.stream).poll_shutdown(context)).await;
        if let Err(error) = shut {
            self.ended.get_or_insert(End::of(&error));
        }
        let _ = timeout(grace, async {
            while self.ended.is_none() {
                self.receive().await;
            }
        })
        .await;
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}
