//! The writing half of a connection: downlinks become bytes.

use std::{net::SocketAddr, sync::Arc};

use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf, sync::mpsc::Receiver, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    directory::{Directory, Handed},
    integration::Integration,
};
use crate::{
    converter::{CallContext, Converter, Missed, Workers},
    message::{DeviceMetadata, Downlink, DownlinkOutcome},
};

async fn next(queue: &mut Receiver<Handed>, gone: &CancellationToken) -> Option<Handed> {
    tokio::select! {
        biased;
        () = gone.cancelled() => None,
        handed = queue.recv() => handed,
    }
}

/// Writes to one device.
pub(super) struct Writer {
    pub(super) integration: Arc<Integration>,
    pub(super) workers: Workers,
    /// Told how each downlink ended.
    pub(super) directory: Arc<Directory>,
    /// Knows more of devices than a downlink says.
    pub(super) device_metadata: Arc<dyn DeviceMetadata>,
    pub(super) socket: OwnedWriteHalf,
    pub(super) peer: SocketAddr,
}

impl Writer {
    /// Writes what comes out of `queue` until its senders are gone, or the
    /// device is: the operating system would still take bytes for a device that
    /// has hung up. Cancels `gone` itself if the device takes nothing any more.
    /// Hands back the downlink that it could not write, and the queue with those
    /// behind it.
    pub(super) async fn run(
        mut self,
        mut queue: Receiver<Handed>,
        gone: CancellationToken,
    ) -> (Option<Handed>, Receiver<Handed>) {
        while let Some(handed) = next(&mut queue, &gone).await {
            let downlink = &handed.downlink;
            if downlink.is_expired() {
                self.directory.finish(handed, DownlinkOutcome::Expired);
                continue;
            }
            let frames = match self.encode(downlink).await {
                Ok(frames) => frames,
                Err(problem) => {
                    self.integration.counters.failed(1);
                    warn!(
                        integration = &*self.integration.name, peer = %self.peer,
                        device = downlink.device, msg_type = downlink.msg_type, problem,
                        "downlink not encoded"
                    );
                    self.directory
                        .finish(handed, DownlinkOutcome::NotEncoded(problem));
                    continue;
                }
            };
            if let Err(error) = self.write(&frames).await {
                self.integration.counters.failed(1);
                warn!(
                    integration = &*self.integration.name, peer = %self.peer,
                    device = downlink.device, %error,
                    "downlink not written; the connection is closed"
                );
                gone.cancel();
                return (Some(handed), queue);
            }
            self.integration.counters.processed(1);
            info!(
                integration = &*self.integration.name, peer = %self.peer,
                device = downlink.device, msg_type = downlink.msg_type, frames = frames.len(),
                "downlink sent"
            );
            self.directory.finish(handed, DownlinkOutcome::Sent);
        }
        (None, queue)
    }

    async fn encode(&self, downlink: &Downlink) -> Result<Vec<Vec<u8>>, String> {
        let live = self.integration.live();
        let converter = live.downlink.current().ok_or(
            "there is no downlink converter: put one in the converters folder, or name one in \
             downlinkConverter",
        )?;
        let missed = Missed::default();
        let context = |message| CallContext::Downlink {
            integration: live.metadata.clone(),
            message,
            missed: missed.clone(),
            peer: self.peer,
        };
        let message = downlink.metadata.clone();
        let frames = self.call(&converter, downlink, context(message)).await;
        let keys = missed.take();
        if keys.is_empty() {
            return frames;
        }
        // A converter is a function of what it reads: if it reads what has to be
        // looked up it is called once more, and costs nobody else anything.
        let mut found = self.device_metadata.look_up(&downlink.device, &keys).await;
        if !keys.iter().any(|key| found.contains_key(key)) {
            return frames;
        }
        let own = downlink.metadata.iter();
        found.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        self.call(&converter, downlink, context(Arc::new(found)))
            .await
    }

    async fn call(
        &self,
        converter: &Arc<Converter>,
        downlink: &Downlink,
        context: CallContext,
    ) -> Result<Vec<Vec<u8>>, String> {
        self.workers
            .encode(
                converter.clone(),
                downlink.msg.clone(),
                downlink.msg_type.clone(),
                context,
            )
            .await
            .map_err(|stopped| stopped.to_string())?
            .map_err(|error| format!("{} {}: {error}", converter.name(), converter.version()))
    }

    /// Writes the frames, each with the terminator, as one piece.
    async fn write(&mut self, frames: &[Vec<u8>]) -> std::io::Result<()> {
        let live = self.integration.live();
        let terminator = live.downlink_terminator.as_bytes();
        let mut bytes = Vec::new();
        for frame in frames {
            bytes.extend_from_slice(frame);
            bytes.extend_from_slice(terminator);
        }
        let limit = self
            .integration
            .settings
            .client_configuration
            .write_timeout();
        timeout(limit, self.socket.write_all(&bytes))
            .await
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
    }
}
