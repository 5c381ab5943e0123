//! What the thread writes: one transaction of new records and of what is done
//! with, and what everybody is told of it.

use std::{
    mem,
    time::{Duration, Instant},
};

use tracing::{error, info};

use super::{
    block::{self, Head},
    error::Fault,
    keeper::{Keeper, Retry},
    state::{Append, Loss},
    store::{Change, Store},
    tail::Appended,
};
use crate::config::WhenFull;

/// A block takes no more calls beyond this. Small blocks cost more per record,
/// large ones are read in whole for the sake of one record.
const BLOCK_BYTES: usize = 32 * 1024;

/// What was acknowledged is removed with new records' transactions, but not with
/// each of them.
const REMOVED_AFTER: Duration = Duration::from_millis(50);

/// What a change will do beside storing records.
#[derive(Default)]
struct Removing {
    /// What was done with when the change was made.
    done_below: u64,
    /// What is dropped by it.
    dropped: Option<(u64, Loss)>,
}

impl Keeper {
    /// Makes one transaction of what there is to do.
    pub(super) fn write(&mut self) {
        match self.try_write() {
            Ok(()) => self.retry = Retry::default(),
            Err(fault) => self.failed(&fault),
        }
    }

    fn try_write(&mut self) -> Result<(), Fault> {
        let removing = self.removing()?;
        let stored_ms = (self.shared.clock)();
        let pending = mem::take(&mut self.pending);
        let below = match removing.dropped {
            Some((cut, _)) => cut.max(removing.done_below),
            None => removing.done_below,
        };
        let trying_again = self.retry.tries > 0;
        let written = self.opened().and_then(|store| {
            let mut change = Change {
                blocks: Vec::new(),
                done_below: (below > 0).then_some(below),
            };
            let mut more = false;
            if trying_again && change.done_below.is_some() {
                // What goes makes room for what comes, even where both at once
                // do not fit into the log.
                more = store.commit(&change)?;
                change.done_below = None;
            }
            change.blocks = blocks_of(&pending, store, stored_ms);
            // A rescue may have left nothing to do.
            if !change.blocks.is_empty() || change.done_below.is_some() {
                more |= store.commit(&change)?;
            }
            Ok(more)
        });
        match written {
            Ok(more) => {
                self.more_to_remove = more;
                self.publish(pending, stored_ms, &removing);
                Ok(())
            }
            Err(fault) => {
                self.pending = pending;
                Err(fault)
            }
        }
    }

    /// What the next transaction removes.
    fn removing(&mut self) -> Result<Removing, Fault> {
        let shared = self.shared.clone();
        let bytes: u64 = self.pending.iter().map(Append::counted).sum();
        let at_once = self.more_to_remove;
        let expires_before = shared.expires_before();
        let store = self.opened()?;
        let mut removing = Removing::default();
        {
            let state = shared.lock();
            let waited = state.done_since.is_some_and(|since| {
                at_once
                    || state.waiting_for_room > 0
                    || state.stopping
                    || since.elapsed() >= REMOVED_AFTER
            });
            if waited {
                removing.done_below = state.done.below();
            }
        }
        let is_old = |head: &Head| expires_before.is_some_and(|before| head.stored_ms < before);
        if store.head().is_some_and(is_old)
            && let Some(before) = expires_before
        {
            removing.dropped = Some((store.cut_expired(before)?, Loss::Expired));
        }
        let surplus = (store.bytes() + bytes).saturating_sub(shared.max_bytes);
        if shared.settings.when_full == WhenFull::DropOldest && surplus > 0 && bytes > 0 {
            let cut = store.cut_for(surplus)?;
            // More than what is too old; the reason matters only to the counters.
            if removing.dropped.is_none_or(|(expired, _)| expired < cut) {
                removing.dropped = Some((cut, Loss::Full));
            }
        }
        Ok(removing)
    }

    /// Tells everybody what is stored now.
    fn publish(&mut self, pending: Vec<Append>, stored_ms: i64, removing: &Removing) {
        let Some(store) = &self.store else {
            return;
        };
        let shared = &self.shared;
        let mut done = Vec::with_capacity(pending.len());
        let mut gone = Vec::new();
        let mut state = shared.lock();
        for append in pending {
            state.queued_bytes = state.queued_bytes.saturating_sub(append.counted());
            let appended = Appended {
                first: state.end,
                stored_ms,
                batch: append.batch,
            };
            state.end = appended.end();
            if let Some(watch) = append.watch {
                state.watchers.add(appended.first, appended.end(), watch);
            }
            state.tail.push(appended, &mut gone);
            done.push(append.done);
        }
        if let Some((cut, loss)) = removing.dropped {
            shared.add_lost(&mut state, 0, cut, loss);
        }
        state.done_on_disk = state.done_on_disk.max(store.done_below());
        let behind = state.done.below() > state.done_on_disk;
        if self.more_to_remove || (behind && removing.done_below > 0) {
            state.done_since = Some(Instant::now());
        } else if !behind {
            state.done_since = None;
        }
        state.stored_bytes = store.bytes();
        state.oldest_ms = store.head().map(|head| head.stored_ms);
        if state.is_empty() {
            state.oldest_ms = None;
        }
        let waiting_for_room = state.waiting_for_room > 0;
        let refused = state.disk_error.take().is_some();
        drop(state);
        if refused {
            info!(file = %shared.path.display(), "the spool can be written again");
        }
        if let Some(flusher) = &self.flusher
            && !done.is_empty()
        {
            flusher.wrote();
        }
        let stored = !done.is_empty();
        for caller in done {
            // Whoever waited may be gone with its connection.
            let _ = caller.send(());
        }
        if stored {
            shared.appended.notify_waiters();
        }
        if waiting_for_room {
            shared.room.notify_waiters();
        }
    }

    fn failed(&mut self, fault: &Fault) {
        if let Fault::Damage(what) = fault {
            self.rescue(what);
            if self.retry.tries == 0 && self.store.is_some() {
                // With what was saved it may go on at once; but not for ever.
                self.retry.tries = 1;
                return;
            }
        } else if let (Fault::Full(_), Some(store)) = (fault, &mut self.store) {
            // The log begins anew in the room that it has, if that can be done:
            // then what was acknowledged can be removed, which makes room.
            let _ = store.checkpoint();
        } else {
            // Whatever was done to the file, the next try begins with what is
            // there.
            self.store = None;
        }
        self.retry.failed();
        let mut state = self.shared.lock();
        let reason = fault.reason().to_owned();
        if state.disk_error.replace(reason).is_some() {
            return;
        }
        drop(state);
        error!(
            file = %self.shared.path.display(),
            error = fault.reason(),
            "the spool cannot be written; new records wait, and with them the devices; free room \
             on its disk and check that tb-tcp may write to it"
        );
    }
}

/// Puts calls together to blocks.
fn blocks_of(pending: &[Append], store: &Store, stored_ms: i64) -> Vec<(Head, Vec<u8>)> {
    let mut blocks: Vec<(Head, Vec<u8>)> = Vec::new();
    let mut first = store.end();
    let mut bytes_before = store.end_bytes();
    let mut calls = pending.iter().peekable();
    while calls.peek().is_some() {
        let mut data = Vec::new();
        block::begin(&mut data);
        let mut records = 0;
        while let Some(call) = calls
            .next_if(|call| records == 0 || data.len() + call.batch.bytes().len() <= BLOCK_BYTES)
        {
            data.extend_from_slice(call.batch.bytes());
            records += call.batch.len() as u64;
        }
        let head = Head {
            first,
            records,
            bytes_before,
            stored_ms,
        };
        block::seal(&head, &mut data);
        first = head.end();
        bytes_before += block::counted(data.len());
        blocks.push((head, data));
    }
    blocks
}
