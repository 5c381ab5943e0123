//! Frames that no converter could decode, and records that ThingsBoard does not
//! take, kept on disk until somebody has looked at them.
//!
//! A frame that cannot be decoded is the device's fault or the converter's, and
//! only the bytes tell whose. So they are kept, each with the error and with the
//! version of the converter that gave it, to be shown and, once the converter is
//! repaired, decoded again. A record that ThingsBoard refuses is kept as what it
//! was decoded to, and sent again when an operator asks for it. The store is bounded by bytes and by letters; when
//! it is full the oldest letters go.
//!
//! - [`DeadLetters`]: the handle that the rest of the host holds. Writing is
//!   asynchronous and shared: see [`crate::redb_file`], which has the file.
//! - `store`, `change`, `tables`: what is read, what is written, and in which form
//! - [`NewLetter`], [`Letter`]: what is kept, and what is given back

mod change;
mod error;
mod keeper;
mod letter;
mod record;
mod store;
mod tables;
#[cfg(test)]
mod testing;

pub use error::StoreError;
pub use keeper::DeadLetters;
pub use letter::{FailedAgain, Filter, Letter, Limits, NewLetter, Origin, Summary};
