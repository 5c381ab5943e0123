//! The uplink half of a session: creates what is missing, sends the oldest
//! records, and lets go of them once they are acknowledged.
//!
//! One data message is in flight at a time, with up to
//! `maxRecordsPerMessage` records of any devices. That keeps the records of a
//! device in order whatever has to be sent again.

use std::{sync::Arc, time::Duration};

use futures_util::future;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::{
    connect::Edge,
    entities::{Entities, Known},
    error::SessionError,
    exchange::{Answer, Exchange},
    ids, provision, rename,
    spool::Spool,
    uplink::{append_parts, type_name},
};
use crate::{
    message::Uplink,
    proto::edge::{EntityDataProto, UplinkMsg},
};

/// Pause after the server asked us to slow down; ThingsBoard's own edge waits
/// as long.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(60);
/// Pause before a message that the server rejected is tried again.
const REJECTION_PAUSE: Duration = Duration::from_secs(1);
/// How often a message may be rejected before it is given up: a fault of the
/// server's own may pass, a fault of the message does not.
const TRIES: usize = 3;

/// Sends what the spool holds.
pub(super) struct Sender<'session> {
    pub(super) spool: &'session Spool,
    pub(super) entities: &'session Entities,
    pub(super) exchange: &'session Exchange,
    pub(super) edge: &'session Edge,
    pub(super) max_records: usize,
}

/// Why a message was given up: the server's words.
struct Rejected(String);

impl Sender<'_> {
    /// Sends until the session ends.
    pub(super) async fn run(&self) -> SessionError {
        loop {
            let batch = self.spool.read(self.max_records).await;
            if let Err(end) = self.deliver(&batch).await {
                return end;
            }
            self.spool.acknowledge(batch.len());
        }
    }

    /// Returns once the server has acknowledged the batch, or has refused
    /// parts of it for good.
    async fn deliver(&self, batch: &[Arc<Uplink>]) -> Result<(), SessionError> {
        self.create_missing(batch).await?;
        let Err(Rejected(text)) = self.send(batch).await? else {
            return Ok(());
        };
        warn!(
            records = batch.len(),
            error = text,
            "ThingsBoard rejects a message; its records are sent one by one"
        );
        for record in batch {
            if let Err(Rejected(text)) = self.send(std::slice::from_ref(record)).await? {
                error!(
                    device = record.entity.name,
                    integration = &*record.integration,
                    error = text,
                    "ThingsBoard rejects the data of this device; the record is dropped"
                );
            }
        }
        Ok(())
    }

    async fn send(&self, records: &[Arc<Uplink>]) -> Result<Result<(), Rejected>, SessionError> {
        let mut parts = Vec::with_capacity(records.len());
        for record in records {
            self.append(record, &mut parts);
        }
        if parts.is_empty() {
            return Ok(Ok(()));
        }
        let message = UplinkMsg {
            entity_data: parts,
            ..UplinkMsg::default()
        };
        self.submit(message).await
    }

    fn append(&self, record: &Uplink, parts: &mut Vec<EntityDataProto>) {
        let entity = &record.entity;
        match self.entities.id(entity.kind, &entity.name) {
            Some(id) => append_parts(record, id, parts),
            // Said when its creation failed or was not allowed.
            None => debug!(device = entity.name, "record without an entity is dropped"),
        }
    }

    async fn create_missing(&self, batch: &[Arc<Uplink>]) -> Result<(), SessionError> {
        let missing =
            provision::unknown(batch, |kind, name| self.entities.id(kind, name).is_some());
        let creations = missing.into_iter().map(|record| self.create(record));
        future::try_join_all(creations).await.map(drop)
    }

    async fn create(&self, record: &Uplink) -> Result<(), SessionError> {
        let entity = &record.entity;
        let kind = type_name(entity.kind);
        if !record.allow_create {
            warn!(
                device = entity.name,
                kind,
                integration = &*record.integration,
                "ThingsBoard has no such entity for this edge and allowCreateDevicesOrAssets is \
                 off; its data is dropped: assign it to the edge under Manage devices, or allow \
                 the creation"
            );
            return Ok(());
        }
        let id = ids::entity_id(self.edge.id, entity.kind, &entity.name);
        if let Some(known) = self.entities.known(id) {
            // Ours, renamed in ThingsBoard since: creating it again would
            // rename it back.
            self.entities.alias(entity.kind, &entity.name, id);
            info!(
                device = entity.name,
                stored_as = known.name,
                "data goes to the renamed entity"
            );
            return Ok(());
        }
        match self
            .submit(provision::creation(record, id, self.edge))
            .await?
        {
            Ok(()) => {
                info!(
                    device = entity.name,
                    kind,
                    profile = entity.profile,
                    "created in ThingsBoard"
                );
                self.learn_created(record, id);
            }
            Err(Rejected(text)) => error!(
                device = entity.name,
                kind,
                integration = &*record.integration,
                error = text,
                "ThingsBoard does not create this entity; its data is dropped"
            ),
        }
        Ok(())
    }

    /// Notes the new entity, unless the server has said more about it already.
    fn learn_created(&self, record: &Uplink, id: Uuid) {
        let entity = &record.entity;
        if let Some(known) = self.entities.known(id) {
            self.entities.alias(entity.kind, &entity.name, id);
            if known.name != entity.name {
                rename::report(&entity.name, &known.name);
            }
            return;
        }
        let profile = match entity.profile.as_str() {
            "" => "default",
            profile => profile,
        };
        let known = Known {
            kind: entity.kind,
            name: entity.name.clone(),
            profile: profile.to_owned(),
        };
        self.entities.learn(id, known);
    }

    /// Sends `message` until the server has accepted it, or has rejected it
    /// often enough.
    async fn submit(&self, message: UplinkMsg) -> Result<Result<(), Rejected>, SessionError> {
        let mut rejections = 0;
        loop {
            match self.exchange.submit(message.clone()).await? {
                Answer::Accepted => return Ok(Ok(())),
                Answer::RateLimited => {
                    warn!(
                        pause_s = RATE_LIMIT_PAUSE.as_secs(),
                        "ThingsBoard limits this edge's messages; sending pauses"
                    );
                    sleep(RATE_LIMIT_PAUSE).await;
                }
                Answer::TimedOut => warn!("ThingsBoard did not acknowledge a message; sent again"),
                Answer::Rejected(text) => {
                    rejections += 1;
                    if rejections == TRIES {
                        return Ok(Err(Rejected(text)));
                    }
                    sleep(REJECTION_PAUSE).await;
                }
            }
        }
    }
}
