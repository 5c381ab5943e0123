//! What can go wrong with the store, and what to do about it.

use crate::redb_file::FileError;

/// The store cannot do what it was asked. None of these is for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Letters that alone are larger than the whole store may be. They were not
    /// kept; the other letters of the call were.
    #[error(
        "{refused} of the frames cannot be kept: the largest takes {bytes} bytes with its details, \
         but the whole store may take {max_bytes}; raise deadLetters.maxMib or lower the \
         integration's frame length limit"
    )]
    TooLarge {
        /// How many were refused.
        refused: usize,
        /// What the largest of them counts.
        bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
}
