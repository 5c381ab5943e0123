//! What the benchmarks of the whole way share.
//!
//! - [`stage`]: stand-in and host as processes, with the csv converter
//! - [`flood`], [`steady`], [`single`]: load generators that cost little beside what they load
//! - [`line`]: what they send; [`filled`]: a spool that is full of it
//! - [`copies`]: one converter as many files
//! - [`points`]: how much has arrived
//! - [`usage`]: what the three processes used meanwhile

#![allow(dead_code, reason = "each benchmark uses its part of this")]

pub(crate) mod copies;
pub(crate) mod filled;
pub(crate) mod flood;
pub(crate) mod line;
pub(crate) mod points;
pub(crate) mod single;
pub(crate) mod stage;
pub(crate) mod steady;
pub(crate) mod usage;
