//! The writing half of a connection: replies and downlinks become bytes.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf, time::timeout};
use tracing::{debug, info, warn};

use super::{
    directory::Handed,
    encoder::{Encoded, Encoder, Message},
    integration::{Integration, Shared},
    outbox::{Deaf, Gone, Outbox},
    remarks::warn_unasked,
    replies::Reply,
};
use crate::{
    converter::{Actions, Session},
    message::DownlinkOutcome,
};

/// Writes to one device.
pub(super) struct Writer {
    pub(super) integration: Arc<Integration>,
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) session: Session,
    pub(super) outbox: Arc<Outbox>,
    pub(super) socket: OwnedWriteHalf,
}

/// A downlink that is being encoded.
struct Encoding {
    handed: Handed,
    encoded: BoxFuture<'static, Encoded>,
}

impl Writer {
    /// Writes what comes out of the outbox until it is closed, and the replies alone when
    /// the device is gone. A downlink that could not be written goes back into the outbox.
    pub(super) async fn run(mut self) {
        while self.outbox.filled().await {
            // On the heap, and only while there is something to write: most connections
            // wait for most of the time.
            if let Err(Deaf) = Box::pin(self.write_all()).await {
                break;
            }
        }
    }

    /// Writes what there is and what comes meanwhile. Replies do not wait for a downlink
    /// that is being encoded.
    async fn write_all(&mut self) -> Result<(), Deaf> {
        let outbox = self.outbox.clone();
        let shared = self.shared.clone();
        let mut reply: Option<Reply> = None;
        let mut encoding: Option<Encoding> = None;
        let mut stops = false;
        loop {
            let is_gone = outbox.is_gone();
            if is_gone && let Some(Encoding { handed, .. }) = encoding.take() {
                outbox.put_back(handed);
            }
            if reply.is_none() {
                reply = outbox.take_reply();
            }
            while encoding.is_none()
                && !is_gone
                && let Some(handed) = outbox.take_downlink()
            {
                encoding = self.begin(handed);
            }
            if reply.is_none() && encoding.is_none() {
                return Ok(());
            }
            let patience = self.patience(is_gone, stops);
            let written = tokio::select! {
                biased;
                () = outbox.changed() => Ok(()),
                () = shared.stop.cancelled(), if !stops => {
                    stops = true;
                    Ok(())
                }
                may_go = may_go(&mut reply, patience), if reply.is_some() => match reply.take() {
                    Some(Reply { bytes, .. }) if may_go => self.reply(&bytes).await,
                    _ => Ok(()),
                },
                encoded = encoded(&mut encoding), if encoding.is_some() => match encoding.take() {
                    Some(Encoding { handed, .. }) => self.send(handed, encoded).await,
                    None => Ok(()),
                },
            };
            if let Err(Deaf) = written {
                if let Some(Encoding { handed, .. }) = encoding.take() {
                    outbox.put_back(handed);
                }
                return written;
            }
        }
    }

    /// How long a reply may wait for what has to come first. Nobody waits for
    /// ThingsBoard when the process stops.
    fn patience(&self, is_gone: bool, stops: bool) -> Option<Duration> {
        match (stops, is_gone) {
            (true, _) => Some(Duration::ZERO),
            (false, true) => Some(self.write_timeout()),
            (false, false) => None,
        }
    }

    /// Starts to encode a downlink, unless its time has passed.
    fn begin(&self, handed: Handed) -> Option<Encoding> {
        if handed.downlink.is_expired() {
            self.shared
                .directory
                .finish(handed, DownlinkOutcome::Expired);
            return None;
        }
        let encoder = Encoder {
            integration: self.integration.clone(),
            workers: self.shared.workers.clone(),
            device_metadata: self.shared.device_metadata.clone(),
            session: self.session.clone(),
            peer: self.peer,
        };
        let encoded = Box::pin(encoder.encode(Message::of(&handed.downlink)));
        Some(Encoding { handed, encoded })
    }

    /// Writes what was encoded. A downlink that was not written goes back into the outbox
    /// if it can be tried again.
    async fn send(&mut self, handed: Handed, encoded: Encoded) -> Result<(), Deaf> {
        let (integration, shared) = (self.integration.clone(), self.shared.clone());
        let peer = self.peer;
        let downlink = &handed.downlink;
        let (device, msg_type) = (downlink.device.clone(), downlink.msg_type.clone());
        let output = match encoded {
            Ok(output) => output,
            Err(problem) => {
                integration.counters.failed(1);
                warn!(
                    integration = &*integration.name, %peer, device, msg_type, problem,
                    "downlink not encoded"
                );
                let outcome = DownlinkOutcome::NotEncoded(problem);
                shared.directory.finish(handed, outcome);
                return Ok(());
            }
        };
        let frames = output.value.len();
        let actions = output.actions.unwrap_or_default();
        let bytes = self.bytes_of(&actions, &output.value);
        if actions.expects_answer && bytes.is_empty() && actions.answers.is_empty() {
            warn!(
                integration = &*integration.name, %peer, device, msg_type,
                "encode says that the device will answer, and sends it nothing: the caller waits \
                 in vain; answer with fail-rpc what cannot be sent"
            );
        }
        // Before the device can answer it.
        let waits = handed.downlink.is_two_way_call()
            && (actions.expects_answer || !actions.answers.is_empty());
        let (handed, ticket) = match waits {
            true => (None, Some(shared.calls.wait(handed.downlink))),
            false => (Some(handed), None),
        };
        if let Err(error) = self.write(&bytes).await {
            integration.counters.failed(1);
            warn!(
                integration = &*integration.name, %peer, device, %error,
                "downlink not written; the connection is closed"
            );
            if let Some(ticket) = ticket {
                shared.calls.give_up(&device, ticket);
            }
            if let Some(handed) = handed {
                self.outbox.put_back(handed);
            }
            return Err(Deaf);
        }
        integration.counters.processed(1);
        info!(
            integration = &*integration.name, %peer, device, msg_type, frames,
            "downlink sent"
        );
        if let Some(handed) = handed {
            shared.directory.finish(handed, DownlinkOutcome::Sent);
        }
        for (answer, why) in shared.calls.answer_all(actions.answers) {
            warn_unasked(&integration, peer, &answer, &why);
        }
        if actions.close {
            self.outbox.set_gone(Gone::Asked);
        }
        Ok(())
    }

    /// What the device gets: the reply as it is, and the frames, each with the
    /// terminator.
    fn bytes_of(&self, actions: &Actions, frames: &[Vec<u8>]) -> Vec<u8> {
        let live = self.integration.live();
        let mut bytes = actions.reply.clone();
        for frame in frames {
            bytes.extend_from_slice(frame);
            bytes.extend_from_slice(live.downlink_terminator.as_bytes());
        }
        bytes
    }

    async fn reply(&mut self, bytes: &[u8]) -> Result<(), Deaf> {
        let written = self.write(bytes).await;
        let Self {
            integration, peer, ..
        } = self;
        match written {
            Ok(()) => {
                debug!(
                    integration = &*integration.name, %peer, bytes = bytes.len(), "reply sent"
                );
                Ok(())
            }
            Err(error) => {
                warn!(
                    integration = &*integration.name, %peer, %error,
                    "reply not written; the connection is closed"
                );
                Err(Deaf)
            }
        }
    }

    fn write_timeout(&self) -> Duration {
        let settings = &self.integration.settings;
        settings.client_configuration.write_timeout()
    }

    /// Writes all of it as one piece.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(self.write_timeout(), self.socket.write_all(bytes))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

impl Drop for Writer {
    /// However it ends.
    fn drop(&mut self) {
        self.outbox.abandon();
    }
}

/// As [`Reply::may_go`]; pending without a reply.
async fn may_go(reply: &mut Option<Reply>, patience: Option<Duration>) -> bool {
    match reply {
        Some(reply) => reply.may_go(patience).await,
        None => std::future::pending().await,
    }
}

/// What becomes of the downlink at hand; pending without one.
async fn encoded(encoding: &mut Option<Encoding>) -> Encoded {
    match encoding {
        Some(encoding) => (&mut encoding.encoded).await,
        None => std::future::pending().await,
    }
}
