//! Pauses between attempts to connect.

use std::time::Duration;

use rand::RngExt as _;

/// Doubling pauses with jitter, so that many hosts do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most: most.max(first),
            next: first,
        }
    }

    /// The next pause, `least` at least: between three quarters and all of the
    /// present step.
    pub(super) fn pause(&mut self, least: Duration) -> Duration {
        let step = self.next.max(least.min(self.most));
        self.next = (step * 2).min(self.most);
        step.mul_f64(rand::rng().random_range(0.75..=1.0))
    }

    /// Starts over, after a session that went well.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for step in [1, 2, 4, 5, 5] {
            let pause = backoff.pause(Duration::ZERO).as_secs_f64();
            let step = f64::from(step);
            assert!((step * 0.75..=step).contains(&pause), "{pause} for {step}");
        }
        backoff.reset();
        assert!(backoff.pause(Duration::ZERO) <= Duration::from_secs(1));
        let least = backoff.pause(Duration::from_secs(4));
        assert!(least >= Duration::from_secs(3), "{least:?}");
    }
}
