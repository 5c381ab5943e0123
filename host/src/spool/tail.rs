//! The records that were appended last, in memory.
//!
//! A sender that keeps up reads from here and nowhere else. What does not fit
//! is on disk.

use std::{collections::VecDeque, sync::Arc};

use crate::message::{Entity, KeyValue, Uplink, Value};

/// Memory for them, near enough. Some 10 000 small records, a tenth of a second
/// of a busy fleet: more than a sender that keeps up has before it.
pub(super) const TAIL_BYTES: usize = 4 * 1024 * 1024;

/// A record that was appended.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) uplink: Arc<Uplink>,
    /// Its length in the spool.
    pub(super) bytes: u32,
}

/// What one call appended.
#[derive(Debug)]
pub(super) struct Appended {
    pub(super) first: u64,
    pub(super) stored_ms: i64,
    pub(super) records: Vec<Held>,
    /// Memory that they take.
    pub(super) memory: usize,
}

impl Appended {
    pub(super) fn end(&self) -> u64 {
        self.first + self.records.len() as u64
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
        self.memory += appended.memory;
        self.appended.push_back(appended);
        // The last one stays, so that one large call does not have to be read
        // from disk by a sender that waits for it.
        while self.memory > TAIL_BYTES && self.appended.len() > 1 {
            gone.extend(self.pop());
        }
    }

    fn pop(&mut self) -> Option<Appended> {
        let oldest = self.appended.pop_front()?;
        self.memory -= oldest.memory;
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

/// Memory that a record takes, near enough for a bound.
pub(super) fn size_of_uplink(uplink: &Uplink) -> usize {
    let Entity {
        name,
        profile,
        label,
        customer,
        group,
        telemetry,
        attributes,
        kind: _,
    } = &uplink.entity;
    let options = [label, customer, group];
    let texts = name.len()
        + profile.len()
        + options
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>();
    let pairs = telemetry
        .iter()
        .flat_map(|sample| &sample.values)
        .chain(attributes);
    size_of::<Uplink>() + texts + telemetry.len() * 32 + pairs.map(size_of_pair).sum::<usize>()
}

fn size_of_pair(pair: &KeyValue) -> usize {
    let text = match &pair.value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Boolean(_) | Value::Long(_) | Value::Double(_) => 0,
    };
    size_of::<KeyValue>() + pair.key.len() + text
}
