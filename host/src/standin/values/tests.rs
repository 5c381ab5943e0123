//! What each value becomes when it is stored.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn text_that_is_a_plain_decimal_becomes_a_number() {
    for (given, stored) in [
        ("007", Value::Long(7)),
        ("-12", Value::Long(-12)),
        ("25.0", Value::Double(25.0)),
        ("-0.5", Value::Double(-0.5)),
        ("9223372036854775807", Value::Long(i64::MAX)),
        ("9223372036854775808", text("9223372036854775808")),
        ("0.12345678901234567", text("0.12345678901234567")),
        ("1e3", text("1e3")),
        ("1.", text("1.")),
        (".5", text(".5")),
        ("-", text("-")),
        ("+1", text("+1")),
        ("", text("")),
        ("SN-002", text("SN-002")),
    ] {
        let kv = Value::Text(given.to_owned()).to_wire("k");
        assert_eq!(Value::from_wire(&kv).unwrap(), Some(stored), "{given:?}");
    }
}

#[test]
fn doubles_are_typed_by_their_printed_form() {
    for (given, stored) in [
        (25.0, Value::Double(25.0)),
        (25.7, Value::Double(25.7)),
        (0.0, Value::Double(0.0)),
        (9_999_999.0, Value::Double(9_999_999.0)),
        (1e7, Value::Long(10_000_000)),
        (-1.5e9, Value::Long(-1_500_000_000)),
        (12_345_678.5, Value::Double(12_345_678.5)),
        (1e19, text("10000000000000000000")),
        (0.1 + 0.2, text("0.30000000000000004")),
        (1.234_567_890_123_456_7e-5, text("1.2345678901234568E-5")),
        (1e-4, Value::Double(1e-4)),
        (1e-20, text("1.0E-20")),
        (f64::NAN, text("NaN")),
    ] {
        let kv = Value::Double(given).to_wire("k");
        assert_eq!(Value::from_wire(&kv).unwrap(), Some(stored), "{given:?}");
    }
}

#[test]
fn json_scalars_count_as_scalars() {
    for (given, stored) in [
        (r#"{"a":[1]}"#, Some(Value::Json(json!({"a": [1]})))),
        ("[]", Some(Value::Json(json!([])))),
        ("null", None),
        ("true", Some(Value::Bool(true))),
        (" 5 ", Some(Value::Long(5))),
        ("1e3", Some(Value::Long(1000))),
        ("1.0", Some(Value::Double(1.0))),
        ("1e999999999999", None),
        (r#""12""#, Some(Value::Long(12))),
        (r#""on""#, Some(text("on"))),
    ] {
        let mut kv = KeyValueProto {
            json_v: given.to_owned(),
            ..KeyValueProto::default()
        };
        kv.set_type(KeyValueType::JsonV);
        match Value::from_wire(&kv) {
            Ok(value) => assert_eq!(value, stored, "{given}"),
            Err(error) => assert!(given.contains("999"), "{given}: {error}"),
        }
    }
}

#[test]
fn text_that_is_not_json_is_an_error_in_a_json_value() {
    let mut kv = KeyValueProto {
        key: "state".to_owned(),
        json_v: "{".to_owned(),
        ..KeyValueProto::default()
    };
    kv.set_type(KeyValueType::JsonV);
    let error = Value::from_wire(&kv).unwrap_err();
    assert!(
        error.starts_with("the value of key \"state\" is not JSON"),
        "{error}"
    );
}

#[test]
fn http_values_keep_their_json_type() {
    for (given, stored) in [
        (json!("007"), Value::Text("007".to_owned())),
        (json!(5), Value::Long(5)),
        (json!(5.0), Value::Double(5.0)),
        (json!(true), Value::Bool(true)),
        (json!({"a": 1}), Value::Json(json!({"a": 1}))),
    ] {
        let value = Value::from_json(given.clone()).unwrap();
        assert_eq!(value, stored);
        assert_eq!(value.to_json(), given);
    }
    assert!(Value::from_json(Json::Null).is_err());
    assert!(Value::from_json(json!(u64::MAX)).is_err());
}

proptest! {
    #[test]
    fn a_double_is_typed_as_its_printed_form_says(double in prop_oneof![
        any::<f64>(),
        -1e7..1e7f64,
        (-100_000_000i64..100_000_000).prop_map(|number| number as f64 / 1000.0),
    ]) {
        prop_assume!(double.is_finite());
        prop_assert_eq!(Value::from_double(double), number(&printed(double)));
    }
}
