//! What is asked of the letters on disk, each in a transaction of its own.

use std::{
    ops::Bound,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable};
use tracing::warn;

use super::{
    change::{Change, write},
    letter::{Filter, Letter, Limits, Summary},
    tables::{LETTERS, TOTALS, Totals, prepare, readable},
};
use crate::{
    log_budget::LogBudget,
    redb_file::{Doing, FileError, Opener, StoreFile},
};

/// The file's name in the data folder.
const NAME: &str = "dead-letters.redb";

/// The letters on disk. Every call may wait for the disk.
pub(super) struct Store {
    file: StoreFile,
    limits: Limits,
    dropped: AtomicU64,
    /// A flooded store drops with every commit.
    log: Mutex<LogBudget>,
}

/// Lines a second about dropped letters.
const LOG_LINES_PER_SECOND: u32 = 1;

impl Store {
    /// Opens the store in `folder`.
    pub(super) fn open(folder: &Path, limits: Limits, opener: Opener) -> Result<Self, FileError> {
        Ok(Self {
            file: StoreFile::open(folder, NAME, opener, prepare)?,
            limits,
            dropped: AtomicU64::new(0),
            log: Mutex::new(LogBudget::new(LOG_LINES_PER_SECOND)),
        })
    }

    /// Where the letters are.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Makes `changes` in order, all or none, and lets the oldest letters go if
    /// there are too many then. Gives for each change how many letters it
    /// concerned. They are on disk when it returns.
    pub(super) fn apply(&self, changes: &[Change]) -> Result<Vec<usize>, FileError> {
        let work = |database: &Database| write(database, changes, self.limits);
        let (concerned, dropped) = self.file.run(Doing::Writing, work)?;
        if dropped > 0 {
            let before = self.dropped.fetch_add(dropped, Ordering::Relaxed);
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            if !log.admit().admitted {
                return Ok(concerned);
            }
            warn!(
                letters = dropped,
                since_start = before + dropped,
                "too many dead letters: the oldest were dropped; repair the converter and decode \
                 them again, or raise deadLetters.maxMib or deadLetters.maxLetters"
            );
        }
        Ok(concerned)
    }

    /// The first `limit` letters behind `after` that `filter` admits.
    pub(super) fn page(
        &self,
        filter: &Filter,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Letter>, FileError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.file.run(Doing::Reading, |database| {
            let letters = database.begin_read()?.open_table(LETTERS)?;
            let mut page = Vec::new();
            let mut range = letters.range((start, Bound::Unbounded))?;
            while page.len() < limit
                && let Some(entry) = range.next()
            {
                let (id, record) = entry?;
                let (details, frame) = record.value();
                if let Some(details) = readable(id.value(), details)
                    && filter.admits(&details)
                {
                    page.push(Letter::new(
                        id.value(),
                        details,
                        Bytes::copy_from_slice(frame),
                    ));
                }
            }
            Ok(page)
        })
    }

    pub(super) fn get(&self, id: u64) -> Result<Option<Letter>, FileError> {
        self.file.run(Doing::Reading, |database| {
            let letters = database.begin_read()?.open_table(LETTERS)?;
            let record = letters.get(id)?;
            Ok(record.and_then(|record| {
                let (details, frame) = record.value();
                let details = readable(id, details)?;
                Some(Letter::new(id, details, Bytes::copy_from_slice(frame)))
            }))
        })
    }

    pub(super) fn summary(&self) -> Result<Summary, FileError> {
        self.file.run(Doing::Reading, |database| {
            let transaction = database.begin_read()?;
            let totals = Totals::read(&transaction.open_table(TOTALS)?)?;
            let letters = transaction.open_table(LETTERS)?;
            let oldest = letters.first()?;
            Ok(Summary {
                letters: totals.letters,
                bytes: totals.bytes,
                oldest_ms: oldest.and_then(|(id, record)| {
                    readable(id.value(), record.value().0).map(|details| details.received_ms)
                }),
                dropped: self.dropped.load(Ordering::Relaxed),
            })
        })
    }
}

#[cfg(test)]
mod tests;
