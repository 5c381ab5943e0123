//! What has to happen before data of an entity that ThingsBoard does not have
//! for this edge can be sent.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tracing::{info, warn};
use uuid::Uuid;

use super::{
    connect::Edge,
    customers::Customers,
    entities::{Entities, Known},
    ids, provision, rename,
    uplink::type_name,
};
use crate::{
    message::{EntityKind, Uplink},
    proto::edge::UplinkMsg,
};

/// Entities whose refusal is remembered, so that it is said once.
const MAX_REFUSALS: usize = 10_000;

/// Creates entities, or says why not.
pub(super) struct Creator<'session> {
    edge: &'session Edge,
    entities: &'session Entities,
    customers: &'session Customers,
    refused: Mutex<HashSet<Uuid>>,
    /// Whether it was said that there are no groups.
    said_no_groups: AtomicBool,
}

/// What an entity that is not known needs.
pub(super) enum Prepared {
    /// Nothing: it is known by another name.
    Exists,
    /// The integration may not create entities.
    NotAllowed,
    /// This message, acknowledged.
    Message(UplinkMsg),
}

impl<'session> Creator<'session> {
    pub(super) fn new(
        edge: &'session Edge,
        entities: &'session Entities,
        customers: &'session Customers,
    ) -> Self {
        Self {
            edge,
            entities,
            customers,
            refused: Mutex::default(),
            said_no_groups: AtomicBool::new(false),
        }
    }

    /// The id under which an entity of this name would be created.
    pub(super) fn id(&self, kind: EntityKind, name: &str) -> Uuid {
        ids::entity_id(self.edge.id, kind, name)
    }

    /// What the entity of `uplink` needs to exist under `id`.
    pub(super) fn prepare(&self, uplink: &Uplink) -> Prepared {
        let entity = &uplink.entity;
        if self.entities.id(entity.kind, &entity.name).is_some() {
            return Prepared::Exists;
        }
        let id = self.id(entity.kind, &entity.name);
        if let Some(known) = self.entities.known(id) {
            // Ours, renamed in ThingsBoard since: creating it again would
            // rename it back.
            self.entities.alias(entity.kind, &entity.name, id);
            info!(
                device = entity.name,
                stored_as = known.name,
                "data goes to the renamed entity"
            );
            return Prepared::Exists;
        }
        if !uplink.allow_create {
            self.refuse(uplink, id);
            return Prepared::NotAllowed;
        }
        let title = entity.customer.as_deref().filter(|title| !title.is_empty());
        let customer = title.and_then(|title| self.customers.id(title, &entity.name));
        if let Some(group) = &entity.group
            && !self.said_no_groups.swap(true, Relaxed)
        {
            warn!(
                device = entity.name,
                group, "ThingsBoard's Edge service has no entity groups; groupName is ignored"
            );
        }
        Prepared::Message(provision::creation(uplink, id, self.edge, customer))
    }

    /// Notes the new entity, unless the server has said more about it already.
    pub(super) fn created(&self, uplink: &Uplink) {
        let entity = &uplink.entity;
        let id = self.id(entity.kind, &entity.name);
        info!(
            device = entity.name,
            kind = type_name(entity.kind),
            profile = entity.profile,
            "created in ThingsBoard"
        );
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
        self.entities.created(id, known);
    }

    fn refuse(&self, uplink: &Uplink, id: Uuid) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MAX_REFUSALS || !refused.insert(id) {
            return;
        }
        warn!(
            device = uplink.entity.name,
            kind = type_name(uplink.entity.kind),
            integration = &*uplink.integration,
            "ThingsBoard has no such entity for this edge and allowCreateDevicesOrAssets is off; \
             its data is dropped: assign it to the edge under Manage devices, or allow the creation"
        );
    }
}
