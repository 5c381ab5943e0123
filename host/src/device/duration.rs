//! Lengths of time as people write them: `200ms`, `1.5s`, `10m`, `2h`.

use std::time::Duration;

/// Longest time that can be written; a month.
const MAX: Duration = Duration::from_secs(31 * 24 * 3600);

/// Reads a number with its unit.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(format!(
                "{text:?} is not a length of time: write a number with its unit, such as 200ms, \
                 5s, 10m or 2h"
            ));
        }
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("{text:?} is not a length of time: {number:?} is not a number"))?;
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(duration) if duration <= MAX => Ok(duration),
        _ => Err(format!("{text:?} is too long: 744h is the longest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("200ms", 200),
            ("1.5s", 1500),
            ("10m", 600_000),
            ("744h", 744 * 3_600_000),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for (text, expected) in [
            ("5", "write a number with its unit"),
            ("5 s", "write a number with its unit"),
            ("-5s", "write a number with its unit"),
            ("s", "\"\" is not a number"),
            ("1.2.3s", "\"1.2.3\" is not a number"),
            ("745h", "744h is the longest"),
            ("99999999999999999999999999999999999999999h", "too long"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
