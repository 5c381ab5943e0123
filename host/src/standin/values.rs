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
            KeyValueType::DoubleV => Self::from_double(kv.double_v),
            KeyValueType::StringV => Self::from_text(&kv.string_v),
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

    /// Types a double the way the server's save step does.
    pub(super) fn from_double(double: f64) -> Self {
        // These are printed with a point, no exponent and at most 16 decimals. All
        // others are rare, and printing takes longer than all the rest.
        if double == 0.0 || (1.0..1e7).contains(&double.abs()) {
            Self::Double(double)
        } else if double.is_finite() {
            number(&printed(double))
        } else {
            Self::Text(double.to_string())
        }
    }

    /// Types a text the way the server's save step does.
    pub(super) fn from_text(text: &str) -> Self {
        cast(text)
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

    /// What ThingsBoard calls the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "BOOLEAN",
            Self::Long(_) => "LONG",
            Self::Double(_) => "DOUBLE",
            Self::Text(_) => "STRING",
            Self::Json(_) => "JSON",
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
mod tests;
