//! The CSV decoder of ThingsBoard's TCP tutorial.
//!
//! A frame is one line, `name,type,key,value,key,value…`: the device's name,
//! its type, and any number of telemetry values. As in the tutorial's decoder
//! quotes are dropped wherever they stand, and so is a literal `\n` at the end,
//! which `echo` without `-e` sends. White space around a field is dropped too.
//!
//! Where that decoder would quietly store nonsense (`NaN`, or 25.7 for
//! `25.7abc`), this one returns an error that names the key and the value. A
//! value without a fraction is stored as a long, one with a fraction as a
//! double, as JSON numbers are.
//!
//! A line of name and type alone is valid: it tells ThingsBoard where the
//! device can be reached before it has measured anything.

use tb_converter::{Context, Entity, Result, UplinkConverter, Value, export};

/// Decodes `name,type,key,value,key,value…`.
#[derive(Debug)]
pub struct Csv;

impl UplinkConverter for Csv {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let line = tb_converter::text(frame)?.replace('"', "");
        let line = line.strip_suffix("\\n").unwrap_or(&line);
        let mut fields = line.split(',').map(str::trim);

        let name = fields.next().unwrap_or_default();
        if name.is_empty() {
            return Err("deviceName is empty: a line starts with name,type".into());
        }
        let profile = fields
            .next()
            .ok_or_else(|| format!("deviceType is missing after deviceName {name:?}"))?;

        let mut entity = Entity::device(name, profile);
        while let Some(key) = fields.next() {
            let value = fields
                .next()
                .ok_or_else(|| format!("telemetry key {key:?} has no value"))?;
            if key.is_empty() {
                return Err(format!("telemetry value {value:?} has an empty key").into());
            }
            let number = number(value).ok_or_else(|| {
                format!("the value of telemetry key {key:?} is not a number: {value:?}")
            })?;
            entity = entity.telemetry(key, number);
        }
        Ok(vec![entity])
    }
}

/// Reads a number as JSON would type it. Rust's `inf` and `NaN` are no numbers
/// to ThingsBoard.
fn number(text: &str) -> Option<Value> {
    if let Ok(long) = text.parse::<i64>() {
        return Some(long.into());
    }
    text.parse::<f64>()
        .ok()
        .filter(|double| double.is_finite())
        .map(Value::from)
}

export!(uplink = Csv);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_type_that_json_would_give_it() {
        let table = [
            ("69", Some(Value::Long(69))),
            ("-7", Some(Value::Long(-7))),
            ("+7", Some(Value::Long(7))),
            ("25.7", Some(Value::Double(25.7))),
            ("69.0", Some(Value::Double(69.0))),
            ("1e3", Some(Value::Double(1000.0))),
            (".5", Some(Value::Double(0.5))),
            ("9223372036854775807", Some(Value::Long(i64::MAX))),
            // Past the longs a double is the nearest that there is.
            (
                "9223372036854775808",
                Some(Value::Double(9_223_372_036_854_775_808.0)),
            ),
            ("", None),
            ("on", None),
            ("25.7abc", None),
            ("25,7", None),
            ("0x10", None),
            ("NaN", None),
            ("-inf", None),
            ("infinity", None),
            ("1e999", None),
        ];
        for (text, expected) in table {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }
}
