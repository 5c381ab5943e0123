//! Changes that are noted at once and written soon.
//!
//! Whoever notes a change does not wait. The changes are collected by key, so that
//! what changes twice before the thread comes to it is written once; what the disk
//! refuses is written with the next change that it takes.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{AcqRel, Acquire, Release},
        },
    },
};

use redb::Database;
use tracing::{error, info};

use super::{
    committer::{Change, Committer},
    error::{Doing, FileError},
    file::StoreFile,
};

/// The newest value of each key that changed; None: it is gone.
pub(crate) type Changes<K, V> = HashMap<K, Option<V>>;

/// Makes changes in one transaction, which is on disk when it returns.
pub(crate) type Write<K, V> = fn(&Database, &Changes<K, V>) -> Result<(), redb::Error>;

/// What is on its way to the file. When it is dropped all of it is written.
///
/// It is not bounded: it holds no more keys than what its owner keeps in memory
/// has, and has had since the last commit.
#[derive(Debug)]
pub(crate) struct Journal<K, V> {
    pending: Arc<Mutex<Changes<K, V>>>,
    counts: Arc<Counts>,
    committer: Committer<WriteNow, ()>,
}

/// How far the disk is behind.
#[derive(Debug, Default)]
struct Counts {
    /// Changes that were noted.
    noted: AtomicU64,
    /// The first so many of them are on disk.
    on_disk: AtomicU64,
}

/// Asks the thread to write what is pending.
#[derive(Debug)]
struct WriteNow;

impl Change for WriteNow {
    fn weight(&self) -> u64 {
        0
    }
}

impl<K, V> Journal<K, V>
where
    K: Eq + Hash + Send + 'static,
    V: Send + 'static,
{
    /// Starts the thread `name`, which lets `write` write to `file`.
    pub(crate) fn start(
        name: &str,
        file: Arc<StoreFile>,
        write: Write<K, V>,
    ) -> Result<Self, FileError> {
        let pending = Arc::<Mutex<Changes<K, V>>>::default();
        let counts = Arc::<Counts>::default();
        let path = file.path().to_owned();
        let mut writer = Writer {
            file,
            write,
            pending: pending.clone(),
            counts: counts.clone(),
            failing: false,
        };
        let committer = Committer::start(name, &path, move |asked: &[WriteNow]| {
            writer.write_pending()?;
            Ok(asked.iter().map(|_| ()).collect())
        })?;
        Ok(Self {
            pending,
            counts,
            committer,
        })
    }

    /// Notes the new value of `key`; None: it is gone. Waits for nothing.
    pub(crate) fn note(&self, key: K, value: Option<V>) {
        let mut pending = lock(&self.pending);
        pending.insert(key, value);
        self.counts.noted.fetch_add(1, AcqRel);
        drop(pending);
        self.committer.nudge(WriteNow);
    }

    /// Waits until everything is on disk that was noted before. If the disk refuses
    /// it the log has said so, and the next change tries again.
    pub(crate) async fn written(&self) {
        let Counts { noted, on_disk } = &*self.counts;
        if on_disk.load(Acquire) >= noted.load(Acquire) {
            return;
        }
        // Asked though nothing may be pending: a commit may be under way.
        let _ = self.committer.write(WriteNow).await;
    }
}

/// The thread's side.
struct Writer<K, V> {
    file: Arc<StoreFile>,
    write: Write<K, V>,
    pending: Arc<Mutex<Changes<K, V>>>,
    counts: Arc<Counts>,
    failing: bool,
}

impl<K: Eq + Hash, V> Writer<K, V> {
    fn write_pending(&mut self) -> Result<(), FileError> {
        let mut pending = lock(&self.pending);
        let changes = std::mem::take(&mut *pending);
        let noted = self.counts.noted.load(Acquire);
        drop(pending);
        if changes.is_empty() {
            return Ok(());
        }
        let write = |database: &Database| (self.write)(database, &changes);
        let result = self.file.run(Doing::Writing, write);
        if result.is_ok() {
            self.counts.on_disk.store(noted, Release);
        } else {
            let mut pending = lock(&self.pending);
            for (key, value) in changes {
                // What came since is newer.
                pending.entry(key).or_insert(value);
            }
        }
        self.report(&result);
        result
    }

    /// A disk that fails does so with every change; it is said once.
    fn report(&mut self, result: &Result<(), FileError>) {
        let failed_before = std::mem::replace(&mut self.failing, result.is_err());
        let file = self.file.path().display();
        match result {
            Err(error) if !failed_before => error!(
                %file, %error,
                "changes are in memory only, and are lost if the process ends before the disk \
                 takes them"
            ),
            Ok(()) if failed_before => info!(%file, "all changes are on disk again"),
            _ => {}
        }
    }
}

fn lock<T>(pending: &Mutex<T>) -> MutexGuard<'_, T> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
