//! Keeps one talkative source from burying the log.

use std::time::Duration;

use tokio::time::Instant;

/// A number of lines for each second; what is beyond is counted.
#[derive(Debug)]
pub(crate) struct LogBudget {
    per_second: u32,
    window_start: Instant,
    lines: u32,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    /// Whether it may be written.
    pub(crate) admitted: bool,
    /// Whether it is the first of its window that may not.
    pub(crate) first_refused: bool,
    /// Lines that were suppressed in the window that just ended.
    pub(crate) suppressed: u32,
}

impl LogBudget {
    /// A budget of `per_second` lines.
    #[must_use]
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            window_start: Instant::now(),
            lines: 0,
        }
    }

    /// Asks for one line.
    pub(crate) fn admit(&mut self) -> Admission {
        let mut suppressed = 0;
        if self.window_start.elapsed() >= Duration::from_secs(1) {
            suppressed = self.lines.saturating_sub(self.per_second);
            self.window_start = Instant::now();
            self.lines = 0;
        }
        self.lines = self.lines.saturating_add(1);
        Admission {
            admitted: self.lines <= self.per_second,
            first_refused: self.lines == self.per_second.saturating_add(1),
            suppressed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_beyond_the_budget_are_counted() {
        let mut budget = LogBudget::new(2);
        let admissions: Vec<_> = (0..5).map(|_| budget.admit()).collect();
        let admitted: Vec<_> = admissions.iter().map(|line| line.admitted).collect();
        assert_eq!(admitted, [true, true, false, false, false]);
        let first: Vec<_> = admissions.iter().map(|line| line.first_refused).collect();
        assert_eq!(first, [false, false, true, false, false]);
        tokio::time::advance(Duration::from_secs(1)).await;
        let expected = Admission {
            admitted: true,
            first_refused: false,
            suppressed: 3,
        };
        assert_eq!(budget.admit(), expected);
    }
}
