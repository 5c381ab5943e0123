//! Holds what was accepted from devices until ThingsBoard acknowledged it, on
//! disk.
//!
//! This is the seam between the connections and the ThingsBoard session:
//! append, read on, acknowledge. Reading takes nothing away, so a session that
//! breaks has nothing to give back. Records are stored before the connection goes
//! on, many with one transaction; a sender that keeps up reads them from memory.
//! A full spool makes [`Spool::append`] wait, which stops the reading from the
//! devices' sockets, or drops the oldest records.
//!
//! - [`Spool`]: the handle; [`Reader`]: a cursor, for the sender; [`Record`]
//! - `state`: what callers, readers and the thread share; `tail`: the newest
//!   records in memory; `acknowledged`: what is done with; `watched`: who waits for that
//! - `keeper`, `write`: the thread that writes; `flusher`: the one that waits for the disk
//! - `store`, `open`: the database; `block`, `coding`: records as bytes
//! - `log_end`, `rescue`, `walk`, `aside`: damage is found, told, and survived
//! - [`View`]: a look into a store that no host has open

mod acknowledged;
mod aside;
mod block;
mod error;
mod flusher;
mod handle;
mod keeper;
mod log_end;
mod open;
mod reader;
mod record;
mod rescue;
mod state;
mod status;
mod store;
mod tail;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod view;
mod walk;
mod watched;
mod write;

pub use error::SpoolError;
pub use handle::Spool;
pub use reader::Reader;
pub use record::{Position, Record};
pub use status::{Damage, Recovered, Status};
pub use view::{Page, View};
pub use watched::Acknowledgement;
