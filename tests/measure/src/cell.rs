//! What stands in one place of a table.

use serde_json::{Value as Json, json};

/// What stands where there is nothing to say.
const NOTHING: &str = "–";

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Something measured, with its unit: `1.44 µs`. Three digits are shown.
    Figure {
        /// The figure; one that is not finite shows as nothing.
        value: f64,
        /// Its unit, such as `µs` or `MiB`.
        unit: &'static str,
    },
    /// Something counted: every digit is shown.
    Count(u64),
    /// A figure divided by another: `1.06×`.
    Ratio(f64),
    /// Words.
    Text(String),
    /// Nothing to say: this was not measured, or does not exist.
    Nothing,
}

impl Cell {
    /// A figure with its unit.
    #[must_use]
    pub fn figure(value: f64, unit: &'static str) -> Self {
        Self::Figure { value, unit }
    }

    /// `value` in relation to `reference`.
    #[must_use]
    pub fn ratio(value: f64, reference: f64) -> Self {
        Self::Ratio(value / reference)
    }

    /// Words.
    #[must_use]
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// As it is printed, with its unit: for labels of rows and for titles.
    #[must_use]
    pub fn label(&self) -> String {
        self.print(true)
    }

    /// As it is printed; `with_unit` is false where the head of the column has the unit.
    pub(crate) fn print(&self, with_unit: bool) -> String {
        match self {
            Self::Figure { value, .. } | Self::Ratio(value) if !value.is_finite() => {
                NOTHING.to_owned()
            }
            Self::Figure { value, unit } if with_unit => format!("{} {unit}", number(*value)),
            Self::Figure { value, .. } => number(*value),
            Self::Count(count) => grouped(&count.to_string()),
            Self::Ratio(ratio) => format!("{}×", number(*ratio)),
            // A bar would end the cell.
            Self::Text(text) => text.replace('|', "\\|").replace('\n', " "),
            Self::Nothing => NOTHING.to_owned(),
        }
    }

    /// As it stands in the JSON object.
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Figure { value, unit } => json!({ "value": value, "unit": unit }),
            Self::Count(count) => json!({ "value": count }),
            Self::Ratio(ratio) => json!({ "ratio": ratio }),
            Self::Text(text) => json!(text),
            Self::Nothing => Json::Null,
        }
    }

    pub(crate) fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Figure { unit, .. } => Some(unit),
            _ => None,
        }
    }
}

/// Three digits, more of numbers that have more before the point; thousands apart.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    // As many as are left of the point, after rounding: 9.996 is 10.0.
    let digits = |value: f64| value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(2 - digits(value));
    let rounded = (value * scale).round() / scale;
    let decimals = (2 - digits(rounded)).clamp(0, 6) as usize;
    grouped(&format!("{value:.decimals$}"))
}

/// Puts a space between thousands, from five digits on.
fn grouped(number: &str) -> String {
    let (sign, rest) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (rest, String::new()),
    };
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if whole.len() > 4 && index > 0 && left.is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text + &fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_printed() {
        let table = [
            (Cell::figure(1.436, "µs"), "1.44 µs", "1.44"),
            (Cell::figure(9.996, "µs"), "10.0 µs", "10.0"),
            (Cell::figure(0.0456, "ms"), "0.0456 ms", "0.0456"),
            (Cell::figure(99.96, "MiB"), "100 MiB", "100"),
            (Cell::figure(1234.5, "B"), "1234 B", "1234"),
            (Cell::figure(183_000.4, "/s"), "183 000 /s", "183 000"),
            (Cell::figure(-12_345.0, "B"), "-12 345 B", "-12 345"),
            (Cell::figure(0.0, "B"), "0 B", "0"),
            (Cell::figure(1e-9, "s"), "0.000000 s", "0.000000"),
            (Cell::figure(f64::NAN, "s"), "–", "–"),
            (Cell::Count(50_000), "50 000", "50 000"),
            (Cell::Count(1024), "1024", "1024"),
            (Cell::ratio(3.0, 2.0), "1.50×", "1.50×"),
            (Cell::ratio(3.0, 0.0), "–", "–"),
            (Cell::text("a|b\nc"), "a\\|b c", "a\\|b c"),
            (Cell::Nothing, "–", "–"),
        ];
        for (cell, with_unit, without) in table {
            assert_eq!(cell.print(true), with_unit);
            assert_eq!(cell.print(false), without);
        }
    }

    #[test]
    fn cells_are_told_in_json() {
        let table = [
            (Cell::figure(1.5, "µs"), r#"{"value":1.5,"unit":"µs"}"#),
            (
                Cell::figure(f64::NAN, "µs"),
                r#"{"value":null,"unit":"µs"}"#,
            ),
            (Cell::Count(7), r#"{"value":7}"#),
            (Cell::ratio(1.0, 4.0), r#"{"ratio":0.25}"#),
            (Cell::text("a"), r#""a""#),
            (Cell::Nothing, "null"),
        ];
        for (cell, expected) in table {
            assert_eq!(cell.json().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn a_printed_number_is_the_number(value in -1e12_f64..1e12) {
            let text: String = number(value).split(' ').collect();
            let read: f64 = text.parse().unwrap();
            // Half of the third digit, or of the sixth behind the point.
            prop_assert!((read - value).abs() <= (value.abs() * 0.005).max(5.1e-7), "{value} as {text}");
        }
    }
}
