//! Uplinks in a row, as bytes: the form in which they go from the converter through
//! the spool to ThingsBoard's messages.
//!
//! A record of some values as a tree of texts and lists is a dozen pieces of memory, made
//! by one thread and freed by another; that costs more than all that is done with
//! it. Here a record is some bytes of a row, written once.
//!
//! The bytes are what the spool stores. Disk space and time go with their
//! number, and records that follow one another are alike. So a record leaves out
//! its integration, profile and name where they are the previous record's, and a
//! key that was written before is a number. The first record of a batch leaves
//! out nothing: batches can be put one behind the other.
//!
//! ```text
//! record: flags, integration?, profile?, name?, received, options?, [label]?, [customer]?, [group]?,
//!         samples, sample*, attributes, pair*
//! sample: pairs * 2 + has time, time?, pair*
//! pair:   key, type, value
//! ```
//!
//! Numbers are varints of seven bits a byte, signed ones zigzag. Times are
//! differences: `received` to the previous record's, a sample's to `received`.
//! Doubles are their eight bytes, so every value comes back bit by bit. There is
//! no checksum here and no version: the spool's block around batches has both.

mod builder;
mod cursor;
mod keys;
mod parse;
#[cfg(test)]
mod tests;
mod varint;
mod view;

use std::ops::Range;

use bytes::Bytes;

pub use self::{
    builder::{BatchBuilder, Head, Mark, Origin},
    parse::{Malformed, parse},
    view::{PairRef, Pairs, SampleRef, Samples, UplinkRef, ValueRef},
};
use super::Uplink;

/// Records, each of which can be read by itself. Cheap to share, never changed.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Bytes,
    places: Vec<Place>,
    /// The keys that have numbers.
    keys: Vec<Span>,
}

/// A stretch of a batch's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    length: u32,
}

/// Where a record is, and what it left out.
#[derive(Clone, Copy, Debug)]
struct Place {
    flags: u8,
    integration: Span,
    profile: Span,
    name: Span,
    received_ms: i64,
    start: u32,
    /// Where its options begin, or its samples.
    body: u32,
    end: u32,
    /// See [`UplinkRef::message_bytes`].
    message_bytes: u32,
    has_times: bool,
    has_attributes: bool,
    lane: u64,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes
            .get(start..start + self.length as usize)
            .unwrap_or_default()
    }
}

impl Batch {
    /// Packs `uplinks` in order.
    #[must_use]
    pub fn of(uplinks: &[Uplink]) -> Self {
        let mut builder = BatchBuilder::with_capacity(uplinks.len());
        for uplink in uplinks {
            builder.push(uplink);
        }
        builder.finish()
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The records as bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Memory that it takes, near enough for a bound.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.bytes.len()
            + self.places.len() * size_of::<Place>()
            + self.keys.len() * size_of::<Span>()
    }

    /// The record with this index.
    ///
    /// # Panics
    /// There are fewer records.
    #[must_use]
    pub fn at(&self, index: usize) -> UplinkRef<'_> {
        UplinkRef {
            batch: self,
            place: &self.places[index],
        }
    }

    /// All records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = UplinkRef<'_>> + Clone {
        self.records(0..self.len())
    }

    /// Some of the records in order; those that do not exist are left out.
    pub fn records(
        &self,
        range: Range<usize>,
    ) -> impl ExactSizeIterator<Item = UplinkRef<'_>> + Clone {
        let batch = self;
        let places = self.places.get(range).unwrap_or_default();
        places.iter().map(move |place| UplinkRef { batch, place })
    }

    /// The records, unpacked.
    #[must_use]
    pub fn to_uplinks(&self) -> Vec<Uplink> {
        self.iter().map(UplinkRef::to_uplink).collect()
    }
}

impl FromIterator<Uplink> for Batch {
    fn from_iter<T: IntoIterator<Item = Uplink>>(uplinks: T) -> Self {
        let mut builder = BatchBuilder::default();
        for uplink in uplinks {
            builder.push(&uplink);
        }
        builder.finish()
    }
}

impl From<Vec<Uplink>> for Batch {
    fn from(uplinks: Vec<Uplink>) -> Self {
        Self::of(&uplinks)
    }
}

/// Flags of a record.
mod flag {
    /// Nothing is left out, and keys are numbered anew.
    pub(super) const FIRST: u8 = 1;
    pub(super) const SAME_INTEGRATION: u8 = 1 << 1;
    pub(super) const SAME_PROFILE: u8 = 1 << 2;
    pub(super) const SAME_NAME: u8 = 1 << 3;
    pub(super) const ASSET: u8 = 1 << 4;
    pub(super) const ALLOW_CREATE: u8 = 1 << 5;
    /// A byte of [`super::has`] follows.
    pub(super) const OPTIONS: u8 = 1 << 6;
    pub(super) const KNOWN: u8 = (1 << 7) - 1;
}

/// What an entity has beside its name.
mod has {
    pub(super) const LABEL: u8 = 1;
    pub(super) const CUSTOMER: u8 = 1 << 1;
    pub(super) const GROUP: u8 = 1 << 2;
    pub(super) const KNOWN: u8 = (1 << 3) - 1;
}

/// Types of values.
mod kind {
    pub(super) const FALSE: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const LONG: u8 = 2;
    pub(super) const DOUBLE: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const JSON: u8 = 5;
}

/// What a record adds to a message of ThingsBoard's at most, in bytes.
mod message_bytes {
    /// Of a sample, or of the attributes: ids, the type, a time, and the lengths of what is around.
    pub(super) const PART: u32 = 96;
    /// Of a pair beside its texts: the type of the value, a number, and lengths.
    pub(super) const PAIR: u32 = 32;
}
