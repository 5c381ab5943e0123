//! Records as the data of ThingsBoard's messages.

use bytes::Bytes;
use prost::encoding::{
    WireType, double as f64_field, encode_key, encode_varint, encoded_len_varint, int64, key_len,
};
use uuid::Uuid;

use super::{double, ids};
use crate::{
    message::{
        EntityKind, UplinkRef,
        batch::{PairRef, ValueRef},
    },
    proto::transport::KeyValueType,
};

/// Field numbers of `edge.proto` and `transport.proto`.
mod field {
    pub(super) const UPLINK_ENTITY_DATA: u32 = 2;

    pub(super) const ENTITY_ID_MSB: u32 = 1;
    pub(super) const ENTITY_ID_LSB: u32 = 2;
    pub(super) const ENTITY_TYPE: u32 = 3;
    pub(super) const POST_TELEMETRY: u32 = 4;
    pub(super) const POST_ATTRIBUTES: u32 = 5;
    pub(super) const POST_ATTRIBUTE_SCOPE: u32 = 7;

    pub(super) const TELEMETRY_LIST: u32 = 1;
    pub(super) const LIST_TS: u32 = 1;
    pub(super) const LIST_KV: u32 = 2;
    pub(super) const ATTRIBUTES_KV: u32 = 1;

    pub(super) const KV_KEY: u32 = 1;
    pub(super) const KV_TYPE: u32 = 2;
    pub(super) const KV_BOOL: u32 = 3;
    pub(super) const KV_LONG: u32 = 4;
    pub(super) const KV_DOUBLE: u32 = 5;
    pub(super) const KV_STRING: u32 = 6;
    pub(super) const KV_JSON: u32 = 7;
}

/// The scope of the attributes that devices send.
const CLIENT_SCOPE: &[u8] = b"CLIENT_SCOPE";

/// ThingsBoard's name for a kind of entity.
pub(super) fn type_name(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Device => "DEVICE",
        EntityKind::Asset => "ASSET",
    }
}

/// The `entityData` of an `UplinkMsg`, encoded: straight from the records, because all the
/// generated messages of a thousand records would be tens of thousands of pieces of memory.
#[derive(Debug, Default)]
pub(super) struct Parts {
    bytes: Vec<u8>,
    /// The pairs of the part at hand: their length stands before them.
    pairs: Vec<u8>,
}

impl Parts {
    /// Room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            pairs: Vec::new(),
        }
    }

    /// What was appended, for [`Content::Data`](super::request::Content::Data).
    pub(super) fn encoded(self) -> Bytes {
        self.bytes.into()
    }

    /// Appends the parts that carry `uplink`: one for each sample, because an
    /// acknowledgement covers the first sample of a part only, and none that is
    /// empty, because that is never acknowledged.
    pub(super) fn append(&mut self, uplink: UplinkRef<'_>, id: Uuid) {
        let entity_type = type_name(uplink.kind());
        let mut samples = uplink.samples();
        for sample in samples.by_ref() {
            if sample.pairs.len() > 0 {
                let ts = sample.ts.unwrap_or(uplink.received_ms());
                self.telemetry(entity_type, id, ts, sample.pairs);
            }
        }
        let attributes = samples.attributes();
        if attributes.len() > 0 {
            self.attributes(entity_type, id, attributes);
        }
    }

    /// Appends the part that carries one sample.
    pub(super) fn telemetry<'pair>(
        &mut self,
        entity_type: &str,
        id: Uuid,
        ts: i64,
        pairs: impl Iterator<Item = PairRef<'pair>>,
    ) {
        self.pairs.clear();
        put_int64(field::LIST_TS, ts, &mut self.pairs);
        for pair in pairs {
            put_pair(field::LIST_KV, pair, &mut self.pairs);
        }
        let list = field_len(field::TELEMETRY_LIST, self.pairs.len());
        let content = field_len(field::POST_TELEMETRY, list);
        self.begin(entity_type, id, content);
        put_length(field::POST_TELEMETRY, list, &mut self.bytes);
        put_bytes(field::TELEMETRY_LIST, &self.pairs, &mut self.bytes);
    }

    fn attributes<'pair>(
        &mut self,
        entity_type: &str,
        id: Uuid,
        pairs: impl Iterator<Item = PairRef<'pair>>,
    ) {
        self.pairs.clear();
        for pair in pairs {
            put_pair(field::ATTRIBUTES_KV, pair, &mut self.pairs);
        }
        let content = field_len(field::POST_ATTRIBUTES, self.pairs.len())
            + field_len(field::POST_ATTRIBUTE_SCOPE, CLIENT_SCOPE.len());
        self.begin(entity_type, id, content);
        put_bytes(field::POST_ATTRIBUTES, &self.pairs, &mut self.bytes);
        put_bytes(field::POST_ATTRIBUTE_SCOPE, CLIENT_SCOPE, &mut self.bytes);
    }

    /// Begins a part with so many bytes behind the entity.
    fn begin(&mut self, entity_type: &str, id: Uuid, content: usize) {
        let (msb, lsb) = ids::halves(id);
        let length = int64_len(field::ENTITY_ID_MSB, msb)
            + int64_len(field::ENTITY_ID_LSB, lsb)
            + field_len(field::ENTITY_TYPE, entity_type.len())
            + content;
        put_length(field::UPLINK_ENTITY_DATA, length, &mut self.bytes);
        put_int64(field::ENTITY_ID_MSB, msb, &mut self.bytes);
        put_int64(field::ENTITY_ID_LSB, lsb, &mut self.bytes);
        put_bytes(field::ENTITY_TYPE, entity_type.as_bytes(), &mut self.bytes);
    }
}

/// A `KeyValueProto`. Fields that have their type's default are left out, as protobuf has it.
fn put_pair(tag: u32, pair: PairRef<'_>, to: &mut Vec<u8>) {
    let text_len = |tag, text: &[u8]| match text.is_empty() {
        true => 0,
        false => field_len(tag, text.len()),
    };
    let value = match pair.value {
        ValueRef::Double(number) => ValueRef::Double(double::storable(number)),
        other => other,
    };
    let (kind, value_len) = match value {
        ValueRef::Boolean(flag) => (KeyValueType::BooleanV, 2 * usize::from(flag)),
        ValueRef::Long(number) => (KeyValueType::LongV, int64_len(field::KV_LONG, number)),
        ValueRef::Double(number) => (KeyValueType::DoubleV, double_len(number)),
        ValueRef::Text(text) => (KeyValueType::StringV, text_len(field::KV_STRING, text)),
        ValueRef::Json(text) => (KeyValueType::JsonV, text_len(field::KV_JSON, text)),
    };
    let kind = i64::from(i32::from(kind));
    let length = text_len(field::KV_KEY, pair.key) + int64_len(field::KV_TYPE, kind) + value_len;
    put_length(tag, length, to);
    if !pair.key.is_empty() {
        put_bytes(field::KV_KEY, pair.key, to);
    }
    put_int64(field::KV_TYPE, kind, to);
    match value {
        ValueRef::Boolean(flag) => put_int64(field::KV_BOOL, i64::from(flag), to),
        ValueRef::Long(number) => put_int64(field::KV_LONG, number, to),
        ValueRef::Double(number) if number != 0.0 => {
            f64_field::encode(field::KV_DOUBLE, &number, to);
        }
        ValueRef::Text(text) if !text.is_empty() => put_bytes(field::KV_STRING, text, to),
        ValueRef::Json(text) if !text.is_empty() => put_bytes(field::KV_JSON, text, to),
        ValueRef::Double(_) | ValueRef::Text(_) | ValueRef::Json(_) => {}
    }
}

fn double_len(number: f64) -> usize {
    match number {
        0.0 => 0,
        _ => f64_field::encoded_len(field::KV_DOUBLE, &number),
    }
}

/// A varint of 64 bits, for numbers, enumerations and flags; 0 is left out.
fn put_int64(tag: u32, number: i64, to: &mut Vec<u8>) {
    if number != 0 {
        int64::encode(tag, &number, to);
    }
}

fn int64_len(tag: u32, number: i64) -> usize {
    match number {
        0 => 0,
        _ => int64::encoded_len(tag, &number),
    }
}

fn put_bytes(tag: u32, bytes: &[u8], to: &mut Vec<u8>) {
    put_length(tag, bytes.len(), to);
    to.extend_from_slice(bytes);
}

/// The key of a field that so many bytes follow.
fn put_length(tag: u32, length: usize, to: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, to);
    encode_varint(length as u64, to);
}

/// What a field of so many bytes takes.
fn field_len(tag: u32, length: usize) -> usize {
    key_len(tag) + encoded_len_varint(length as u64) + length
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::{
        message::{Batch, Entity, KeyValue, Sample, Uplink, Value},
        proto::{
            edge::{EntityDataProto, UplinkMsg},
            transport::KeyValueProto,
        },
    };

    /// What the server reads. That nothing is left out or written twice shows by the generated
    /// message's own bytes.
    fn read(uplink: Uplink, id: Uuid) -> Vec<EntityDataProto> {
        let batch = Batch::from(vec![uplink]);
        let mut parts = Parts::default();
        parts.append(batch.at(0), id);
        let bytes = parts.encoded();
        let message = UplinkMsg::decode(bytes.clone()).unwrap();
        assert_eq!(message.encode_to_vec(), bytes);
        message.entity_data
    }

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
        let parts = read(uplink, Uuid::from_u128(3));
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

    #[test]
    fn every_value_is_read_as_it_was_meant() {
        let long = "x".repeat(300);
        let values = [
            ("no", Value::Boolean(false)),
            ("yes", Value::Boolean(true)),
            ("zero", Value::Long(0)),
            ("least", Value::Long(i64::MIN)),
            ("most", Value::Long(i64::MAX)),
            ("nothing", Value::Double(0.0)),
            ("half", Value::Double(-0.5)),
            ("empty", Value::Text(String::new())),
            ("long", Value::Text(long.clone())),
            ("json", Value::Json("{}".to_owned())),
            (long.as_str(), Value::Long(1)),
        ];
        let uplink = crate::message::testing::with_values("m", &values);
        let parts = read(uplink, Uuid::from_u128(u128::MAX));
        assert_eq!(parts[0].entity_id_msb, -1);
        let telemetry = parts[0].post_telemetry_msg.clone().unwrap();
        let pairs = &telemetry.ts_kv_list[0].kv;
        assert_eq!(pairs.len(), values.len());
        for (pair, (key, value)) in pairs.iter().zip(values) {
            let read = match pair.r#type() {
                KeyValueType::BooleanV => Value::Boolean(pair.bool_v),
                KeyValueType::LongV => Value::Long(pair.long_v),
                KeyValueType::DoubleV => Value::Double(pair.double_v),
                KeyValueType::StringV => Value::Text(pair.string_v.clone()),
                KeyValueType::JsonV => Value::Json(pair.json_v.clone()),
            };
            assert_eq!((pair.key.as_str(), read), (key, value));
        }
    }
}
