//! Uplink messages in flight and their acknowledgements, matched by id.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    error::SessionError,
    request::{Content, Request},
};
use crate::proto::edge::{
    DownlinkResponseMsg, RequestMsg, RequestMsgType, SyncRequestMsg, UplinkMsg, UplinkResponseMsg,
};

/// Pause before what the server rejected is tried again.
pub(super) const REJECTION_PAUSE: Duration = Duration::from_secs(1);

/// The one writer of a session.
#[derive(Debug)]
pub(super) struct Exchange {
    outbound: mpsc::Sender<Request>,
    acknowledge_timeout: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last_id: i32,
    waiting: HashMap<i32, oneshot::Sender<UplinkResponseMsg>>,
}

/// What the server said to an uplink message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Accepted,
    /// Refused before it was looked at; to be sent again later.
    RateLimited,
    Rejected(String),
    /// No answer in time; nothing is known.
    TimedOut,
}

impl Exchange {
    pub(super) fn new(outbound: mpsc::Sender<Request>, acknowledge_timeout: Duration) -> Self {
        Self {
            outbound,
            acknowledge_timeout,
            inner: Mutex::default(),
        }
    }

    /// Asks for the devices, assets and customers of this edge.
    pub(super) async fn request_sync(&self) -> Result<(), SessionError> {
        self.send(RequestMsg {
            msg_type: RequestMsgType::SyncRequestRpcMessage.into(),
            sync_request_msg: Some(SyncRequestMsg {
                full_sync: Some(false),
            }),
            ..RequestMsg::default()
        })
        .await
    }

    /// Acknowledges a downlink.
    pub(super) async fn acknowledge(&self, downlink_msg_id: i32) -> Result<(), SessionError> {
        self.send(RequestMsg {
            msg_type: RequestMsgType::UplinkRpcMessage.into(),
            downlink_response_msg: Some(DownlinkResponseMsg {
                success: true,
                error_msg: String::new(),
                downlink_msg_id,
            }),
            ..RequestMsg::default()
        })
        .await
    }

    /// Sends `content` under a new id and waits for its acknowledgement.
    pub(super) async fn submit(&self, content: impl Into<Content>) -> Result<Answer, SessionError> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut inner = self.lock();
            inner.last_id = inner.last_id.checked_add(1).unwrap_or(1);
            let id = inner.last_id;
            inner.waiting.insert(id, answer);
            id
        };
        self.send(Request::uplink(id, content.into())).await?;
        match timeout(self.acknowledge_timeout, answered).await {
            Ok(Ok(response)) => Ok(answer_of(response)),
            Ok(Err(_)) => Err(SessionError::Broken("the session ended".to_owned())),
            Err(_) => {
                self.lock().waiting.remove(&id);
                Ok(Answer::TimedOut)
            }
        }
    }

    /// Like [`Exchange::submit`]. Silence may be the message's fault or the
    /// server's: one that does not answer an empty message either is not there,
    /// which ends the session.
    pub(super) async fn submit_or_end(
        &self,
        content: impl Into<Content>,
    ) -> Result<Answer, SessionError> {
        let answer = self.submit(content).await?;
        if answer == Answer::TimedOut
            && self.submit(UplinkMsg::default()).await? == Answer::TimedOut
        {
            return Err(SessionError::Silent);
        }
        Ok(answer)
    }

    /// Hands an acknowledgement to whoever waits for it. One that nobody
    /// waits for came too late.
    pub(super) fn resolve(&self, response: UplinkResponseMsg) {
        let waiting = self.lock().waiting.remove(&response.uplink_msg_id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(response);
        }
    }

    async fn send(&self, request: impl Into<Request>) -> Result<(), SessionError> {
        self.outbound
            .send(request.into())
            .await
            .map_err(|_| SessionError::Broken("the request stream closed".to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer_of(response: UplinkResponseMsg) -> Answer {
    if response.success {
        Answer::Accepted
    } else if response.error_msg.contains("Rate limit reached") {
        Answer::RateLimited
    } else {
        Answer::Rejected(response.error_msg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(id: i32, success: bool, text: &str) -> UplinkResponseMsg {
        UplinkResponseMsg {
            success,
            error_msg: text.to_owned(),
            uplink_msg_id: id,
        }
    }

    #[tokio::test]
    async fn answers_are_matched_by_id_in_any_order() {
        let (outbound, mut requests) = mpsc::channel(8);
        let exchange = Exchange::new(outbound, Duration::from_secs(60));
        let submits = async {
            tokio::join!(
                exchange.submit(UplinkMsg::default()),
                exchange.submit(UplinkMsg::default()),
                exchange.submit(UplinkMsg::default()),
            )
        };
        let answers = async {
            let mut ids = Vec::new();
            for _ in 0..3 {
                let message = requests.recv().await.unwrap().uplink_msg();
                ids.push(message.uplink_msg_id);
            }
            exchange.resolve(response(ids[2], false, "Rate limit reached, slow down"));
            exchange.resolve(response(ids[0], true, ""));
            exchange.resolve(response(99, true, "nobody asked"));
            exchange.resolve(response(ids[1], false, "no such profile"));
        };
        let ((one, two, three), ()) = tokio::join!(submits, answers);
        assert_eq!(one.unwrap(), Answer::Accepted);
        assert_eq!(two.unwrap(), Answer::Rejected("no such profile".to_owned()));
        assert_eq!(three.unwrap(), Answer::RateLimited);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_time_out() {
        let (outbound, _requests) = mpsc::channel(8);
        let exchange = Exchange::new(outbound, Duration::from_secs(60));
        let answer = exchange.submit(UplinkMsg::default()).await.unwrap();
        assert_eq!(answer, Answer::TimedOut);
        assert!(exchange.lock().waiting.is_empty());
    }
}
