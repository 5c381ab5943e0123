//! The downlinks that wait, each device's in the order in which they came.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use crate::message::Downlink;

/// Bytes that one waiting downlink takes beside its texts, near enough for a bound.
const OVERHEAD: usize = 256;

/// How long a downlink has been ours. What passed in earlier runs is told by the
/// wall clock, what passes in this one is not: a clock that is set must not make all
/// downlinks expire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    before: Duration,
    since: Instant,
}

impl Age {
    /// The age of what comes now.
    pub(super) fn new() -> Self {
        Self::of(Duration::ZERO)
    }

    /// The age of what is so old already.
    pub(super) fn of(before: Duration) -> Self {
        Self {
            before,
            since: Instant::now(),
        }
    }

    pub(super) fn reached(self, time_to_live: Duration) -> bool {
        self.before.saturating_add(self.since.elapsed()) >= time_to_live
    }
}

/// A downlink that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) age: Age,
    pub(super) downlink: Downlink,
}

impl Waiting {
    fn size(&self) -> usize {
        let Downlink {
            device,
            msg,
            msg_type,
            metadata,
            ..
        } = &self.downlink;
        let pairs = metadata.iter().map(|(key, value)| key.len() + value.len());
        OVERHEAD + device.len() + msg.len() + msg_type.len() + pairs.sum::<usize>()
    }
}

/// All that wait. Numbers are ascending in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queues {
    devices: HashMap<String, BTreeMap<u64, Waiting>>,
    /// The device of every downlink.
    order: BTreeMap<u64, String>,
    bytes: usize,
}

impl Queues {
    /// Lets a downlink wait at its place.
    pub(super) fn insert(&mut self, number: u64, waiting: Waiting) {
        let device = waiting.downlink.device.clone();
        self.bytes = self.bytes.saturating_add(waiting.size());
        self.order.insert(number, device.clone());
        let queue = self.devices.entry(device).or_default();
        queue.insert(number, waiting);
    }

    /// Takes out the oldest of `device`.
    pub(super) fn pop(&mut self, device: &str) -> Option<(u64, Waiting)> {
        let queue = self.devices.get_mut(device)?;
        let (number, waiting) = queue.pop_first()?;
        if queue.is_empty() {
            self.devices.remove(device);
        }
        self.order.remove(&number);
        self.bytes = self.bytes.saturating_sub(waiting.size());
        Some((number, waiting))
    }

    /// Takes out the oldest of all.
    pub(super) fn pop_oldest(&mut self) -> Option<(u64, Waiting)> {
        let device = self.order.first_key_value()?.1.clone();
        self.pop(&device)
    }

    pub(super) fn oldest(&self) -> Option<&Waiting> {
        let (number, device) = self.order.first_key_value()?;
        self.devices.get(device)?.get(number)
    }

    /// How many of `device` wait.
    pub(super) fn of(&self, device: &str) -> usize {
        self.devices.get(device).map_or(0, BTreeMap::len)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// What they take in memory, near enough for a bound.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
