//! Frames that a converter decoded into nothing.

use std::fmt;

use crate::message::{EntityKind, UplinkRef};

/// Why ThingsBoard stores nothing of a frame, or of one entity in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum NothingToSave<'records> {
    /// The converter returned no entity. Right for a heartbeat.
    NoEntity,
    /// An entity brought neither a telemetry value nor an attribute. Right for
    /// a message that says no more than who is connected.
    NoValue {
        /// Device or asset.
        kind: EntityKind,
        /// The entity's name.
        name: &'records str,
    },
}

/// The first reason why something of a decoded frame is not stored.
pub(in crate::server) fn nothing_to_save<'records>(
    records: impl ExactSizeIterator<Item = UplinkRef<'records>>,
) -> Option<NothingToSave<'records>> {
    if records.len() == 0 {
        return Some(NothingToSave::NoEntity);
    }
    let mut records = records;
    let empty = records.find(|record| !record.has_values())?;
    Some(NothingToSave::NoValue {
        kind: empty.kind(),
        name: empty.name(),
    })
}

/// The cause and the fix.
impl fmt::Display for NothingToSave<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntity => formatter.write_str(
                "the converter returned no entity, so nothing of the frame is saved: unless it is a \
                 heartbeat, return an entity with at least one telemetry value or attribute",
            ),
            Self::NoValue { kind: of, name } => write!(
                formatter,
                "the converter returned {} {name:?} without a telemetry value or an attribute, so \
                 nothing is saved for it: unless the frame only says who is connected, return at \
                 least one value",
                kind(*of)
            ),
        }
    }
}

/// What a kind of entity is called.
pub(super) fn kind(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Device => "device",
        EntityKind::Asset => "asset",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Batch, Entity, KeyValue, Sample, Uplink, Value};

    fn value() -> KeyValue {
        KeyValue {
            key: "temperature".to_owned(),
            value: Value::Double(25.7),
        }
    }

    fn entity(samples: &[usize], attributes: usize) -> Entity {
        let telemetry = samples.iter().map(|values| Sample {
            ts: None,
            values: vec![value(); *values],
        });
        Entity {
            kind: EntityKind::Asset,
            name: "SN-002".to_owned(),
            profile: "default".to_owned(),
            label: None,
            customer: None,
            group: None,
            telemetry: telemetry.collect(),
            attributes: vec![value(); attributes],
        }
    }

    #[test]
    fn an_entity_without_a_value_is_found_among_others() {
        let empty = NothingToSave::NoValue {
            kind: EntityKind::Asset,
            name: "SN-002",
        };
        let cases = [
            (vec![], Some(NothingToSave::NoEntity)),
            (vec![entity(&[], 0)], Some(empty)),
            (vec![entity(&[0, 0], 0)], Some(empty)),
            (vec![entity(&[1], 0), entity(&[], 0)], Some(empty)),
            (vec![entity(&[0, 1], 0)], None),
            (vec![entity(&[], 1)], None),
            (vec![entity(&[0], 1), entity(&[2], 1)], None),
        ];
        for (entities, expected) in cases {
            let uplinks = entities.into_iter().map(|entity| Uplink {
                integration: "TCP".into(),
                allow_create: true,
                received_ms: 0,
                entity,
            });
            let batch: Batch = uplinks.collect();
            assert_eq!(nothing_to_save(batch.iter()), expected, "{batch:?}");
        }
        assert_eq!(
            empty.to_string(),
            "the converter returned asset \"SN-002\" without a telemetry value or an attribute, so \
             nothing is saved for it: unless the frame only says who is connected, return at least \
             one value"
        );
        assert!(NothingToSave::NoEntity.to_string().contains("no entity"));
    }
}
