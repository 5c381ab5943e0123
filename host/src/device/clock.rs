//! The time that devices tell.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The wall clock at the start and what has passed since: it never goes back
/// while devices talk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    unix: Duration,
}

impl Clock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            // A clock before 1970 is not set at all.
            unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    /// Milliseconds of Unix time.
    pub(super) fn unix_ms(&self) -> i128 {
        let now = self.unix + self.elapsed();
        i128::try_from(now.as_millis()).unwrap_or_default()
    }

    /// How long it has run.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
