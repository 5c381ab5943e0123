//! What the callers, the readers and the thread share: all in memory, behind one
//! lock that nobody holds while it waits for the disk.

use std::{
    collections::VecDeque,
    mem,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};
use tracing::{error, warn};

use super::{
    acknowledged::Acknowledged,
    block::counted,
    error::SpoolError,
    record::{Position, Record},
    store::Found,
    tail::Tail,
    watched::Watchers,
};
use crate::{
    config::{SpoolSettings, WhenFull},
    log_budget::LogBudget,
    message::{Batch, now_ms},
};

/// Bytes of new records that may be on their way to the disk. Callers wait
/// while there are more.
const QUEUE_BYTES: u64 = 4 * 1024 * 1024;

/// How long an acknowledged record may stay on disk: what a crash sends again.
pub(super) const REMOVED_WITHIN: Duration = Duration::from_millis(200);

/// Lines a second about dropped records.
const LOG_LINES_PER_SECOND: u32 = 1;

/// Tells the time, in Unix milliseconds.
pub(super) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Everything that is shared.
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) settings: SpoolSettings,
    /// `maxMib` in bytes.
    pub(super) max_bytes: u64,
    pub(super) clock: Clock,
    state: Mutex<State>,
    /// For the thread: something is to be done. See [`Shared::wake`].
    work: Condvar,
    /// For the appending caller whose turn it is: there may be room.
    pub(super) room: Notify,
    /// Held by the caller that is next when there is room.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// For readers: there may be records.
    pub(super) appended: Notify,
    /// For those who wait until all is done with.
    pub(super) emptied: Notify,
}

/// A caller's records on their way to the disk.
pub(super) struct Append {
    pub(super) batch: Arc<Batch>,
    pub(super) done: oneshot::Sender<()>,
    /// Told when all of it was acknowledged.
    pub(super) watch: Option<oneshot::Sender<()>>,
}

/// A wish to read blocks from disk.
pub(super) struct ReadCall {
    pub(super) from: u64,
    pub(super) max_bytes: usize,
    pub(super) answer: oneshot::Sender<Result<Found, SpoolError>>,
}

/// What changes.
pub(super) struct State {
    pub(super) queue: VecDeque<Append>,
    /// Of the queue, and of what the thread has in hand.
    pub(super) queued_bytes: u64,
    pub(super) reads: VecDeque<ReadCall>,
    pub(super) waiting_for_room: usize,
    /// The position behind the last record that is stored.
    pub(super) end: u64,
    pub(super) done: Acknowledged,
    pub(super) watchers: Watchers,
    /// Up to where the store knows what is done with.
    pub(super) done_on_disk: u64,
    /// Since when the store does not know all.
    pub(super) done_since: Option<Instant>,
    /// Bytes in the store, counted.
    pub(super) stored_bytes: u64,
    /// When the oldest block was stored.
    pub(super) oldest_ms: Option<i64>,
    pub(super) tail: Tail,
    pub(super) dropped: Dropped,
    pub(super) disk_error: Option<String>,
    /// No handle is left: the thread ends when it has written what is queued.
    pub(super) stopping: bool,
    /// The thread is gone.
    pub(super) stopped: bool,
    /// The thread waits for work, and nobody has woken it yet.
    asleep: bool,
    #[cfg(test)]
    pub(super) tests: VecDeque<super::testing::OnThread>,
}

/// Why a record went before it was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    Full,
    Expired,
    Damaged,
}

/// Records that went before they were acknowledged, since the start.
#[derive(Debug)]
pub(super) struct Dropped {
    pub(super) full: u64,
    pub(super) expired: u64,
    pub(super) damaged: u64,
    /// A full spool drops with every commit.
    log: LogBudget,
}

impl Default for Dropped {
    fn default() -> Self {
        Self {
            full: 0,
            expired: 0,
            damaged: 0,
            log: LogBudget::new(LOG_LINES_PER_SECOND),
        }
    }
}

impl Shared {
    pub(super) fn new(
        path: PathBuf,
        settings: SpoolSettings,
        max_bytes: u64,
        clock: Clock,
    ) -> Self {
        Self {
            path,
            max_bytes,
            settings,
            clock,
            state: Mutex::new(State::new()),
            work: Condvar::new(),
            room: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            appended: Notify::new(),
            emptied: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work, until `deadline` if there is one.
    pub(super) fn wait<'state>(
        &self,
        mut state: MutexGuard<'state, State>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'state, State> {
        state.asleep = true;
        let mut state = match deadline {
            None => self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let timeout = deadline.saturating_duration_since(Instant::now());
                let waited = self.work.wait_timeout(state, timeout);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.asleep = false;
        state
    }

    /// Lets go of the lock and wakes the thread. One that is awake looks again
    /// before it sleeps, and waking it would cost a system call.
    pub(super) fn wake(&self, mut state: MutexGuard<'_, State>) {
        let asleep = mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.work.notify_one();
        }
    }

    /// Whether a call of so many bytes may go to the thread now.
    pub(super) fn admits(&self, state: &State, bytes: u64) -> bool {
        let idle = state.queued_bytes == 0;
        if !idle && state.queued_bytes + bytes > QUEUE_BYTES {
            return false;
        }
        self.settings.when_full == WhenFull::DropOldest
            // One that is larger than the whole spool passes alone.
            || (idle && state.is_empty())
            || state.stored_bytes + state.queued_bytes + bytes <= self.max_bytes
    }

    /// Notes that the positions from `first` on, `end` left out, are done with.
    pub(super) fn add_done(&self, state: &mut State, first: u64, end: u64) -> u64 {
        // Nobody can be done with what is not stored.
        let end = end.min(state.end);
        let new = state.done.add(first, end);
        state.watchers.tell(&state.done, first, end);
        let below = state.done.below();
        if below > state.done_on_disk {
            let since = state.done_since.is_none();
            state.done_since.get_or_insert_with(Instant::now);
            let due = since || state.waiting_for_room > 0;
            if due && mem::take(&mut state.asleep) {
                self.work.notify_one();
            }
        }
        state.tail.remove_below(below);
        if new > 0 && state.is_empty() {
            state.oldest_ms = None;
            self.emptied.notify_waiters();
            self.room.notify_waiters();
        }
        new
    }

    /// Notes that these positions were lost or dropped, counts those that were
    /// not acknowledged, and says so in the log.
    pub(super) fn add_lost(&self, state: &mut State, first: u64, end: u64, loss: Loss) {
        state.watchers.lose(first, end);
        let new = self.add_done(state, first, end);
        if new == 0 {
            return;
        }
        let dropped = &mut state.dropped;
        let total = match loss {
            Loss::Full => &mut dropped.full,
            Loss::Expired => &mut dropped.expired,
            Loss::Damaged => &mut dropped.damaged,
        };
        *total += new;
        let since_start = *total;
        if !dropped.log.admit().admitted {
            return;
        }
        let records = new;
        match loss {
            Loss::Full => warn!(
                records,
                since_start,
                "the spool is full: the oldest records were dropped; see why ThingsBoard does not \
                 take them, or raise spool.maxMib"
            ),
            Loss::Expired => warn!(
                records,
                since_start,
                "records waited longer than spool.maxAgeHours and were dropped; see why \
                 ThingsBoard does not take them"
            ),
            Loss::Damaged => error!(
                records,
                since_start,
                file = %self.path.display(),
                "records in the spool cannot be read any more: the file is damaged; check its disk"
            ),
        }
    }

    /// What was stored earlier than this is too old.
    pub(super) fn expires_before(&self) -> Option<i64> {
        let age = i64::try_from(self.settings.max_age()?.as_millis()).unwrap_or(i64::MAX);
        Some((self.clock)().saturating_sub(age))
    }

    /// Takes records from memory: those at `cursor` and behind it, and moves the
    /// cursor. Skips what is done with or too old.
    pub(super) fn take(
        &self,
        state: &mut State,
        cursor: &mut u64,
        max_records: usize,
        max_bytes: usize,
    ) -> Vec<Record> {
        let expires_before = self.expires_before().unwrap_or(i64::MIN);
        let mut taken = Taking::new(max_records, max_bytes);
        let start = *cursor;
        let mut expired_end = start;
        'tail: for appended in state.tail.from(start) {
            if appended.stored_ms < expires_before {
                if !taken.records.is_empty() {
                    break;
                }
                *cursor = appended.end();
                expired_end = *cursor;
                continue;
            }
            *cursor = (*cursor).max(appended.first);
            let skipped = usize::try_from(*cursor - appended.first).unwrap_or(usize::MAX);
            for index in skipped..appended.batch.len() {
                let position = Position(*cursor);
                let record = || Record::new(position, appended.batch.clone(), index);
                let bytes = appended.batch.at(index).bytes();
                if !state.done.contains(*cursor) && !taken.add(bytes, record) {
                    break 'tail;
                }
                *cursor += 1;
            }
        }
        self.add_lost(state, start, expired_end, Loss::Expired);
        taken.records
    }
}

/// Records that are put together for a reader.
pub(super) struct Taking {
    pub(super) records: Vec<Record>,
    max_records: usize,
    bytes_left: usize,
}

impl Taking {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            records: Vec::new(),
            // One at least, or the reader would never get on.
            max_records: max_records.max(1),
            bytes_left: max_bytes,
        }
    }

    /// Whether there was room for it.
    pub(super) fn add(&mut self, bytes: usize, record: impl FnOnce() -> Record) -> bool {
        let first = self.records.is_empty();
        if self.records.len() == self.max_records || (bytes > self.bytes_left && !first) {
            return false;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.records.push(record());
        true
    }
}

impl State {
    fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            reads: VecDeque::new(),
            waiting_for_room: 0,
            end: 1,
            done: Acknowledged::new(1),
            watchers: Watchers::default(),
            done_on_disk: 1,
            done_since: None,
            stored_bytes: 0,
            oldest_ms: None,
            tail: Tail::default(),
            dropped: Dropped::default(),
            disk_error: None,
            stopping: false,
            stopped: false,
            asleep: false,
            #[cfg(test)]
            tests: VecDeque::new(),
        }
    }

    /// Records that are not done with.
    pub(super) fn len(&self) -> u64 {
        (self.end - self.done.below()).saturating_sub(self.done.count_beyond())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done.below() >= self.end
    }

    pub(super) fn enqueue(&mut self, append: Append) {
        self.queued_bytes += append.counted();
        self.queue.push_back(append);
    }
}

impl Append {
    /// What it counts against the limit, at most: blocks are shared.
    pub(super) fn counted(&self) -> u64 {
        counted(self.batch.bytes().len())
    }
}

/// The clock on the wall.
pub(super) fn wall_clock() -> Clock {
    Arc::new(now_ms)
}
