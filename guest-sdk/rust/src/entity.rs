//! Building an [`Entity`] field by field.

use crate::{Entity, EntityKind, KeyValue, Sample, Value};

/// Room for so many values is asked for with the first one, as vectors do when they grow.
const FIRST_VALUES: usize = 4;

impl Entity {
    /// Data of a device.
    ///
    /// `name` is ThingsBoard's `deviceName`, 1 to 255 characters; the host
    /// refuses others. `profile` is its `deviceType`; empty means the default
    /// profile.
    ///
    /// ```
    /// use tb_converter::Entity;
    ///
    /// let entity = Entity::device("SN-002", "default")
    ///     .label("Boiler room")
    ///     .telemetry("temperature", 25.7)
    ///     .telemetry_at(1_700_000_000_000, "humidity", 69)
    ///     .attribute("fw", "1.2");
    ///
    /// assert_eq!(entity.telemetry.len(), 2); // one sample for each time
    /// ```
    pub fn device(name: impl Into<String>, profile: impl Into<String>) -> Entity {
        Entity::new(EntityKind::Device, name.into(), profile.into())
    }

    /// Data of an asset.
    ///
    /// `name` is ThingsBoard's `assetName`, 1 to 255 characters; `profile` is
    /// its `assetType`, and empty means the default profile.
    pub fn asset(name: impl Into<String>, profile: impl Into<String>) -> Entity {
        Entity::new(EntityKind::Asset, name.into(), profile.into())
    }

    fn new(kind: EntityKind, name: String, profile: String) -> Entity {
        Entity {
            kind,
            name,
            profile,
            label: None,
            customer: None,
            group: None,
            telemetry: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// Sets the label, used when the entity is created.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Entity {
        self.label = Some(label.into());
        self
    }

    /// Sets ThingsBoard's `customerName`, the owner given on creation.
    #[must_use]
    pub fn customer(mut self, customer: impl Into<String>) -> Entity {
        self.customer = Some(customer.into());
        self
    }

    /// Sets ThingsBoard's `groupName`, the entity group given on creation.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Entity {
        self.group = Some(group.into());
        self
    }

    /// Adds a telemetry value with the time at which the host received the
    /// frame.
    ///
    /// A key given again at the same time replaces its value. A key has 1 to
    /// 255 characters, and a number is neither NaN nor infinite: the host refuses
    /// others.
    #[must_use]
    pub fn telemetry(mut self, key: impl Into<String>, value: impl Into<Value>) -> Entity {
        self.put_telemetry(None, key.into(), value.into());
        self
    }

    /// Adds a telemetry value with a time, in Unix **milliseconds**.
    ///
    /// Values with the same time share a sample, so that ThingsBoard receives
    /// them together. Otherwise as [`telemetry`](Self::telemetry).
    #[must_use]
    pub fn telemetry_at(
        mut self,
        ts_ms: i64,
        key: impl Into<String>,
        value: impl Into<Value>,
    ) -> Entity {
        self.put_telemetry(Some(ts_ms), key.into(), value.into());
        self
    }

    /// Adds a sample as it is, beside others of the same time: for a device that sends
    /// whole records.
    #[must_use]
    pub fn sample(mut self, sample: Sample) -> Entity {
        self.telemetry.push(sample);
        self
    }

    /// Adds a client-scope attribute. A key given again replaces its value.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<Value>) -> Entity {
        put(&mut self.attributes, key.into(), value.into());
        self
    }

    // In a function of its own: within a large one little stays in registers.
    #[inline(never)]
    fn put_telemetry(&mut self, ts: Option<i64>, key: String, value: Value) {
        // From the back, as values of one time usually follow each other.
        if let Some(sample) = self.telemetry.iter_mut().rfind(|sample| sample.ts == ts) {
            return put(&mut sample.values, key, value);
        }
        let mut values = Vec::with_capacity(FIRST_VALUES);
        values.push(KeyValue { key, value });
        if self.telemetry.is_empty() {
            // Most entities have one; a vector that grows asks for the room of four.
            self.telemetry = Vec::with_capacity(1);
        }
        self.telemetry.push(Sample { ts, values });
    }
}

impl Sample {
    /// A sample without values yet, with its time in Unix **milliseconds**; None is the
    /// time at which the host received the frame.
    ///
    /// ```
    /// use tb_converter::{Entity, Sample};
    ///
    /// let mut sample = Sample::at(Some(1_700_000_000_000)).value("speed", 57);
    /// if let Some(course) = Some(120) {
    ///     sample.put("course", course);
    /// }
    /// let entity = Entity::device("SN-002", "default").sample(sample);
    /// assert_eq!(entity.telemetry[0].values.len(), 2);
    /// ```
    #[must_use]
    pub fn at(ts_ms: Option<i64>) -> Sample {
        Sample {
            ts: ts_ms,
            values: Vec::new(),
        }
    }

    /// Adds a value. A key given again replaces its value.
    #[must_use]
    pub fn value(mut self, key: impl Into<String>, value: impl Into<Value>) -> Sample {
        self.put(key, value);
        self
    }

    /// As [`value`](Self::value), in place.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        put(&mut self.values, key.into(), value.into());
    }
}

/// Sets a key's value in a list that holds each key once.
fn put(values: &mut Vec<KeyValue>, key: String, value: Value) {
    match find(values, &key) {
        Some(entry) => entry.value = value,
        None => values.push(KeyValue { key, value }),
    }
}

/// The entry of a key. Frames carry tens of values, where a scan is cheaper (and smaller) than a
/// map. In a function of its own, as it is the one thing that grows with the square of them.
#[inline(never)]
fn find<'list>(values: &'list mut [KeyValue], key: &str) -> Option<&'list mut KeyValue> {
    // Keys of one frame are often of one length and begin alike.
    let last = key.as_bytes().last();
    let same =
        |other: &str| other.len() == key.len() && other.as_bytes().last() == last && other == key;
    values.iter_mut().find(|entry| same(&entry.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, value: impl Into<Value>) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value: value.into(),
        }
    }

    #[test]
    fn optional_fields_stay_empty_until_they_are_set() {
        let bare = Entity::asset("Hall 3", "");
        assert_eq!(bare.kind, EntityKind::Asset);
        assert_eq!((bare.name.as_str(), bare.profile.as_str()), ("Hall 3", ""));
        assert_eq!((bare.label, bare.customer, bare.group), (None, None, None));

        let full = Entity::device("SN-002", "default")
            .label("L")
            .customer("C")
            .group("G");
        assert_eq!(full.kind, EntityKind::Device);
        assert_eq!(full.label.as_deref(), Some("L"));
        assert_eq!(full.customer.as_deref(), Some("C"));
        assert_eq!(full.group.as_deref(), Some("G"));
    }

    #[test]
    fn values_of_one_time_share_a_sample() {
        let entity = Entity::device("SN-002", "default")
            .telemetry("a", 1)
            .telemetry_at(1_000, "b", 2)
            .telemetry("c", 3)
            .telemetry_at(2_000, "b", 4)
            .telemetry_at(1_000, "d", 5);
        let expected = vec![
            Sample {
                ts: None,
                values: vec![entry("a", 1), entry("c", 3)],
            },
            Sample {
                ts: Some(1_000),
                values: vec![entry("b", 2), entry("d", 5)],
            },
            Sample {
                ts: Some(2_000),
                values: vec![entry("b", 4)],
            },
        ];
        assert_eq!(entity.telemetry, expected);
    }

    #[test]
    fn a_key_given_again_replaces_its_value() {
        let entity = Entity::device("SN-002", "default")
            .telemetry("a", 1)
            .telemetry("b", 2)
            .telemetry("a", "new")
            .attribute("fw", "1.1")
            .attribute("fw", "1.2");
        assert_eq!(
            entity.telemetry,
            vec![Sample {
                ts: None,
                values: vec![entry("a", "new"), entry("b", 2)]
            }]
        );
        assert_eq!(entity.attributes, vec![entry("fw", "1.2")]);
    }
}
