//! What all copies of a device did, in sum. Its size does not depend on their
//! number.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::failure::{FailedCopy, Kind};

/// Failures that are kept whole.
const KEPT_FAILURES: usize = 10;
/// Latencies of one power of two are told apart to a sixteenth.
const STEPS: u64 = 16;
/// Powers of two of microseconds that are told apart: up to 38 hours.
const POWERS: usize = 34;
const BUCKETS: usize = POWERS * STEPS as usize;

/// Counters.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) started: AtomicU64,
    pub(super) connected: AtomicU64,
    pub(super) connects: AtomicU64,
    pub(super) finished: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
    /// Messages that an `expect` or `on` took.
    pub(super) heard: AtomicU64,
    pub(super) received_bytes: AtomicU64,
    pub(super) answers: Latencies,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    kinds: BTreeMap<Kind, u64>,
    first: Vec<FailedCopy>,
}

impl Tally {
    pub(super) fn fail(&self, copy: FailedCopy) {
        self.failed.fetch_add(1, Relaxed);
        let mut failures = self.failures();
        *failures.kinds.entry(copy.failure.kind).or_default() += 1;
        if failures.first.len() < KEPT_FAILURES {
            failures.first.push(copy);
        }
    }

    /// How many failures there were of each kind.
    pub(super) fn kinds(&self) -> BTreeMap<Kind, u64> {
        self.failures().kinds.clone()
    }

    /// The first failures.
    pub(super) fn first(&self) -> Vec<FailedCopy> {
        self.failures().first.clone()
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a connection as long as it lives.
#[derive(Debug)]
pub(super) struct Connected(Arc<Tally>);

impl Connected {
    pub(super) fn new(tally: &Arc<Tally>) -> Self {
        tally.connects.fetch_add(1, Relaxed);
        tally.connected.fetch_add(1, Relaxed);
        Self(tally.clone())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Relaxed);
    }
}

/// How long servers took to answer.
#[derive(Debug)]
pub(super) struct Latencies {
    buckets: Box<[AtomicU64]>,
    longest: AtomicU64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            longest: AtomicU64::new(0),
        }
    }
}

impl Latencies {
    pub(super) fn add(&self, latency: Duration) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.longest.fetch_max(microseconds, Relaxed);
        let bucket = bucket_of(microseconds).min(BUCKETS - 1);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Relaxed);
        }
    }

    /// Adds what the other has counted.
    pub(super) fn absorb(&self, other: &Self) {
        for (mine, theirs) in self.buckets.iter().zip(&other.buckets) {
            mine.fetch_add(theirs.load(Relaxed), Relaxed);
        }
        self.longest.fetch_max(other.longest.load(Relaxed), Relaxed);
    }

    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    pub(super) fn longest(&self) -> Duration {
        Duration::from_micros(self.longest.load(Relaxed))
    }

    /// The latency that so many per cent did not exceed, to a sixteenth.
    pub(super) fn percentile(&self, percent: u64) -> Duration {
        let rank = (self.count() * percent).div_ceil(100);
        let mut counted = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            counted += bucket.load(Relaxed);
            if counted >= rank.max(1) {
                return Duration::from_micros(end_of(index)).min(self.longest());
            }
        }
        self.longest()
    }
}

/// Below 16 each microsecond has a bucket, then each power of two has 16.
fn bucket_of(microseconds: u64) -> usize {
    let power = microseconds.max(1).ilog2().saturating_sub(STEPS.ilog2());
    let step = microseconds >> power;
    usize::try_from(u64::from(power) * STEPS + step).unwrap_or(usize::MAX)
}

/// The greatest number of a bucket.
fn end_of(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    match bucket < 2 * STEPS {
        true => bucket,
        false => {
            let power = bucket / STEPS - 1;
            let step = bucket - power * STEPS;
            ((step + 1) << power) - 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::failure::Failure, *};

    #[test]
    fn buckets_are_at_most_a_sixteenth_wide() {
        for microseconds in (0..100_000).chain([1 << 30, (1 << 37) - 1]) {
            let end = end_of(bucket_of(microseconds));
            assert!(end >= microseconds, "{microseconds}");
            assert!(
                end - microseconds <= microseconds / 16,
                "{microseconds}: {end}"
            );
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_added() {
        let latencies = Latencies::default();
        assert_eq!(latencies.percentile(99), Duration::ZERO);
        for milliseconds in 1..=100 {
            latencies.add(Duration::from_millis(milliseconds));
        }
        let all = Latencies::default();
        all.absorb(&latencies);
        assert_eq!(all.count(), 100);
        assert_eq!(all.longest(), Duration::from_millis(100));
        for (percent, least, most) in [(50, 50_000, 53_200), (99, 99_000, 100_000)] {
            let found = all.percentile(percent).as_micros();
            assert!((least..=most).contains(&found), "p{percent}: {found}");
        }
        all.add(Duration::from_secs(u64::MAX));
        assert_eq!(all.count(), 101);
    }

    #[test]
    fn all_failures_are_counted_and_the_first_are_kept() {
        let tally = Tally::default();
        for copy in 1..=25 {
            let kind = if copy < 20 {
                Kind::Timeout
            } else {
                Kind::Refused
            };
            tally.fail(FailedCopy {
                file: "a".to_owned(),
                line: 1,
                copy,
                failure: Failure::new(kind, ""),
            });
        }
        let kinds = BTreeMap::from([(Kind::Timeout, 19), (Kind::Refused, 6)]);
        assert_eq!(tally.kinds(), kinds);
        let copies: Vec<_> = tally.first().iter().map(|failed| failed.copy).collect();
        assert_eq!(copies, (1..=10).collect::<Vec<_>>());
    }
}
