//! What an edge says: who it is, its messages, and its acknowledgements.

use prost::Message as _;
use tokio::time::Instant;
use tonic::Status;

use super::{Link, Stop};
use crate::proto::edge::{ConnectRequestMsg, RequestMsg, RequestMsgType};
use crate::standin::hub::now_us;
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
    pub(super) async fn receive(&mut self, number: u64, message: RequestMsg) -> Result<(), Stop> {
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
                let taken = {
                    let mut state = self.hub.lock();
                    if !state.is_open(number) {
                        return Ok(());
                    }
                    if let Some(ack) = message.downlink_response_msg {
                        state.acknowledge(ack.downlink_msg_id, ack.success);
                    }
                    let Some(uplink) = message.uplink_msg else {
                        return Ok(());
                    };
                    match state.faults.next_cut() {
                        None => {
                            let answer = uplink::process(&mut state, uplink, now_us());
                            let extra = &mut state.faults.extra_acks;
                            let answers = answer.map(|answer| extra.around(answer));
                            Ok((answers.unwrap_or_default(), state.faults.acks))
                        }
                        Some((cut, ends)) => {
                            uplink::take_unanswered(&mut state, uplink, now_us(), cut.store);
                            Err(ends.then_some(cut.how))
                        }
                    }
                };
                match taken {
                    Ok((answers, rule)) => {
                        for answer in answers {
                            self.acks.hold(Instant::now(), rule, answer);
                        }
                        self.send_held().await?;
                    }
                    Err(None) => {}
                    Err(Some(how)) => return Err(Stop::Cut(how)),
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
}
