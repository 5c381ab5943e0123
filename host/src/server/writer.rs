//! The writing half of a connection: replies and downlinks become bytes.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf, sync::mpsc::Receiver, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    calls::Calls,
    directory::{Directory, Handed},
    encoder::{Encoded, Encoder, Message},
    remarks::warn_unasked,
    replies::Outgoing,
};
use crate::{converter::Actions, message::DownlinkOutcome};

/// That a connection is over for its writer, or by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    token: CancellationToken,
    asked: Arc<OnceLock<()>>,
}

impl Gone {
    /// Nothing but replies is written from here on.
    pub(super) fn set(&self) {
        self.token.cancel();
    }

    /// As [`Gone::set`], because the downlink converter closes the connection.
    fn ask(&self) {
        // Once is enough.
        let _ = self.asked.set(());
        self.set();
    }

    /// Whether the downlink converter closes the connection.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.get().is_some()
    }

    /// Waits until it is set.
    pub(super) async fn wait(&self) {
        self.token.cancelled().await;
    }
}

/// Writes to one device.
pub(super) struct Writer {
    pub(super) encoder: Encoder,
    /// Told how each downlink ended.
    pub(super) directory: Arc<Directory>,
    /// Keeps calls that the device will answer.
    pub(super) calls: Arc<Calls>,
    pub(super) socket: OwnedWriteHalf,
    /// Told when the process stops: nobody waits for ThingsBoard then.
    pub(super) stop: CancellationToken,
}

/// A downlink that is being encoded.
struct Encoding {
    handed: Handed,
    encoded: BoxFuture<'static, Encoded>,
}

/// The device takes nothing any more.
struct Deaf;

impl Writer {
    /// Writes what comes out of `queue` and `replies` until their senders are gone.
    /// When `gone` is set, the replies alone: the operating system would still take
    /// bytes for a device that has hung up, and downlinks must not be lost in there.
    /// Sets `gone` itself if the device takes nothing any more. Hands back the downlink
    /// that it could not write, and the queue with those behind it.
    pub(super) async fn run(
        mut self,
        mut queue: Receiver<Handed>,
        mut replies: Outgoing,
        gone: Gone,
    ) -> (Option<Handed>, Receiver<Handed>) {
        let mut encoding: Option<Encoding> = None;
        let (mut is_gone, mut stops, mut no_more) = (false, false, false);
        loop {
            let done = is_gone || (no_more && encoding.is_none());
            if done && replies.is_over() {
                return (encoding.map(|encoding| encoding.handed), queue);
            }
            let written = tokio::select! {
                biased;
                () = gone.wait(), if !is_gone => {
                    is_gone = true;
                    replies.wait_at_most(self.write_timeout());
                    Ok(())
                }
                () = self.stop.cancelled(), if !stops => {
                    stops = true;
                    replies.wait_at_most(Duration::ZERO);
                    Ok(())
                }
                reply = replies.next(), if !replies.is_over() => match reply {
                    Some(bytes) => self.reply(&bytes).await,
                    None => Ok(()),
                },
                encoded = encoded(&mut encoding), if encoding.is_some() && !is_gone => {
                    match encoding.take() {
                        Some(Encoding { handed, .. }) => {
                            match self.send(handed, encoded, &gone).await {
                                Ok(()) => Ok(()),
                                Err(back) => {
                                    gone.set();
                                    return (back, queue);
                                }
                            }
                        }
                        None => Ok(()),
                    }
                }
                handed = queue.recv(), if encoding.is_none() && !is_gone && !no_more => {
                    match handed {
                        Some(handed) => encoding = self.begin(handed),
                        None => no_more = true,
                    }
                    Ok(())
                }
            };
            if let Err(Deaf) = written {
                gone.set();
                return (encoding.map(|encoding| encoding.handed), queue);
            }
        }
    }

    /// Starts to encode a downlink, unless its time has passed.
    fn begin(&self, handed: Handed) -> Option<Encoding> {
        if handed.downlink.is_expired() {
            self.directory.finish(handed, DownlinkOutcome::Expired);
            return None;
        }
        let message = Message::of(&handed.downlink);
        let encoded = Box::pin(self.encoder.clone().encode(message));
        Some(Encoding { handed, encoded })
    }

    /// Writes what was encoded. The error has the downlink that was not written, if it
    /// can be tried again.
    async fn send(
        &mut self,
        handed: Handed,
        encoded: Encoded,
        gone: &Gone,
    ) -> Result<(), Option<Handed>> {
        let integration = self.encoder.integration.clone();
        let peer = self.encoder.peer;
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
                self.directory.finish(handed, outcome);
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
            true => (None, Some(self.calls.wait(handed.downlink))),
            false => (Some(handed), None),
        };
        if let Err(error) = self.write(&bytes).await {
            integration.counters.failed(1);
            warn!(
                integration = &*integration.name, %peer, device, %error,
                "downlink not written; the connection is closed"
            );
            if let Some(ticket) = ticket {
                self.calls.give_up(&device, ticket);
            }
            return Err(handed);
        }
        integration.counters.processed(1);
        info!(
            integration = &*integration.name, %peer, device, msg_type, frames,
            "downlink sent"
        );
        if let Some(handed) = handed {
            self.directory.finish(handed, DownlinkOutcome::Sent);
        }
        for (answer, why) in self.calls.answer_all(actions.answers) {
            warn_unasked(&integration, peer, &answer, &why);
        }
        if actions.close {
            gone.ask();
        }
        Ok(())
    }

    /// What the device gets: the reply as it is, and the frames, each with the
    /// terminator.
    fn bytes_of(&self, actions: &Actions, frames: &[Vec<u8>]) -> Vec<u8> {
        let live = self.encoder.integration.live();
        let mut bytes = actions.reply.clone();
        for frame in frames {
            bytes.extend_from_slice(frame);
            bytes.extend_from_slice(live.downlink_terminator.as_bytes());
        }
        bytes
    }

    async fn reply(&mut self, bytes: &[u8]) -> Result<(), Deaf> {
        let written = self.write(bytes).await;
        let Encoder {
            integration, peer, ..
        } = &self.encoder;
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
        let settings = &self.encoder.integration.settings;
        settings.client_configuration.write_timeout()
    }

    /// Writes all of it as one piece.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(self.write_timeout(), self.socket.write_all(bytes))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// What becomes of the downlink at hand; pending without one.
async fn encoded(encoding: &mut Option<Encoding>) -> Encoded {
    match encoding {
        Some(encoding) => (&mut encoding.encoded).await,
        None => std::future::pending().await,
    }
}
