//! What is made of many timings.

/// Measured values, sorted. Figures of no samples are not a number and show as nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// The value in the middle; the mean of the two in the middle where their number is even.
    #[must_use]
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len().is_multiple_of(2) {
            true => f64::midpoint(self.at(middle.wrapping_sub(1)), self.at(middle)),
            false => self.at(middle),
        }
    }

    /// The least value that `percent` of all values do not exceed: 50.0, 99.0, 99.9.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> f64 {
        // Less than rounding errors of the product: 99.9 % of 1000 are 999.
        let rank = (self.0.len() as f64 * percent / 100.0 - 1e-6).ceil();
        let last = self.0.len().wrapping_sub(1);
        self.at((rank as usize).saturating_sub(1).min(last))
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// The least value.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.at(0)
    }

    /// The greatest value.
    #[must_use]
    pub fn greatest(&self) -> f64 {
        self.at(self.0.len().wrapping_sub(1))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn at(&self, index: usize) -> f64 {
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn upto(last: u32) -> Samples {
        (1..=last).rev().map(f64::from).collect()
    }

    #[test]
    fn figures_are_those_of_the_sorted_values() {
        let table = [
            (1, [1.0, 1.0, 1.0, 1.0, 1.0]),
            (2, [1.5, 1.0, 2.0, 2.0, 1.5]),
            (41, [21.0, 21.0, 41.0, 41.0, 21.0]),
            (1000, [500.5, 500.0, 990.0, 999.0, 500.5]),
            (10_000, [5000.5, 5000.0, 9900.0, 9990.0, 5000.5]),
        ];
        for (count, expected) in table {
            let samples = upto(count);
            let figures = [
                samples.median(),
                samples.percentile(50.0),
                samples.percentile(99.0),
                samples.percentile(99.9),
                samples.mean(),
            ];
            assert_eq!(figures, expected, "{count}");
            assert_eq!(samples.least(), 1.0);
            assert_eq!(samples.greatest(), f64::from(count));
            assert_eq!(samples.percentile(100.0), f64::from(count));
            assert_eq!(samples.percentile(0.0), 1.0);
            assert_eq!(samples.len(), count as usize);
        }
    }

    #[test]
    fn without_samples_there_are_no_figures() {
        let none = Samples::default();
        assert!(none.is_empty());
        for figure in [
            none.median(),
            none.percentile(99.0),
            none.mean(),
            none.least(),
            none.greatest(),
        ] {
            assert!(figure.is_nan());
        }
    }

    proptest! {
        #[test]
        fn so_many_percent_do_not_exceed_a_percentile(
            values in prop::collection::vec(-1e6_f64..1e6, 1..300),
            percent in 0.0_f64..100.0,
        ) {
            let limit = values.iter().copied().collect::<Samples>().percentile(percent);
            let count = |keep: fn(&f64, &f64) -> bool| {
                values.iter().filter(|value| keep(value, &limit)).count() as f64
            };
            let wanted = values.len() as f64 * percent / 100.0;
            prop_assert!(count(|value, limit| value <= limit) >= wanted - 1e-6);
            prop_assert!(count(|value, limit| value < limit) <= wanted.max(0.0) + 1e-6);
        }
    }
}
