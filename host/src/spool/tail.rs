//! The records that were appended last, in memory.
//!
//! A sender that keeps up reads from here and nowhere else. What does not fit
//! is on disk.

use std::{collections::VecDeque, sync::Arc};

use crate::message::Batch;

/// Memory for them, near enough. Some 10 000 small records, a tenth of a second
/// of a busy fleet: more than a sender that keeps up has before it.
pub(super) const TAIL_BYTES: usize = 4 * 1024 * 1024;

/// What one call appended.
#[derive(Debug)]
pub(super) struct Appended {
    pub(super) first: u64,
    pub(super) stored_ms: i64,
    pub(super) batch: Arc<Batch>,
}

impl Appended {
    pub(super) fn end(&self) -> u64 {
        self.first + self.batch.len() as u64
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.batch.memory()
    }
}

/// Without gaps, up to the end of the store.
#[derive(Debug, Default)]
pub(super) struct Tail {
    appended: VecDeque<Appended>,
    memory: usize,
}

impl Tail {
    /// Adds to the end; what does not fit any more goes to `gone`, so that it is
    /// not freed under the lock.
    pub(super) fn push(&mut self, appended: Appended, gone: &mut Vec<Appended>) {
        self.memory += appended.memory();
        self.appended.push_back(appended);
        // The last one stays, so that one large call does not have to be read
        // from disk by a sender that waits for it.
        while self.memory > TAIL_BYTES && self.appended.len() > 1 {
            gone.extend(self.pop());
        }
    }

    fn pop(&mut self) -> Option<Appended> {
        let oldest = self.appended.pop_front()?;
        self.memory -= oldest.memory();
        Some(oldest)
    }

    /// Lets go of what lies wholly below. Whoever acknowledges mostly has the
    /// records, too, so that nothing is freed here.
    pub(super) fn remove_below(&mut self, position: u64) {
        while let Some(oldest) = self.appended.front()
            && oldest.end() <= position
        {
            self.pop();
        }
        if self.appended.is_empty() {
            // Gives back what a burst took.
            self.appended.shrink_to(64);
        }
    }

    /// The oldest position that is here.
    pub(super) fn first(&self) -> Option<u64> {
        self.appended.front().map(|oldest| oldest.first)
    }

    /// What was appended at `position` and later.
    pub(super) fn from(&self, position: u64) -> impl Iterator<Item = &Appended> {
        let start = self
            .appended
            .partition_point(|appended| appended.end() <= position);
        self.appended.range(start..)
    }
}
