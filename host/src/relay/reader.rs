//! The downlink half of a session: takes in what ThingsBoard sends.
//!
//! Every downlink is acknowledged as soon as it is in our hands, the kinds that
//! mean nothing to us too: the server sends the next page only when all of the
//! last one is acknowledged, and forgets what is. So one for a device is on disk
//! first; those behind it are taken in meanwhile.

use std::{sync::Arc, time::SystemTime};

use serde::Deserialize;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};
use tonic::Streaming;
use tracing::{debug, info, warn};

use super::{
    downlink,
    entities::{Entities, Known},
    error::SessionError,
    exchange::{Answer, Exchange},
    failure::Circumstances,
    ids, rename,
};
use crate::{
    message::{Delivery, Downlink, DownlinkOutcome, EntityKind},
    proto::edge::{
        DeviceRpcCallMsg, DownlinkMsg, ResponseMsg, RpcResponseMsg, UpdateMsgType, UplinkMsg,
    },
};

/// Takes in what the server sends.
pub(super) struct Reader<'session> {
    pub(super) entities: &'session Entities,
    /// For the name of the session's end.
    pub(super) circumstances: Circumstances<'session>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) downlinks: &'session mpsc::Sender<Delivery>,
    /// Told when the synchronisation is complete.
    pub(super) synchronised: &'session Notify,
}

/// The part of ThingsBoard's entity JSON that matters here.
#[derive(Deserialize)]
struct EntityJson {
    name: String,
    #[serde(rename = "type", default)]
    profile: String,
}

impl Reader<'_> {
    /// Reads until the session ends.
    pub(super) async fn run(&self, inbound: &mut Streaming<ResponseMsg>) -> SessionError {
        // Calls that wait for their outcome end with the session: the server
        // forgets them too. So do acknowledgements: the server sends the downlinks
        // again. There are as many as the server has sent of one page.
        let mut answers = JoinSet::new();
        loop {
            let message = match inbound.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return SessionError::Closed,
                Err(status) => return self.circumstances.after_acceptance(&status),
            };
            while answers.try_join_next().is_some() {}
            if let Some(response) = message.uplink_response_msg {
                self.exchange.resolve(response);
            }
            if let Some(downlink) = message.downlink_msg
                && let Err(end) = self.take(downlink, &mut answers).await
            {
                return end;
            }
        }
    }

    async fn take(
        &self,
        message: DownlinkMsg,
        answers: &mut JoinSet<()>,
    ) -> Result<(), SessionError> {
        for update in &message.device_update_msg {
            let id = ids::uuid(update.id_msb, update.id_lsb);
            self.take_entity(EntityKind::Device, id, update.msg_type(), &update.entity)?;
        }
        for update in &message.asset_update_msg {
            let id = ids::uuid(update.id_msb, update.id_lsb);
            self.take_entity(EntityKind::Asset, id, update.msg_type(), &update.entity)?;
        }
        let mut taken = Vec::new();
        for data in &message.entity_data {
            let id = ids::uuid(data.entity_id_msb, data.entity_id_lsb);
            if let Some(device) = self.device(id) {
                for downlink in downlink::from_entity_data(data, &device) {
                    let (tell, told) = oneshot::channel();
                    self.hand_over(downlink, Some(tell)).await?;
                    taken.push(told);
                }
            }
        }
        for call in message.device_rpc_call_msg {
            self.take_call(call, answers).await?;
        }
        self.acknowledge(message.downlink_msg_id, taken, answers)
            .await?;
        if message.sync_completed_msg.is_some() {
            let entities = self.entities.complete_sync();
            info!(entities, "ThingsBoard has sent its devices and assets");
            self.synchronised.notify_one();
        }
        Ok(())
    }

    fn take_entity(
        &self,
        kind: EntityKind,
        id: uuid::Uuid,
        msg_type: UpdateMsgType,
        json: &str,
    ) -> Result<(), SessionError> {
        if msg_type == UpdateMsgType::EntityDeletedRpcMessage {
            if let Some(known) = self.entities.forget(id) {
                info!(
                    device = known.name,
                    "deleted in ThingsBoard, or no longer assigned to this edge"
                );
            }
            return Ok(());
        }
        if json.is_empty() {
            return Err(SessionError::TooOld {
                detail: "it sends devices in the form of 3.6.1 and before",
            });
        }
        let entity: EntityJson = match serde_json::from_str(json) {
            Ok(entity) => entity,
            Err(error) => {
                warn!(%id, %error, "ThingsBoard sent an entity that cannot be read; it is left out");
                return Ok(());
            }
        };
        let known = Known {
            kind,
            name: entity.name.clone(),
            profile: entity.profile,
        };
        if let Some(before) = self.entities.learn(id, known) {
            rename::report(&before, &entity.name);
        }
        Ok(())
    }

    fn device(&self, id: uuid::Uuid) -> Option<Known> {
        self.entities
            .known(id)
            .filter(|known| known.kind == EntityKind::Device)
    }

    /// Passes a call on and answers it when its outcome is known: the caller
    /// waits even for a one-way call.
    async fn take_call(
        &self,
        call: DeviceRpcCallMsg,
        answers: &mut JoinSet<()>,
    ) -> Result<(), SessionError> {
        let id = ids::uuid(call.device_id_msb, call.device_id_lsb);
        let Some(device) = self.device(id) else {
            debug!(%id, "call for an unknown device");
            return Ok(());
        };
        let Some(mut downlink) = downlink::from_rpc(&call, &device) else {
            return Ok(());
        };
        if downlink
            .expires
            .is_some_and(|expires| expires <= SystemTime::now())
        {
            debug!(device = device.name, "call came after its expiration time");
            return Ok(());
        }
        let (outcome, decided) = oneshot::channel();
        downlink.outcome = Some(outcome);
        self.hand_over(downlink, None).await?;
        let exchange = self.exchange.clone();
        answers.spawn(async move {
            if let Ok(outcome) = decided.await {
                answer_call(&exchange, call, &device.name, &outcome).await;
            }
        });
        Ok(())
    }

    /// Acknowledges a message once all downlinks in it were `taken`.
    async fn acknowledge(
        &self,
        downlink_msg_id: i32,
        taken: Vec<oneshot::Receiver<()>>,
        answers: &mut JoinSet<()>,
    ) -> Result<(), SessionError> {
        if taken.is_empty() {
            return self.exchange.acknowledge(downlink_msg_id).await;
        }
        let exchange = self.exchange.clone();
        answers.spawn(async move {
            for told in taken {
                if told.await.is_err() {
                    // The host is stopping and did not take it.
                    return;
                }
            }
            // If the session is broken, its reader finds out.
            let _ = exchange.acknowledge(downlink_msg_id).await;
        });
        Ok(())
    }

    async fn hand_over(
        &self,
        downlink: Downlink,
        taken: Option<oneshot::Sender<()>>,
    ) -> Result<(), SessionError> {
        self.downlinks
            .send(Delivery { downlink, taken })
            .await
            .map_err(|_| SessionError::Broken("the host is stopping".to_owned()))
    }
}

async fn answer_call(
    exchange: &Exchange,
    call: DeviceRpcCallMsg,
    device: &str,
    outcome: &DownlinkOutcome,
) {
    let (response, error) = match outcome {
        DownlinkOutcome::Sent => ("{}", ""),
        DownlinkOutcome::NotConnected => ("", "NO_ACTIVE_CONNECTION"),
        DownlinkOutcome::Expired => ("", "TIMEOUT"),
        DownlinkOutcome::NotEncoded(_) => ("", "INTERNAL"),
    };
    info!(
        device,
        request_id = call.request_id,
        ?outcome,
        "call answered"
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
            device,
            ?answer,
            "ThingsBoard did not take the answer to a call"
        ),
        Err(error) => warn!(device, %error, "the answer to a call is lost"),
    }
}
