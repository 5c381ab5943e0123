//! What an administrator changes: as the journal keeps it, and how it is done.
//!
//! Whatever is decided by chance is decided before, and stands in the change:
//! done again after a restart, it makes the same entities.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::bulk::Bulk;
use super::credentials;
use super::customers::Customer;
use super::data::Scope;
use super::draft::{Draft, Refusal};
use super::edge::Secret;
use super::edit::Edit;
use super::entities::Kind;
use super::hub::{State, ms};
use super::values::Value;

/// Something that an administrator does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Change {
    /// Makes an entity.
    #[serde(rename_all = "camelCase")]
    Create {
        kind: Kind,
        id: Uuid,
        name: String,
        profile: Option<String>,
        label: Option<String>,
        assigned: bool,
        /// A device's access token.
        token: String,
    },
    /// Makes many devices.
    Bulk(Bulk),
    /// Assigns an entity to the edge or takes it away.
    Assign {
        kind: Kind,
        id: Uuid,
        assigned: bool,
    },
    /// Deletes an entity.
    Delete { kind: Kind, id: Uuid },
    /// Sets attributes.
    SetAttributes {
        kind: Kind,
        id: Uuid,
        scope: Scope,
        attributes: Map<String, Json>,
    },
    /// Deletes attributes.
    DeleteAttributes {
        kind: Kind,
        id: Uuid,
        scope: Scope,
        keys: Vec<String>,
    },
    /// Changes what is said of an entity.
    Edit { kind: Kind, id: Uuid, edit: Edit },
    /// Makes a customer.
    Customer {
        id: Uuid,
        title: String,
        public: bool,
    },
    /// Gives the edge to a customer, or takes it away.
    EdgeCustomer { customer: Uuid },
    /// Gives the edge another name.
    EdgeName { name: String },
    /// Gives the edge another secret.
    EdgeSecret { secret: Secret },
    /// Deletes the edge, or makes it again.
    EdgeDeleted { deleted: bool },
    /// Limits the devices that the edge may make.
    DeviceLimit { limit: Option<usize> },
}

impl State {
    /// Makes a change. What it refers to and is not there is left alone.
    ///
    /// # Errors
    ///
    /// The reason for which an entity cannot be stored; nothing is changed then.
    pub(super) fn apply(&mut self, change: Change, now_us: i64) -> Result<(), String> {
        match change {
            Change::Create {
                kind,
                id,
                name,
                profile,
                label,
                assigned,
                token,
            } => {
                let draft = Draft::named(name, profile, label);
                self.add(kind, id, draft, assigned, token, now_us)?;
            }
            Change::Bulk(bulk) => self.add_many(&bulk, now_us)?,
            Change::Assign { kind, id, assigned } => {
                if let Some(entity) = self.table_mut(kind).get_mut(id) {
                    entity.assigned = assigned;
                }
            }
            Change::Delete { kind, id } => {
                self.remove(kind, id);
            }
            Change::SetAttributes {
                kind,
                id,
                scope,
                attributes,
            } => {
                let values = typed(attributes)?;
                if let Some(entity) = self.table_mut(kind).get_mut(id) {
                    for (key, value) in values {
                        let now = ms(now_us);
                        entity.data.set_attribute(scope, &key, value, None, now);
                    }
                }
            }
            Change::DeleteAttributes {
                kind,
                id,
                scope,
                keys,
            } => {
                if let Some(entity) = self.table_mut(kind).get_mut(id) {
                    for key in &keys {
                        entity.data.delete_attribute(scope, key);
                    }
                }
            }
            Change::Edit { kind, id, edit } => self.table_mut(kind).edit(id, edit),
            Change::Customer { id, title, public } => self.customers.add(Customer {
                id,
                title,
                public,
                created_time: ms(now_us),
            }),
            Change::EdgeCustomer { customer } => self.edge.customer = customer,
            Change::EdgeName { name } => self.edge.name = name,
            Change::EdgeSecret { secret } => self.edge.secret = secret,
            Change::EdgeDeleted { deleted } => {
                self.edge.reset(deleted);
                self.known = false;
                self.outbox.forget_all_events();
                self.devices.unassign_all();
                self.assets.unassign_all();
            }
            Change::DeviceLimit { limit } => self.faults.device_limit = limit,
        }
        Ok(())
    }

    /// Adds an entity of an administrator's. Unlike one that an edge creates,
    /// a device has an access token.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        id: Uuid,
        draft: Draft,
        assigned: bool,
        token: String,
        now_us: i64,
    ) -> Result<(), String> {
        let now = ms(now_us);
        let saved = self.table_mut(kind).save(id, draft, now);
        saved.map_err(|refusal| match refusal {
            Refusal::Part(error) | Refusal::Message(error) => error,
        })?;
        let credentials = match kind {
            Kind::Device => {
                let draft = credentials::Draft::token(id, token);
                self.credentials.claim(draft, now).ok()
            }
            Kind::Asset => None,
        };
        if let Some(entity) = self.table_mut(kind).get_mut(id) {
            entity.credentials = credentials;
            entity.assigned = assigned;
        }
        Ok(())
    }
}

/// Attributes of the HTTP API as they are stored.
pub(super) fn typed(attributes: Map<String, Json>) -> Result<Vec<(String, Value)>, String> {
    let mut values = Vec::with_capacity(attributes.len());
    for (key, json) in attributes {
        let value =
            Value::from_json(json).map_err(|error| format!("attribute {key:?}: {error}"))?;
        values.push((key, value));
    }
    Ok(values)
}
