//! How command-line tools talk to the host that runs on the same machine.
//!
//! The host listens on a Unix socket in its data folder, which only its own
//! user can reach; that is all the protection there is, and enough. A
//! connection carries one request and its answer, each a line of JSON, so a
//! script can do without the tools. What the tools ask of a host that does not
//! run, the caller may answer itself where it can: see
//! [`dead_letters::run`] and [`spool::run`].

mod client;
pub mod converters;
pub mod dead_letters;
mod error;
pub mod print;
mod protocol;
mod server;
mod socket;
pub mod spool;
#[cfg(test)]
mod testing;
mod wire;

pub use client::request;
pub use error::ControlError;
pub use protocol::{
    ConverterState, ConverterStatus, LetterFilter, LetterList, LetterSummary, MAX_LISTED,
    MAX_RECORD_BYTES, MAX_RECORDS, Removed, ReplayReport, Request, Response, RolledBack,
    SUMMARY_BYTES, SpoolDropped, SpoolPage, SpoolStatus,
};
pub use server::{Control, ControlServer};
