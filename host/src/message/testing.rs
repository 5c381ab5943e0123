//! Uplinks for tests.

use super::{Entity, EntityKind, KeyValue, Sample, Uplink, Value};

pub(crate) fn device(name: &str) -> Uplink {
    Uplink {
        integration: "TCP".into(),
        allow_create: true,
        received_ms: 1,
        entity: Entity {
            kind: EntityKind::Device,
            name: name.to_owned(),
            profile: String::new(),
            label: None,
            customer: None,
            group: None,
            telemetry: Vec::new(),
            attributes: Vec::new(),
        },
    }
}

/// A device with one sample without a time.
pub(crate) fn with_values(name: &str, values: &[(&str, Value)]) -> Uplink {
    let values = values.iter().map(|(key, value)| KeyValue {
        key: (*key).to_owned(),
        value: value.clone(),
    });
    let mut uplink = device(name);
    uplink.entity.telemetry.push(Sample {
        ts: None,
        values: values.collect(),
    });
    uplink
}

/// Whether two are the same to the last bit.
pub(crate) fn same(one: &Uplink, other: &Uplink) -> bool {
    let (a, b) = (&one.entity, &other.entity);
    let same_pairs = |a: &[KeyValue], b: &[KeyValue]| {
        let same_value = |a: &Value, b: &Value| match (a, b) {
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Long(a), Value::Long(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b)) | (Value::Json(a), Value::Json(b)) => a == b,
            _ => false,
        };
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a.key == b.key && same_value(&a.value, &b.value))
    };
    let same_sample = |(a, b): (&Sample, &Sample)| a.ts == b.ts && same_pairs(&a.values, &b.values);
    (&one.integration, one.allow_create, one.received_ms)
        == (&other.integration, other.allow_create, other.received_ms)
        && (a.kind, &a.name, &a.profile, &a.label, &a.customer, &a.group)
            == (b.kind, &b.name, &b.profile, &b.label, &b.customer, &b.group)
        && a.telemetry.len() == b.telemetry.len()
        && a.telemetry.iter().zip(&b.telemetry).all(same_sample)
        && same_pairs(&a.attributes, &b.attributes)
}
