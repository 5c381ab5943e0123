//! The handle that the rest of the host holds.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::info;

use super::{
    acknowledged::Acknowledged,
    error::{Fault, SpoolError},
    flusher::Flusher,
    keeper::{Keeper, needs_flusher},
    open::{NAME, disk_bytes, log_of, make_folder},
    reader::{Reader, decode, read},
    record::{Position, Record},
    rescue::open_or_rescue,
    state::{Append, Clock, Shared, State, wall_clock},
    status::{Damage, Recovered, Status},
    store::Store,
    watched::Acknowledgement,
};
use crate::{
    config::{Fsync, SpoolSettings},
    message::Batch,
};

/// What a page of [`Spool::page`] is read from at once, in bytes.
const PAGE_BYTES: usize = 256 * 1024;

/// Records of a page beyond which no more is read, in bytes.
pub(super) const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// How long somebody else may hold the store when it is opened. A tool that
/// looks into it holds it for some milliseconds; whoever holds it longer is
/// another host.
const PATIENCE: Duration = Duration::from_secs(3);
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// A handle to the spool. Clones share it; when the last one is dropped what was
/// handed in is written, the thread ends and the file is closed, which blocks
/// for as long as the disk takes.
#[derive(Clone)]
pub struct Spool {
    owner: Arc<Owner>,
}

impl fmt::Debug for Spool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Spool").finish_non_exhaustive()
    }
}

/// Stops the thread when it goes.
struct Owner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        self.shared.wake(state);
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Spool {
    /// Opens the spool in `folder`, or makes it, for its owner only. That takes
    /// some milliseconds, however much it holds. Damage is no error: what is
    /// whole is kept, and the rest is told by the result and in the log. A store
    /// that cannot be used any more is moved aside. Blocks.
    ///
    /// # Errors
    /// [`SpoolError::InUse`]: another process has it open, for seconds already.
    /// [`SpoolError::Open`]: the folder or a file cannot be made, opened or
    /// written.
    pub fn open(folder: &Path, settings: &SpoolSettings) -> Result<(Self, Recovered), SpoolError> {
        Self::open_with(folder, settings, settings.max_bytes(), wall_clock())
    }

    pub(super) fn open_with(
        folder: &Path,
        settings: &SpoolSettings,
        max_bytes: u64,
        clock: Clock,
    ) -> Result<(Self, Recovered), SpoolError> {
        let path = folder.join(NAME);
        make_folder(folder).map_err(|error| Fault::from(error).opening(folder))?;
        let (store, damage) =
            open_when_free(&path, settings.fsync).map_err(|fault| fault.opening(&path))?;
        let flusher = needs_flusher(settings.fsync)
            .then(|| Flusher::start(log_of(&path), settings.fsync_interval()));
        let no_thread = |error: std::io::Error| SpoolError::Open {
            path: folder.to_owned(),
            reason: format!("the operating system gives no thread: {error}"),
        };
        let flusher = flusher.transpose().map_err(no_thread)?;
        let shared = Arc::new(Shared::new(path, settings.clone(), max_bytes, clock));
        let recovered = {
            let mut state = shared.lock();
            state.end = store.end();
            state.done = Acknowledged::new(store.done_below());
            state.done_on_disk = store.done_below();
            state.stored_bytes = store.bytes();
            state.oldest_ms = store.head().map(|head| head.stored_ms);
            if let Some(damage) = &damage {
                state.dropped.damaged = damage.lost;
            }
            Recovered {
                records: state.len(),
                bytes: state.stored_bytes,
                oldest_age: age_ms(&shared, &state).map(Duration::from_millis),
                damage,
            }
        };
        if recovered.records > 0 {
            info!(
                records = recovered.records,
                bytes = recovered.bytes,
                "the spool holds records that ThingsBoard has not acknowledged; they are sent first"
            );
        }
        let keeper = Keeper::new(shared.clone(), store, flusher);
        let thread = thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || keeper.run())
            .map_err(no_thread)?;
        let owner = Owner {
            shared,
            thread: Some(thread),
        };
        let spool = Self {
            owner: Arc::new(owner),
        };
        Ok((spool, recovered))
    }

    /// Whether `folder` holds a spool.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join(NAME).exists()
    }

    /// Accepts `uplinks` in order. Resolves when they are stored as
    /// `spool.fsync` demands; calls that come meanwhile share the next
    /// transaction. Waits while the spool is full (with `whenFull = "block"`),
    /// while too much is on its way to the disk, and while the disk refuses. One
    /// call that is larger than the whole spool is taken when the spool is empty.
    /// A call that is given up stores all or nothing.
    ///
    /// # Errors
    /// [`SpoolError::Stopped`]: the thread that writes is gone.
    pub async fn append(&self, uplinks: impl Into<Batch>) -> Result<(), SpoolError> {
        let batch = uplinks.into();
        match batch.is_empty() {
            true => Ok(()),
            false => self.store(batch, None).await,
        }
    }

    /// As [`Spool::append`], for who wants to know when ThingsBoard has acknowledged
    /// all of it. Nothing is acknowledged at once.
    ///
    /// # Errors
    /// As [`Spool::append`].
    pub async fn append_watched(
        &self,
        uplinks: impl Into<Batch>,
    ) -> Result<Acknowledgement, SpoolError> {
        let batch = uplinks.into();
        if batch.is_empty() {
            return Ok(Acknowledgement(None));
        }
        let (told, hear) = oneshot::channel();
        self.store(batch, Some(told)).await?;
        Ok(Acknowledgement(Some(hear)))
    }

    async fn store(
        &self,
        batch: Batch,
        watch: Option<oneshot::Sender<()>>,
    ) -> Result<(), SpoolError> {
        let (done, stored) = oneshot::channel();
        let append = Append {
            batch: Arc::new(batch),
            done,
            watch,
        };
        self.enter(append).await?;
        stored.await.map_err(|_| SpoolError::Stopped)
    }

    /// Hands `append` to the thread when there is room.
    async fn enter(&self, append: Append) -> Result<(), SpoolError> {
        let shared = &self.owner.shared;
        let bytes = append.counted();
        let waiting = {
            let mut state = shared.lock();
            if state.stopped {
                return Err(SpoolError::Stopped);
            }
            // Nobody overtakes those who wait.
            let waiting = if state.waiting_for_room == 0 && shared.admits(&state, bytes) {
                state.enqueue(append);
                None
            } else {
                state.waiting_for_room += 1;
                Some((append, Waiting(shared)))
            };
            // What was acknowledged makes room when it is removed, so the thread
            // is woken in either case.
            shared.wake(state);
            waiting
        };
        let Some((append, _waiting)) = waiting else {
            return Ok(());
        };
        // One at a time, in the order in which they came.
        let _turn = shared.turn.lock().await;
        loop {
            let room = shared.room.notified();
            tokio::pin!(room);
            // Registered before the look, so that no wake-up is missed.
            room.as_mut().enable();
            {
                let mut state = shared.lock();
                if state.stopped {
                    return Err(SpoolError::Stopped);
                }
                if shared.admits(&state, bytes) {
                    state.enqueue(append);
                    shared.wake(state);
                    return Ok(());
                }
            }
            room.await;
        }
    }

    /// A cursor at the oldest record that is not acknowledged.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.owner.shared.clone())
    }

    /// Lets go of these records, in any order; what is gone already does not
    /// matter. Costs a lock and no more: they are removed from disk within
    /// 200 ms, and those that were not yet when the process died are sent once
    /// more.
    pub fn acknowledge(&self, positions: impl IntoIterator<Item = Position>) {
        let shared = &self.owner.shared;
        let mut state = shared.lock();
        let mut positions = positions.into_iter().map(Position::get).peekable();
        while let Some(first) = positions.next() {
            let mut end = first.saturating_add(1);
            while positions.next_if_eq(&end).is_some() {
                end = end.saturating_add(1);
            }
            shared.add_done(&mut state, first, end);
        }
    }

    /// How many records wait for acknowledgement.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.owner.shared.lock().len()
    }

    /// The place of the next new record.
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.owner.shared.lock().end)
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owner.shared.lock().is_empty()
    }

    /// Waits until everything was acknowledged.
    pub async fn drained(&self) {
        let shared = &self.owner.shared;
        loop {
            let emptied = shared.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// How the spool is doing. Does not wait for the disk.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.owner.shared;
        let disk_bytes = disk_bytes(&shared.path);
        let state = shared.lock();
        Status {
            records: state.len(),
            bytes: state.stored_bytes,
            max_bytes: shared.max_bytes,
            disk_bytes,
            oldest_age_ms: age_ms(shared, &state),
            dropped_full: state.dropped.full,
            dropped_expired: state.dropped.expired,
            dropped_damaged: state.dropped.damaged,
            disk_error: state.disk_error.clone(),
        }
    }

    /// Records from `from` on that are not acknowledged, oldest first:
    /// `max_records` at most, and no more than some MiB. Empty: there are no
    /// more. The next page is behind the last record's position. Readers are not
    /// disturbed.
    ///
    /// # Errors
    /// [`SpoolError::Read`]: the disk does not give them.
    /// [`SpoolError::Stopped`]: the thread that reads is gone.
    pub async fn page(
        &self,
        from: Position,
        max_records: usize,
    ) -> Result<Vec<Record>, SpoolError> {
        let shared = &self.owner.shared;
        let mut page = Vec::new();
        let mut bytes = 0;
        let mut next = from.get();
        loop {
            {
                let state = shared.lock();
                next = next.max(state.done.below());
                if next >= state.end {
                    return Ok(page);
                }
            }
            let found = read(shared, next, PAGE_BYTES).await?;
            let blocks = found.blocks.into_iter();
            let records = blocks.filter_map(|block| decode(block).ok()).flatten();
            let state = shared.lock();
            for record in records {
                let position = record.position.get();
                if position < next || state.done.contains(position) {
                    continue;
                }
                if page.len() >= max_records || bytes >= MAX_PAGE_BYTES {
                    return Ok(page);
                }
                bytes += record.bytes();
                page.push(record);
            }
            next = found.end.max(next + 1);
        }
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }
}

/// Counts a caller that waits for room, for as long as it does.
struct Waiting<'shared>(&'shared Shared);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting_for_room = state.waiting_for_room.saturating_sub(1);
    }
}

/// Opens the store as soon as no tool looks into it.
fn open_when_free(path: &Path, fsync: Fsync) -> Result<(Store, Option<Damage>), Fault> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match open_or_rescue(path, fsync) {
            Err(Fault::InUse) if Instant::now() < give_up => thread::sleep(ASK_AGAIN),
            opened => return opened,
        }
    }
}

/// How long the oldest record has waited, in milliseconds.
fn age_ms(shared: &Shared, state: &State) -> Option<u64> {
    let age = (shared.clock)().saturating_sub(state.oldest_ms?);
    // A clock that was set back makes nothing younger than new.
    Some(u64::try_from(age).unwrap_or(0))
}
