//! What is read of the bytes is what the whole message holds.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::proto::edge::{EntityDataProto, UplinkMsg};
use crate::proto::transport::{KeyValueProto, PostAttributeMsg, PostTelemetryMsg, TsKvListProto};
use crate::standin::entities::halves;
use proptest::prelude::*;
use prost::Message as _;

/// What a message holds: its number, its parts and their points.
type Held = (i32, Vec<Part>, Vec<(i64, String, Value)>);

/// The same from the whole message; none if it has more than telemetry.
fn from_whole(message: &UplinkMsg) -> Option<Held> {
    let only = UplinkMsg {
        uplink_msg_id: message.uplink_msg_id,
        entity_data: message.entity_data.clone(),
        ..UplinkMsg::default()
    };
    let mut parts = Vec::new();
    let mut points = Vec::new();
    for data in &message.entity_data {
        let before = points.len();
        for list in &data.post_telemetry_msg.as_ref()?.ts_kv_list {
            for pair in &list.kv {
                let value = Value::from_wire(pair).ok()??;
                points.push((list.ts, pair.key.clone(), value));
            }
        }
        let kind = match data.entity_type.as_str() {
            "DEVICE" => Kind::Device,
            "ASSET" => Kind::Asset,
            _ => return None,
        };
        parts.push(Part {
            kind,
            id: whole(data.entity_id_msb, data.entity_id_lsb),
            points: points.len() - before,
        });
    }
    let plain = only == *message
        && message
            .entity_data
            .iter()
            .all(|data| data.post_attributes_msg.is_none());
    plain.then_some((message.uplink_msg_id, parts, points))
}

fn pair() -> impl Strategy<Value = KeyValueProto> {
    let number = prop_oneof![any::<f64>(), -1e8..1e8f64, Just(-0.0)];
    (
        "[a-zé]{0,4}",
        0..6i32,
        any::<(bool, i64)>(),
        number,
        "[0-9.x]{0,5}",
    )
        .prop_map(|(key, kind, (flag, long), double, text)| {
            let mut pair = KeyValueProto {
                key,
                r#type: kind,
                ..KeyValueProto::default()
            };
            match kind {
                0 => pair.bool_v = flag,
                1 => pair.long_v = long,
                2 => pair.double_v = double,
                3 => pair.string_v = text,
                _ => pair.json_v = format!("[{text:?}]"),
            }
            pair
        })
}

fn data() -> impl Strategy<Value = EntityDataProto> {
    let list = (any::<i64>(), prop::collection::vec(pair(), 0..4));
    let lists = prop::collection::vec(list, 0..3);
    let entity_type = prop_oneof![8 => Just("DEVICE"), 2 => Just("ASSET"), 1 => Just("EDGE")];
    (any::<u128>(), entity_type, lists, 0..20).prop_map(|(id, entity_type, lists, more)| {
        let (entity_id_msb, entity_id_lsb) = halves(Uuid::from_u128(id));
        let lists = lists.into_iter().map(|(ts, kv)| TsKvListProto { ts, kv });
        EntityDataProto {
            entity_id_msb,
            entity_id_lsb,
            entity_type: entity_type.to_owned(),
            post_telemetry_msg: Some(PostTelemetryMsg {
                ts_kv_list: lists.collect(),
            }),
            post_attributes_msg: (more == 0).then(PostAttributeMsg::default),
            ..EntityDataProto::default()
        }
    })
}

proptest! {
    #[test]
    fn what_is_read_is_what_the_message_holds(
        uplink_msg_id: i32,
        entity_data in prop::collection::vec(data(), 0..4),
    ) {
        let bytes = UplinkMsg { uplink_msg_id, entity_data, ..UplinkMsg::default() }.encode_to_vec();
        // A negative zero is left out of the bytes, as any zero is.
        let message = UplinkMsg::decode(bytes.as_slice()).unwrap();
        let read = Telemetry::read(&bytes);
        if let Some(read) = &read {
            let points: Vec<_> = read.points.iter().map(|(ts, key, value)| (*ts, (*key).to_owned(), value.clone())).collect();
            // Through text, because a double may be none that equals itself.
            prop_assert_eq!(
                format!("{:?}", Some((read.uplink_msg_id, &read.parts, points))),
                format!("{:?}", from_whole(&message))
            );
        }
        // What has a text, a number or a flag in each part needs no second look.
        let plain = message.entity_data.iter().all(|data| {
            let telemetry = data.post_telemetry_msg.iter().flat_map(|it| &it.ts_kv_list);
            let mut kinds = telemetry.flat_map(|list| &list.kv).map(|pair| pair.r#type).peekable();
            let some = kinds.peek().is_some();
            some && kinds.all(|kind| kind < 4)
                && data.entity_type != "EDGE" && data.post_attributes_msg.is_none()
        });
        prop_assert_eq!(read.is_some(), plain);
    }

    #[test]
    fn whatever_comes_is_read_or_left(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if Telemetry::read(&bytes).is_some() {
            prop_assert!(UplinkMsg::decode(bytes.as_slice()).is_ok());
        }
    }

    #[test]
    fn a_torn_message_is_left(entity_data in prop::collection::vec(data(), 1..3), cut in 1..20usize) {
        let message = UplinkMsg { entity_data, ..UplinkMsg::default() };
        let bytes = message.encode_to_vec();
        let (torn, _) = bytes.split_at(bytes.len().saturating_sub(cut));
        if Telemetry::read(torn).is_some() {
            prop_assert!(UplinkMsg::decode(torn).is_ok());
        }
    }
}

#[test]
fn the_time_may_stand_behind_the_values() {
    // kv { key: "k" }, then ts: 7.
    let list = [0x12, 3, 0x0a, 1, b'k', 0x08, 7];
    let mut telemetry = vec![0x0a, list.len() as u8];
    telemetry.extend(list);
    let mut part = vec![0x08, 1, 0x10, 2, 0x1a, 6];
    part.extend(b"DEVICE");
    part.extend([0x22, telemetry.len() as u8]);
    part.extend(telemetry);
    let mut message = vec![0x12, part.len() as u8];
    message.extend(part);
    let read = Telemetry::read(&message).unwrap();
    assert_eq!(read.points, [(7, "k", Value::Bool(false))]);
    assert_eq!(read.parts[0].id, whole(1, 2));
    let decoded = UplinkMsg::decode(message.as_slice()).unwrap();
    assert_eq!(from_whole(&decoded).unwrap().2[0].0, 7);
}
