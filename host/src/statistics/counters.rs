//! What an integration counts, with ThingsBoard's names.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts until it is read. Counting is one addition, so it may stand in the way
/// of every batch.
#[derive(Debug, Default)]
pub struct Counters {
    messages_processed: AtomicU64,
    errors_occurred: AtomicU64,
}

/// What was counted since the reading before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were decoded, and downlinks that were written.
    pub messages_processed: u64,
    /// Errors of framing, frames that were not decoded, downlinks that were not
    /// encoded or not written.
    pub errors_occurred: u64,
}

impl Counters {
    /// Counts frames that were decoded, or downlinks that were written.
    pub fn processed(&self, messages: usize) {
        add(&self.messages_processed, messages);
    }

    /// Counts what failed.
    pub fn failed(&self, errors: usize) {
        add(&self.errors_occurred, errors);
    }

    /// Reads the counters and resets them. Whatever is counted meanwhile is in
    /// this reading or in the next.
    #[must_use]
    pub fn pop(&self) -> Counts {
        Counts {
            messages_processed: self.messages_processed.swap(0, Relaxed),
            errors_occurred: self.errors_occurred.swap(0, Relaxed),
        }
    }
}

fn add(counter: &AtomicU64, count: usize) {
    // Most batches have no errors.
    if count > 0 {
        counter.fetch_add(count as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_resets_the_counters() {
        let counters = Counters::default();
        counters.processed(256);
        counters.processed(1);
        counters.failed(0);
        counters.failed(3);
        let counts = Counts {
            messages_processed: 257,
            errors_occurred: 3,
        };
        assert_eq!(counters.pop(), counts);
        counters.processed(2);
        let counts = Counts {
            messages_processed: 2,
            errors_occurred: 0,
        };
        assert_eq!(counters.pop(), counts);
        assert_eq!(counters.pop(), Counts::default());
    }

    #[test]
    fn nothing_is_lost_between_readings() {
        let counters = Counters::default();
        let total = std::thread::scope(|scope| {
            let adding: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..10_000).for_each(|_| counters.processed(1))))
                .collect();
            let mut total = 0;
            while !adding
                .iter()
                .all(std::thread::ScopedJoinHandle::is_finished)
            {
                total += counters.pop().messages_processed;
            }
            total
        });
        assert_eq!(total + counters.pop().messages_processed, 40_000);
    }
}
