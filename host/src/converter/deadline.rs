//! How long a call may compute.
//!
//! The engine's clock ticks every [`TICK`]; a call that is under way then is
//! asked how much processor time it has had. Time in which the machine ran
//! something else does not count, so a busy machine never makes a good
//! converter look like a runaway. Guests cannot wait, so nothing escapes.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often the clock of the deadlines ticks. A call may overrun its deadline
/// by two ticks; a tick costs a thread some microseconds.
pub(super) const TICK: Duration = Duration::from_millis(5);

/// The processor time that the calling thread has had.
pub(super) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// The processor time that one call has left.
#[derive(Debug)]
pub(super) struct Deadline {
    limit: Duration,
    /// The thread's time at the first tick of this call: asking for it at the
    /// start of each call would cost more than most calls do.
    since: Option<Duration>,
}

impl Deadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, since: None }
    }

    /// Whether the call has had its time; asked at each tick.
    pub(super) fn has_passed(&mut self) -> bool {
        self.passed_at(thread_time())
    }

    fn passed_at(&mut self, now: Duration) -> bool {
        let since = *self.since.get_or_insert(now);
        now > since && now.saturating_sub(since) >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processor_time_since_the_first_tick_counts() {
        let ms = Duration::from_millis;
        let mut deadline = Deadline::new(ms(100));
        for (now, passed) in [
            (ms(5000), false),
            (ms(5005), false),
            // The thread had nothing of the last tick.
            (ms(5005), false),
            (ms(5099), false),
            (ms(5100), true),
        ] {
            assert_eq!(deadline.passed_at(now), passed, "{now:?}");
        }
    }

    #[test]
    fn a_limit_below_the_tick_is_no_limit_of_zero() {
        let mut deadline = Deadline::new(Duration::ZERO);
        assert!(!deadline.passed_at(Duration::from_secs(1)));
        assert!(deadline.passed_at(Duration::from_millis(1005)));
    }

    #[test]
    fn computing_takes_processor_time() {
        let start = thread_time();
        let mut sum = 0u64;
        while thread_time() == start {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(thread_time() > start);
    }
}
