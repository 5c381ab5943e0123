//! Who waits for the acknowledgement of what they appended.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::acknowledged::Acknowledged;

/// Watchers beyond which those are looked for that nobody waits for any more.
const LEAST_TIDIED: usize = 1024;

/// Resolves when all records of one [`append`](super::Spool::append_watched) were
/// acknowledged.
#[derive(Debug)]
pub struct Acknowledgement(pub(super) Option<oneshot::Receiver<()>>);

impl Acknowledgement {
    /// Waits. False: one of the records was dropped, or the spool was closed; nobody
    /// will acknowledge it any more.
    /// May be given up and called again; not once it has answered.
    pub async fn wait(&mut self) -> bool {
        match &mut self.0 {
            Some(told) => told.await.is_ok(),
            None => true,
        }
    }
}

/// The records of one append, which nobody else's overlap.
#[derive(Debug)]
struct Watched {
    end: u64,
    told: oneshot::Sender<()>,
}

/// All watchers, by the position of their first record.
#[derive(Debug)]
pub(super) struct Watchers {
    watched: BTreeMap<u64, Watched>,
    /// How many there may be until the next look at who is gone.
    tidy_at: usize,
}

impl Default for Watchers {
    fn default() -> Self {
        Self {
            watched: BTreeMap::new(),
            tidy_at: LEAST_TIDIED,
        }
    }
}

impl Watchers {
    /// Watches the positions from `first` on, `end` left out.
    pub(super) fn add(&mut self, first: u64, end: u64, told: oneshot::Sender<()>) {
        if self.watched.len() >= self.tidy_at {
            // A connection that has closed leaves its own behind.
            self.watched.retain(|_, watched| !watched.told.is_closed());
            self.tidy_at = (2 * self.watched.len()).max(LEAST_TIDIED);
        }
        self.watched.insert(first, Watched { end, told });
    }

    /// Tells those of whose records these were the last, after `done` has taken them.
    pub(super) fn tell(&mut self, done: &Acknowledged, first: u64, end: u64) {
        for start in self.overlapping(first, end) {
            let whole = |watched: &Watched| done.contains_all(start, watched.end);
            if self.watched.get(&start).is_some_and(whole)
                && let Some(watched) = self.watched.remove(&start)
            {
                // Whoever waited may be gone.
                let _ = watched.told.send(());
            }
        }
    }

    /// Tells those of whose records these are that they are lost.
    pub(super) fn lose(&mut self, first: u64, end: u64) {
        for start in self.overlapping(first, end) {
            self.watched.remove(&start);
        }
    }

    fn overlapping(&self, first: u64, end: u64) -> Vec<u64> {
        if self.watched.is_empty() {
            return Vec::new();
        }
        self.watched
            .range(..end)
            .rev()
            .take_while(|(_, watched)| watched.end > first)
            .map(|(start, _)| *start)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{Receiver, error::TryRecvError};

    use super::*;

    fn watch(watchers: &mut Watchers, first: u64, end: u64) -> Receiver<()> {
        let (told, hear) = oneshot::channel();
        watchers.add(first, end, told);
        hear
    }

    #[test]
    fn each_is_told_when_the_last_of_its_records_is_done() {
        let (mut watchers, mut done) = (Watchers::default(), Acknowledged::new(1));
        let mut first = watch(&mut watchers, 1, 3);
        let mut second = watch(&mut watchers, 3, 4);
        let mut third = watch(&mut watchers, 4, 9);
        let mut acknowledge = |watchers: &mut Watchers, from, end| {
            done.add(from, end);
            watchers.tell(&done, from, end);
        };
        acknowledge(&mut watchers, 2, 5);
        assert_eq!(second.try_recv(), Ok(()));
        assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
        acknowledge(&mut watchers, 1, 2);
        assert_eq!(first.try_recv(), Ok(()));
        acknowledge(&mut watchers, 5, 8);
        assert_eq!(third.try_recv(), Err(TryRecvError::Empty));
        watchers.lose(8, 9);
        assert_eq!(third.try_recv(), Err(TryRecvError::Closed));
        assert!(watchers.watched.is_empty());
    }

    #[test]
    fn those_who_left_do_not_pile_up() {
        let mut watchers = Watchers::default();
        let waiting = watch(&mut watchers, 0, 1);
        for first in 1..10_000 {
            drop(watch(&mut watchers, first, first + 1));
        }
        assert!(watchers.watched.len() <= LEAST_TIDIED);
        assert!(watchers.watched.contains_key(&0));
        drop(waiting);
    }
}
