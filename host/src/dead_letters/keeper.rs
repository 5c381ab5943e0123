//! The handle.

use std::{fmt, path::Path, sync::Arc};

use super::{
    change::Change,
    error::StoreError,
    letter::{FailedAgain, Filter, Letter, Limits, NewLetter, Summary},
    record::Record,
    store::Store,
};
use crate::redb_file::{Committer, Opener, open_database};

/// A handle to the store. Clones share it; when the last one is dropped what was
/// handed in is written, the thread ends and the file is closed.
#[derive(Clone)]
pub struct DeadLetters {
    keeper: Arc<Keeper>,
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeadLetters")
            .finish_non_exhaustive()
    }
}

struct Keeper {
    store: Arc<Store>,
    limits: Limits,
    committer: Committer<Change, usize>,
}

impl DeadLetters {
    /// Opens the store in `folder`, the file `dead-letters.redb`; makes both
    /// where they are missing, for their owner only. A damaged file is moved
    /// aside, which the log tells, and a new one is started. The whole file is
    /// read once. Blocks.
    ///
    /// # Errors
    /// [`FileError::InUse`](crate::redb_file::FileError::InUse): another process has it open.
    /// [`FileError::Open`](crate::redb_file::FileError::Open): the folder or the file cannot be made, opened or written.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, StoreError> {
        Self::open_with(folder, limits, Box::new(open_database))
    }

    fn open_with(folder: &Path, limits: Limits, opener: Opener) -> Result<Self, StoreError> {
        let store = Arc::new(Store::open(folder, limits, opener)?);
        let writer = store.clone();
        let committer = Committer::start("dead-letters", store.path(), move |changes| {
            writer.apply(changes)
        })?;
        let keeper = Keeper {
            store,
            limits,
            committer,
        };
        Ok(Self {
            keeper: Arc::new(keeper),
        })
    }

    /// Keeps `letters` in order, and lets the oldest go if there are too many
    /// then. Resolves when they are on disk; a caller that stops waiting takes
    /// nothing back.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`]: some are larger than the whole store; the others
    /// were kept.
    /// [`StoreError::File`]: none were kept, or it is not known. The next call opens
    /// the file again.
    pub async fn keep(&self, letters: Vec<NewLetter>) -> Result<(), StoreError> {
        let max_bytes = self.keeper.limits.max_bytes;
        let (records, refused): (Vec<_>, Vec<_>) = letters
            .into_iter()
            .map(Record::new)
            .partition(|record| record.size() <= max_bytes);
        if !records.is_empty() {
            self.call(Change::Keep(records)).await?;
        }
        match refused.iter().map(Record::size).max() {
            None => Ok(()),
            Some(bytes) => Err(StoreError::TooLarge {
                refused: refused.len(),
                bytes,
                max_bytes,
            }),
        }
    }

    /// The first `limit` letters behind the number `after`, the oldest first, that
    /// `filter` admits. With a filter, as many letters are read as it takes to
    /// find them. Blocks while the disk reads.
    ///
    /// # Errors
    /// The file cannot be read, or not be opened again after an error.
    pub fn page(
        &self,
        filter: &Filter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        Ok(self.keeper.store.page(filter, after, limit)?)
    }

    /// The letter with this number. Blocks while the disk reads.
    ///
    /// # Errors
    /// The file cannot be read, or not be opened again after an error.
    pub fn get(&self, id: u64) -> Result<Option<Letter>, StoreError> {
        Ok(self.keeper.store.get(id)?)
    }

    /// Removes the letters with these numbers, and says how many were there.
    ///
    /// # Errors
    /// The file cannot be written, or not be opened again after an error.
    pub async fn remove(&self, ids: Vec<u64>) -> Result<usize, StoreError> {
        self.call(Change::Remove(ids)).await
    }

    /// Notes that letters were tried again in vain. Those that are gone
    /// meanwhile are left alone.
    ///
    /// # Errors
    /// The file cannot be written, or not be opened again after an error.
    pub async fn failed_again(&self, tries: Vec<FailedAgain>) -> Result<(), StoreError> {
        self.call(Change::FailAgain(tries)).await.map(|_| ())
    }

    /// How much the store holds. Blocks while the disk reads.
    ///
    /// # Errors
    /// The file cannot be read, or not be opened again after an error.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        Ok(self.keeper.store.summary()?)
    }

    async fn call(&self, change: Change) -> Result<usize, StoreError> {
        Ok(self.keeper.committer.write(change).await?)
    }
}

#[cfg(test)]
mod tests;
