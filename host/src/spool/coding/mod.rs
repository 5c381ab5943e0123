//! Uplinks as bytes.
//!
//! Disk space and time go with the number of bytes, and records that follow one
//! another are alike. So a record leaves out its integration, profile and name
//! where they are the previous record's, and a key that was written before is a
//! number. The first record of a *run*, which is what one call appended, leaves
//! out nothing: runs can be put together as they are.
//!
//! ```text
//! record: flags, integration?, profile?, name?, received, [label]?, [customer]?, [group]?,
//!         samples, sample*, attributes, pair*
//! sample: pairs * 2 + has time, time?, pair*
//! pair:   key, type, value
//! ```
//!
//! Numbers are varints of seven bits a byte, signed ones zigzag. Times are
//! differences: `received` to the previous record's, a sample's to `received`.
//! Doubles are their eight bytes, so every value comes back bit by bit. There is
//! no checksum here and no version: the block around a run has both.

mod decode;
mod encode;
mod keys;
#[cfg(test)]
mod tests;
mod varint;

pub(super) use decode::{Decoder, Malformed};
pub(super) use encode::{Run, encode};

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
