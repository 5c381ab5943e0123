//! One axis, linear or logarithmic.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::cell::number;

/// An axis of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit: `µs a call`.
    pub(super) label: String,
    logarithmic: bool,
}

impl Axis {
    /// An axis that begins at zero, or below it if values are less. `label` says what it measures, with the unit.
    #[must_use]
    pub fn linear(label: impl ToString) -> Self {
        Self {
            label: label.to_string(),
            logarithmic: false,
        }
    }

    /// An axis on which ten times as much is always the same distance. Zero has no place on it.
    #[must_use]
    pub fn logarithmic(label: impl ToString) -> Self {
        Self {
            label: label.to_string(),
            logarithmic: true,
        }
    }

    /// Whether `value` has a place.
    pub(super) fn has(&self, value: f64) -> bool {
        value.is_finite() && (!self.logarithmic || value > 0.0)
    }

    /// The axis from end to end, with room for `values`.
    pub(super) fn over(&self, values: impl Iterator<Item = f64> + Clone) -> Scale {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let greatest = values.fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = match (least <= greatest, self.logarithmic) {
            (false, _) => (1.0, 10.0),
            // Whole decades would leave most of a narrow plot empty.
            (true, true) => (least / 1.25, greatest * 1.25),
            (true, false) => {
                let (from, to) = (least.min(0.0), greatest.max(0.0));
                let room = (to - from).max(f64::MIN_POSITIVE) * 0.05;
                (if from < 0.0 { from - room } else { 0.0 }, to + room)
            }
        };
        Scale {
            from,
            to,
            logarithmic: self.logarithmic,
        }
    }
}

/// An axis with its ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Scale {
    /// Where `value` lies between the ends, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let of = |value: f64| match self.logarithmic {
            true => value.log10(),
            false => value,
        };
        (of(value) - of(self.from)) / (of(self.to) - of(self.from))
    }

    /// Values to put figures at, `most` of them at most.
    fn marks(&self, most: usize) -> Vec<f64> {
        match self.logarithmic {
            true => self.logarithmic_marks(most),
            false => self.linear_marks(most),
        }
    }

    /// 1, 2 and 5 of each decade; 1 only, or of each second, third … decade only, where these are too many.
    fn logarithmic_marks(&self, most: usize) -> Vec<f64> {
        let (from, to) = (self.from.log10(), self.to.log10());
        let every = |first: f64, step: usize, factors: &[f64]| -> Vec<f64> {
            (first as i32..=to.ceil() as i32)
                .step_by(step)
                .flat_map(|decade| {
                    factors
                        .iter()
                        .map(move |factor| factor * 10_f64.powi(decade))
                })
                .filter(|mark| (self.from..=self.to).contains(mark))
                .collect()
        };
        let dense = every(from.floor(), 1, &[1.0, 2.0, 5.0]);
        if dense.len() <= most {
            return dense;
        }
        // A double has some 600 decades.
        (1..=600)
            .map(|step| every(from.ceil(), step, &[1.0]))
            .find(|marks| marks.len() <= most)
            .unwrap_or_default()
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn linear_marks(&self, most: usize) -> Vec<f64> {
        let least = (self.to - self.from) / most.max(1) as f64;
        let power = 10_f64.powf(least.log10().floor());
        let Some(step) = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= least && step.is_normal())
        else {
            return Vec::new();
        };
        let first = (self.from / step).ceil();
        (0..=most)
            .map(|index| (first + index as f64) * step)
            .take_while(|mark| *mark <= self.to)
            .collect()
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let length = f64::from(limit.1) - f64::from(limit.0);
        (f64::from(limit.0) + length * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.marks(hint.max_num_points())
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let text = number(*value);
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_lie_where_the_axis_puts_them() {
        let linear = Axis::linear("µs").over([20.0, 100.0].into_iter());
        assert_eq!(linear.range(), 0.0..105.0);
        assert_eq!(linear.map(&0.0, (0, 210)), 0);
        assert_eq!(linear.map(&52.5, (0, 210)), 105);
        assert_eq!(linear.map(&52.5, (210, 0)), 105);
        let logarithmic = Axis::logarithmic("records").over([1.25, 800.0].into_iter());
        assert_eq!(logarithmic.range(), 1.0..1000.0);
        assert_eq!(logarithmic.map(&10.0, (0, 300)), 100);
        assert_eq!(logarithmic.map(&100.0, (0, 300)), 200);
    }

    #[test]
    fn marks_are_round_numbers() {
        let table: [(Axis, [f64; 2], usize, &[f64]); 6] = [
            (
                Axis::linear(""),
                [0.0, 100.0],
                6,
                &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0],
            ),
            (
                Axis::linear(""),
                [-4.0, 4.0],
                5,
                &[-4.0, -2.0, 0.0, 2.0, 4.0],
            ),
            (Axis::linear(""), [0.0, 0.0], 5, &[]),
            (
                Axis::logarithmic(""),
                [1.0, 50.0],
                9,
                &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
            ),
            (
                Axis::logarithmic(""),
                [1.0, 50_000.0],
                6,
                &[1.0, 10.0, 100.0, 1e3, 1e4],
            ),
            (
                Axis::logarithmic(""),
                [1.0, 1e6],
                4,
                &[1.0, 100.0, 1e4, 1e6],
            ),
        ];
        for (axis, values, most, expected) in table {
            let marks = axis.over(values.into_iter()).marks(most);
            let near = |one: &f64, other: &f64| (one - other).abs() <= other.abs() * 1e-9;
            let same = marks.len() == expected.len()
                && marks
                    .iter()
                    .zip(expected)
                    .all(|(one, other)| near(one, other));
            assert!(same, "{values:?}: {marks:?}");
        }
    }

    #[test]
    fn marks_have_no_idle_zeros() {
        let scale = Axis::linear("").over([1.0].into_iter());
        for (value, expected) in [
            (0.5, "0.5"),
            (20.0, "20"),
            (1e6, "1 000 000"),
            (0.0, "0"),
            (1.25, "1.25"),
        ] {
            assert_eq!(scale.format_ext(&value), expected);
        }
    }

    proptest! {
        #[test]
        fn all_values_lie_on_the_axis(
            values in prop::collection::vec(1e-9_f64..1e12, 0..20),
            logarithmic: bool,
            most in 0_usize..30,
        ) {
            let axis = if logarithmic { Axis::logarithmic("") } else { Axis::linear("") };
            let scale = axis.over(values.iter().copied());
            for value in values {
                prop_assert!((0..=500).contains(&scale.map(&value, (0, 500))));
            }
            let marks = scale.marks(most);
            prop_assert!(marks.len() <= most + 1, "{} of {most}", marks.len());
            prop_assert!(marks.is_sorted());
        }
    }
}
