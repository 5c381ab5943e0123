//! Counting what arrived of a device that numbers its samples 1, 2, 3 and so on.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// Gaps that are told apart for one key of one device. Whoever sends numbers
/// at random has more; then values behind them are no longer counted.
const MAX_ISLANDS: usize = 4096;

/// The integers that arrived for one key, in the order in which they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Values of 1 and above, repeated ones included.
    arrived: u64,
    /// Values that are no integers or below 1; they count nowhere else.
    other: u64,
    distinct: u64,
    /// First arrivals after that of a greater value.
    out_of_order: u64,
    max: i64,
    /// All values up to this one arrived.
    gap_free: i64,
    /// What arrived above that: the first value of each run, and its last.
    islands: BTreeMap<i64, i64>,
    /// There were too many runs to tell new values from repeated ones.
    lost_count: bool,
}

/// The figures of one sequence, or the sums of many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    arrived: u64,
    distinct: u64,
    max: u64,
    gap_free: u64,
    out_of_order: u64,
    other: u64,
    lost_count: bool,
}

impl Sequence {
    /// Counts an arrival that is no integer.
    pub(super) fn add_other(&mut self) {
        self.other += 1;
    }

    /// Counts an arrival.
    pub(super) fn add(&mut self, value: i64) {
        if value < 1 {
            self.other += 1;
            return;
        }
        self.arrived += 1;
        if value <= self.gap_free {
            return;
        }
        if self.islands.is_empty() && value == self.gap_free + 1 {
            // What nearly all values are.
            self.distinct += 1;
            self.max = value;
            self.gap_free = value;
            return;
        }
        let below = self.islands.range(..=value).next_back();
        let below = below.map(|(&first, &last)| (first, last));
        if below.is_some_and(|(_, last)| value <= last) {
            return;
        }
        if value != self.gap_free + 1 && self.islands.len() >= MAX_ISLANDS {
            self.lost_count = true;
            return;
        }
        self.distinct += 1;
        if value < self.max {
            self.out_of_order += 1;
        } else {
            self.max = value;
        }
        let last = match value.checked_add(1) {
            Some(next) => self.islands.remove(&next).unwrap_or(value),
            None => value,
        };
        if value == self.gap_free + 1 {
            self.gap_free = last;
        } else if let Some((first, _)) = below.filter(|(_, end)| end + 1 == value) {
            self.islands.insert(first, last);
        } else {
            self.islands.insert(value, last);
        }
    }

    /// What was counted so far.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            arrived: self.arrived,
            distinct: self.distinct,
            max: self.max.unsigned_abs(),
            gap_free: self.gap_free.unsigned_abs(),
            out_of_order: self.out_of_order,
            other: self.other,
            lost_count: self.lost_count,
        }
    }
}

impl Figures {
    /// Adds those of another device.
    pub(super) fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.distinct += other.distinct;
        self.max = self.max.saturating_add(other.max);
        self.gap_free = self.gap_free.saturating_add(other.gap_free);
        self.out_of_order += other.out_of_order;
        self.other += other.other;
        self.lost_count |= other.lost_count;
    }

    /// As the HTTP API shows them.
    pub(super) fn to_json(self) -> Json {
        let mut json = json!({
            "arrived": self.arrived,
            "distinct": self.distinct,
            "max": self.max,
            "gapFree": self.gap_free,
            "missing": self.max.saturating_sub(self.distinct),
            "duplicates": self.arrived.saturating_sub(self.distinct),
            "outOfOrder": self.out_of_order,
        });
        if self.other > 0 {
            json["other"] = self.other.into();
        }
        if self.lost_count {
            json["lostCount"] = true.into();
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn counted(values: &[i64]) -> Figures {
        let mut sequence = Sequence::default();
        for value in values {
            sequence.add(*value);
        }
        sequence.figures()
    }

    #[test]
    fn what_went_wrong_shows() {
        // (values, distinct, max, gap-free, out of order)
        for (values, distinct, max, gap_free, out_of_order) in [
            (&[][..], 0, 0, 0, 0),
            (&[1, 2, 3], 3, 3, 3, 0),
            (&[1, 2, 3, 2, 3], 3, 3, 3, 0),
            (&[1, 3], 2, 3, 1, 0),
            (&[1, 3, 2], 3, 3, 3, 1),
            (&[3, 2, 1], 3, 3, 3, 2),
            (&[5, 6, 9, 8, 7, 7], 5, 9, 0, 2),
            (&[1, 3, 5, 4, 4, 2], 5, 5, 5, 2),
            (&[i64::MAX, i64::MAX, 1], 2, i64::MAX.unsigned_abs(), 1, 1),
        ] {
            let expected = Figures {
                arrived: values.len() as u64,
                distinct,
                max,
                gap_free,
                out_of_order,
                ..Figures::default()
            };
            assert_eq!(counted(values), expected, "{values:?}");
        }
    }

    #[test]
    fn what_is_no_number_of_a_sample_counts_apart() {
        let mut sequence = Sequence::default();
        for value in [0, -1, 1, i64::MIN] {
            sequence.add(value);
        }
        sequence.add_other();
        let json = sequence.figures().to_json();
        assert_eq!((&json["arrived"], &json["other"]), (&json!(1), &json!(4)));
    }

    #[test]
    fn too_many_gaps_are_said_and_the_first_gap_can_still_close() {
        let most = MAX_ISLANDS as i64;
        let odd: Vec<_> = (1..=most + 2).map(|number| number * 2).collect();
        let mut sequence = Sequence::default();
        for value in odd {
            sequence.add(value);
        }
        sequence.add(1);
        let figures = sequence.figures();
        assert!(figures.lost_count);
        assert_eq!((figures.gap_free, figures.distinct), (2, most as u64 + 1));
        assert_eq!(figures.to_json()["lostCount"], true);
    }

    proptest! {
        #[test]
        fn figures_are_those_of_a_plain_count(values in prop::collection::vec(1i64..40, 0..80)) {
            let mut seen = BTreeSet::new();
            let mut out_of_order = 0;
            for value in &values {
                let greater = seen.last().is_some_and(|last| last > value);
                if seen.insert(*value) && greater {
                    out_of_order += 1;
                }
            }
            let gap_free = (1..).take_while(|value| seen.contains(value)).count() as u64;
            prop_assert_eq!(counted(&values), Figures {
                arrived: values.len() as u64,
                distinct: seen.len() as u64,
                max: seen.last().copied().unwrap_or_default().unsigned_abs(),
                gap_free,
                out_of_order,
                ..Figures::default()
            });
        }
    }
}
