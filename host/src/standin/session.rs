//! The Edge gRPC service: one stream is one session of the edge.

mod receive;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};
use tracing::{info, warn};

use super::faults::{Acks, Manner};
use super::hub::{Close, Hub, Session};
use super::service::Inbound;
use super::wire::Wire;
use crate::proto::edge::{ConnectResponseCode, ConnectResponseMsg, EdgeUpdateMsg, ResponseMsg};

/// Largest message taken from the edge, as ThingsBoard's default, in bytes.
pub(super) const DEFAULT_MAX_INBOUND: usize = 4 * 1024 * 1024;
/// The largest that may be asked for.
pub(super) const MOST_INBOUND: usize = 64 * 1024 * 1024;
/// Answers that wait for a slow reader before the session stops reading itself.
const ANSWERS: usize = 64;
/// How long the last word may take to a client that does not read.
const LAST_WORD: Duration = Duration::from_secs(1);

type Answers = mpsc::Sender<Result<ResponseMsg, Status>>;

/// How a stream ends: `Ok` completes it.
type End = Result<(), Status>;

/// Why a session's work stops before the client ends it.
enum Stop {
    /// Something failed.
    Error(Status),
    /// An end was asked for.
    Cut(Manner),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Error(status)
    }
}

/// The server side of `EdgeRpcService`.
pub(super) struct EdgeService {
    pub(super) hub: Arc<Hub>,
    pub(super) routing_key: String,
}

impl EdgeService {
    /// Begins a session.
    pub(super) fn handle_msgs(
        &self,
        request: Request<Streaming<Inbound>>,
    ) -> Result<Response<ReceiverStream<Result<ResponseMsg, Status>>>, Status> {
        let wire = Wire::of(request.extensions()).cloned();
        let wire = wire.ok_or_else(|| Status::internal("the socket is not known"))?;
        let peer = wire.peer;
        let (answers, stream) = mpsc::channel(ANSWERS);
        let link = Link {
            wire,
            hub: Arc::clone(&self.hub),
            requests: request.into_inner(),
            answers: answers.clone(),
            acks: Acks::default(),
            max_inbound: DEFAULT_MAX_INBOUND,
        };
        let routing_key = self.routing_key.clone();
        let stopping = self.hub.stopping.clone();
        tokio::spawn(async move {
            let end = tokio::select! {
                end = link.run(&routing_key) => end,
                () = stopping.cancelled() => Err(Status::unavailable("the stand-in stops")),
            };
            info!(
                peer = peer.map(display),
                error = end.as_ref().err().map(Status::message),
                "edge stream ended"
            );
            if let Err(mut status) = end {
                // The code that a grpc-java server gives a message over its limit.
                if status.code() == Code::OutOfRange {
                    status = Status::resource_exhausted(status.message());
                }
                // A client that is gone does not hear it.
                let _ = timeout(LAST_WORD, answers.send(Err(status))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// Marks the edge as away when its session ends, however it does.
struct Presence {
    hub: Arc<Hub>,
    number: u64,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.hub.lock().disconnect(self.number);
    }
}

struct Link {
    wire: Wire,
    hub: Arc<Hub>,
    requests: Streaming<Inbound>,
    answers: Answers,
    /// Answers that are held back on request.
    acks: Acks,
    /// Largest message taken, in bytes.
    max_inbound: usize,
}

impl Link {
    async fn run(mut self, routing_key: &str) -> End {
        let Some(connect) = self.connect_request().await? else {
            return Ok(());
        };
        if let Some(error_msg) = self.refusal(&connect, routing_key) {
            warn!(
                peer = self.wire.peer.map(display),
                "an edge was refused: wrong routing key or secret"
            );
            self.answer_connect(ConnectResponseMsg {
                response_code: ConnectResponseCode::BadCredentials.into(),
                error_msg,
                ..ConnectResponseMsg::default()
            })
            .await?;
            return Err(Status::unknown(""));
        }

        let max_size = connect.max_inbound_message_size.unwrap_or_default();
        let session = {
            let mut state = self.hub.lock();
            self.max_inbound = state.faults.max_inbound;
            state.connect(usize::try_from(max_size).unwrap_or_default())
        };
        let presence = Presence {
            hub: Arc::clone(&self.hub),
            number: session.number,
        };
        info!(
            peer = self.wire.peer.map(display),
            session = session.number,
            version = connect.edge_version,
            "edge connected"
        );
        let Session {
            number,
            mut close,
            wake,
        } = session;
        let worked = tokio::select! {
            biased;
            reason = &mut close => Err(match reason {
                Ok(Close::Cut(how)) => Stop::Cut(how),
                Ok(Close::Replaced) | Err(_) => Stop::Cut(Manner::Complete),
            }),
            worked = self.work(number, &wake) => worked,
        };
        drop(presence);
        match worked {
            Ok(()) => Ok(()),
            Err(Stop::Error(status)) => Err(status),
            Err(Stop::Cut(how)) => self.cut(how).await,
        }
    }

    /// Ends the session as it was asked for.
    async fn cut(self, how: Manner) -> End {
        match how {
            Manner::Complete => Ok(()),
            Manner::Error => Err(Status::unavailable("the link was broken on request")),
            Manner::Socket => {
                self.wire.close();
                Err(Status::unavailable("the socket was closed on request"))
            }
            Manner::Silence => {
                self.wire.silence();
                // Until the server's own keep-alive finds nobody there.
                self.answers.closed().await;
                Err(Status::unavailable("the socket was silenced on request"))
            }
        }
    }

    async fn work(&mut self, number: u64, wake: &Notify) -> Result<(), Stop> {
        let configuration = {
            let state = self.hub.lock();
            state.edge.configuration(state.tenant)
        };
        self.answer_connect(ConnectResponseMsg {
            response_code: ConnectResponseCode::Accepted.into(),
            configuration: Some(configuration),
            max_inbound_message_size: i32::try_from(self.max_inbound).ok(),
            ..ConnectResponseMsg::default()
        })
        .await?;
        loop {
            let stalled = self.hub.lock().faults.stalled(Instant::now());
            if let Some(until) = stalled {
                tokio::select! {
                    () = wake.notified() => {}
                    () = sleep_until(until) => {}
                }
                continue;
            }
            self.send_held().await?;
            self.send_edited(number).await?;
            let downlinks = self.send_downlinks(number).await?;
            let deadline = downlinks.into_iter().chain(self.acks.deadline()).min();
            let due = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                // What was changed here is true of each message that comes after it.
                biased;
                () = wake.notified() => {}
                message = self.requests.message(), if !self.acks.is_full() => match message? {
                    Some(message) => self.receive(number, message).await?,
                    None => return Ok(()),
                },
                () = due => {}
            }
        }
    }

    /// Sends all that may be sent and tells when to look again.
    async fn send_downlinks(&mut self, number: u64) -> Result<Option<Instant>, Status> {
        loop {
            let (messages, deadline) = {
                let mut state = self.hub.lock();
                let messages = state.next_downlinks(number, Instant::now());
                (messages, state.outbox.deadline())
            };
            if messages.is_empty() {
                return Ok(deadline);
            }
            for message in messages {
                self.answer(ResponseMsg {
                    downlink_msg: Some(message),
                    ..ResponseMsg::default()
                })
                .await?;
            }
        }
    }

    /// Tells an edge that an administrator edited it. Nobody acknowledges that.
    async fn send_edited(&mut self, number: u64) -> End {
        let configuration = self.hub.lock().take_edited(number);
        if configuration.is_some() {
            self.answer(ResponseMsg {
                edge_update_msg: Some(EdgeUpdateMsg { configuration }),
                ..ResponseMsg::default()
            })
            .await?;
        }
        Ok(())
    }

    /// Sends the answers that were held back long enough.
    async fn send_held(&mut self) -> End {
        for response in self.acks.due(Instant::now()) {
            self.answer(ResponseMsg {
                uplink_response_msg: Some(response),
                ..ResponseMsg::default()
            })
            .await?;
        }
        Ok(())
    }

    async fn answer_connect(&mut self, message: ConnectResponseMsg) -> End {
        self.answer(ResponseMsg {
            connect_response_msg: Some(message),
            ..ResponseMsg::default()
        })
        .await
    }

    async fn answer(&mut self, message: ResponseMsg) -> End {
        let sent = self.answers.send(Ok(message)).await;
        sent.map_err(|_| Status::cancelled("the client closed the stream"))
    }
}
