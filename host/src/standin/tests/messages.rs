//! Messages for the tests to send, and what is read of those that come.

use super::*;

pub(super) fn device_uplink(id: Uuid, entity: &str) -> UplinkMsg {
    let (id_msb, id_lsb) = halves(id);
    let entity = entity.to_owned();
    let update = DeviceUpdateMsg {
        msg_type: 0,
        id_msb,
        id_lsb,
        entity,
    };
    UplinkMsg {
        device_update_msg: vec![update],
        ..UplinkMsg::default()
    }
}

pub(super) fn data_uplink(id: Uuid, data: EntityDataProto) -> UplinkMsg {
    let (entity_id_msb, entity_id_lsb) = halves(id);
    let mut data = EntityDataProto {
        entity_id_msb,
        entity_id_lsb,
        ..data
    };
    if data.entity_type.is_empty() {
        data.entity_type = "DEVICE".to_owned();
    }
    UplinkMsg {
        entity_data: vec![data],
        ..UplinkMsg::default()
    }
}

pub(super) fn long(key: &str, value: i64) -> KeyValueProto {
    let mut kv = KeyValueProto {
        key: key.to_owned(),
        long_v: value,
        ..KeyValueProto::default()
    };
    kv.set_type(KeyValueType::LongV);
    kv
}

pub(super) fn telemetry(points: Vec<(i64, KeyValueProto)>) -> EntityDataProto {
    let lists = points
        .into_iter()
        .map(|(ts, kv)| TsKvListProto { ts, kv: vec![kv] });
    EntityDataProto {
        post_telemetry_msg: Some(PostTelemetryMsg {
            ts_kv_list: lists.collect(),
        }),
        ..EntityDataProto::default()
    }
}

/// True for a message that tells of a profile only.
pub(super) fn is_profile(message: &DownlinkMsg) -> bool {
    let profiles = message.device_profile_update_msg.len() + message.asset_profile_update_msg.len();
    profiles > 0 && message.device_update_msg.is_empty()
}

/// The name in a device message.
pub(super) fn told_name(message: &DownlinkMsg) -> String {
    let json: Json = serde_json::from_str(&message.device_update_msg[0].entity).unwrap();
    json["name"].as_str().unwrap().to_owned()
}
