//! The numbers that devices send: some digits, maybe with a point.

use super::{POWERS_OF_TEN, decimal::sign};
use crate::Value;

/// So many digits are exact both as a long and as a double.
const MAX_DIGITS: usize = 15;

/// A number of 1 to 15 digits without an exponent: read in one go, and into no memory.
pub(super) struct Short {
    negative: bool,
    /// The number without its sign and point.
    digits: i64,
    /// How many digits are behind the point, if there is one.
    decimals: Option<usize>,
}

impl Short {
    /// None if it is another number, or none at all.
    pub(super) fn read(text: &str) -> Option<Short> {
        let (negative, text) = sign(text.as_bytes());
        // Before the loop, so that nothing overflows in it.
        if text.len() > MAX_DIGITS + 1 {
            return None;
        }
        let (mut digits, mut point) = (0, None);
        for (index, byte) in text.iter().enumerate() {
            match byte {
                b'0'..=b'9' => digits = digits * 10 + i64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(index),
                _ => return None,
            }
        }
        let count = text.len() - usize::from(point.is_some());
        (1..=MAX_DIGITS).contains(&count).then_some(Short {
            negative,
            digits,
            decimals: point.map(|point| text.len() - 1 - point),
        })
    }

    /// As JSON would type it.
    pub(super) fn value(&self) -> Value {
        match self.decimals {
            None if self.negative => Value::Long(-self.digits),
            None => Value::Long(self.digits),
            Some(_) => Value::Double(self.double()),
        }
    }

    /// The nearest double: one division of exact doubles gives it.
    pub(super) fn double(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "15 digits are exact")]
        let digits = self.digits as f64;
        let power = POWERS_OF_TEN.get(self.decimals.unwrap_or(0));
        let magnitude = digits / power.unwrap_or(&1.0);
        if self.negative { -magnitude } else { magnitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_numbers_are_left_to_others() {
        let no_numbers = ["", "-", ".", "-.", "1.2.3", "--1", "1_0", "²", "NaN"];
        let others = ["1e3", "1234567890123456", "0.123456789012345"];
        for text in no_numbers.iter().chain(&others) {
            assert!(Short::read(text).is_none(), "{text:?}");
        }
        for text in ["999999999999999", "-.999999999999999", "000000000000001"] {
            assert!(Short::read(text).is_some(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn they_are_what_the_standard_library_reads(text in "[+-]?[0-9]{0,9}\\.?[0-9]{0,9}") {
            if let Some(short) = Short::read(&text) {
                let expected: f64 = text.parse().unwrap();
                prop_assert_eq!(short.double().to_bits(), expected.to_bits());
                let long = text.parse::<i64>().map(Value::Long);
                prop_assert_eq!(short.value(), long.unwrap_or(Value::Double(expected)));
            }
        }
    }
}
