//! Faults by their offset, and `serde_json` as the judge of what is JSON.

use super::*;
use proptest::prelude::*;

#[test]
fn a_fault_is_named_with_its_offset() {
    let table = [
        ("", "a value wanted at offset 0, where the text ends"),
        ("SN-002,default", "a value wanted at offset 0, found 'S'"),
        (
            "{\"a\":1",
            "a comma or } wanted at offset 6, where the text ends",
        ),
        ("[1 2]", "a comma or ] wanted at offset 3, found '2'"),
        ("[1,]", "a value wanted at offset 3, found ']'"),
        ("[,1]", "a value wanted at offset 1, found ','"),
        (
            "{\"a\":1,}",
            "a key in quotes wanted at offset 7, found '}'",
        ),
        ("{a:1}", "a key in quotes wanted at offset 1, found 'a'"),
        ("{\"a\" 1}", "a colon wanted at offset 5, found '1'"),
        ("{\"a\":}", "a value wanted at offset 5, found '}'"),
        (
            "\"a",
            "a closing quote wanted at offset 2, where the text ends",
        ),
        (
            "\"a\nb\"",
            "a closing quote wanted at offset 2, found '\\n'",
        ),
        ("\"\\x\"", "a valid escape wanted at offset 1, found '\\\\'"),
        (
            "\"\\u12G4\"",
            "a valid escape wanted at offset 1, found '\\\\'",
        ),
        (
            "\"\\uD800\"",
            "a valid escape wanted at offset 1, found '\\\\'",
        ),
        (
            "\"\\uDC00\"",
            "a valid escape wanted at offset 1, found '\\\\'",
        ),
        ("01", "the end wanted at offset 1, found '1'"),
        ("-", "a digit wanted at offset 1, where the text ends"),
        ("+1", "a value wanted at offset 0, found '+'"),
        ("1.", "a digit wanted at offset 2, where the text ends"),
        (".5", "a value wanted at offset 0, found '.'"),
        ("1e", "a digit wanted at offset 2, where the text ends"),
        ("NaN", "a value wanted at offset 0, found 'N'"),
        ("nul", "a value wanted at offset 0, found 'n'"),
        ("{} {}", "the end wanted at offset 3, found '{'"),
        ("'a'", "a value wanted at offset 0, found '\\''"),
    ];
    for (text, fault) in table {
        let error = Json::parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("not JSON: {fault}"), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Json::parse(&nested(128)).is_ok());
    assert_eq!(
        Json::parse(&nested(129)).unwrap_err().to_string(),
        "not JSON: at offset 128 it is nested deeper than 128"
    );
    assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
}

fn rebuilt(json: Json<'_>) -> serde_json::Value {
    if json.is_object() {
        let entries = json.entries();
        entries
            .map(|(key, value)| (key.into_owned(), rebuilt(value)))
            .collect()
    } else if json.is_array() {
        json.elements().map(rebuilt).collect()
    } else if let Some(text) = json.string() {
        serde_json::Value::from(text.into_owned())
    } else {
        serde_json::from_str(json.text()).unwrap()
    }
}

proptest! {
    #[test]
    fn what_is_json_is_decided_as_by_serde_json(
        text in r#"([\[\]{}:, ]|"a?"|-?[0-9]{1,2}|\.[0-9]|[eE][+-]?[0-9]|true|null|"\\(u[dD]8[0-9]{2}|u00e9|n|x)"){0,9}"#,
    ) {
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(expected) => prop_assert_eq!(rebuilt(Json::parse(&text).unwrap()), expected),
            // It refuses numbers that are too great, which are JSON.
            Err(error) if error.to_string().starts_with("number out of range") => {}
            Err(_) => prop_assert!(Json::parse(&text).is_err(), "{}", text),
        }
    }

    #[test]
    fn values_are_read_back(keys in prop::collection::vec((any::<String>(), any::<String>(), any::<i64>()), 0..6)) {
        let object: serde_json::Value = keys
            .into_iter()
            .map(|(key, text, long)| (key, serde_json::json!([text, long, {"x": null}])))
            .collect();
        for text in [object.to_string(), format!("{object:#}")] {
            let json = Json::parse(&text).unwrap();
            prop_assert_eq!(rebuilt(json), object.clone());
            prop_assert_eq!(json.compact(), object.to_string());
        }
    }
}
