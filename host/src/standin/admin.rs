//! What an administrator does in the user interface, and what the edge hears of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::calls::Ticket;
use super::credentials;
use super::data::Scope;
use super::draft::{Draft, Refusal};
use super::entities::{Kind, halves};
use super::hub::{Hub, State, now_ms};
use super::values::Value;
use crate::proto::edge::{
    AttributeDeleteMsg, DeviceRpcCallMsg, DownlinkMsg, EntityDataProto, RpcRequestMsg,
    UpdateMsgType,
};
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
}

/// A remote procedure call to be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) params: Json,
    pub(super) timeout: Duration,
    pub(super) oneway: bool,
}

impl State {
    /// The id of that name.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<Uuid, Problem> {
        self.table(kind)
            .id_of(name)
            .ok_or_else(|| Problem::NotFound(format!("there is no {} named {name:?}", kind.noun())))
    }

    /// Creates an entity. Unlike one that an edge creates, a device gets an access token.
    pub(super) fn create(
        &mut self,
        kind: Kind,
        draft: Draft,
        assigned: bool,
    ) -> Result<Uuid, Problem> {
        draft.check().map_err(Problem::Invalid)?;
        if self.table(kind).id_of(&draft.name).is_some() {
            let noun = kind.noun();
            return Err(Problem::Conflict(format!(
                "a {noun} named {:?} exists",
                draft.name
            )));
        }
        let (id, now) = (Uuid::new_v4(), now_ms());
        self.table_mut(kind)
            .save(id, draft, now)
            .map_err(|refusal| match refusal {
                Refusal::Part(error) | Refusal::Message(error) => Problem::Invalid(error),
            })?;
        if kind == Kind::Device {
            let token = self.credentials.claim(credentials::Draft::token(id), now);
            if let Some(device) = self.devices.get_mut(id) {
                device.credentials = token.ok();
            }
        }
        if assigned {
            self.assign(kind, id, true);
        }
        Ok(id)
    }

    /// Assigns an entity to the edge or takes it away. An edge that is not
    /// connected does not hear of it before its next synchronisation.
    pub(super) fn assign(&mut self, kind: Kind, id: Uuid, assigned: bool) {
        let table = self.table_mut(kind);
        let Some(entity) = table.get_mut(id) else {
            return;
        };
        if entity.assigned == assigned {
            return;
        }
        entity.assigned = assigned;
        let message = match table.get(id) {
            Some(entity) if assigned => {
                table.update_message(entity, UpdateMsgType::EntityCreatedRpcMessage)
            }
            _ => table.removal_message(id),
        };
        if self.connected() {
            self.push_event(message);
        }
    }

    /// Deletes an entity. An edge that was connected before hears of it, now or later.
    pub(super) fn delete(&mut self, kind: Kind, id: Uuid) {
        if self.remove(kind, id).is_some_and(|entity| entity.assigned) && self.connects > 0 {
            let message = self.table(kind).removal_message(id);
            self.push_event(message);
        }
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
        let mut values = Vec::with_capacity(attributes.len());
        for (key, json) in attributes {
            let value = Value::from_json(json)
                .map_err(|error| Problem::Invalid(format!("attribute {key:?}: {error}")))?;
            values.push((key, value));
        }
        let kv = values
            .iter()
            .map(|(key, value)| value.to_wire(key))
            .collect();
        let now = now_ms();
        let Some(entity) = self.table_mut(kind).get_mut(id) else {
            return Ok(());
        };
        for (key, value) in values {
            entity.data.set_attribute(scope, &key, value, None, now);
        }
        self.push_data(
            kind,
            id,
            EntityDataProto {
                attributes_updated_msg: Some(PostAttributeMsg { kv, shared: false }),
                post_attribute_scope: scope.name().to_owned(),
                attribute_ts: Some(now),
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
    ) {
        let Some(entity) = self.table_mut(kind).get_mut(id) else {
            return;
        };
        for key in &keys {
            entity.data.delete_attribute(scope, key);
        }
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

/// Sends a call to a device. It is never queued for an edge that is away.
pub(super) fn call(hub: &Arc<Hub>, name: &str, call: Call) -> Result<Ticket, Problem> {
    let mut state = hub.lock();
    let id = state.find(Kind::Device, name)?;
    if !state.connected() {
        return Err(Problem::NoConnection(
            "the edge is not connected".to_owned(),
        ));
    }
    let device = state.devices.get_mut(id).filter(|device| device.assigned);
    let Some(device) = device else {
        return Err(Problem::NoConnection(format!(
            "{name:?} is not assigned to the edge"
        )));
    };
    let number = device.next_call;
    device.next_call = number.wrapping_add(1);
    let reply = state.calls.wait(id, number).ok_or(Problem::Busy)?;

    let timeout = i64::try_from(call.timeout.as_millis()).unwrap_or(i64::MAX);
    let (device_id_msb, device_id_lsb) = halves(id);
    let (request_uuid_msb, request_uuid_lsb) = halves(Uuid::new_v4());
    let message = DownlinkMsg {
        device_rpc_call_msg: vec![DeviceRpcCallMsg {
            device_id_msb,
            device_id_lsb,
            request_uuid_msb,
            request_uuid_lsb,
            request_id: number,
            expiration_time: now_ms().saturating_add(timeout),
            oneway: call.oneway,
            request_msg: Some(RpcRequestMsg {
                method: call.method,
                params: call.params.to_string(),
            }),
            response_msg: None,
        }],
        ..DownlinkMsg::default()
    };
    let pushed = state.outbox.push_call(message);
    state.wake();
    drop(state);
    let ticket = Ticket {
        hub: Arc::clone(hub),
        device: id,
        number,
        reply,
    };
    if pushed {
        Ok(ticket)
    } else {
        Err(Problem::Busy)
    }
}
