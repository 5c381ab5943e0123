//! One uplink message: its parts in the server's order, and its answer.
//!
//! What is done stays done when a later part fails. A part that fails a check
//! lets the others run; a part that cannot be read ends the message.

use tokio::time::Instant;
use tracing::{debug, info};
use uuid::Uuid;

use super::calls;
use super::credentials;
use super::data::{Point, Scope};
use super::draft::{Draft, Refusal};
use super::entities::{Kind, whole};
use super::faults::Fault;
use super::hub::{State, ms};
use super::values::Value;
use crate::proto::edge::{
    DeviceRpcCallMsg, EntityDataProto, UpdateMsgType, UplinkMsg, UplinkResponseMsg,
};
use crate::proto::transport::{KeyValueProto, PostTelemetryMsg};

/// Entity types that a message may name although nothing is stored for them here.
const OTHER_TYPES: [&str; 13] = [
    "TENANT",
    "CUSTOMER",
    "USER",
    "DASHBOARD",
    "ALARM",
    "RULE_CHAIN",
    "RULE_NODE",
    "ENTITY_VIEW",
    "DEVICE_PROFILE",
    "ASSET_PROFILE",
    "EDGE",
    "OTA_PACKAGE",
    "TENANT_PROFILE",
];

/// Takes a message: it meets a fault, or it is stored, processed and answered.
/// `None` is a message that is never answered.
pub(super) fn process(
    state: &mut State,
    message: UplinkMsg,
    now_us: i64,
) -> Option<UplinkResponseMsg> {
    state.uplinks += 1;
    let uplink_msg_id = message.uplink_msg_id;
    let (devices, assets) = (&state.devices, &state.assets);
    let id_of = |name: &str| {
        let ids = [devices.id_of(name), assets.id_of(name)];
        ids.into_iter().flatten().collect()
    };
    let fault = state.faults.next(&message, Instant::now(), id_of);
    if let Some(fault) = fault {
        info!(uplink_msg_id, ?fault, "an uplink message meets a fault");
        if fault != Fault::StoreOnly {
            let text = fault.answer()?;
            return Some(refusal(uplink_msg_id, text.to_owned()));
        }
    }
    let answer = store(state, message, now_us);
    answer.filter(|_| fault.is_none())
}

/// Takes a message that is never answered, stored or not.
pub(super) fn take_unanswered(state: &mut State, message: UplinkMsg, now_us: i64, stored: bool) {
    state.uplinks += 1;
    if stored {
        store(state, message, now_us);
    }
}

/// Stores a message and processes it. Its answer may be given: what it says
/// is in the journal.
fn store(state: &mut State, message: UplinkMsg, now_us: i64) -> Option<UplinkResponseMsg> {
    let uplink_msg_id = message.uplink_msg_id;
    let stores = !(message.device_update_msg.is_empty()
        && message.device_credentials_update_msg.is_empty()
        && message.asset_update_msg.is_empty()
        && message.entity_data.is_empty());
    if stores && let Err(error) = state.journal.uplink(&message, now_us) {
        return Some(refusal(uplink_msg_id, error.to_string()));
    }
    apply(state, message, now_us)
}

fn refusal(uplink_msg_id: i32, error_msg: String) -> UplinkResponseMsg {
    UplinkResponseMsg {
        success: false,
        error_msg,
        uplink_msg_id,
    }
}

/// Processes a message that is stored.
pub(super) fn apply(
    state: &mut State,
    message: UplinkMsg,
    now_us: i64,
) -> Option<UplinkResponseMsg> {
    let uplink_msg_id = message.uplink_msg_id;
    let mut parts = Parts {
        state,
        now_us,
        now: ms(now_us),
        failure: None,
        unanswered: false,
        renamed: Vec::new(),
    };
    if let Err(error) = parts.run(message) {
        parts.failure = Some(error);
    }
    let Parts {
        failure,
        unanswered,
        renamed,
        ..
    } = parts;
    // After all parts, so that the message carries the credentials that came with the entity.
    for (kind, id) in renamed {
        let table = state.table(kind);
        if let Some(entity) = table.get(id) {
            let message = table.update_message(entity, UpdateMsgType::EntityUpdatedRpcMessage);
            state.push_event(message);
        }
    }
    match failure {
        Some(error) => {
            debug!(uplink_msg_id, %error, "an uplink message failed");
            Some(refusal(uplink_msg_id, error))
        }
        None if unanswered => None,
        None => Some(UplinkResponseMsg {
            success: true,
            error_msg: String::new(),
            uplink_msg_id,
        }),
    }
}

struct Parts<'a> {
    state: &'a mut State,
    /// When the message came, in Unix microseconds.
    now_us: i64,
    /// The same in milliseconds.
    now: i64,
    /// The first part that failed.
    failure: Option<String>,
    /// A part never completes, and with it the message.
    unanswered: bool,
    renamed: Vec<(Kind, Uuid)>,
}

impl Parts<'_> {
    /// An error ends the message.
    fn run(&mut self, message: UplinkMsg) -> Result<(), String> {
        for part in message.device_update_msg {
            let id = whole(part.id_msb, part.id_lsb);
            self.entity(Kind::Device, id, part.msg_type, &part.entity)?;
        }
        for part in message.device_credentials_update_msg {
            self.credentials(&part.entity)?;
        }
        for part in message.asset_update_msg {
            let id = whole(part.id_msb, part.id_lsb);
            self.entity(Kind::Asset, id, part.msg_type, &part.entity)?;
        }
        for part in message.entity_data {
            self.entity_data(part)?;
        }
        for part in message.device_rpc_call_msg {
            self.rpc(part)?;
        }
        Ok(())
    }

    fn fail(&mut self, error: String) {
        self.failure.get_or_insert(error);
    }

    fn entity(&mut self, kind: Kind, id: Uuid, msg_type: i32, text: &str) -> Result<(), String> {
        match UpdateMsgType::try_from(msg_type) {
            Ok(UpdateMsgType::EntityDeletedRpcMessage) => {
                if self.state.remove(kind, id).is_some() {
                    info!(%id, kind = kind.noun(), "the edge deleted an entity");
                }
                return Ok(());
            }
            // Whether it is a creation is decided by the id, not by the message.
            Ok(_) => {}
            Err(_) => {
                self.fail(format!("unknown update type {msg_type}"));
                return Ok(());
            }
        }
        match self.save(kind, id, text) {
            Ok(()) => Ok(()),
            Err(Refusal::Part(error)) => {
                self.fail(error);
                Ok(())
            }
            Err(Refusal::Message(error)) => Err(error),
        }
    }

    fn save(&mut self, kind: Kind, id: Uuid, text: &str) -> Result<(), Refusal> {
        let draft = Draft::parse(kind, text, self.state.tenant)?;
        let table = self.state.table_mut(kind);
        let saved = table.save(id, draft, self.now)?;
        if let Some(entity) = table.get_mut(id) {
            entity.assigned |= saved.created;
            info!(
                %id, kind = kind.noun(), name = %entity.name,
                created = saved.created, renamed = saved.renamed, "the edge saved an entity"
            );
        }
        if saved.renamed {
            self.renamed.push((kind, id));
        }
        Ok(())
    }

    fn credentials(&mut self, text: &str) -> Result<(), String> {
        let draft = credentials::Draft::parse(text)?;
        if let Some(device) = self.state.devices.get_mut(draft.device) {
            device.credentials = Some(self.state.credentials.claim(draft, self.now)?);
        }
        Ok(())
    }

    fn entity_data(&mut self, part: EntityDataProto) -> Result<(), String> {
        let kind = match part.entity_type.as_str() {
            "DEVICE" => Kind::Device,
            "ASSET" => Kind::Asset,
            other if OTHER_TYPES.contains(&other) => return Ok(()),
            other => return Err(format!("{other:?} is not an entity type")),
        };
        let id = whole(part.entity_id_msb, part.entity_id_lsb);
        let (now, arrived_us) = (self.now, self.now_us);
        let kept = self.state.kept_points;
        let Some(entity) = self.state.table_mut(kind).get_mut(id) else {
            debug!(%id, kind = kind.noun(), "data of an unknown entity is skipped");
            return Ok(());
        };
        let data = &mut entity.data;
        let mut points = 0;
        if let Some(telemetry) = part.post_telemetry_msg {
            self.unanswered |= telemetry.ts_kv_list.is_empty();
            for (ts, key, value) in typed_points(&telemetry)? {
                let point = Point {
                    ts,
                    value,
                    arrived_us,
                };
                data.add_point(key, point, kept);
                points += 1;
            }
        }
        for attributes in [part.post_attributes_msg, part.attributes_updated_msg]
            .into_iter()
            .flatten()
        {
            let scope = scope(&part.post_attribute_scope)?;
            for (key, value) in typed(&attributes.kv)? {
                if !data.set_attribute(scope, key, value, part.attribute_ts, now) {
                    debug!(%id, key, "an outdated attribute is dropped");
                }
            }
        }
        if let Some(delete) = part.attribute_delete_msg {
            let scope = scope(&delete.scope)?;
            for key in &delete.attribute_names {
                data.delete_attribute(scope, key);
            }
        }
        self.state.points += points;
        Ok(())
    }

    fn rpc(&mut self, part: DeviceRpcCallMsg) -> Result<(), String> {
        // Without a response it is a device's call to the server, which the
        // default rule chain does not answer.
        if let Some(response) = part.response_msg {
            let reply = calls::read_reply(response)?;
            let device = whole(part.device_id_msb, part.device_id_lsb);
            self.state.calls.answer(device, part.request_id, reply);
        }
        Ok(())
    }
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::parse(name).ok_or_else(|| format!("{name:?} is not an attribute scope"))
}

/// All points of a message, typed before the first is stored.
fn typed_points(telemetry: &PostTelemetryMsg) -> Result<Vec<(i64, &str, Value)>, String> {
    let mut points = Vec::new();
    for list in &telemetry.ts_kv_list {
        points.extend(
            typed(&list.kv)?
                .into_iter()
                .map(|(key, value)| (list.ts, key, value)),
        );
    }
    Ok(points)
}

fn typed(kvs: &[KeyValueProto]) -> Result<Vec<(&str, Value)>, String> {
    let mut values = Vec::with_capacity(kvs.len());
    for kv in kvs {
        values.extend(Value::from_wire(kv)?.map(|value| (kv.key.as_str(), value)));
    }
    Ok(values)
}
