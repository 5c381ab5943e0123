//! How long values took that say when they were sent.

use serde_json::{Value as Json, json};

use super::data::Point;
use super::values::Value;

/// Steps between two powers of two: a delay is told to within 1.6 %.
const STEPS: u64 = 64;
/// Powers of two above the first steps; delays of more than 2^40 µs, some 12 days, count as that.
const POWERS: u64 = 34;
/// The largest delay that is told apart, in microseconds.
const LONGEST: u64 = (1 << 40) - 1;

/// The delays of one key of all devices.
#[derive(Debug)]
pub(super) struct Delays {
    key: String,
    /// How many delays there were of each step.
    counts: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Delays {
    /// Counts values of `key` that are Unix microseconds.
    pub(super) fn of(key: String) -> Self {
        Self {
            key,
            counts: vec![0; ((POWERS + 1) * STEPS) as usize],
            count: 0,
            longest: 0,
        }
    }

    /// Counts a point of the key; false if it is another one's, or no time.
    pub(super) fn take(&mut self, key: &str, point: &Point) -> bool {
        let Value::Long(sent_us) = point.value else {
            return false;
        };
        if key != self.key {
            return false;
        }
        // What comes before it was sent comes from another clock, or one that was set.
        let delay = u64::try_from(point.arrived_us.saturating_sub(sent_us)).unwrap_or_default();
        let delay = delay.min(LONGEST);
        if let Some(count) = self.counts.get_mut(step(delay)) {
            *count += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(delay);
        true
    }

    /// The delay that so many of a thousand do not exceed, in microseconds.
    fn within(&self, thousandths: u64) -> u64 {
        let rank = (self.count * thousandths).div_ceil(1000);
        let mut seen = 0;
        let counts = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        counts.map_or(0, |step| end(step as u64).min(self.longest))
    }

    /// As the HTTP API shows them.
    pub(super) fn to_json(&self) -> Json {
        json!({
            "key": self.key,
            "count": self.count,
            "p50": self.within(500),
            "p99": self.within(990),
            "p999": self.within(999),
            "max": self.longest,
        })
    }
}

/// The step that a delay belongs to.
fn step(delay: u64) -> usize {
    let power = (delay / STEPS)
        .checked_ilog2()
        .map_or(0, |log| u64::from(log) + 1);
    let step = match power {
        0 => delay,
        power => power * STEPS + (delay >> (power - 1)) - STEPS,
    };
    step as usize
}

/// The longest delay of a step.
fn end(step: u64) -> u64 {
    match step / STEPS {
        0 => step,
        power => ((step % STEPS + STEPS + 1) << (power - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(sent_us: i64, arrived_us: i64) -> Point {
        Point {
            ts: 0,
            value: Value::Long(sent_us),
            arrived_us,
        }
    }

    #[test]
    fn delays_are_counted_by_their_shares() {
        let mut delays = Delays::of("sent".to_owned());
        for delay in 1..=1000 {
            assert!(delays.take("sent", &point(5000, 5000 + delay * 10)));
        }
        let json = delays.to_json();
        for (figure, exact) in [("p50", 5000), ("p99", 9900), ("p999", 9990)] {
            let told = json[figure].as_i64().unwrap();
            assert!(
                (exact..=exact + exact / 60).contains(&told),
                "{figure} {told}"
            );
        }
        assert_eq!(
            (&json["count"], &json["max"]),
            (&json!(1000), &json!(10_000))
        );
    }

    #[test]
    fn only_times_of_the_key_count() {
        let mut delays = Delays::of("sent".to_owned());
        assert!(!delays.take("other", &point(1, 2)));
        let text = Point {
            value: Value::Text("1".to_owned()),
            ..point(1, 2)
        };
        assert!(!delays.take("sent", &text));
        // Before it was sent, and ages ago.
        assert!(delays.take("sent", &point(7, 3)));
        assert!(delays.take("sent", &point(i64::MIN, i64::MAX)));
        let json = delays.to_json();
        assert_eq!((&json["count"], &json["p50"]), (&json!(2), &json!(0)));
        assert_eq!(
            (&json["p99"], &json["max"]),
            (&json!(LONGEST), &json!(LONGEST))
        );
    }

    #[test]
    fn without_any_there_is_no_delay() {
        let json = Delays::of("sent".to_owned()).to_json();
        assert_eq!(
            (&json["count"], &json["p999"], &json["max"]),
            (&json!(0), &json!(0), &json!(0))
        );
    }

    proptest! {
        #[test]
        fn a_step_holds_what_belongs_to_it(delay in 0..=LONGEST) {
            let step = step(delay);
            prop_assert!(step < ((POWERS + 1) * STEPS) as usize);
            prop_assert!(delay <= end(step as u64));
            prop_assert!(step == 0 || delay > end(step as u64 - 1));
            prop_assert!(end(step as u64) - delay <= delay / STEPS);
        }
    }
}
