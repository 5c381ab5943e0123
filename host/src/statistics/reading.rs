//! Counts and events of integrations as telemetry.

use std::sync::Arc;

use super::{counters::Counts, lifecycle::Lifecycle};
use crate::{
    config::StatisticsSettings,
    message::{Entity, EntityKind, KeyValue, Sample, Uplink, UplinkRef, Value},
};

/// The device profile of integrations.
const PROFILE: &str = "tb-tcp-integration";

/// What there is to tell of one integration at one time.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) integration: Arc<str>,
    /// Whether it may create its device.
    pub(super) allow_create: bool,
    pub(super) counts: Option<Counts>,
    pub(super) event: Option<Lifecycle>,
}

impl Reading {
    /// The telemetry, each key with `prefix` before it.
    fn values(&self, prefix: &str) -> Vec<KeyValue> {
        let long = |count: u64| Value::Long(i64::try_from(count).unwrap_or(i64::MAX));
        let counts = self.counts.map(|counts| {
            [
                ("messagesProcessed", long(counts.messages_processed)),
                ("errorsOccurred", long(counts.errors_occurred)),
            ]
        });
        let event = self.event.as_ref().map(Lifecycle::json);
        let event = event.map(|json| ("lifecycle", Value::Json(json)));
        let pairs = counts.into_iter().flatten().chain(event);
        pairs
            .map(|(key, value)| KeyValue {
                key: format!("{prefix}{key}"),
                value,
            })
            .collect()
    }
}

/// As telemetry of the edge: one sample for all integrations.
pub(super) fn of_edge(readings: &[Reading]) -> Vec<KeyValue> {
    let values = |reading: &Reading| reading.values(&format!("{}.", reading.integration));
    readings.iter().flat_map(values).collect()
}

/// As telemetry of a device for each integration, at `ts` in Unix milliseconds.
pub(super) fn of_devices(
    readings: &[Reading],
    ts: i64,
    settings: &StatisticsSettings,
) -> Vec<Uplink> {
    let uplink = |reading: &Reading| Uplink {
        integration: reading.integration.clone(),
        allow_create: reading.allow_create,
        received_ms: ts,
        entity: Entity {
            kind: EntityKind::Device,
            name: settings.device(&reading.integration),
            profile: PROFILE.to_owned(),
            label: None,
            customer: None,
            group: None,
            telemetry: vec![Sample {
                ts: Some(ts),
                values: reading.values(""),
            }],
            attributes: Vec::new(),
        },
    };
    readings.iter().map(uplink).collect()
}

/// Whether a record is an integration's statistics, and not a device's data.
#[must_use]
pub fn is_statistics(uplink: UplinkRef<'_>) -> bool {
    uplink.profile() == PROFILE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Batch;

    fn pair(key: &str, value: Value) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value,
        }
    }

    fn readings() -> [Reading; 2] {
        let reading = |integration: &str, counts, event| Reading {
            integration: integration.into(),
            allow_create: integration == "a",
            counts,
            event,
        };
        let counts = Counts {
            messages_processed: 7,
            errors_occurred: u64::MAX,
        };
        [
            reading("a", Some(counts), None),
            reading("b c", None, Some(Lifecycle::Started)),
        ]
    }

    fn started() -> Value {
        Value::Json(r#"{"event":"STARTED","success":true}"#.to_owned())
    }

    #[test]
    fn keys_of_the_edge_name_the_integration() {
        let expected = [
            pair("a.messagesProcessed", Value::Long(7)),
            pair("a.errorsOccurred", Value::Long(i64::MAX)),
            pair("b c.lifecycle", started()),
        ];
        assert_eq!(of_edge(&readings()), expected);
    }

    #[test]
    fn each_integration_has_its_device() {
        let settings = StatisticsSettings {
            device_name: "of {integration}".to_owned(),
            ..StatisticsSettings::default()
        };
        let uplinks = of_devices(&readings(), 55, &settings);
        assert!(Batch::of(&uplinks).iter().all(is_statistics));
        let seen: Vec<_> = uplinks
            .iter()
            .map(|uplink| {
                let entity = &uplink.entity;
                assert_eq!(
                    (entity.telemetry.len(), entity.telemetry[0].ts),
                    (1, Some(55))
                );
                (
                    &*uplink.integration,
                    uplink.allow_create,
                    entity.name.as_str(),
                    entity.telemetry[0].values.as_slice(),
                )
            })
            .collect();
        let counted = [
            pair("messagesProcessed", Value::Long(7)),
            pair("errorsOccurred", Value::Long(i64::MAX)),
        ];
        let event = [pair("lifecycle", started())];
        assert_eq!(
            seen,
            [
                ("a", true, "of a", counted.as_slice()),
                ("b c", false, "of b c", event.as_slice()),
            ]
        );
    }
}
