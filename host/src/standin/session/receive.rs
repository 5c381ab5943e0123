//! What an edge says: who it is, its messages, and its acknowledgements.

use prost::Message as _;
use tokio::time::Instant;
use tonic::Status;

use super::{Link, Stop};
use crate::proto::edge::{ConnectRequestMsg, RequestMsgType, UplinkMsg, UplinkResponseMsg};
use crate::standin::faults::{AckRule, Manner};
use crate::standin::hub::now_us;
use crate::standin::service::Inbound;
use crate::standin::telemetry::Telemetry;
use crate::standin::uplink;

impl Link {
    /// The first message that counts; everything before it is ignored.
    pub(super) async fn connect_request(&mut self) -> Result<Option<ConnectRequestMsg>, Status> {
        while let Some(message) = self.requests.message().await? {
            if RequestMsgType::try_from(message.msg_type) == Ok(RequestMsgType::ConnectRpcMessage) {
                return Ok(Some(message.connect_request_msg.unwrap_or_default()));
            }
        }
        Ok(None)
    }

    /// Why a client is not let in; none if it is.
    pub(super) fn refusal(&self, connect: &ConnectRequestMsg, routing_key: &str) -> Option<String> {
        let state = self.hub.lock();
        if connect.edge_routing_key != routing_key || state.edge.deleted {
            let key = &connect.edge_routing_key;
            Some(format!("Failed to find the edge! Routing key: {key}"))
        } else if !state.admits(&connect.edge_secret) {
            let given = &connect.edge_secret;
            Some(format!(
                "Failed to validate the edge! Provided request secret: {given}"
            ))
        } else {
            None
        }
    }

    /// Takes a message of an accepted session.
    pub(super) async fn receive(&mut self, number: u64, message: Inbound) -> Result<(), Stop> {
        let now_us = now_us();
        let size = message.encoded_len();
        if size > self.max_inbound {
            let text = format!(
                "gRPC message exceeds maximum size {}: {size}",
                self.max_inbound
            );
            return Err(Status::resource_exhausted(text).into());
        }
        match RequestMsgType::try_from(message.msg_type) {
            Ok(RequestMsgType::UplinkRpcMessage) => {
                let taken = self.take_uplink(number, &message, now_us)?;
                match taken {
                    Taken::Nothing => {}
                    Taken::Answers(answers, rule) => {
                        for answer in answers {
                            self.acks.hold(Instant::now(), rule, answer);
                        }
                        self.send_held().await?;
                    }
                    Taken::Cut(how) => return Err(Stop::Cut(how)),
                }
            }
            Ok(RequestMsgType::SyncRequestRpcMessage) => {
                let mut state = self.hub.lock();
                if !state.is_current(number) {
                    return Ok(());
                }
                match message.sync_request_msg {
                    Some(_) => state.start_sync(),
                    None => state.outbox.skip_sync(),
                }
            }
            // A second request to connect, or a kind that is not known.
            Ok(RequestMsgType::ConnectRpcMessage) | Err(_) => {}
        }
        Ok(())
    }

    /// Takes an uplink message or an acknowledgement.
    fn take_uplink(&self, number: u64, message: &Inbound, now_us: i64) -> Result<Taken, Status> {
        let bytes = message.uplink_msg.as_ref();
        let telemetry = bytes.and_then(|bytes| Telemetry::read(bytes));
        let mut state = self.hub.lock();
        if !state.is_open(number) {
            return Ok(Taken::Nothing);
        }
        if let Some(ack) = &message.downlink_response_msg {
            state.acknowledge(ack.downlink_msg_id, ack.success);
        }
        let Some(bytes) = bytes else {
            return Ok(Taken::Nothing);
        };
        let answer = match telemetry.filter(|_| state.takes_telemetry_at_once()) {
            Some(telemetry) => Some(uplink::take(&mut state, telemetry, now_us)),
            None => {
                let unreadable = |error| Status::internal(format!("unreadable message: {error}"));
                let uplink = UplinkMsg::decode(bytes.as_ref()).map_err(unreadable)?;
                if let Some((cut, ends)) = state.faults.next_cut() {
                    uplink::take_unanswered(&mut state, uplink, now_us, cut.store);
                    return Ok(match ends {
                        true => Taken::Cut(cut.how),
                        false => Taken::Nothing,
                    });
                }
                uplink::process(&mut state, uplink, now_us)
            }
        };
        let extra = &mut state.faults.extra_acks;
        let answers = answer.map(|answer| extra.around(answer));
        Ok(Taken::Answers(
            answers.unwrap_or_default(),
            state.faults.acks,
        ))
    }
}

/// What follows from an uplink message.
enum Taken {
    Nothing,
    /// These leave by this rule.
    Answers(Vec<UplinkResponseMsg>, AckRule),
    /// The session ends.
    Cut(Manner),
}
