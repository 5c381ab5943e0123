//! The handle, and the thread that writes.
//!
//! A commit waits for the disk, some milliseconds on a spinning one. The thread
//! takes what came meanwhile and writes it with the next commit, so many
//! connections cost little more than one, and no async thread ever waits.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    change::Change,
    error::StoreError,
    file::{Opener, open_database},
    letter::{FailedAgain, Filter, Letter, Limits, NewLetter, Summary},
    record::Record,
    store::Store,
};

/// Calls that may wait for the thread, and that may share a commit. A full queue
/// makes callers wait: connections then stop reading, and TCP makes devices wait.
const QUEUE: usize = 256;

/// A commit takes no more calls beyond this: all its pages are in memory until it
/// is done.
const COMMIT_BYTES: u64 = 8 * 1024 * 1024;

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
    /// None only while the keeper is dropped.
    calls: Option<mpsc::Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

/// A change, and who waits for it.
struct Call {
    change: Change,
    done: oneshot::Sender<Result<usize, StoreError>>,
}

impl DeadLetters {
    /// Opens the store in `folder`, the file `dead-letters.redb`; makes both
    /// where they are missing, for their owner only. A damaged file is moved
    /// aside, which the log tells, and a new one is started. The whole file is
    /// read once. Blocks.
    ///
    /// # Errors
    /// [`StoreError::InUse`]: another process has it open.
    /// [`StoreError::Open`]: the folder or the file cannot be made, opened or written.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, StoreError> {
        Self::open_with(folder, limits, Box::new(open_database))
    }

    fn open_with(folder: &Path, limits: Limits, opener: Opener) -> Result<Self, StoreError> {
        let store = Arc::new(Store::open(folder, limits, opener)?);
        let (calls, queue) = mpsc::channel(QUEUE);
        let writer = store.clone();
        let thread = thread::Builder::new()
            .name("dead-letters".to_owned())
            .spawn(move || write_what_comes(&writer, queue))
            .map_err(|source| StoreError::Open {
                path: folder.to_owned(),
                reason: format!("the operating system gives no thread: {source}"),
            })?;
        let keeper = Keeper {
            store,
            limits,
            calls: Some(calls),
            thread: Some(thread),
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
    /// [`StoreError::Open`], [`StoreError::Write`] and [`StoreError::Damaged`]:
    /// none were kept, or it is not known. The next call opens the file again.
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
        self.keeper.store.page(filter, after, limit)
    }

    /// The letter with this number. Blocks while the disk reads.
    ///
    /// # Errors
    /// The file cannot be read, or not be opened again after an error.
    pub fn get(&self, id: u64) -> Result<Option<Letter>, StoreError> {
        self.keeper.store.get(id)
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
        self.keeper.store.summary()
    }

    async fn call(&self, change: Change) -> Result<usize, StoreError> {
        let Some(calls) = &self.keeper.calls else {
            return Err(StoreError::Stopped);
        };
        let (done, result) = oneshot::channel();
        let call = Call { change, done };
        calls.send(call).await.map_err(|_| StoreError::Stopped)?;
        result.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Keeper {
    /// Waits for the thread, a commit at most: who opens the file next finds it
    /// free.
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            // It catches the panics of what it calls.
            let _ = thread.join();
        }
    }
}

fn write_what_comes(store: &Store, mut queue: mpsc::Receiver<Call>) {
    while let Some(first) = queue.blocking_recv() {
        let mut weight = first.change.weight();
        let mut changes = vec![first.change];
        let mut waiting = vec![first.done];
        while weight < COMMIT_BYTES
            && changes.len() < QUEUE
            && let Ok(next) = queue.try_recv()
        {
            weight += next.change.weight();
            changes.push(next.change);
            waiting.push(next.done);
        }
        let result = store.apply(&changes);
        for (index, done) in waiting.into_iter().enumerate() {
            let own = result.as_ref().map(|concerned| concerned[index]);
            // Whoever waited may be gone with its connection.
            let _ = done.send(own.map_err(StoreError::clone));
        }
    }
}

#[cfg(test)]
mod tests;
