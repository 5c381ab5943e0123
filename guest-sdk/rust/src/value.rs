//! Making a [`Value`] of Rust's types.
//!
//! A `From` exists where nothing can be lost. A `u64`, `usize` or `i128` has to
//! pass `i64::try_from` first, so that a number too large is the author's
//! decision and not a silent change of sign.

use crate::Value;

impl Value {
    /// A JSON object or array, given as its text.
    ///
    /// The text is not checked here; the host refuses text that is not JSON.
    /// Text that is to stay text is `Value::from("…")`.
    ///
    /// ```
    /// use tb_converter::Value;
    ///
    /// assert_eq!(Value::json("[1,2]"), Value::Json("[1,2]".to_owned()));
    /// assert_eq!(Value::from("[1,2]"), Value::Text("[1,2]".to_owned()));
    /// ```
    pub fn json(text: impl Into<String>) -> Value {
        Value::Json(text.into())
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value.into())
            }
        }
    )+};
}

value_from! {
    bool => Boolean,
    i8 => Long,
    i16 => Long,
    i32 => Long,
    i64 => Long,
    u8 => Long,
    u16 => Long,
    u32 => Long,
    // The exact value: 25.7f32 is stored as 25.700000762939453.
    f32 => Double,
    f64 => Double,
    &str => Text,
    String => Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_becomes_its_variant() {
        let table = [
            (Value::from(true), Value::Boolean(true)),
            (Value::from(-1i8), Value::Long(-1)),
            (Value::from(i16::MIN), Value::Long(-32_768)),
            (Value::from(7), Value::Long(7)),
            (Value::from(i64::MAX), Value::Long(i64::MAX)),
            (Value::from(255u8), Value::Long(255)),
            (Value::from(65_535u16), Value::Long(65_535)),
            (Value::from(u32::MAX), Value::Long(4_294_967_295)),
            (Value::from(0.5f32), Value::Double(0.5)),
            (Value::from(25.7), Value::Double(25.7)),
            (Value::from("7"), Value::Text("7".to_owned())),
            (Value::from("7".to_owned()), Value::Text("7".to_owned())),
            (Value::json("{}"), Value::Json("{}".to_owned())),
        ];
        for (value, expected) in table {
            assert_eq!(value, expected);
        }
    }
}
