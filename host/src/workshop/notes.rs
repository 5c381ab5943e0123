//! What ThingsBoard makes of values, where that may surprise an author.

use serde_json::Value as Json;

/// From here on ThingsBoard prints a double with an exponent, and takes it for a
/// whole number if it has no fraction.
const LEAST_LONG: f64 = 1e7;

/// What ThingsBoard will store with another type than the decoded frame has it.
pub(super) fn type_changes(result: &Json) -> Vec<String> {
    let mut found = Vec::new();
    // A converter that asked for something has the entities in an object.
    let entities = result.get("entities").unwrap_or(result);
    for entity in entities.as_array().into_iter().flatten() {
        let samples = entity["telemetry"].as_array().into_iter().flatten();
        let groups = samples.map(|sample| &sample["values"]);
        for group in groups.chain([&entity["attributes"]]) {
            for (key, value) in group.as_object().into_iter().flatten() {
                found.extend(type_change(key, value));
            }
        }
    }
    found
}

/// Its save nodes cast text that is nothing but a decimal number, and read
/// doubles back from their text.
fn type_change(key: &str, value: &Json) -> Option<String> {
    if let Some(text) = value.as_str().filter(|text| is_decimal(text)) {
        return Some(format!(
            "ThingsBoard will store {key} as a number, because the text {text:?} is one"
        ));
    }
    let double = value.as_f64().filter(|_| value.is_f64())?;
    if double.abs() < LEAST_LONG || double.fract() != 0.0 {
        return None;
    }
    let kind = match double.abs() < 2f64.powi(63) {
        true => "a long",
        false => "text",
    };
    Some(format!(
        "ThingsBoard will store {key} as {kind}, because {double:e} has no fraction"
    ))
}

/// Whether the text is `[-]digits[.digits]`.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_its_type_is_found_wherever_it_is() {
        let result = json!([
            {
                "deviceName": "1",
                "telemetry": [{ "values": { "a": "7", "b": 7 } }, { "ts": 5, "values": { "c": "-0.50" } }],
                "attributes": { "d": "007", "e": "SN-7", "f": "", "g": "1e5", "h": "1.", "i": "+1", "j": ".5" },
            },
            { "assetName": "x", "telemetry": [], "attributes": { "k": "12" } },
        ]);
        let texts = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs
                .iter()
                .map(|(key, text)| {
                    format!(
                        "ThingsBoard will store {key} as a number, because the text {text:?} is one"
                    )
                })
                .collect()
        };
        assert_eq!(
            type_changes(&result),
            texts(&[("a", "7"), ("c", "-0.50"), ("d", "007"), ("k", "12")])
        );
        assert!(type_changes(&json!([{ "contentType": "TEXT", "data": "7" }])).is_empty());
    }

    #[test]
    fn doubles_without_a_fraction_become_longs_when_they_are_large() {
        let long = "ThingsBoard will store k as a long, because 1e7 has no fraction";
        let negative = "ThingsBoard will store k as a long, because -2.5e18 has no fraction";
        let text = "ThingsBoard will store k as text, because 1e19 has no fraction";
        let cases = [
            (json!(9_999_999.0), None),
            (json!(10_000_000), None),
            (json!(10_000_000.5), None),
            (json!(1e7), Some(long)),
            (json!(-2.5e18), Some(negative)),
            (json!(1e19), Some(text)),
        ];
        for (value, expected) in cases {
            assert_eq!(type_change("k", &value).as_deref(), expected, "{value}");
        }
    }
}
