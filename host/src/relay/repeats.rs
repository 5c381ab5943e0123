//! Downlinks that come again.
//!
//! What a server sent and did not get acknowledged before a session broke, it
//! sends again in the next one, under another number. From 4.0 on an update of
//! attributes tells its time, so that a repeated one is told from one that sets
//! the same value again; one without a time is passed on each time.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::proto::edge::EntityDataProto;

/// How many are remembered: what a server may send again are the 50 of a page.
const REMEMBERED: usize = 1000;

/// The latest downlinks.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: HashSet<[u8; 32]>,
    oldest: VecDeque<[u8; 32]>,
}

impl Repeats {
    /// Whether `data` came before; it is remembered.
    pub(super) fn came_before(&self, data: &EntityDataProto) -> bool {
        if data.attribute_ts.is_none() {
            return false;
        }
        let hash: [u8; 32] = Sha256::digest(data.encode_to_vec()).into();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.known.insert(hash) {
            return true;
        }
        inner.oldest.push_back(hash);
        if inner.oldest.len() > REMEMBERED
            && let Some(oldest) = inner.oldest.pop_front()
        {
            inner.known.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(device: i64, ts: Option<i64>) -> EntityDataProto {
        EntityDataProto {
            entity_id_lsb: device,
            post_attribute_scope: "SHARED_SCOPE".to_owned(),
            attribute_ts: ts,
            ..EntityDataProto::default()
        }
    }

    #[test]
    fn the_same_at_the_same_time_is_a_repeat() {
        let repeats = Repeats::default();
        for (device, ts, came_before) in [
            (1, Some(5), false),
            (1, Some(5), true),
            (1, Some(6), false),
            (2, Some(5), false),
            (1, Some(5), true),
            (1, None, false),
            (1, None, false),
        ] {
            assert_eq!(
                repeats.came_before(&data(device, ts)),
                came_before,
                "{device} {ts:?}"
            );
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let repeats = Repeats::default();
        for ts in 0..=1000 {
            assert!(!repeats.came_before(&data(1, Some(ts))));
        }
        let inner = repeats.inner.lock().unwrap();
        assert_eq!((inner.known.len(), inner.oldest.len()), (1000, 1000));
        drop(inner);
        assert!(repeats.came_before(&data(1, Some(1000))));
        assert!(!repeats.came_before(&data(1, Some(0))));
    }
}
