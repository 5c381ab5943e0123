//! A cursor that follows the appended records.

use std::{collections::VecDeque, future, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::sleep};
use tracing::warn;

use super::{
    block::Block,
    error::SpoolError,
    record::{Position, Record},
    state::{Loss, ReadCall, Shared, State, Taking},
    store::Found,
};
use crate::message::batch::Malformed;

/// What is read from disk at once. Decoded it takes some ten times as much
/// memory.
const READ_BYTES: usize = 128 * 1024;

/// The pause before the disk is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A place in the spool, and the way from there. Reading takes nothing away.
pub struct Reader {
    shared: Arc<Shared>,
    cursor: u64,
    /// Read from disk and not given out yet.
    ahead: VecDeque<Ahead>,
}

/// A record that was read from disk.
struct Ahead {
    stored_ms: i64,
    record: Record,
}

/// What can be done at the cursor.
enum Look {
    Records(Vec<Record>),
    /// There is nothing yet.
    Wait,
    /// It is on disk.
    Read,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            cursor: 0,
            ahead: VecDeque::new(),
        }
    }

    /// The next records in order, `max_records` at most and `max_bytes` of them,
    /// as encoded in the spool; waits until there is one, and gives that one
    /// however large it is. What was acknowledged or dropped meanwhile is left
    /// out. Records that were appended a moment ago come from memory. Errors of
    /// the disk are logged, and it is asked again. When the spool has stopped,
    /// it waits for ever.
    ///
    /// A call that is given up takes no record along.
    pub async fn next(&mut self, max_records: usize, max_bytes: usize) -> Vec<Record> {
        loop {
            let shared = self.shared.clone();
            let appended = shared.appended.notified();
            tokio::pin!(appended);
            // Registered before the look, so that no wake-up is missed.
            appended.as_mut().enable();
            match self.look(max_records, max_bytes) {
                Look::Records(records) => return records,
                Look::Wait => appended.await,
                Look::Read => self.read_ahead().await,
            }
        }
    }

    /// What [`Reader::next`] would give without waiting; empty if that is
    /// nothing. For filling up a message.
    pub fn try_next(&mut self, max_records: usize, max_bytes: usize) -> Vec<Record> {
        match self.look(max_records, max_bytes) {
            Look::Records(records) => records,
            Look::Wait | Look::Read => Vec::new(),
        }
    }

    /// Goes back to the oldest record that is not acknowledged, for a new
    /// session.
    pub fn rewind(&mut self) {
        self.cursor = 0;
        self.ahead.clear();
    }

    fn look(&mut self, max_records: usize, max_bytes: usize) -> Look {
        let shared = self.shared.clone();
        let mut state = shared.lock();
        loop {
            self.cursor = self.cursor.max(state.done.below());
            let records = self.take_ahead(&mut state, max_records, max_bytes);
            if !records.is_empty() {
                return Look::Records(records);
            }
            if self.cursor >= state.end {
                return Look::Wait;
            }
            if state.tail.first().is_none_or(|first| first > self.cursor) {
                return Look::Read;
            }
            let records = shared.take(&mut state, &mut self.cursor, max_records, max_bytes);
            if !records.is_empty() {
                return Look::Records(records);
            }
        }
    }

    fn take_ahead(
        &mut self,
        state: &mut State,
        max_records: usize,
        max_bytes: usize,
    ) -> Vec<Record> {
        let expires_before = self.shared.expires_before().unwrap_or(i64::MIN);
        let mut taken = Taking::new(max_records, max_bytes);
        while let Some(Ahead { stored_ms, record }) = self.ahead.front() {
            let position = record.position.0;
            let done = position < self.cursor || state.done.contains(position);
            if !done && *stored_ms < expires_before {
                if !taken.records.is_empty() {
                    break;
                }
                self.shared
                    .add_lost(state, position, position + 1, Loss::Expired);
            } else if !done && !taken.add(record.bytes(), || record.clone()) {
                break;
            }
            self.cursor = self.cursor.max(position + 1);
            self.ahead.pop_front();
        }
        taken.records
    }

    /// Reads what is at the cursor from disk.
    async fn read_ahead(&mut self) {
        let from = self.cursor;
        let found = match read(&self.shared, from, READ_BYTES).await {
            Ok(found) => found,
            Err(SpoolError::Stopped) => return future::pending().await,
            Err(error) => {
                warn!(error = %error, "records in the spool cannot be read yet");
                return sleep(RETRY_PAUSE).await;
            }
        };
        let mut expected = from;
        let shared = self.shared.clone();
        for block in found.blocks {
            let head = block.head;
            // What cannot be decoded is treated like what cannot be read.
            let Ok(records) = decode(block) else {
                continue;
            };
            report_hole(&shared, expected, head.first);
            expected = head.end();
            let stored_ms = head.stored_ms;
            let records = records.into_iter();
            let ahead = records.map(|record| Ahead { stored_ms, record });
            self.ahead
                .extend(ahead.filter(|ahead| ahead.record.position.0 >= from));
        }
        report_hole(&shared, expected, found.end);
    }
}

/// Nothing can be read from `first` up to `end`.
fn report_hole(shared: &Shared, first: u64, end: u64) {
    if first < end {
        shared.add_lost(&mut shared.lock(), first, end, Loss::Damaged);
    }
}

/// Has the thread read blocks from the one that holds `from` on.
pub(super) async fn read(
    shared: &Shared,
    from: u64,
    max_bytes: usize,
) -> Result<Found, SpoolError> {
    let (answer, found) = oneshot::channel();
    {
        let mut state = shared.lock();
        if state.stopped {
            return Err(SpoolError::Stopped);
        }
        state.reads.push_back(ReadCall {
            from,
            max_bytes,
            answer,
        });
        shared.wake(state);
    }
    found.await.map_err(|_| SpoolError::Stopped)?
}

/// The records of a block.
pub(super) fn decode(block: Block) -> Result<Vec<Record>, Malformed> {
    let head = block.head;
    let batches = block.batches()?.into_iter().map(Arc::new);
    let places =
        batches.flat_map(|batch| (0..batch.len()).map(move |index| (batch.clone(), index)));
    let records: Vec<_> = (head.first..)
        .zip(places)
        .map(|(position, (batch, index))| Record::new(Position(position), batch, index))
        .collect();
    match records.len() as u64 == head.records {
        true => Ok(records),
        false => Err(Malformed),
    }
}
