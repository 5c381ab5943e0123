//! What the converter says to the device, on its way to the connection's writer.

use std::time::Duration;

use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use crate::spool::Acknowledgement;

/// Replies that may wait for the writer. A device that does not take them is not
/// read any more.
const QUEUE: usize = 64;

/// Bytes for the device.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    /// What has to come first.
    pub(super) after: Option<Acknowledgement>,
}

/// Where replies go in, in order.
#[derive(Debug)]
pub(super) struct Replies(Sender<Reply>);

/// The writer is gone: the device takes nothing any more.
#[derive(Debug)]
pub(super) struct Deaf;

/// The two ends of a connection's replies.
pub(super) fn replies() -> (Replies, Outgoing) {
    let (sender, queue) = channel(QUEUE);
    let outgoing = Outgoing {
        queue,
        next: None,
        closed: false,
        patience: None,
    };
    (Replies(sender), outgoing)
}

impl Replies {
    /// Lets bytes go out, behind those that were sent before.
    pub(super) async fn send(
        &self,
        bytes: Vec<u8>,
        after: Option<Acknowledgement>,
    ) -> Result<(), Deaf> {
        if bytes.is_empty() {
            return Ok(());
        }
        let reply = Reply { bytes, after };
        self.0.send(reply).await.map_err(|_| Deaf)
    }
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Outgoing {
    queue: Receiver<Reply>,
    /// The bytes at hand, and what they wait for.
    next: Option<Reply>,
    closed: bool,
    /// How long a reply may wait for what has to come first.
    patience: Option<Duration>,
}

impl Outgoing {
    /// Whether the reader is done, and there is nothing left.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.next.is_none()
    }

    /// The next bytes that may go out; None when there are no more. Nothing is lost if
    /// it is given up. What was not stored, or is dropped unacknowledged, gets no reply.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.next.is_none() {
                self.next = self.queue.recv().await;
            }
            let Some(reply) = &mut self.next else {
                self.closed = true;
                return None;
            };
            let stands = match (&mut reply.after, self.patience) {
                (None, _) => true,
                (Some(after), None) => after.wait().await,
                (Some(after), Some(patience)) => {
                    timeout(patience, after.wait()).await.unwrap_or(false)
                }
            };
            let reply = self.next.take()?;
            if stands {
                return Some(reply.bytes);
            }
        }
    }

    /// From here on a reply that has to wait longer for what comes first is dropped: the
    /// device has hung up, or the process stops.
    pub(super) fn wait_at_most(&mut self, patience: Duration) {
        self.patience = Some(self.patience.map_or(patience, |known| known.min(patience)));
    }
}
