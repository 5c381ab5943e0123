//! Numbers: reading text, and scaling what devices send as integers.

mod decimal;
mod short;

use short::Short;

use crate::{Error, Result, Value};

/// The powers of ten that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Up to here a double holds each integer.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// Reads a number as JSON would type it: without a fraction or an exponent a
/// long, otherwise (and past the longs) a double.
///
/// White space, `NaN`, infinities and numbers too great for a double are no
/// numbers. More than JSON allows, a plus sign, leading zeros and a bare
/// decimal point are read: devices send them.
///
/// ```
/// use tb_converter::{Value, number};
///
/// assert_eq!(number::parse("69"), Some(Value::Long(69)));
/// assert_eq!(number::parse("69.0"), Some(Value::Double(69.0)));
/// assert_eq!(number::parse("+.5"), Some(Value::Double(0.5)));
/// assert_eq!(number::parse("25.7abc"), None);
/// ```
#[must_use]
// In a function of its own: within a large one its loop would keep little in registers.
#[inline(never)]
pub fn parse(text: &str) -> Option<Value> {
    if let Some(short) = Short::read(text) {
        return Some(short.value());
    }
    match text.parse::<i64>() {
        Ok(long) => Some(long.into()),
        Err(_) => double(text).map(Value::from),
    }
}

/// Reads a double: the nearest that there is, as `str::parse` does, which a
/// converter could use as well. This takes 5.6 KB of `.wasm` instead of 22 KB,
/// because it does without tables. Numbers of more than 15 digits take
/// microseconds, and one of hundreds up to half a millisecond.
///
/// ```
/// use tb_converter::number;
///
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(number::parse_double("25.7")?, 25.7);
/// assert_eq!(number::parse_double("-1e3")?, -1000.0);
/// assert_eq!(
///     number::parse_double("inf").unwrap_err().to_string(),
///     "not a number: \"inf\""
/// );
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if the text is no number in the sense of [`parse`].
pub fn parse_double(text: &str) -> Result<f64> {
    double(text).ok_or_else(|| is_not("a number", text))
}

/// Reads a long: decimal digits with an optional sign.
///
/// ```
/// use tb_converter::number;
///
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(number::parse_long("-007")?, -7);
/// assert_eq!(
///     number::parse_long("7.0").unwrap_err().to_string(),
///     "not an integer: \"7.0\""
/// );
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if the text is anything else, or the number does not fit.
pub fn parse_long(text: &str) -> Result<i64> {
    text.parse().map_err(|_| is_not("an integer", text))
}

/// Reads a number of 1 to 16 hexadecimal digits of either case, with `0x` before
/// them or not.
///
/// ```
/// use tb_converter::number;
///
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(number::parse_hex("1aF")?, 0x1AF);
/// assert_eq!(number::parse_hex("0xFFFFFFFFFFFFFFFF")?, u64::MAX);
/// assert_eq!(
///     number::parse_hex("zz").unwrap_err().to_string(),
///     "not a hexadecimal number: \"zz\""
/// );
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if the text is anything else.
pub fn parse_hex(text: &str) -> Result<u64> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    // `from_str_radix` would take a sign.
    let valid = digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u64::from_str_radix(digits, 16) {
        Ok(number) if valid => Ok(number),
        _ => Err(is_not("a hexadecimal number", text)),
    }
}

/// Reads a double where an error text is not wanted; finite numbers only.
pub(crate) fn double(text: &str) -> Option<f64> {
    match Short::read(text) {
        Some(short) => Some(short.double()),
        None => decimal::parse(text).filter(|double| double.is_finite()),
    }
}

#[cold]
#[inline(never)]
fn is_not(what: &str, text: &str) -> Error {
    format!("not {what}: {text:?}").into()
}

/// A number that a device sent as an integer: `raw` times `factor`, rounded to
/// `digits` decimal places.
///
/// The rounding makes the result the double that is written with so many
/// digits: 257 times 0.1 is 25.7, not 25.700000000000003.
///
/// ```
/// use tb_converter::number::scale;
///
/// assert_eq!(257.0 * 0.1, 25.700000000000003);
/// assert_eq!(scale(257, 0.1, 1), 25.7);
/// assert_eq!(scale(-4, 0.5, 1), -2.0);
/// ```
#[must_use]
pub fn scale(raw: impl Into<f64>, factor: f64, digits: u8) -> f64 {
    round(raw.into() * factor, digits)
}

/// Rounds to `digits` decimal places, halves away from zero.
///
/// The result is the double nearest to the rounded decimal number. More than 22
/// digits, and numbers so great that they have no such digits, are left alone.
///
/// ```
/// use tb_converter::number::round;
///
/// assert_eq!(round(0.1 + 0.2, 2), 0.3);
/// assert_eq!(round(1234.5, 0), 1235.0);
/// ```
#[must_use]
pub fn round(value: f64, digits: u8) -> f64 {
    let Some(power) = POWERS_OF_TEN.get(usize::from(digits)) else {
        return value;
    };
    let shifted = value * power;
    if shifted.abs() < EXACT_INTEGERS {
        shifted.round() / power
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_type_that_json_would_give_it() {
        let table = [
            ("69", Some(Value::Long(69))),
            ("-7", Some(Value::Long(-7))),
            ("+7", Some(Value::Long(7))),
            ("007", Some(Value::Long(7))),
            ("25.7", Some(Value::Double(25.7))),
            ("69.0", Some(Value::Double(69.0))),
            ("1e3", Some(Value::Double(1000.0))),
            ("1.E-3", Some(Value::Double(0.001))),
            (".5", Some(Value::Double(0.5))),
            ("5.", Some(Value::Double(5.0))),
            ("9223372036854775807", Some(Value::Long(i64::MAX))),
            ("-9223372036854775808", Some(Value::Long(i64::MIN))),
            // Past the longs a double is the nearest that there is.
            (
                "9223372036854775808",
                Some(Value::Double(9_223_372_036_854_775_808.0)),
            ),
            ("1e-999", Some(Value::Double(0.0))),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_finite_number_is_none() {
        let table = [
            "", "+", ".", "-.", "e5", ".e5", "1e", "1e+", "1e5.0", "on", "25.7abc", "25,7", "0x10",
            "NaN", "-inf", "infinity", "1e999", " 1", "1 ", "--1", "1.2.3", "1_000", "²",
        ];
        for text in table {
            assert_eq!(parse(text), None, "{text:?}");
            let error = parse_double(text).unwrap_err().to_string();
            assert_eq!(error, format!("not a number: {text:?}"));
        }
    }

    #[test]
    fn doubles_and_longs_are_read_whole() {
        assert_eq!(parse_double("69").unwrap(), 69.0);
        assert_eq!(parse_double("-.5").unwrap(), -0.5);
        assert_eq!(parse_double("1e-999").unwrap(), 0.0);
        assert_eq!(parse_long("+7").unwrap(), 7);
        assert_eq!(parse_long("-9223372036854775808").unwrap(), i64::MIN);
        for text in ["", "-", "7.0", "1e3", " 7", "0x7", "9223372036854775808"] {
            let error = parse_long(text).unwrap_err().to_string();
            assert_eq!(error, format!("not an integer: {text:?}"));
        }
    }

    #[test]
    fn hexadecimal_numbers_have_up_to_sixteen_digits() {
        let table = [
            ("0", 0),
            ("fF", 255),
            ("0x10", 16),
            ("0xffffffffffffffff", u64::MAX),
            ("0000000000000001", 1),
        ];
        for (text, expected) in table {
            assert_eq!(parse_hex(text).unwrap(), expected, "{text}");
        }
        let table = [
            "",
            "0x",
            "0X1",
            "x1",
            "+1",
            "0x+1",
            "-1",
            "1 ",
            "0x0x1",
            "1g",
            "é",
            "00000000000000001",
        ];
        for text in table {
            let error = parse_hex(text).unwrap_err().to_string();
            assert_eq!(error, format!("not a hexadecimal number: {text:?}"));
        }
    }

    #[test]
    fn scaled_numbers_print_as_the_device_meant_them() {
        for raw in -100_000_i32..100_000 {
            let expected: f64 = format!("{raw}e-1").parse().unwrap();
            assert_eq!(scale(raw, 0.1, 1), expected);
            let expected: f64 = format!("{raw}e-3").parse().unwrap();
            assert_eq!(scale(raw, 0.001, 3), expected);
        }
        // Degrees in ten-millionths, to the ends of the earth.
        for raw in (-1_800_000_000_i32..=1_800_000_000).step_by(999_983) {
            let expected: f64 = format!("{raw}e-7").parse().unwrap();
            assert_eq!(scale(raw, 1e-7, 7), expected);
        }
    }

    #[test]
    fn rounding_leaves_alone_what_has_no_such_digits() {
        let table = [
            (0.125, 2, 0.13),
            (-0.125, 2, -0.13),
            (1e300, 2, 1e300),
            (9_007_199_254_740_993.0, 0, 9_007_199_254_740_992.0),
            (0.123, 255, 0.123),
            (f64::INFINITY, 1, f64::INFINITY),
        ];
        for (value, digits, expected) in table {
            assert_eq!(round(value, digits), expected, "{value} {digits}");
        }
        assert!(round(f64::NAN, 1).is_nan());
    }
}
