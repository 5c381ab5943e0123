//! One uplink message: its parts in the server's order, and its answer.
//!
//! What is done stays done when a later part fails. A part that fails a check
//! lets the others run; a part that cannot be read ends the message.

mod data;

use tokio::time::Instant;
use tracing::{debug, info};
use uuid::Uuid;

use super::calls;
use super::credentials;
use super::data::Point;
use super::draft::{Draft, Refusal};
use super::entities::{Kind, whole};
use super::faults::Fault;
use super::hub::{State, ms};
use super::telemetry::Telemetry;
use crate::proto::edge::{DeviceRpcCallMsg, UpdateMsgType, UplinkMsg, UplinkResponseMsg};

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
    state.tell_points();
    answer.filter(|_| fault.is_none())
}

/// Takes a message of telemetry, which meets no fault and cannot fail.
pub(super) fn take(
    state: &mut State,
    message: Telemetry<'_>,
    arrived_us: i64,
) -> UplinkResponseMsg {
    state.uplinks += 1;
    let kept = state.kept_points;
    let mut delays = state.delays.take();
    let mut points = message.points.into_iter();
    for part in message.parts {
        let points = points.by_ref().take(part.points);
        let Some(entity) = state.table_mut(part.kind).get_mut(part.id) else {
            debug!(id = %part.id, kind = part.kind.noun(), "data of an unknown entity are skipped");
            points.for_each(drop);
            continue;
        };
        for (ts, key, value) in points {
            let point = Point {
                ts,
                value,
                arrived_us,
            };
            entity.data.add_point(key, point, kept, delays.as_mut());
        }
        state.points += part.points as u64;
    }
    state.delays = delays;
    state.tell_points();
    UplinkResponseMsg {
        success: true,
        error_msg: String::new(),
        uplink_msg_id: message.uplink_msg_id,
    }
}

/// Takes a message that is never answered, stored or not.
pub(super) fn take_unanswered(state: &mut State, message: UplinkMsg, now_us: i64, stored: bool) {
    state.uplinks += 1;
    if stored {
        store(state, message, now_us);
        state.tell_points();
    }
}

/// Stores a message and processes it. Its answer may be given: what it says
/// is in the journal.
fn store(state: &mut State, mut message: UplinkMsg, now_us: i64) -> Option<UplinkResponseMsg> {
    let uplink_msg_id = message.uplink_msg_id;
    if !state.faults.edge_telemetry {
        // As data of other entities that nothing is stored for.
        let data = &mut message.entity_data;
        data.retain(|data| data.entity_type != "EDGE");
    }
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
        for part in message.attributes_request_msg {
            self.attributes_request(&part)?;
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
        let customer = draft.customer;
        if let Some(customer) = customer.filter(|id| !self.state.customers.is_known(*id)) {
            return Err(Refusal::Part(format!("there is no customer {customer}")));
        }
        if self.is_one_too_many(kind, id) {
            info!(%id, name = %draft.name, "the limit of devices is reached; this one is not made");
            return Ok(());
        }
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

    /// True for a device that the limit forbids. The edge is not told.
    fn is_one_too_many(&self, kind: Kind, id: Uuid) -> bool {
        let devices = &self.state.devices;
        kind == Kind::Device
            && devices.get(id).is_none()
            && (self.state.faults.device_limit).is_some_and(|limit| devices.len() >= limit)
    }

    fn credentials(&mut self, text: &str) -> Result<(), String> {
        let draft = credentials::Draft::parse(text)?;
        if let Some(device) = self.state.devices.get_mut(draft.device) {
            device.credentials = Some(self.state.credentials.claim(draft, self.now)?);
        }
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
