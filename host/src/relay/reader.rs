//! The downlink half of a session: takes in what ThingsBoard sends.
//!
//! Every downlink is acknowledged as soon as it is in our hands, the kinds that
//! mean nothing to us too: the server sends the next page only when all of the
//! last one is acknowledged, and forgets what is. So one for a device is on disk
//! first; those behind it are taken in meanwhile.

use std::sync::Arc;

use serde::Deserialize;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};
use tonic::Streaming;
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    downlink,
    entities::{Addressee, Entities, Known},
    error::SessionError,
    exchange::Exchange,
    failure::Circumstances,
    ids,
    memory::Memory,
    rename,
};
use crate::{
    message::{Delivery, EntityKind},
    proto::edge::{DownlinkMsg, ResponseMsg, UpdateMsgType},
};

/// Takes in what the server sends.
pub(super) struct Reader<'session> {
    pub(super) entities: &'session Entities,
    /// For the name of the session's end.
    pub(super) circumstances: Circumstances<'session>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) downlinks: &'session mpsc::Sender<Delivery>,
    pub(super) memory: &'session Memory,
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
        // Acknowledgements that wait end with the session: the server sends the
        // downlinks again. There are as many as it has sent of one page.
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
        for update in &message.customer_update_msg {
            self.memory.customers.take(update);
        }
        let mut taken = Vec::new();
        for data in &message.entity_data {
            let id = ids::uuid(data.entity_id_msb, data.entity_id_lsb);
            if let Some(device) = self.device(id) {
                let known = self.memory.attributes.take(data);
                let repeated = self.memory.repeats.came_before(data) || known;
                for downlink in downlink::from_entity_data(data, &device) {
                    let (tell, told) = oneshot::channel();
                    let delivery = Delivery {
                        downlink: Some(downlink).filter(|_| !repeated),
                        taken: Some(tell),
                    };
                    self.hand_over(delivery).await?;
                    taken.push(told);
                }
            }
        }
        for call in message.device_rpc_call_msg {
            let device = self.device(ids::uuid(call.device_id_msb, call.device_id_lsb));
            let (calls, exchange) = (&self.memory.calls, &self.exchange);
            calls.take(call, device, exchange, self.downlinks).await?;
        }
        self.acknowledge(message.downlink_msg_id, taken, answers)
            .await?;
        if message.sync_completed_msg.is_some() {
            let outcome = self.entities.complete_sync();
            rename::report_all(&outcome.renamed);
            rename::report_missing(&outcome.missing);
            let entities = outcome.entities;
            info!(entities, "ThingsBoard has sent its devices and assets");
            self.synchronised.notify_one();
        }
        Ok(())
    }

    fn take_entity(
        &self,
        kind: EntityKind,
        id: Uuid,
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

    fn device(&self, id: Uuid) -> Option<Addressee> {
        self.entities
            .addressee(id)
            .filter(|device| device.known.kind == EntityKind::Device)
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

    async fn hand_over(&self, delivery: Delivery) -> Result<(), SessionError> {
        self.downlinks
            .send(delivery)
            .await
            .map_err(|_| SessionError::Broken("the host is stopping".to_owned()))
    }
}
