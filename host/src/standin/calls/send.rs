//! A call on its way to a device.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use uuid::Uuid;

use super::{Persisted, Ticket};
use crate::proto::edge::{DeviceRpcCallMsg, DownlinkMsg, RpcRequestMsg};
use crate::standin::admin::Problem;
use crate::standin::entities::{Kind, halves};
use crate::standin::hub::{Hub, State, ms, now_us};

/// A remote procedure call to be made.
#[derive(Debug)]
pub(in crate::standin) struct Call {
    pub(in crate::standin) method: String,
    pub(in crate::standin) params: Json,
    pub(in crate::standin) timeout: Duration,
    pub(in crate::standin) oneway: bool,
    /// How often a device's transport tries; nothing here does.
    pub(in crate::standin) retries: Option<i32>,
    pub(in crate::standin) additional_info: Json,
}

/// Sends a call to a device. It is never queued for an edge that is away.
pub(in crate::standin) fn send(hub: &Arc<Hub>, name: &str, call: Call) -> Result<Ticket, Problem> {
    let mut state = hub.lock();
    let id = state.find(Kind::Device, name)?;
    if !state.connected() {
        return Err(Problem::NoConnection(
            "the edge is not connected".to_owned(),
        ));
    }
    if !state.is_assigned(id) {
        return Err(Problem::NoConnection(format!(
            "{name:?} is not assigned to the edge"
        )));
    }
    let number = state.next_number(id);
    let reply = state.calls.wait(id, number).ok_or(Problem::Busy)?;
    let message = message(id, number, ms(now_us()), call, false);
    let pushed = state.outbox.push_call(message);
    state.wake();
    drop(state);
    let ticket = Ticket {
        hub: Arc::clone(hub),
        device: id,
        number,
        reply,
    };
    match pushed {
        true => Ok(ticket),
        false => Err(Problem::Busy),
    }
}

/// Keeps a call and sends it, unless the edge is away. Its id is for looking later.
pub(in crate::standin) fn send_persisted(
    hub: &Hub,
    name: &str,
    call: Call,
) -> Result<Uuid, Problem> {
    let mut state = hub.lock();
    let device = state.find(Kind::Device, name)?;
    let number = state.next_number(device);
    let (id, now) = (Uuid::new_v4(), ms(now_us()));
    state.calls.kept.add(Persisted {
        id,
        device,
        device_name: name.to_owned(),
        number,
        method: call.method.clone(),
        created_time: now,
        expiration_time: expiration(now, &call),
        reply: None,
    });
    if state.connected() && state.is_assigned(device) {
        let message = message(device, number, now, call, true);
        if !state.outbox.push_call(message) {
            return Err(Problem::Busy);
        }
        state.wake();
    }
    Ok(id)
}

impl State {
    fn is_assigned(&self, device: Uuid) -> bool {
        let device = self.devices.get(device);
        device.is_some_and(|device| device.assigned)
    }

    /// The number of a device's next call.
    fn next_number(&mut self, device: Uuid) -> i32 {
        self.devices.get_mut(device).map_or(0, |device| {
            let number = device.next_call;
            device.next_call = number.wrapping_add(1);
            number
        })
    }
}

fn expiration(now: i64, call: &Call) -> i64 {
    let timeout = i64::try_from(call.timeout.as_millis()).unwrap_or(i64::MAX);
    now.saturating_add(timeout)
}

fn message(device: Uuid, number: i32, now: i64, call: Call, persisted: bool) -> DownlinkMsg {
    let (device_id_msb, device_id_lsb) = halves(device);
    let (request_uuid_msb, request_uuid_lsb) = halves(Uuid::new_v4());
    DownlinkMsg {
        device_rpc_call_msg: vec![DeviceRpcCallMsg {
            device_id_msb,
            device_id_lsb,
            request_uuid_msb,
            request_uuid_lsb,
            request_id: number,
            expiration_time: expiration(now, &call),
            oneway: call.oneway,
            request_msg: Some(RpcRequestMsg {
                method: call.method,
                params: call.params.to_string(),
            }),
            response_msg: None,
            persisted: Some(persisted),
            retries: call.retries,
            additional_info: Some(call.additional_info.to_string()),
        }],
        ..DownlinkMsg::default()
    }
}
