//! What ThingsBoard makes of values, where that may surprise an author.

use serde_json::Value as Json;

/// The keys and texts of a decoded frame that ThingsBoard's rule chain stores as
/// numbers: its save nodes cast text that is nothing but a decimal number.
pub(super) fn texts_that_become_numbers(result: &Json) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for entity in result.as_array().into_iter().flatten() {
        let samples = entity["telemetry"].as_array().into_iter().flatten();
        let groups = samples.map(|sample| &sample["values"]);
        for group in groups.chain([&entity["attributes"]]) {
            for (key, value) in group.as_object().into_iter().flatten() {
                if let Some(text) = value.as_str().filter(|text| is_decimal(text)) {
                    found.push((key.as_str(), text));
                }
            }
        }
    }
    found
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
    fn numeric_texts_are_found_wherever_they_are() {
        let result = json!([
            {
                "deviceName": "1",
                "telemetry": [{ "values": { "a": "7", "b": 7 } }, { "ts": 5, "values": { "c": "-0.50" } }],
                "attributes": { "d": "007", "e": "SN-7", "f": "", "g": "1e5", "h": "1.", "i": "+1", "j": ".5" },
            },
            { "assetName": "x", "telemetry": [], "attributes": { "k": "12" } },
        ]);
        let found = texts_that_become_numbers(&result);
        assert_eq!(
            found,
            [("a", "7"), ("c", "-0.50"), ("d", "007"), ("k", "12")]
        );
        assert!(
            texts_that_become_numbers(&json!([{ "contentType": "TEXT", "data": "7" }])).is_empty()
        );
    }
}
