//! Doubles that ThingsBoard would store as text.
//!
//! ThingsBoard prints a double as Java does, reads it back, and keeps it as a
//! double if that form has 16 decimals at most. Others become text, and
//! charts and rules no longer see a number: 0.30000000000000004 has 17, and
//! 0.000012345678901234567 has 21. Both are noise behind the last digit that
//! anybody measured, so what is sent is rounded.
//!
//! A double from 0.5 on never has more than 16 decimals. Java writes less than 0.001 as
//! `1.0E-15`, whose needless zero counts as a decimal: so the 16th decimal
//! is of use only behind another digit, and numbers below 1e-15 are none.

/// The least double that has two digits within 16 decimals.
const LEAST: f64 = 1e-15;
/// 16 decimals as a factor. Powers of ten up to 1e22 are exact doubles, and so are
/// whole numbers below 2^53: the quotient of two is the double nearest to the decimal
/// number.
const DECIMALS: f64 = 1e16;

/// `number`, or the number of 16 decimals nearest to it, if it has more: then
/// it differs by 1e-16 at most. Below 1e-15 it becomes 1e-15 or 0. Costs a few
/// nanoseconds.
pub(super) fn storable(number: f64) -> f64 {
    let size = number.abs();
    if size >= 0.5 {
        return number;
    }
    if size < LEAST / 2.0 {
        return 0.0;
    }
    if size < LEAST {
        return LEAST.copysign(number);
    }
    // The product may be off by half of one, so the number may be the nearest to
    // either of its neighbours.
    let below = (size * DECIMALS).floor();
    let above = below + 1.0;
    if below / DECIMALS == size || above / DECIMALS == size {
        return number;
    }
    let is_above = size.mul_add(DECIMALS, -below) > 0.5;
    let whole = if is_above { above } else { below };
    (whole / DECIMALS).copysign(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decimals of the double as Java prints it.
    fn java_decimals(number: f64) -> i64 {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let exponent: i64 = exponent.parse().unwrap();
        let fraction = mantissa
            .split_once('.')
            .map_or("", |(_, fraction)| fraction);
        let digits = i64::try_from(fraction.len()).unwrap();
        if (1e-3..1e7).contains(&number.abs()) || number == 0.0 {
            (digits - exponent).max(1)
        } else {
            digits.max(1) - exponent
        }
    }

    fn check(number: f64) -> Result<(), TestCaseError> {
        let sent = storable(number);
        let decimals = java_decimals(sent);
        prop_assert!(decimals <= 16, "{number:e} became {sent:e}");
        if java_decimals(number) <= 16 {
            prop_assert_eq!(sent, number, "{:e} was fine", number);
        }
        let least = if number.abs() < LEAST { 5e-16 } else { 1e-16 };
        let allowed = (number.abs() * 1e-15).max(least);
        prop_assert!((sent - number).abs() <= allowed, "{number:e}, {sent:e}");
        prop_assert_eq!(storable(sent).to_bits(), sent.to_bits());
        prop_assert!(sent == 0.0 || sent.signum() == number.signum());
        Ok(())
    }

    #[test]
    fn noise_behind_the_digits_goes() {
        let cases = [
            (0.1 + 0.2, 0.3),
            (-(0.1 + 0.2), -0.3),
            (0.1 * 3.0 - 0.2, 0.1),
            (7.629_394_531_25e-6, 7.629_394_531_2e-6),
            (-7.629_394_531_25e-6, -7.629_394_531_2e-6),
            (1.234_567_890_123_456_7e-5, 1.234_567_890_12e-5),
            (0.012_345_678_901_234_567, 0.012_345_678_901_234_6),
            (0.100_001_009_878_116_22, 0.100_001_009_878_116_2),
            (0.123_456_789_012_345_68, 0.123_456_789_012_345_7),
            (1e-15, 1e-15),
            (1.04e-15, 1e-15),
            (1e-16, 0.0),
            (7e-16, 1e-15),
            (-7e-16, -1e-15),
            (f64::MIN_POSITIVE, 0.0),
            (5e-324, 0.0),
            (0.0, 0.0),
            (-0.0, 0.0),
        ];
        for (number, expected) in cases {
            let bits = storable(number).to_bits();
            assert_eq!(bits, f64::to_bits(expected), "{number:e}");
            check(number).unwrap();
        }
    }

    #[test]
    fn what_needs_no_change_stays_to_the_bit() {
        let cases = [
            25.7,
            0.25,
            -0.1,
            1.0 / 3.0,
            0.499_999_999_999_999_94,
            0.600_000_000_000_000_1,
            1.000_000_000_000_000_2,
            1e7,
            f64::MAX,
            f64::MIN,
        ];
        for number in cases {
            check(number).unwrap();
            if java_decimals(number) <= 16 {
                assert_eq!(storable(number).to_bits(), number.to_bits(), "{number:e}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn any_double_stays_a_number(bits: u64) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                check(number)?;
            }
        }

        #[test]
        fn small_ones_too(mantissa in -1.0..1.0, exponent in -20..1i32) {
            check(mantissa * 10f64.powi(exponent))?;
        }

        #[test]
        fn decimal_numbers_stay_what_they_are(
            digits in 1..1_000_000_000_000_000i64,
            decimals in 1..=15,
        ) {
            let number: f64 = format!("{digits}e-{decimals}").parse().unwrap();
            prop_assert_eq!(storable(number).to_bits(), number.to_bits());
            prop_assert_eq!(storable(-number).to_bits(), (-number).to_bits());
        }
    }
}
