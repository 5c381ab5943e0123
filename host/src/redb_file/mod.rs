//! A database file of our own: what all stores of the data folder share.
//!
//! Each store is one `redb` file, and everything about the file that does not
//! depend on what is in it is here.
//!
//! - `StoreFile`: opened by one process, checked at each opening, opened again
//!   after an error
//! - `checked`, `damaged`: notice damage while the file is open, and move a damaged
//!   file aside
//! - `Committer`: one thread writes, and the calls that come while it waits for
//!   the disk share the next commit
//! - `Journal`: changes that nobody waits for, collected until the next commit
//! - [`FileError`]: what went wrong, whose fault it is and what helps

mod checked;
mod committer;
mod damaged;
mod error;
mod file;
mod journal;
#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
pub(crate) use committer::QUEUE;
pub(crate) use committer::{Change, Committer};
pub(crate) use error::Doing;
pub use error::FileError;
pub(crate) use file::{Opener, StoreFile, open_database};
pub(crate) use journal::{Changes, Journal};
