//! Listens along on a connection, so that a failure can be named.
//!
//! HTTP/2 keeps of a broken connection little more than that it broke. What
//! came first over the line tells a web server from a server that wants TLS,
//! and TLS says its own reasons, some of them only after its handshake.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls;

use super::frames::Frames;

/// How much of the beginning is kept, in bytes.
const BEGINNING: usize = 16;

/// A stream that can be anything below.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// What came over a stream.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    beginning: Vec<u8>,
    tls: Option<rustls::Error>,
    go_away: Option<u32>,
    end: Option<String>,
}

impl Notes {
    /// The first bytes, up to 16.
    pub(super) fn beginning(&self) -> Vec<u8> {
        self.lock().beginning.clone()
    }

    /// The TLS error that ended the stream.
    pub(super) fn tls_error(&self) -> Option<rustls::Error> {
        self.lock().tls.clone()
    }

    /// The code with which the server took its leave, as HTTP/2 has it.
    pub(super) fn go_away(&self) -> Option<u32> {
        self.lock().go_away
    }

    /// How the other side or the network ended the stream. None: it did not;
    /// if the stream has ended, it was by ourselves.
    pub(super) fn end(&self) -> Option<String> {
        self.lock().end.clone()
    }

    /// Adds to the beginning; whether it is complete.
    fn begin(&self, bytes: &[u8]) -> bool {
        let mut inner = self.lock();
        let room = BEGINNING - inner.beginning.len();
        let bytes = bytes.get(..room).unwrap_or(bytes);
        inner.beginning.extend_from_slice(bytes);
        inner.beginning.len() == BEGINNING
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that keeps [`Notes`].
pub(in crate::relay) struct Heard {
    stream: Box<dyn Duplex>,
    notes: Arc<Notes>,
    /// Whether the beginning is complete.
    complete: bool,
    frames: Frames,
}

impl Heard {
    pub(super) fn new(stream: impl Duplex + 'static) -> (Self, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        let heard = Self {
            stream: Box::new(stream),
            notes: notes.clone(),
            complete: false,
            frames: Frames::default(),
        };
        (heard, notes)
    }

    fn note_error<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            let mut inner = self.notes.lock();
            inner.end.get_or_insert_with(|| error.to_string());
            if let Some(error) = tls_error(error) {
                inner.tls.get_or_insert_with(|| error.clone());
            }
        }
        result
    }

    fn note_bytes(&mut self, bytes: &[u8]) {
        if !self.complete {
            self.complete = self.notes.begin(bytes);
        }
        if let Some(code) = self.frames.feed(bytes) {
            self.notes.lock().go_away = Some(code);
        }
        if bytes.is_empty() {
            let closed = || "the other side closed it".to_owned();
            self.notes.lock().end.get_or_insert_with(closed);
        }
    }
}

/// The TLS error inside of an I/O error.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let has_room = buffer.remaining() > 0;
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if result.is_ok() && has_room {
            self.note_bytes(buffer.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(self.note_error(result))
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(self.note_error(result))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices));
        Poll::Ready(self.note_error(result))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(self.note_error(result))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn the_beginning_is_kept_and_everything_passes() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut heard, notes) = Heard::new(near);
        assert_eq!(notes.beginning(), b"");
        far.write_all(b"HTTP/1.1 ").await.unwrap();
        let mut read = [0; 9];
        heard.read_exact(&mut read).await.unwrap();
        assert_eq!(notes.beginning(), b"HTTP/1.1 ");
        far.write_all(b"400 Bad Request and more").await.unwrap();
        drop(far);
        let mut rest = Vec::new();
        heard.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"400 Bad Request and more");
        assert_eq!(notes.beginning(), b"HTTP/1.1 400 Bad");
        assert_eq!(notes.end().as_deref(), Some("the other side closed it"));
        assert_eq!((notes.tls_error(), notes.go_away()), (None, None));
    }

    #[tokio::test]
    async fn a_leave_is_kept_and_no_end_is_made_up() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut heard, notes) = Heard::new(near);
        far.write_all(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b")
            .await
            .unwrap();
        let mut read = [0; 17];
        heard.read_exact(&mut read).await.unwrap();
        assert_eq!(notes.go_away(), Some(11));
        // A read without room brings nothing and is no end.
        assert_eq!(heard.read(&mut []).await.unwrap(), 0);
        drop(heard);
        assert_eq!(notes.end(), None);
    }

    #[tokio::test]
    async fn the_first_tls_error_is_kept() {
        let error = |alert| {
            let error = rustls::Error::AlertReceived(alert);
            io::Error::new(io::ErrorKind::InvalidData, error)
        };
        let stream = failing(vec![
            error(AlertDescription::CertificateRequired),
            error(AlertDescription::CloseNotify),
        ]);
        let (mut heard, notes) = Heard::new(stream);
        for _ in 0..2 {
            heard.read_u8().await.unwrap_err();
        }
        assert_eq!(
            notes.tls_error(),
            Some(rustls::Error::AlertReceived(
                AlertDescription::CertificateRequired
            ))
        );
    }

    /// A stream that fails with one error after the other.
    fn failing(errors: Vec<io::Error>) -> impl Duplex {
        struct Failing(std::vec::IntoIter<io::Error>);
        impl AsyncRead for Failing {
            fn poll_read(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                Poll::Ready(self.0.next().map_or(Ok(()), Err))
            }
        }
        tokio::io::join(Failing(errors.into_iter()), tokio::io::sink())
    }
}
