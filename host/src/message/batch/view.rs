//! Reads a batch.

use std::str;

use super::{
    Batch, Place, Span,
    cursor::{Cursor, Key},
    flag, has,
};
use crate::message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value};

/// A record of a batch.
#[derive(Clone, Copy, Debug)]
pub struct UplinkRef<'batch> {
    pub(super) batch: &'batch Batch,
    pub(super) place: &'batch Place,
}

/// A value whose text belongs to somebody else.
#[derive(Debug, PartialEq)]
pub enum ValueRef<'batch, T: ?Sized = str> {
    /// `true` or `false`.
    Boolean(bool),
    /// A 64-bit integer.
    Long(i64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    Text(&'batch T),
    /// JSON text of an object or an array.
    Json(&'batch T),
}

impl<T: ?Sized> Clone for ValueRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for ValueRef<'_, T> {}

impl<'value> From<&'value Value> for ValueRef<'value> {
    fn from(value: &'value Value) -> Self {
        match value {
            Value::Boolean(flag) => Self::Boolean(*flag),
            Value::Long(number) => Self::Long(*number),
            Value::Double(number) => Self::Double(*number),
            Value::Text(text) => Self::Text(text),
            Value::Json(text) => Self::Json(text),
        }
    }
}

/// A key and its value. Texts are bytes here, which are UTF-8: whoever writes them into a message
/// need not look at them again.
#[derive(Clone, Copy, Debug)]
pub struct PairRef<'batch> {
    /// The key.
    pub key: &'batch [u8],
    /// The value.
    pub value: ValueRef<'batch, [u8]>,
}

impl<'pair> From<&'pair KeyValue> for PairRef<'pair> {
    fn from(pair: &'pair KeyValue) -> Self {
        Self {
            key: pair.key.as_bytes(),
            value: match ValueRef::from(&pair.value) {
                ValueRef::Boolean(flag) => ValueRef::Boolean(flag),
                ValueRef::Long(number) => ValueRef::Long(number),
                ValueRef::Double(number) => ValueRef::Double(number),
                ValueRef::Text(text) => ValueRef::Text(text.as_bytes()),
                ValueRef::Json(text) => ValueRef::Json(text.as_bytes()),
            },
        }
    }
}

/// Values of one time.
#[derive(Clone, Debug)]
pub struct SampleRef<'batch> {
    /// The time that the sample brought.
    pub ts: Option<i64>,
    /// The values.
    pub pairs: Pairs<'batch>,
}

/// The samples of a record, in order.
#[derive(Clone, Debug)]
pub struct Samples<'batch> {
    record: UplinkRef<'batch>,
    cursor: Cursor<'batch>,
    left: usize,
}

/// Pairs in order.
#[derive(Clone, Debug)]
pub struct Pairs<'batch> {
    batch: &'batch Batch,
    cursor: Cursor<'batch>,
    left: usize,
}

impl<'batch> UplinkRef<'batch> {
    /// See [`Uplink::integration`].
    #[must_use]
    pub fn integration(self) -> &'batch str {
        self.text(self.place.integration)
    }

    /// See [`Uplink::allow_create`].
    #[must_use]
    pub fn allow_create(self) -> bool {
        self.place.flags & flag::ALLOW_CREATE != 0
    }

    /// See [`Uplink::received_ms`].
    #[must_use]
    pub fn received_ms(self) -> i64 {
        self.place.received_ms
    }

    /// Device or asset.
    #[must_use]
    pub fn kind(self) -> EntityKind {
        match self.place.flags & flag::ASSET {
            0 => EntityKind::Device,
            _ => EntityKind::Asset,
        }
    }

    /// ThingsBoard's `deviceName` or `assetName`.
    #[must_use]
    pub fn name(self) -> &'batch str {
        self.text(self.place.name)
    }

    /// ThingsBoard's `deviceType` or `assetType`.
    #[must_use]
    pub fn profile(self) -> &'batch str {
        self.text(self.place.profile)
    }

    /// A number that the records of an entity share as long as the process lives. Two entities may have the
    /// same by chance.
    #[must_use]
    pub fn lane(self) -> u64 {
        self.place.lane
    }

    /// Its bytes in the batch.
    #[must_use]
    pub fn bytes(self) -> usize {
        (self.place.end - self.place.start) as usize
    }

    /// What it adds to a message of ThingsBoard's at most, in bytes.
    #[must_use]
    pub fn message_bytes(self) -> usize {
        self.place.message_bytes as usize
    }

    /// Whether there is a value or an attribute.
    #[must_use]
    pub fn has_values(self) -> bool {
        self.place.message_bytes > 0
    }

    /// Whether a sample brought its time.
    #[must_use]
    pub fn has_times(self) -> bool {
        self.place.has_times
    }

    /// Whether there is an attribute.
    #[must_use]
    pub fn has_attributes(self) -> bool {
        self.place.has_attributes
    }

    /// Time series.
    #[must_use]
    pub fn samples(self) -> Samples<'batch> {
        let mut cursor = self.cursor();
        self.options(&mut cursor);
        let left = cursor.count().unwrap_or_default();
        Samples {
            record: self,
            cursor,
            left,
        }
    }

    /// Client-scope attributes.
    #[must_use]
    pub fn attributes(self) -> Pairs<'batch> {
        let mut samples = self.samples();
        while samples.next().is_some() {}
        samples.attributes()
    }

    /// The record, unpacked.
    #[must_use]
    pub fn to_uplink(self) -> Uplink {
        let [label, customer, group] = self
            .options(&mut self.cursor())
            .map(|text| text.map(|text| String::from_utf8_lossy(text).into_owned()));
        Uplink {
            integration: self.integration().into(),
            allow_create: self.allow_create(),
            received_ms: self.received_ms(),
            entity: Entity {
                kind: self.kind(),
                name: self.name().to_owned(),
                profile: self.profile().to_owned(),
                label,
                customer,
                group,
                telemetry: self
                    .samples()
                    .map(|sample| Sample {
                        ts: sample.ts,
                        values: sample.pairs.map(PairRef::to_pair).collect(),
                    })
                    .collect(),
                attributes: self.attributes().map(PairRef::to_pair).collect(),
            },
        }
    }

    fn cursor(self) -> Cursor<'batch> {
        Cursor::new(&self.batch.bytes, self.place.body)
    }

    /// Label, customer and group.
    fn options(self, cursor: &mut Cursor<'batch>) -> [Option<&'batch [u8]>; 3] {
        let present = match self.place.flags & flag::OPTIONS {
            0 => 0,
            _ => cursor.byte().unwrap_or_default(),
        };
        [has::LABEL, has::CUSTOMER, has::GROUP].map(|bit| match present & bit {
            0 => None,
            _ => cursor.text(),
        })
    }

    fn text(self, span: Span) -> &'batch str {
        str::from_utf8(span.of(&self.batch.bytes)).unwrap_or_default()
    }
}

impl<'batch> Samples<'batch> {
    /// What is behind the samples; they must have been gone through.
    #[must_use]
    pub fn attributes(mut self) -> Pairs<'batch> {
        let left = self.cursor.count().unwrap_or_default();
        Pairs {
            batch: self.record.batch,
            cursor: self.cursor,
            left,
        }
    }
}

impl<'batch> Iterator for Samples<'batch> {
    type Item = SampleRef<'batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (count, ts) = self.cursor.sample()?;
        let pairs = Pairs {
            batch: self.record.batch,
            cursor: self.cursor,
            left: count,
        };
        for _ in 0..count {
            self.cursor.key()?;
            self.cursor.value()?;
        }
        let received_ms = self.record.place.received_ms;
        Some(SampleRef {
            ts: ts.map(|difference| received_ms.wrapping_add(difference)),
            pairs,
        })
    }
}

impl<'batch> Iterator for Pairs<'batch> {
    type Item = PairRef<'batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let span = match self.cursor.key()? {
            Key::Here(span) => span,
            Key::Number(number) => *self.batch.keys.get(number)?,
        };
        Some(PairRef {
            key: span.of(&self.batch.bytes),
            value: self.cursor.value()?,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // What is announced was written, or checked.
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

impl PairRef<'_> {
    /// The pair, unpacked.
    #[must_use]
    pub fn to_pair(self) -> KeyValue {
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        KeyValue {
            key: text(self.key),
            value: match self.value {
                ValueRef::Boolean(flag) => Value::Boolean(flag),
                ValueRef::Long(number) => Value::Long(number),
                ValueRef::Double(number) => Value::Double(number),
                ValueRef::Text(value) => Value::Text(text(value)),
                ValueRef::Json(value) => Value::Json(text(value)),
            },
        }
    }
}
