//! Typed values of telemetry and attributes, and how the server types what arrives.
//!
//! A value sent by an edge does not always keep its type: ThingsBoard writes it
//! as JSON and reads it back when it is saved, so text that looks like a number
//! becomes one, a large whole double becomes an integer, and a double that
//! needs more than sixteen decimals becomes text. A client that sends such a
//! value must find that out here and not in production.

use serde_json::Value as Json;

use crate::proto::transport::{KeyValueProto, KeyValueType};

/// More decimals than this and a number is kept as text.
const MAX_DECIMALS: i64 = 16;
/// No `i64` has more digits; longer numbers are kept as text without counting further.
const MAX_LONG_DIGITS: i64 = 19;

/// A stored value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `BOOLEAN_V`
    Bool(bool),
    /// `LONG_V`
    Long(i64),
    /// `DOUBLE_V`
    Double(f64),
    /// `STRING_V`
    Text(String),
    /// `JSON_V`: an object or an array
    Json(Json),
}

impl Value {
    /// Types a value the way the server's save step does; `None` for a JSON null, which is not stored.
    ///
    /// An error fails the whole uplink message.
    pub(super) fn from_wire(kv: &KeyValueProto) -> Result<Option<Self>, String> {
        let value = match kv.r#type() {
            KeyValueType::BooleanV => Self::Bool(kv.bool_v),
            KeyValueType::LongV => Self::Long(kv.long_v),
            KeyValueType::DoubleV if kv.double_v.is_finite() => number(&printed(kv.double_v)),
            KeyValueType::DoubleV => Self::Text(kv.double_v.to_string()),
            KeyValueType::StringV => cast(&kv.string_v),
            KeyValueType::JsonV => {
                let json: Json = serde_json::from_str(&kv.json_v).map_err(|error| {
                    format!("the value of key {:?} is not JSON: {error}", kv.key)
                })?;
                match json {
                    Json::Null => return Ok(None),
                    Json::Bool(value) => Self::Bool(value),
                    // The literal decides, and parsing has lost it: 1e3 is an integer, 1000.0 is not.
                    Json::Number(_) => number(kv.json_v.trim()),
                    Json::String(text) => cast(&text),
                    Json::Array(_) | Json::Object(_) => Self::Json(json),
                }
            }
        };
        Ok(Some(value))
    }

    /// Types a value of the HTTP API, which keeps the types of JSON as they are.
    pub(super) fn from_json(json: Json) -> Result<Self, &'static str> {
        match json {
            Json::Null => Err("null cannot be stored; delete the key instead"),
            Json::Bool(value) => Ok(Self::Bool(value)),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(long), _) => Ok(Self::Long(long)),
                (None, Some(double)) if !number.is_u64() => Ok(Self::Double(double)),
                _ => Err("the number does not fit into 64 bits with a sign"),
            },
            Json::String(text) => Ok(Self::Text(text)),
            Json::Array(_) | Json::Object(_) => Ok(Self::Json(json)),
        }
    }

    /// The value as the HTTP API shows it.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Bool(value) => Json::from(*value),
            Self::Long(value) => Json::from(*value),
            Self::Double(value) => Json::from(*value),
            Self::Text(value) => Json::from(value.as_str()),
            Self::Json(value) => value.clone(),
        }
    }

    /// The value as a downlink carries it.
    pub(super) fn to_wire(&self, key: &str) -> KeyValueProto {
        let mut kv = KeyValueProto {
            key: key.to_owned(),
            ..KeyValueProto::default()
        };
        match self {
            Self::Bool(value) => {
                kv.set_type(KeyValueType::BooleanV);
                kv.bool_v = *value;
            }
            Self::Long(value) => {
                kv.set_type(KeyValueType::LongV);
                kv.long_v = *value;
            }
            Self::Double(value) => {
                kv.set_type(KeyValueType::DoubleV);
                kv.double_v = *value;
            }
            Self::Text(value) => {
                kv.set_type(KeyValueType::StringV);
                kv.string_v.clone_from(value);
            }
            Self::Json(value) => {
                kv.set_type(KeyValueType::JsonV);
                kv.json_v = value.to_string();
            }
        }
        kv
    }
}

/// A double the way a Java virtual machine prints it, which decides its stored type.
fn printed(double: f64) -> String {
    let size = double.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        let text = double.to_string();
        if text.contains('.') {
            text
        } else {
            format!("{text}.0")
        }
    } else {
        let text = format!("{double:E}");
        match text.split_once('E') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => {
                format!("{mantissa}.0E{exponent}")
            }
            _ => text,
        }
    }
}

/// Text becomes a number when it is a plain decimal without an exponent.
fn cast(text: &str) -> Value {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let plain = match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    };
    if plain {
        number(text)
    } else {
        Value::Text(text.to_owned())
    }
}

/// Types a decimal literal.
fn number(literal: &str) -> Value {
    let as_text = || Value::Text(literal.to_owned());
    let (mantissa, exponent) = match literal.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()),
        None => (literal, Some(0)),
    };
    let Some(exponent) = exponent else {
        return as_text();
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let significant = format!("{whole}{fraction}");
    let decimals = (fraction.len() as i64).saturating_sub(exponent);

    let zeros = significant
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'0')
        .count() as i64;
    let is_zero = significant
        .trim_start_matches('-')
        .bytes()
        .all(|byte| byte == b'0');
    let is_whole = is_zero || decimals.saturating_sub(zeros) <= 0;
    let with_plain_point = mantissa.contains('.') && mantissa.len() == literal.len();

    if is_whole && !with_plain_point {
        return match whole_digits(&significant, decimals, is_zero) {
            Some(digits) => digits.parse().map_or(Value::Text(digits), Value::Long),
            None => as_text(),
        };
    }
    match literal.parse::<f64>() {
        Ok(double) if decimals <= MAX_DECIMALS && double.is_finite() => Value::Double(double),
        _ => as_text(),
    }
}

/// The plain digits of a whole number, unless there are absurdly many.
fn whole_digits(significant: &str, decimals: i64, is_zero: bool) -> Option<String> {
    if is_zero {
        return Some("0".to_owned());
    }
    if decimals >= 0 {
        let kept = significant
            .len()
            .checked_sub(usize::try_from(decimals).ok()?)?;
        return significant.get(..kept).map(str::to_owned);
    }
    let added = decimals
        .checked_neg()
        .filter(|added| *added <= 16 * MAX_LONG_DIGITS)?;
    Some(format!(
        "{significant}{}",
        "0".repeat(usize::try_from(added).ok()?)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
