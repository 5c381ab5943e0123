//! Values as the text that ThingsBoard puts into metadata.

use crate::{
    message::Value,
    proto::transport::{KeyValueProto, KeyValueType},
};

/// A value of the server's.
pub(super) fn text(pair: &KeyValueProto) -> String {
    match pair.r#type() {
        KeyValueType::BooleanV => pair.bool_v.to_string(),
        KeyValueType::LongV => pair.long_v.to_string(),
        KeyValueType::DoubleV => double(pair.double_v),
        KeyValueType::StringV => pair.string_v.clone(),
        KeyValueType::JsonV => pair.json_v.clone(),
    }
}

/// A value of a device's.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Boolean(flag) => flag.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Double(number) => double(*number),
        Value::Text(text) | Value::Json(text) => text.clone(),
    }
}

/// With a decimal point, also for whole numbers.
fn double(number: f64) -> String {
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_write_a_value_alike() {
        for (value, kind, expected) in [
            (Value::Boolean(true), KeyValueType::BooleanV, "true"),
            (Value::Long(-7), KeyValueType::LongV, "-7"),
            (Value::Double(25.0), KeyValueType::DoubleV, "25.0"),
            (Value::Text("on".to_owned()), KeyValueType::StringV, "on"),
            (Value::Json("[1]".to_owned()), KeyValueType::JsonV, "[1]"),
        ] {
            let mut pair = KeyValueProto {
                bool_v: true,
                long_v: -7,
                double_v: 25.0,
                string_v: "on".to_owned(),
                json_v: "[1]".to_owned(),
                ..KeyValueProto::default()
            };
            pair.set_type(kind);
            assert_eq!(text(&pair), expected);
            assert_eq!(text_of(&value), expected);
        }
    }
}
