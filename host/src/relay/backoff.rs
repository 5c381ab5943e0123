//! Pauses between attempts to connect.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// A session that lasted this long was a good one: the pauses start over. A
/// shorter one may have been thrown out, and the next may be too.
const HEALTHY: Duration = Duration::from_secs(60);

/// Doubling pauses with full jitter, so that many hosts that lost their server
/// at once do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        let most = most.max(first);
        Self {
            first,
            most,
            next: first,
        }
    }

    /// The next pause after a session of length `held`, or an attempt that
    /// came to none: anything up to the present step, but `least` at least.
    /// The step is twice `least` or more, and `least` counts up to half of the
    /// longest pause, so that there is jitter always.
    pub(super) fn pause(&mut self, held: Option<Duration>, least: Duration) -> Duration {
        self.pause_by(held, least, &mut rand::rng())
    }

    fn pause_by(
        &mut self,
        held: Option<Duration>,
        least: Duration,
        random: &mut impl Rng,
    ) -> Duration {
        if held.is_some_and(|held| held >= HEALTHY) {
            self.next = self.first;
        }
        let least = least.min(self.most / 2);
        let step = self.next.max(least * 2);
        self.next = (step * 2).min(self.most);
        random.random_range(least..=step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The longest of many pauses at the same step, in milliseconds, and the
    /// shortest.
    fn extremes(backoff: &Backoff, held: Option<Duration>, least: Duration) -> (u128, u128) {
        let mut random = StdRng::seed_from_u64(1);
        let pauses = (0..1000).map(|_| {
            let mut backoff = Backoff { ..*backoff };
            backoff.pause_by(held, least, &mut random).as_millis()
        });
        let pauses: Vec<_> = pauses.collect();
        let longest = pauses.iter().max().copied().unwrap();
        (pauses.into_iter().min().unwrap(), longest)
    }

    #[test]
    fn pauses_double_up_to_the_most_with_full_jitter() {
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        for step in [1000, 2000, 4000, 5000, 5000] {
            let (shortest, longest) = extremes(&backoff, None, Duration::ZERO);
            assert!(shortest < step / 50, "{shortest} for {step}");
            assert!(
                (step * 49 / 50..=step).contains(&longest),
                "{longest} for {step}"
            );
            backoff.pause(None, Duration::ZERO);
        }
    }

    #[test]
    fn only_a_session_that_held_starts_over() {
        let mut backoff = Backoff::new(SECOND, 64 * SECOND);
        for _ in 0..6 {
            backoff.pause(None, Duration::ZERO);
        }
        let cases = [
            (None, 64_000),
            (Some(59 * SECOND), 64_000),
            (Some(60 * SECOND), 1_000),
        ];
        for (held, step) in cases {
            let (_, longest) = extremes(&backoff, held, Duration::ZERO);
            assert!(
                (step * 49 / 50..=step).contains(&longest),
                "{held:?}: {longest}"
            );
        }
    }

    #[test]
    fn a_least_pause_is_kept_and_still_has_jitter() {
        let cases = [
            // The usual settings: 30 seconds after a refusal.
            (60 * SECOND, 30 * SECOND, 30_000, 60_000),
            (600 * SECOND, 30 * SECOND, 30_000, 60_000),
            // A short longest pause wins.
            (SECOND, 30 * SECOND, 500, 1_000),
        ];
        for (most, least, shortest, longest) in cases {
            let backoff = Backoff::new(SECOND, most);
            let (low, high) = extremes(&backoff, None, least);
            assert!(
                (shortest..shortest * 11 / 10).contains(&low),
                "{most:?}: {low}"
            );
            assert!(
                (longest * 9 / 10..=longest).contains(&high),
                "{most:?}: {high}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_pause_leaves_its_bounds(
            first in 1_u64..3_600_000,
            most in 1_u64..3_600_000,
            attempts in proptest::collection::vec((0_u64..120, 0_u64..60), 1..50),
        ) {
            let (first, most) = (Duration::from_millis(first), Duration::from_millis(most));
            let mut backoff = Backoff::new(first, most);
            for (held, least) in attempts {
                let least = Duration::from_secs(least);
                let pause = backoff.pause(Some(Duration::from_secs(held)), least);
                prop_assert!(pause <= most.max(first));
                prop_assert!(pause >= least.min(most.max(first) / 2));
            }
        }
    }
}
