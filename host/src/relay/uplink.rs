//! Records as ThingsBoard's messages.

use uuid::Uuid;

use super::{double, ids};
use crate::{
    message::{EntityKind, KeyValue, Uplink, Value},
    proto::{
        edge::EntityDataProto,
        transport::{
            KeyValueProto, KeyValueType, PostAttributeMsg, PostTelemetryMsg, TsKvListProto,
        },
    },
};

/// ThingsBoard's name for a kind of entity.
pub(super) fn type_name(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Device => "DEVICE",
        EntityKind::Asset => "ASSET",
    }
}

/// Appends the parts that carry `uplink`: one for each sample, because an
/// acknowledgement covers the first sample of a part only, and none that is
/// empty, because that is never acknowledged.
pub(super) fn append_parts(uplink: &Uplink, id: Uuid, parts: &mut Vec<EntityDataProto>) {
    let entity_type = type_name(uplink.entity.kind);
    for sample in &uplink.entity.telemetry {
        if sample.values.is_empty() {
            continue;
        }
        let ts = sample.ts.unwrap_or(uplink.received_ms);
        parts.push(telemetry(entity_type, id, ts, &sample.values));
    }
    if !uplink.entity.attributes.is_empty() {
        parts.push(EntityDataProto {
            post_attributes_msg: Some(PostAttributeMsg {
                kv: uplink.entity.attributes.iter().map(key_value).collect(),
                shared: false,
            }),
            post_attribute_scope: "CLIENT_SCOPE".to_owned(),
            ..part_of(entity_type, id)
        });
    }
}

/// The part that carries one sample.
pub(super) fn telemetry(
    entity_type: &str,
    id: Uuid,
    ts: i64,
    values: &[KeyValue],
) -> EntityDataProto {
    let list = TsKvListProto {
        ts,
        kv: values.iter().map(key_value).collect(),
    };
    EntityDataProto {
        post_telemetry_msg: Some(PostTelemetryMsg {
            ts_kv_list: vec![list],
        }),
        ..part_of(entity_type, id)
    }
}

/// A part that carries nothing yet.
fn part_of(entity_type: &str, id: Uuid) -> EntityDataProto {
    let (entity_id_msb, entity_id_lsb) = ids::halves(id);
    EntityDataProto {
        entity_id_msb,
        entity_id_lsb,
        entity_type: entity_type.to_owned(),
        ..EntityDataProto::default()
    }
}

/// What [`append_parts`] adds to a message at most, in bytes.
pub(super) fn size(uplink: &Uplink) -> usize {
    /// Ids, the type, a time, and the lengths of what is around.
    const PART: usize = 96;
    /// The type of a value, the value, and lengths.
    const PAIR: usize = 32;
    let entity = &uplink.entity;
    let samples = entity.telemetry.iter().map(|sample| &sample.values);
    let lists = samples.chain([&entity.attributes]);
    lists
        .map(|pairs| {
            let texts = pairs.iter().map(|pair| {
                let text = match &pair.value {
                    Value::Text(text) | Value::Json(text) => text.len(),
                    Value::Boolean(_) | Value::Long(_) | Value::Double(_) => 0,
                };
                PAIR + pair.key.len() + text
            });
            PART + texts.sum::<usize>()
        })
        .sum()
}

fn key_value(pair: &KeyValue) -> KeyValueProto {
    let mut proto = KeyValueProto {
        key: pair.key.clone(),
        ..KeyValueProto::default()
    };
    let kind = match &pair.value {
        Value::Boolean(flag) => {
            proto.bool_v = *flag;
            KeyValueType::BooleanV
        }
        Value::Long(number) => {
            proto.long_v = *number;
            KeyValueType::LongV
        }
        Value::Double(number) => {
            proto.double_v = double::storable(*number);
            KeyValueType::DoubleV
        }
        Value::Text(text) => {
            proto.string_v.clone_from(text);
            KeyValueType::StringV
        }
        Value::Json(text) => {
            proto.json_v.clone_from(text);
            KeyValueType::JsonV
        }
    };
    proto.set_type(kind);
    proto
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Entity, Sample};

    fn pair(key: &str, value: Value) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value,
        }
    }

    #[test]
    fn every_sample_is_a_part_and_empty_ones_are_none() {
        let uplink = Uplink {
            integration: "TCP".into(),
            allow_create: true,
            received_ms: 77,
            entity: Entity {
                kind: EntityKind::Device,
                name: "SN".to_owned(),
                profile: String::new(),
                label: None,
                customer: None,
                group: None,
                telemetry: vec![
                    Sample {
                        ts: None,
                        values: vec![pair("a", Value::Long(1)), pair("b", Value::Double(2.5))],
                    },
                    Sample {
                        ts: Some(5),
                        values: Vec::new(),
                    },
                    Sample {
                        ts: Some(6),
                        values: vec![pair("c", Value::Boolean(true))],
                    },
                ],
                attributes: vec![
                    pair("f", Value::Double(0.1 + 0.2)),
                    pair("d", Value::Text("7".to_owned())),
                    pair("e", Value::Json("[1]".to_owned())),
                ],
            },
        };
        let mut parts = Vec::new();
        append_parts(&uplink, Uuid::from_u128(3), &mut parts);
        let times: Vec<_> = parts
            .iter()
            .filter_map(|part| part.post_telemetry_msg.as_ref())
            .map(|telemetry| (telemetry.ts_kv_list.len(), telemetry.ts_kv_list[0].ts))
            .collect();
        assert_eq!(times, [(1, 77), (1, 6)]);
        assert_eq!(parts.len(), 3);
        assert!(
            parts
                .iter()
                .all(|part| part.entity_type == "DEVICE" && part.entity_id_lsb == 3)
        );
        let attributes = parts[2].post_attributes_msg.clone().unwrap_or_default();
        assert_eq!(parts[2].post_attribute_scope, "CLIENT_SCOPE");
        assert_eq!(parts[2].attribute_ts, None);
        let kinds: Vec<_> = attributes.kv.iter().map(KeyValueProto::r#type).collect();
        assert_eq!(
            kinds,
            [
                KeyValueType::DoubleV,
                KeyValueType::StringV,
                KeyValueType::JsonV
            ]
        );
        assert_eq!(attributes.kv[0].double_v.to_bits(), 0.3f64.to_bits());
        assert_eq!(attributes.kv[1].string_v, "7");
        assert_eq!(attributes.kv[2].json_v, "[1]");
    }
}
