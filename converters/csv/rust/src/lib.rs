//! The CSV decoder of ThingsBoard's TCP tutorial.
//!
//! A frame is one line, `name,type,key,value,key,value…`: the device's name,
//! its type, and any number of telemetry values. As in the tutorial's decoder
//! quotes are dropped wherever they stand, and so is a literal `\n` at the end,
//! which `echo` without `-e` sends. ASCII white space around a field is dropped too.
//!
//! Where that decoder would quietly store nonsense (`NaN`, or 25.7 for
//! `25.7abc`), this one returns an error that names the key and the value. A
//! value without a fraction is stored as a long, one with a fraction as a
//! double, as JSON numbers are.
//!
//! A line of name and type alone is valid: it tells ThingsBoard where the
//! device can be reached before it has measured anything.

use std::borrow::Cow;

use tb_converter::{Context, Entity, Result, UplinkConverter, export, fields, number};

/// Decodes `name,type,key,value,key,value…`.
#[derive(Debug)]
pub struct Csv;

impl UplinkConverter for Csv {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let text = tb_converter::text(frame)?;
        let line = match text.contains('"') {
            true => Cow::from(text.replace('"', "")),
            false => Cow::from(text),
        };
        let line = line.strip_suffix("\\n").unwrap_or(&line);
        let mut fields = fields(line, ',');

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
            let number = number::parse(value).ok_or_else(|| {
                format!("the value of telemetry key {key:?} is not a number: {value:?}")
            })?;
            entity = entity.telemetry(key, number);
        }
        Ok(vec![entity])
    }
}

export!(uplink = Csv);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_uplink::<Csv>("../uplink");
    }
}
