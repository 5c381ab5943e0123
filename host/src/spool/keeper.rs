//! The thread that owns the database.
//!
//! It takes what came while it was busy and writes it as one transaction, so
//! many connections cost little more than one, and no async thread ever waits
//! for the disk. What was acknowledged is removed along the way.

use std::{
    mem,
    sync::{Arc, MutexGuard},
    time::{Duration, Instant},
};

use tracing::{debug, error};

use super::{
    error::Fault,
    flusher::Flusher,
    rescue,
    state::{Append, REMOVED_WITHIN, ReadCall, Shared, State},
    store::Store,
};
use crate::config::Fsync;

/// A transaction takes no more calls beyond this: it is in memory until it is
/// done.
const COMMIT_BYTES: usize = 1024 * 1024;

/// The first pause after the disk refused, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(5);

/// How often a stopping process tries to write what it has.
const LAST_TRIES: u32 = 3;

/// How long the thread sleeps at most while records can become too old: the
/// clock may be set meanwhile.
const LOOK_FOR_EXPIRED: Duration = Duration::from_secs(60);

/// The thread.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    /// None while opening it has failed.
    pub(super) store: Option<Store>,
    pub(super) flusher: Option<Flusher>,
    /// Taken from the queue and not stored yet.
    pub(super) pending: Vec<Append>,
    /// Whether the last removal left something for the next.
    pub(super) more_to_remove: bool,
    pub(super) retry: Retry,
    /// When tidying up may be tried again, after it failed.
    tidy_at: Option<Instant>,
}

/// When to try again after the disk refused.
#[derive(Default)]
pub(super) struct Retry {
    pub(super) tries: u32,
    at: Option<Instant>,
}

impl Retry {
    pub(super) fn failed(&mut self) {
        let pause = RETRY_FIRST.saturating_mul(1 << self.tries.min(16));
        self.at = Some(Instant::now() + pause.min(RETRY_LAST));
        self.tries += 1;
    }
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, store: Store, flusher: Option<Flusher>) -> Self {
        Self {
            shared,
            store: Some(store),
            flusher,
            pending: Vec::new(),
            more_to_remove: false,
            retry: Retry::default(),
            tidy_at: None,
        }
    }

    /// Works until the last handle is gone.
    pub(super) fn run(mut self) {
        let shared = self.shared.clone();
        loop {
            let mut state = shared.lock();
            while !self.has_work(&state) && !state.stopping {
                let deadline = self.deadline(&state);
                state = shared.wait(state, deadline);
            }
            let stopping = state.stopping;
            let reads = mem::take(&mut state.reads);
            #[cfg(test)]
            let tests = mem::take(&mut state.tests);
            let writes = self.has_writes(&state);
            if writes {
                self.take_queued(&mut state);
            }
            drop(state);
            #[cfg(test)]
            for test in tests {
                test(self.store.as_mut());
            }
            for call in reads {
                self.read(call);
            }
            if writes {
                self.write();
                self.tidy();
            } else if stopping {
                break;
            }
            if stopping && self.retry.tries >= LAST_TRIES {
                break;
            }
        }
        self.end();
    }

    fn has_work(&self, state: &State) -> bool {
        #[cfg(test)]
        if !state.tests.is_empty() {
            return true;
        }
        !state.reads.is_empty() || self.has_writes(state)
    }

    fn has_writes(&self, state: &State) -> bool {
        let now = Instant::now();
        if !state.stopping && self.retry.at.is_some_and(|at| now < at) {
            return false;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        !self.pending.is_empty()
            || !state.queue.is_empty()
            || is_due(self.removal_due(state))
            || is_due(self.expiry_due(now))
    }

    /// When the thread must wake by itself.
    fn deadline(&self, state: &State) -> Option<Instant> {
        let waiting = !self.pending.is_empty() || !state.queue.is_empty();
        let due = [self.removal_due(state), self.expiry_due(Instant::now())];
        let due = due.into_iter().flatten().min();
        match self.retry.at {
            Some(at) if waiting => Some(at),
            Some(at) => due.map(|due| due.max(at)),
            None => due,
        }
    }

    fn removal_due(&self, state: &State) -> Option<Instant> {
        let since = state.done_since?;
        let at_once = self.more_to_remove || state.waiting_for_room > 0 || state.stopping;
        Some(
            since
                + if at_once {
                    Duration::ZERO
                } else {
                    REMOVED_WITHIN
                },
        )
    }

    fn expiry_due(&self, now: Instant) -> Option<Instant> {
        let oldest = self.store.as_ref()?.head()?.stored_ms;
        let left = oldest.saturating_sub(self.shared.expires_before()?);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        Some(now + left.min(LOOK_FOR_EXPIRED))
    }

    fn take_queued(&mut self, state: &mut State) {
        let mut bytes: usize = self.pending.iter().map(|one| one.batch.bytes().len()).sum();
        while bytes < COMMIT_BYTES
            && let Some(next) = state.queue.pop_front()
        {
            bytes += next.batch.bytes().len();
            self.pending.push(next);
        }
    }

    fn read(&mut self, call: ReadCall) {
        let mut tries = 0;
        let result = loop {
            let result = self
                .opened()
                .and_then(|store| store.read(call.from, call.max_bytes));
            match result {
                Err(Fault::Damage(what)) if tries == 0 => {
                    tries += 1;
                    self.rescue(&what);
                }
                other => break other,
            }
        };
        let result = result.map_err(|fault| fault.reading(&self.shared.path));
        // Whoever asked may be gone.
        let _ = call.answer.send(result);
    }

    /// The store, opened again if need be.
    pub(super) fn opened(&mut self) -> Result<&mut Store, Fault> {
        let store = match self.store.take() {
            Some(store) => store,
            None => self.reopen()?,
        };
        Ok(self.store.insert(store))
    }

    fn reopen(&self) -> Result<Store, Fault> {
        let path = &self.shared.path;
        let (mut store, _) = rescue::open_or_rescue(path, self.shared.settings.fsync)?;
        // The positions that are in use here stay taken, whatever is there.
        store.skip_to(self.shared.lock().end);
        debug!(file = %path.display(), "the spool was opened again");
        Ok(store)
    }

    /// Saves what can be read of a damaged store and goes on with that.
    pub(super) fn rescue(&mut self, what: &str) {
        self.store = None;
        let rescued = rescue::rescue(&self.shared.path, self.shared.settings.fsync, what);
        let end = self.shared.lock().end;
        match rescued {
            Ok((mut store, _)) => {
                store.skip_to(end);
                self.store = Some(store);
            }
            Err(fault) => error!(
                file = %self.shared.path.display(),
                error = fault.reason(),
                "the spool is damaged, and what is whole of it cannot be copied yet"
            ),
        }
    }

    /// Does what the disk is to do when nobody waits for it.
    fn tidy(&mut self) {
        let idle = self.shared.lock().queue.is_empty();
        let Some(store) = &mut self.store else {
            return;
        };
        if self.tidy_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let checkpoint = match store.wants_checkpoint(idle) {
            true => store.checkpoint(),
            false => Ok(()),
        };
        let tidied = checkpoint.and_then(|()| match idle {
            true => store.shrink(),
            false => Ok(()),
        });
        self.tidy_at = None;
        match tidied {
            Ok(()) => {}
            Err(Fault::Damage(what)) => self.rescue(&what),
            Err(fault) => {
                // What is stored is stored. If the disk is full, the next write
                // says so.
                debug!(
                    error = fault.reason(),
                    "the spool cannot be tidied up; tried again later"
                );
                self.tidy_at = Some(Instant::now() + RETRY_LAST);
            }
        }
    }

    /// Writes down what is done with, closes the file, and lets go of everybody.
    fn end(mut self) {
        let shared = self.shared.clone();
        drop(self.flusher.take());
        // Closing brings the log into the file.
        drop(self.store.take());
        let mut state: MutexGuard<'_, State> = shared.lock();
        state.stopped = true;
        // Their callers learn it by the end of the channel.
        state.queue.clear();
        state.reads.clear();
        drop(state);
        drop(self.pending);
        shared.room.notify_waiters();
        shared.emptied.notify_waiters();
    }
}

/// Whether the policy needs somebody who brings the log to the disk.
pub(super) fn needs_flusher(fsync: Fsync) -> bool {
    fsync == Fsync::Interval
}
