//! The order of records on their way: each entity has a lane, and of one lane
//! only one message is on its way at a time.
//!
//! ThingsBoard's acknowledgements come in any order, and a message may have to
//! be sent again. With one message of an entity on its way nothing of that
//! entity can be overtaken, whatever becomes of it; entities do not wait for
//! each other.

use std::collections::{HashMap, VecDeque};

/// Which lane: made of what an entity calls itself, because its id may change. Two
/// that share one by chance wait for each other and no more.
pub(super) type LaneId = u64;

/// Records that wait, by entity.
pub(super) struct Lanes<T> {
    lanes: HashMap<LaneId, Lane<T>>,
    /// Lanes whose next record may be sent, the longest waiting first.
    ready: VecDeque<LaneId>,
    /// Lanes whose entity has to be created first.
    absent: VecDeque<LaneId>,
    waiting: usize,
    waiting_bytes: usize,
}

struct Lane<T> {
    waiting: VecDeque<Item<T>>,
    /// Whether something of it is on its way.
    busy: bool,
}

/// A record with its lane.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item<T> {
    pub(super) lane: LaneId,
    pub(super) record: T,
    /// What it takes in a message.
    pub(super) bytes: usize,
    /// How often it failed alone; none: it never failed, and may go with others.
    pub(super) failures: Option<u32>,
}

/// How much one message takes.
pub(super) struct Room {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            absent: VecDeque::new(),
            waiting: 0,
            waiting_bytes: 0,
        }
    }
}

impl<T> Lanes<T> {
    /// How many records wait; those on their way do not count.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What they take in messages.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Whether a lane may send.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether an entity has to be created.
    pub(super) fn has_absent(&self) -> bool {
        !self.absent.is_empty()
    }

    /// The record that a lane sends next.
    pub(super) fn first(&self, id: LaneId) -> Option<&T> {
        let first = self.lanes.get(&id)?.waiting.front()?;
        Some(&first.record)
    }

    /// Takes in the next record of an entity.
    pub(super) fn push(&mut self, lane: LaneId, record: T, bytes: usize) {
        let item = Item {
            lane,
            record,
            bytes,
            failures: None,
        };
        self.waiting += 1;
        self.waiting_bytes += bytes;
        let queue = self.lanes.entry(lane).or_insert_with(|| {
            self.ready.push_back(lane);
            Lane {
                waiting: VecDeque::new(),
                busy: false,
            }
        });
        queue.waiting.push_back(item);
    }

    /// The records of the next message, in order; empty if none may go. Lanes
    /// whose entity does not exist wait for [`Lanes::next_absent`]. A record
    /// that failed goes alone. One that is larger than `room` goes too.
    pub(super) fn take(&mut self, room: &Room, exists: impl Fn(&T) -> bool) -> Vec<Item<T>> {
        let mut batch: Vec<Item<T>> = Vec::new();
        let mut bytes = 0;
        while let Some(id) = self.ready.pop_front() {
            let Some(lane) = self.lanes.get_mut(&id) else {
                continue;
            };
            let Some(first) = lane.waiting.front() else {
                continue;
            };
            if !exists(&first.record) {
                self.absent.push_back(id);
                continue;
            }
            let alone = first.failures.is_some();
            let fits = batch.len() < room.records && bytes + first.bytes <= room.bytes;
            if !batch.is_empty() && (alone || !fits) {
                self.ready.push_front(id);
                break;
            }
            lane.busy = true;
            while let Some(next) = lane.waiting.front() {
                let next_bytes = bytes + next.bytes;
                let full = batch.len() >= room.records || next_bytes > room.bytes;
                if !batch.is_empty() && (full || next.failures.is_some()) {
                    break;
                }
                self.waiting -= 1;
                self.waiting_bytes -= next.bytes;
                bytes = next_bytes;
                batch.extend(lane.waiting.pop_front());
                if alone {
                    break;
                }
            }
            if alone {
                break;
            }
        }
        batch
    }

    /// The first record of a lane whose entity does not exist. The lane is busy
    /// until [`Lanes::free`].
    pub(super) fn next_absent(&mut self) -> Option<(LaneId, &T)> {
        let id = self.absent.pop_front()?;
        let lane = self.lanes.get_mut(&id)?;
        lane.busy = true;
        Some((id, &lane.waiting.front()?.record))
    }

    /// Notes that nothing of a lane is on its way any longer.
    pub(super) fn free(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        if !lane.busy {
            return;
        }
        lane.busy = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&id);
        } else {
            self.ready.push_back(id);
        }
    }

    /// Puts records back in front of their lanes, and frees those.
    pub(super) fn give_back(&mut self, batch: Vec<Item<T>>) {
        let mut lanes: Vec<LaneId> = batch.iter().map(|item| item.lane).collect();
        lanes.dedup();
        for item in batch.into_iter().rev() {
            if let Some(lane) = self.lanes.get_mut(&item.lane) {
                self.waiting += 1;
                self.waiting_bytes += item.bytes;
                lane.waiting.push_front(item);
            }
        }
        for id in lanes {
            self.free(id);
        }
    }

    /// Takes all records of a lane out, which is busy with them until
    /// [`Lanes::free`] or [`Lanes::give_back`].
    pub(super) fn take_all(&mut self, id: LaneId) -> Vec<Item<T>> {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return Vec::new();
        };
        lane.busy = true;
        let batch: Vec<_> = lane.waiting.drain(..).collect();
        self.waiting -= batch.len();
        self.waiting_bytes -= batch.iter().map(|item| item.bytes).sum::<usize>();
        batch
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    const WIDE: Room = Room {
        records: 100,
        bytes: 1000,
    };

    fn lanes(records: &[(u64, u32)]) -> Lanes<u32> {
        let mut lanes = Lanes::default();
        for (id, record) in records {
            lanes.push(*id, *record, 10);
        }
        lanes
    }

    fn take(lanes: &mut Lanes<u32>, room: &Room) -> Vec<u32> {
        let batch = lanes.take(room, |_| true);
        batch.into_iter().map(|item| item.record).collect()
    }

    #[test]
    fn a_lane_waits_for_its_message() {
        let mut lanes = lanes(&[(1, 10), (2, 20), (1, 11)]);
        assert_eq!(take(&mut lanes, &WIDE), [10, 11, 20]);
        lanes.push(1, 12, 10);
        lanes.push(3, 30, 10);
        assert_eq!(take(&mut lanes, &WIDE), [30]);
        assert_eq!(lanes.waiting(), 1);
        lanes.free(1);
        lanes.free(2);
        assert_eq!(take(&mut lanes, &WIDE), [12]);
        lanes.free(1);
        lanes.free(3);
        assert!(lanes.lanes.is_empty());
    }

    #[test]
    fn a_message_is_bounded_in_records_and_bytes() {
        let rows = [(1, 10), (1, 11), (2, 20), (3, 30)];
        for (records, bytes, expected) in [
            (3, 1000, [10, 11, 20].as_slice()),
            (100, 29, &[10, 11]),
            (1, 1000, &[10]),
            (100, 5, &[10]),
        ] {
            let room = Room { records, bytes };
            assert_eq!(take(&mut lanes(&rows), &room), expected);
        }
    }

    #[test]
    fn what_failed_goes_alone() {
        let mut lanes = lanes(&[(1, 10), (1, 11), (2, 20)]);
        let mut batch = lanes.take(&WIDE, |_| true);
        for item in &mut batch {
            item.failures = Some(0);
        }
        lanes.give_back(batch);
        assert_eq!(take(&mut lanes, &WIDE), [10]);
        assert_eq!(take(&mut lanes, &WIDE), [20]);
        assert!(take(&mut lanes, &WIDE).is_empty());
        lanes.free(1);
        assert_eq!(take(&mut lanes, &WIDE), [11]);
    }

    #[test]
    fn an_entity_that_does_not_exist_is_created_first() {
        let mut lanes = lanes(&[(1, 10), (2, 20), (1, 11)]);
        let batch = lanes.take(&WIDE, |record| *record != 10);
        assert_eq!(batch.len(), 1);
        assert_eq!(lanes.next_absent(), Some((1, &10)));
        assert_eq!(lanes.next_absent(), None);
        assert!(take(&mut lanes, &WIDE).is_empty());
        lanes.free(1);
        assert_eq!(take(&mut lanes, &WIDE), [10, 11]);
    }

    #[test]
    fn a_lane_can_be_emptied() {
        let mut lanes = lanes(&[(1, 10), (1, 11)]);
        assert!(lanes.take(&WIDE, |_| false).is_empty());
        assert!(lanes.next_absent().is_some());
        let batch = lanes.take_all(1);
        let records: Vec<_> = batch.iter().map(|item| item.record).collect();
        assert_eq!((records.as_slice(), lanes.waiting()), (&[10, 11][..], 0));
        lanes.push(1, 12, 10);
        assert!(take(&mut lanes, &WIDE).is_empty(), "the lane is busy");
        lanes.give_back(batch);
        assert_eq!(take(&mut lanes, &WIDE), [10, 11, 12]);
    }

    proptest! {
        /// Whatever fails and in whichever order messages end: each record is
        /// delivered once, in the order of its lane, never beside another
        /// message of the lane.
        #[test]
        fn nothing_is_lost_or_overtaken(
            ids in prop::collection::vec(0_u64..5, 1..60),
            steps in prop::collection::vec((0_usize..4, any::<bool>(), 0_usize..8), 0..200),
        ) {
            let mut lanes = Lanes::default();
            let mut sent: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            let mut under_way: Vec<Vec<Item<u32>>> = Vec::new();
            let mut pushes = (0..).zip(&ids).peekable();
            let mut steps = steps.into_iter();
            loop {
                let (what, fails, which) = steps.next().unwrap_or((3, false, 0));
                for (number, id) in pushes.by_ref().take(3) {
                    lanes.push(*id, number, 1);
                }
                if what < 2 || under_way.is_empty() {
                    let room = Room { records: 4, bytes: 1000 };
                    let batch = lanes.take(&room, |_| true);
                    let busy: HashSet<_> = under_way.iter().flatten().map(|item| item.lane).collect();
                    prop_assert!(batch.iter().all(|item| !busy.contains(&item.lane)));
                    if !batch.is_empty() {
                        under_way.push(batch);
                    }
                } else {
                    let mut batch = under_way.swap_remove(which % under_way.len());
                    if fails {
                        for item in &mut batch {
                            item.failures = Some(0);
                        }
                        lanes.give_back(batch);
                    } else {
                        let mut ended: Vec<_> = batch.iter().map(|item| item.lane).collect();
                        for item in batch {
                            sent.entry(item.lane).or_default().push(item.record);
                        }
                        ended.dedup();
                        for id in ended {
                            lanes.free(id);
                        }
                    }
                }
                if pushes.peek().is_none() && under_way.is_empty() && lanes.waiting() == 0 {
                    break;
                }
            }
            let expected = (0..).zip(&ids).fold(BTreeMap::new(), |mut lanes, (number, id)| {
                lanes.entry(*id).or_insert_with(Vec::new).push(number);
                lanes
            });
            prop_assert_eq!(sent, expected);
            prop_assert!(lanes.lanes.is_empty());
            prop_assert_eq!(lanes.waiting_bytes(), 0);
        }
    }
}
