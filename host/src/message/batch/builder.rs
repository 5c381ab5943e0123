//! Writes a batch, piece by piece.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, LazyLock},
};

use twox_hash::XxHash3_64;

use super::{
    Batch, Place, Span, ValueRef, flag, has,
    keys::KeyNumbers,
    kind, message_bytes,
    varint::{put, zigzag},
};
use crate::message::{EntityKind, KeyValue, Uplink};

/// A guess at what a record takes, to make room once.
const USUAL_BYTES: usize = 64;

/// Where records come from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// See [`Uplink::integration`].
    pub integration: Arc<str>,
    /// See [`Uplink::allow_create`].
    pub allow_create: bool,
    /// See [`Uplink::received_ms`].
    pub received_ms: i64,
}

/// What stands in front of a record's values.
#[derive(Clone, Copy, Debug)]
pub struct Head<'head> {
    /// Where it comes from.
    pub origin: &'head Origin,
    /// Device or asset.
    pub kind: EntityKind,
    /// ThingsBoard's `deviceName` or `assetName`.
    pub name: &'head str,
    /// ThingsBoard's `deviceType` or `assetType`.
    pub profile: &'head str,
    /// Its label, if it has one.
    pub label: Option<&'head str>,
    /// Its customer's title.
    pub customer: Option<&'head str>,
    /// Its group's name.
    pub group: Option<&'head str>,
}

/// Makes a [`Batch`]. A record is its [`BatchBuilder::head`]; the number of its samples; for
/// each of them [`BatchBuilder::sample`] and its pairs; then
/// [`BatchBuilder::attributes`] and their pairs. Whoever announces other numbers than follow gets a batch
/// of records that do not mean what they should.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    bytes: Vec<u8>,
    places: Vec<Place>,
    keys: KeyNumbers,
}

/// A place to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    bytes: usize,
    places: usize,
    keys: usize,
}

impl BatchBuilder {
    /// A batch of some `records`.
    #[must_use]
    pub fn with_capacity(records: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(records * USUAL_BYTES),
            places: Vec::with_capacity(records),
            keys: KeyNumbers::default(),
        }
    }

    /// The batch.
    #[must_use]
    pub fn finish(mut self) -> Batch {
        self.end();
        Batch {
            bytes: self.bytes.into(),
            places: self.places,
            keys: self.keys.keys,
        }
    }

    /// How many bytes there are so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many records there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where the next record begins.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            bytes: self.bytes.len(),
            places: self.places.len(),
            keys: self.keys.keys.len(),
        }
    }

    /// Takes back what came after `mark`.
    pub fn rewind(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.places.truncate(mark.places);
        self.keys.keys.truncate(mark.keys);
    }

    /// Adds a whole record.
    pub fn push(&mut self, uplink: &Uplink) {
        let entity = &uplink.entity;
        let origin = Origin {
            integration: uplink.integration.clone(),
            allow_create: uplink.allow_create,
            received_ms: uplink.received_ms,
        };
        self.head(&Head {
            origin: &origin,
            kind: entity.kind,
            name: &entity.name,
            profile: &entity.profile,
            label: entity.label.as_deref(),
            customer: entity.customer.as_deref(),
            group: entity.group.as_deref(),
        });
        self.samples(entity.telemetry.len());
        for sample in &entity.telemetry {
            self.sample(sample.ts, sample.values.len());
            self.pairs(&sample.values);
        }
        self.attributes(entity.attributes.len());
        self.pairs(&entity.attributes);
    }

    fn pairs(&mut self, pairs: &[KeyValue]) {
        for pair in pairs {
            self.pair(&pair.key, ValueRef::from(&pair.value));
        }
    }

    /// Begins a record.
    pub fn head(&mut self, head: &Head<'_>) {
        self.end();
        let origin = head.origin;
        let start = self.bytes.len();
        let previous = self.places.last().copied();
        let same = |span: fn(&Place) -> Span, text: &str| {
            let span = previous.as_ref().map(span)?;
            (span.of(&self.bytes) == text.as_bytes()).then_some(span)
        };
        let integration = same(|place| place.integration, &origin.integration);
        let profile = same(|place| place.profile, head.profile);
        let name = same(|place| place.name, head.name);
        let options = [
            (has::LABEL, head.label),
            (has::CUSTOMER, head.customer),
            (has::GROUP, head.group),
        ];
        let present = options
            .iter()
            .filter(|(_, text)| text.is_some())
            .fold(0, |bits, (bit, _)| bits | bit);
        let flags = [
            (previous.is_none(), flag::FIRST),
            (integration.is_some(), flag::SAME_INTEGRATION),
            (profile.is_some(), flag::SAME_PROFILE),
            (name.is_some(), flag::SAME_NAME),
            (head.kind == EntityKind::Asset, flag::ASSET),
            (origin.allow_create, flag::ALLOW_CREATE),
            (present != 0, flag::OPTIONS),
        ];
        let flags = flags
            .into_iter()
            .filter(|(set, _)| *set)
            .fold(0, |bits, (_, bit)| bits | bit);
        self.bytes.push(flags);
        let integration = integration.unwrap_or_else(|| self.text(&origin.integration));
        let profile = profile.unwrap_or_else(|| self.text(head.profile));
        let lane = match (name, previous) {
            (Some(_), Some(previous)) if (previous.flags ^ flags) & flag::ASSET == 0 => {
                previous.lane
            }
            _ => lane(head.kind, head.name.as_bytes()),
        };
        let name = name.unwrap_or_else(|| self.text(head.name));
        let before = previous.map_or(0, |place| place.received_ms);
        put(
            zigzag(origin.received_ms.wrapping_sub(before)),
            &mut self.bytes,
        );
        let body = self.bytes.len();
        if present != 0 {
            self.bytes.push(present);
            for text in options.into_iter().filter_map(|(_, text)| text) {
                self.text(text);
            }
        }
        self.places.push(Place {
            flags,
            integration,
            profile,
            name,
            received_ms: origin.received_ms,
            start: offset(start),
            body: offset(body),
            end: offset(body),
            message_bytes: 0,
            has_times: false,
            has_attributes: false,
            lane,
        });
    }

    /// How many samples follow.
    pub fn samples(&mut self, count: usize) {
        put(count as u64, &mut self.bytes);
    }

    /// Begins a sample of so many pairs; without a time it has the record's.
    pub fn sample(&mut self, ts: Option<i64>, pairs: usize) {
        put(
            (pairs as u64) << 1 | u64::from(ts.is_some()),
            &mut self.bytes,
        );
        if let (Some(ts), Some(place)) = (ts, self.places.last_mut()) {
            place.has_times = true;
            put(zigzag(ts.wrapping_sub(place.received_ms)), &mut self.bytes);
        }
        if pairs > 0 {
            self.takes(message_bytes::PART);
        }
    }

    /// How many attributes follow.
    pub fn attributes(&mut self, pairs: usize) {
        put(pairs as u64, &mut self.bytes);
        if pairs > 0 {
            self.takes(message_bytes::PART);
        }
        if let Some(place) = self.places.last_mut() {
            place.has_attributes = pairs > 0;
        }
    }

    /// A key and its value.
    pub fn pair(&mut self, key: &str, value: ValueRef<'_>) {
        match self.keys.number(key.as_bytes(), &self.bytes) {
            Some(number) => put(number as u64 + 1, &mut self.bytes),
            None => {
                self.bytes.push(0);
                let span = self.text(key);
                self.keys.add(span);
            }
        }
        let mut text_bytes = 0;
        match value {
            ValueRef::Boolean(false) => self.bytes.push(kind::FALSE),
            ValueRef::Boolean(true) => self.bytes.push(kind::TRUE),
            ValueRef::Long(number) => {
                self.bytes.push(kind::LONG);
                put(zigzag(number), &mut self.bytes);
            }
            ValueRef::Double(number) => {
                self.bytes.push(kind::DOUBLE);
                self.bytes
                    .extend_from_slice(&number.to_bits().to_le_bytes());
            }
            ValueRef::Text(text) => {
                self.bytes.push(kind::TEXT);
                text_bytes = self.text(text).length;
            }
            ValueRef::Json(text) => {
                self.bytes.push(kind::JSON);
                text_bytes = self.text(text).length;
            }
        }
        self.takes(message_bytes::PAIR + offset(key.len()));
        self.takes(text_bytes);
    }

    fn text(&mut self, text: &str) -> Span {
        put(text.len() as u64, &mut self.bytes);
        let start = offset(self.bytes.len());
        self.bytes.extend_from_slice(text.as_bytes());
        Span {
            start,
            length: offset(text.len()),
        }
    }

    fn takes(&mut self, bytes: u32) {
        if let Some(place) = self.places.last_mut() {
            place.message_bytes = place.message_bytes.saturating_add(bytes);
        }
    }

    /// Notes where the last record ends.
    fn end(&mut self) {
        if let Some(place) = self.places.last_mut() {
            place.end = offset(self.bytes.len());
        }
    }
}

/// What is beyond does not fit into memory twice.
pub(super) fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A number of an entity's own.
pub(super) fn lane(kind: EntityKind, name: &[u8]) -> u64 {
    /// By chance, so that no device can choose a name that shares another one's lane.
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
    let of_kind = match kind {
        EntityKind::Device => 0,
        EntityKind::Asset => 1,
    };
    XxHash3_64::oneshot_with_seed(*SEED ^ of_kind, name)
}
