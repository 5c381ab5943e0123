//! What came from a device and is no frame yet.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::tcp::OwnedReadHalf,
};

/// Bytes of one read, at first.
const LEAST_READ: usize = 8 * 1024;
/// Bytes of one read from a device that keeps sending more than one read takes: fewer
/// and larger jobs for the converter's threads.
const MOST_READ: usize = 64 * 1024;

/// The bytes behind the last frame of a connection.
///
/// A read goes to the stack, and only what came is kept. So a connection that says
/// nothing, or nothing but whole frames, has no buffer.
#[derive(Debug)]
pub(super) struct Received {
    /// In the order in which they came. Frames are cut off the front.
    pub(super) bytes: BytesMut,
    read_size: usize,
}

impl Received {
    pub(super) fn new() -> Self {
        Self {
            bytes: BytesMut::new(),
            read_size: LEAST_READ,
        }
    }

    /// Waits for bytes and adds them. Says how many came: none if the device has closed
    /// its side. Nothing is lost if the waiting is given up.
    pub(super) async fn read(&mut self, socket: &mut OwnedReadHalf) -> io::Result<usize> {
        poll_fn(|context| self.poll_read(socket, context)).await
    }

    /// Apart, so that the space on the stack is taken for a read only.
    #[inline(never)]
    fn poll_read(
        &mut self,
        socket: &mut OwnedReadHalf,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::uninit() }; MOST_READ];
        let room = space.get_mut(..self.read_size).unwrap_or_default();
        let mut read = ReadBuf::uninit(room);
        ready!(Pin::new(socket).poll_read(context, &mut read))?;
        let came = read.filled();
        self.bytes.extend_from_slice(came);
        self.read_size = match came.len() == self.read_size {
            true => (self.read_size * 2).min(MOST_READ),
            false => LEAST_READ,
        };
        Poll::Ready(Ok(came.len()))
    }

    /// Gives back the memory of the frames that were cut off. To be called when they
    /// are done with.
    pub(super) fn release(&mut self) {
        self.bytes = BytesMut::from(&self.bytes[..]);
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::AsyncWriteExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// A device and the socket of its connection.
    async fn connected() -> (TcpStream, OwnedReadHalf) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (device, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (device.unwrap(), accepted.unwrap().0.into_split().0)
    }

    #[tokio::test]
    async fn a_busy_device_is_read_in_larger_pieces() {
        let (mut device, mut socket) = connected().await;
        let sent: Vec<u8> = (0_u32..300_000)
            .map(|number| (number % 251) as u8)
            .collect();
        let writing = tokio::spawn({
            let sent = sent.clone();
            async move { device.write_all(&sent).await.map(|()| device) }
        });
        let mut received = Received::new();
        let mut expected = LEAST_READ;
        while received.bytes.len() < sent.len() {
            assert_eq!(received.read_size, expected);
            let came = received.read(&mut socket).await.unwrap();
            assert!(came > 0);
            expected = match came == expected {
                true => (2 * expected).min(MOST_READ),
                false => LEAST_READ,
            };
        }
        assert_eq!(received.bytes, sent);
        drop(writing.await.unwrap().unwrap());
        assert_eq!(received.read(&mut socket).await.unwrap(), 0);
        assert_eq!(received.read_size, LEAST_READ);
    }

    #[tokio::test]
    async fn only_what_is_left_takes_memory() {
        let (mut device, mut socket) = connected().await;
        let mut received = Received::new();
        for (text, rest) in [("one\ntw", "tw"), ("o\n", "")] {
            device.write_all(text.as_bytes()).await.unwrap();
            assert_eq!(received.read(&mut socket).await.unwrap(), text.len());
            let end = received.bytes.iter().position(|byte| *byte == b'\n');
            let frame = received.bytes.split_to(end.unwrap() + 1);
            drop(frame);
            received.release();
            assert_eq!(received.bytes, rest);
            assert_eq!(received.bytes.capacity(), rest.len());
        }
    }
}
