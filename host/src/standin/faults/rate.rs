//! A limit of messages a second.

use std::time::Duration;

use tokio::time::Instant;

/// How long a count lasts.
const WINDOW: Duration = Duration::from_secs(1);

/// Messages that pass in each second, counted from the first one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) struct Rate {
    per_second: u32,
    window: Option<Instant>,
    passed: u32,
}

impl Rate {
    pub(in crate::standin) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            window: None,
            passed: 0,
        }
    }

    pub(in crate::standin) fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Counts a message; false when it is one too many.
    pub(super) fn lets_pass(&mut self, now: Instant) -> bool {
        let lasts = |start: Instant| now.saturating_duration_since(start) < WINDOW;
        if !self.window.is_some_and(lasts) {
            self.window = Some(now);
            self.passed = 0;
        }
        let passes = self.passed < self.per_second;
        self.passed += u32::from(passes);
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_a_second() {
        let start = Instant::now();
        let mut rate = Rate::new(2);
        for (after_ms, passes) in [
            (0, true),
            (999, true),
            (999, false),
            (1000, true),
            (1500, true),
            (1999, false),
            (5000, true),
        ] {
            let now = start + Duration::from_millis(after_ms);
            assert_eq!(rate.lets_pass(now), passes, "after {after_ms} ms");
        }
    }
}
