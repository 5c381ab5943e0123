//! What an administrator does in the user interface, and what the edge hears of it.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::change::{self, Change};
use super::credentials;
use super::data::Scope;
use super::draft::Draft;
use super::entities::{Kind, halves};
use super::hub::{State, ms, now_us};
use super::journal::Unwritten;
use crate::proto::edge::{AttributeDeleteMsg, DownlinkMsg, EntityDataProto, UpdateMsgType};
use crate::proto::transport::PostAttributeMsg;

/// Why a request was not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// No such entity.
    NotFound(String),
    /// The name is taken.
    Conflict(String),
    /// The request makes no sense.
    Invalid(String),
    /// The edge is away, or the device is not the edge's.
    NoConnection(String),
    /// Too much is waiting already.
    Busy,
    /// It cannot be stored.
    Unwritten(Unwritten),
}

impl From<Unwritten> for Problem {
    fn from(error: Unwritten) -> Self {
        Self::Unwritten(error)
    }
}

/// An entity to be made.
#[derive(Debug, Deserialize)]
pub(super) struct NewEntity {
    name: String,
    r#type: Option<String>,
    label: Option<String>,
    #[serde(default = "yes")]
    assigned: bool,
}

fn yes() -> bool {
    true
}

impl State {
    /// The id of that name.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<Uuid, Problem> {
        self.table(kind)
            .id_of(name)
            .ok_or_else(|| Problem::NotFound(format!("there is no {} named {name:?}", kind.noun())))
    }

    /// Creates an entity.
    pub(super) fn create(&mut self, kind: Kind, new: NewEntity) -> Result<Uuid, Problem> {
        let NewEntity {
            name,
            r#type: profile,
            label,
            assigned,
        } = new;
        let draft = Draft::named(name.clone(), profile.clone(), label.clone());
        draft.check().map_err(Problem::Invalid)?;
        if self.table(kind).id_of(&name).is_some() {
            let noun = kind.noun();
            return Err(Problem::Conflict(format!("a {noun} named {name:?} exists")));
        }
        let id = Uuid::new_v4();
        self.carry_out(Change::Create {
            kind,
            id,
            name,
            profile,
            label,
            assigned,
            token: credentials::new_token(),
        })?;
        if assigned {
            self.tell_assigned(kind, id);
        }
        Ok(id)
    }

    /// Assigns an entity to the edge or takes it away. An edge that is not
    /// connected does not hear of it before its next synchronisation.
    pub(super) fn assign(&mut self, kind: Kind, id: Uuid, assigned: bool) -> Result<(), Problem> {
        let entity = self.table(kind).get(id);
        if entity.is_none_or(|entity| entity.assigned == assigned) {
            return Ok(());
        }
        self.carry_out(Change::Assign { kind, id, assigned })?;
        self.tell_assigned(kind, id);
        Ok(())
    }

    fn tell_assigned(&mut self, kind: Kind, id: Uuid) {
        let table = self.table(kind);
        let message = match table.get(id) {
            Some(entity) if entity.assigned => {
                table.update_message(entity, UpdateMsgType::EntityCreatedRpcMessage)
            }
            _ => table.removal_message(id),
        };
        if self.connected() {
            self.push_event(message);
        }
    }

    /// Deletes an entity. An edge that was connected before hears of it, now or later.
    pub(super) fn delete(&mut self, kind: Kind, id: Uuid) -> Result<(), Problem> {
        let Some(entity) = self.table(kind).get(id) else {
            return Ok(());
        };
        let told = entity.assigned && self.known;
        self.carry_out(Change::Delete { kind, id })?;
        if told {
            let message = self.table(kind).removal_message(id);
            self.push_event(message);
        }
        Ok(())
    }

    /// Stores attributes and sends them down, as a rule chain with a "push to edge" node would.
    pub(super) fn set_attributes(
        &mut self,
        kind: Kind,
        id: Uuid,
        scope: Scope,
        attributes: Map<String, Json>,
    ) -> Result<(), Problem> {
        if scope == Scope::Client {
            let text = "only the device itself writes attributes of CLIENT_SCOPE";
            return Err(Problem::Invalid(text.to_owned()));
        }
        if attributes.is_empty() {
            return Ok(());
        }
        let values = change::typed(attributes.clone()).map_err(Problem::Invalid)?;
        let kv = values
            .iter()
            .map(|(key, value)| value.to_wire(key))
            .collect();
        self.carry_out(Change::SetAttributes {
            kind,
            id,
            scope,
            attributes,
        })?;
        self.push_data(
            kind,
            id,
            EntityDataProto {
                attributes_updated_msg: Some(PostAttributeMsg { kv, shared: false }),
                post_attribute_scope: scope.name().to_owned(),
                attribute_ts: Some(ms(now_us())),
                ..EntityDataProto::default()
            },
        );
        Ok(())
    }

    /// Deletes attributes and tells the edge.
    pub(super) fn delete_attributes(
        &mut self,
        kind: Kind,
        id: Uuid,
        scope: Scope,
        keys: Vec<String>,
    ) -> Result<(), Problem> {
        self.carry_out(Change::DeleteAttributes {
            kind,
            id,
            scope,
            keys: keys.clone(),
        })?;
        self.push_data(
            kind,
            id,
            EntityDataProto {
                attribute_delete_msg: Some(AttributeDeleteMsg {
                    scope: scope.name().to_owned(),
                    attribute_names: keys,
                }),
                ..EntityDataProto::default()
            },
        );
        Ok(())
    }

    /// A rule chain's push is queued whether the edge is there or not, but only for its own entities.
    fn push_data(&mut self, kind: Kind, id: Uuid, mut data: EntityDataProto) {
        if self
            .table(kind)
            .get(id)
            .is_some_and(|entity| entity.assigned)
        {
            (data.entity_id_msb, data.entity_id_lsb) = halves(id);
            data.entity_type = kind.entity_type().to_owned();
            self.push_event(DownlinkMsg {
                entity_data: vec![data],
                ..DownlinkMsg::default()
            });
        }
    }
}
