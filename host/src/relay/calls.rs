//! Remote procedure calls: each is carried out once, and its outcome answered.
//!
//! The server's caller waits, even for a one-way call. Servers before 3.8 send a
//! call again that was not acknowledged when its session broke; the device must
//! not do twice what it was told once. So calls are known beyond a session, and
//! one that comes again gets the answer that was lost.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{
    downlink,
    entities::Addressee,
    error::SessionError,
    exchange::{Answer, Exchange},
    ids,
};
use crate::{
    message::{Delivery, DownlinkOutcome},
    proto::edge::{DeviceRpcCallMsg, RpcResponseMsg, UplinkMsg},
};

/// Calls that are known. A server has 10 000 waiting at most.
const KNOWN: usize = 10_000;

/// The calls of all sessions.
#[derive(Debug, Default)]
pub(super) struct Calls {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: HashMap<Uuid, State>,
    oldest: VecDeque<Uuid>,
}

#[derive(Debug)]
enum State {
    /// Its outcome goes to this session.
    Waiting(Arc<Exchange>),
    Decided(DownlinkOutcome),
}

impl Calls {
    /// Passes a call on, and answers it when its outcome is known. `device` is
    /// None for one that is not ours, or no longer.
    ///
    /// # Errors
    /// The host is stopping.
    pub(super) async fn take(
        &self,
        call: DeviceRpcCallMsg,
        device: Option<Addressee>,
        exchange: &Arc<Exchange>,
        downlinks: &mpsc::Sender<Delivery>,
    ) -> Result<(), SessionError> {
        if call.request_msg.is_none() {
            return Ok(());
        }
        let id = ids::uuid(call.request_uuid_msb, call.request_uuid_lsb);
        match self.known(id, exchange) {
            Some(Known::Waits) => {
                debug!(%id, "a call came again that is being carried out");
                return Ok(());
            }
            Some(Known::Decided(outcome)) => {
                spawn_answer(exchange.clone(), call, outcome);
                return Ok(());
            }
            None => {}
        }
        let delivered = device.and_then(|device| downlink::from_rpc(&call, &device));
        let Some(mut downlink) = delivered else {
            // A call may overtake the news that the device is ours now.
            spawn_answer(exchange.clone(), call, DownlinkOutcome::NotConnected);
            return Ok(());
        };
        if downlink.is_expired() {
            spawn_answer(exchange.clone(), call, DownlinkOutcome::Expired);
            return Ok(());
        }
        let (outcome, decided) = oneshot::channel();
        downlink.outcome = Some(outcome);
        self.lock().note(id, exchange.clone());
        let delivery = Delivery {
            downlink: Some(downlink),
            taken: None,
        };
        downlinks
            .send(delivery)
            .await
            .map_err(|_| SessionError::Broken("the host is stopping".to_owned()))?;
        let inner = self.inner.clone();
        let exchange = exchange.clone();
        tokio::spawn(async move {
            // Whoever had it is gone with the host.
            let Ok(outcome) = decided.await else {
                return;
            };
            let exchange = lock(&inner).decide(id, &outcome).unwrap_or(exchange);
            answer(&exchange, call, &outcome).await;
        });
        Ok(())
    }

    fn known(&self, id: Uuid, exchange: &Arc<Exchange>) -> Option<Known> {
        let mut inner = self.lock();
        match inner.calls.get_mut(&id)? {
            State::Waiting(to) => {
                *to = exchange.clone();
                Some(Known::Waits)
            }
            State::Decided(outcome) => Some(Known::Decided(outcome.clone())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

/// A call that came before.
enum Known {
    Waits,
    Decided(DownlinkOutcome),
}

impl Inner {
    fn note(&mut self, id: Uuid, exchange: Arc<Exchange>) {
        // A server that gives its calls no ids cannot repeat one.
        if id.is_nil() {
            return;
        }
        self.calls.insert(id, State::Waiting(exchange));
        self.oldest.push_back(id);
        if self.oldest.len() > KNOWN
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }

    /// Notes the outcome, and says which session waits for it.
    fn decide(&mut self, id: Uuid, outcome: &DownlinkOutcome) -> Option<Arc<Exchange>> {
        let state = self.calls.get_mut(&id)?;
        match std::mem::replace(state, State::Decided(outcome.clone())) {
            State::Waiting(exchange) => Some(exchange),
            State::Decided(_) => None,
        }
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn_answer(exchange: Arc<Exchange>, call: DeviceRpcCallMsg, outcome: DownlinkOutcome) {
    tokio::spawn(async move { answer(&exchange, call, &outcome).await });
}

async fn answer(exchange: &Exchange, call: DeviceRpcCallMsg, outcome: &DownlinkOutcome) {
    // ThingsBoard takes nothing but names of its own for an error; what a device says is a
    // response in any case.
    let failed;
    let (response, error) = match outcome {
        DownlinkOutcome::Sent => ("{}", ""),
        DownlinkOutcome::Answered(Ok(json)) => (json.as_str(), ""),
        DownlinkOutcome::Answered(Err(text)) => {
            failed = serde_json::json!({ "error": text }).to_string();
            (failed.as_str(), "")
        }
        DownlinkOutcome::NotConnected => ("", "NO_ACTIVE_CONNECTION"),
        DownlinkOutcome::Expired => ("", "TIMEOUT"),
        DownlinkOutcome::NotEncoded(_) => ("", "INTERNAL"),
    };
    let device = ids::uuid(call.device_id_msb, call.device_id_lsb);
    info!(
        %device,
        request_id = call.request_id,
        %outcome,
        "ThingsBoard is told how a call ended"
    );
    let message = UplinkMsg {
        device_rpc_call_msg: vec![DeviceRpcCallMsg {
            request_msg: None,
            response_msg: Some(RpcResponseMsg {
                response: response.to_owned(),
                error: error.to_owned(),
            }),
            ..call
        }],
        ..UplinkMsg::default()
    };
    // A caller whose answer is lost runs into its own time-out.
    match exchange.submit(message).await {
        Ok(Answer::Accepted) => {}
        Ok(answer) => warn!(
            %device,
            ?answer,
            "ThingsBoard did not take the answer to a call"
        ),
        Err(error) => warn!(%device, %error, "the answer to a call is lost"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        message::EntityKind,
        proto::edge::{RpcRequestMsg, UplinkResponseMsg},
        relay::{entities::Known as Entity, request::Request},
    };

    fn session() -> (Arc<Exchange>, mpsc::Receiver<Request>) {
        let (outbound, requests) = mpsc::channel(8);
        let exchange = Exchange::new(outbound, Duration::from_secs(60));
        (Arc::new(exchange), requests)
    }

    fn device() -> Option<Addressee> {
        Some(Addressee {
            known: Entity {
                kind: EntityKind::Device,
                name: "B".to_owned(),
                profile: "default".to_owned(),
            },
            speaks_as: "A".to_owned(),
        })
    }

    fn call(id: i64, expires: i64) -> DeviceRpcCallMsg {
        DeviceRpcCallMsg {
            request_uuid_lsb: id,
            request_id: 7,
            expiration_time: expires,
            request_msg: Some(RpcRequestMsg {
                method: "set".to_owned(),
                params: "1".to_owned(),
            }),
            ..DeviceRpcCallMsg::default()
        }
    }

    /// The answer that leaves, acknowledged.
    async fn answered(
        exchange: &Exchange,
        requests: &mut mpsc::Receiver<Request>,
    ) -> (i32, String, String) {
        let message = requests.recv().await.unwrap().uplink_msg();
        exchange.resolve(UplinkResponseMsg {
            success: true,
            error_msg: String::new(),
            uplink_msg_id: message.uplink_msg_id,
        });
        let call = &message.device_rpc_call_msg[0];
        let response = call.response_msg.clone().unwrap();
        (call.request_id, response.response, response.error)
    }

    fn expected(response: &str, error: &str) -> (i32, String, String) {
        (7, response.to_owned(), error.to_owned())
    }

    #[tokio::test]
    async fn each_outcome_has_its_answer() {
        let calls = Calls::default();
        let (exchange, mut requests) = session();
        let (sender, mut downlinks) = mpsc::channel(8);
        for (id, outcome, answer) in [
            (1, DownlinkOutcome::Sent, expected("{}", "")),
            (
                7,
                DownlinkOutcome::Answered(Ok("[1]".to_owned())),
                expected("[1]", ""),
            ),
            (
                8,
                DownlinkOutcome::Answered(Err("\"no\"".to_owned())),
                expected(r#"{"error":"\"no\""}"#, ""),
            ),
            (
                2,
                DownlinkOutcome::NotConnected,
                expected("", "NO_ACTIVE_CONNECTION"),
            ),
            (3, DownlinkOutcome::Expired, expected("", "TIMEOUT")),
            (
                4,
                DownlinkOutcome::NotEncoded("no".to_owned()),
                expected("", "INTERNAL"),
            ),
        ] {
            calls
                .take(call(id, i64::MAX), device(), &exchange, &sender)
                .await
                .unwrap();
            let downlink = downlinks.recv().await.unwrap().downlink.unwrap();
            assert_eq!(downlink.device, "A");
            assert_eq!(downlink.metadata["deviceName"], "B");
            downlink.finish(outcome);
            assert_eq!(answered(&exchange, &mut requests).await, answer);
        }
        for (id, expires, device, answer) in [
            (5, i64::MAX, None, expected("", "NO_ACTIVE_CONNECTION")),
            (6, 1, device(), expected("", "TIMEOUT")),
        ] {
            calls
                .take(call(id, expires), device, &exchange, &sender)
                .await
                .unwrap();
            assert_eq!(answered(&exchange, &mut requests).await, answer);
        }
        assert!(downlinks.try_recv().is_err(), "neither reached a device");
    }

    /// The session broke before the call was acknowledged; the server repeats it
    /// in the next one.
    #[tokio::test]
    async fn a_call_that_comes_again_is_carried_out_once() {
        for decided_first in [false, true] {
            let calls = Calls::default();
            let (first, requests) = session();
            let (sender, mut downlinks) = mpsc::channel(8);
            let take = |exchange| calls.take(call(1, i64::MAX), device(), exchange, &sender);
            take(&first).await.unwrap();
            drop(requests);
            let downlink = downlinks.recv().await.unwrap().downlink.unwrap();
            let (second, mut requests) = session();
            if decided_first {
                downlink.finish(DownlinkOutcome::Sent);
                tokio::task::yield_now().await;
                take(&second).await.unwrap();
            } else {
                take(&second).await.unwrap();
                downlink.finish(DownlinkOutcome::Sent);
            }
            assert_eq!(
                answered(&second, &mut requests).await,
                expected("{}", ""),
                "{decided_first}"
            );
            assert!(downlinks.try_recv().is_err());
        }
    }
}
