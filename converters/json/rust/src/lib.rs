//! The JSON decoder of ThingsBoard's TCP tutorial.
//!
//! A frame is one object, or an array of them:
//! `[{"deviceName": "SN-002", "deviceType": "default", "temperature": 25.7, "humidity": 69}]`.
//! The integration's handler is `{"handlerType": "JSON"}`; it cuts a stream into
//! objects and arrays without any separator, and this decoder takes both, so that
//! `splitArrays` may have either value.
//!
//! `deviceName` is needed, an absent `deviceType` means the default profile. The
//! tutorial's decoder picks `temperature` and `humidity`; this one stores every
//! other key as telemetry, with the type that it has in JSON. Nested objects and
//! arrays are stored as JSON, `null` is no value. `ts`, if there is one, is the
//! time of all values of its object in Unix milliseconds, and `attributes`, if
//! it is an object, holds attributes.

use tb_converter::json::Json;
use tb_converter::{Context, Entity, Result, UplinkConverter, Value, export};

/// Decodes `{"deviceName": …, "deviceType": …, key: value…}`.
#[derive(Debug)]
pub struct JsonObjects;

impl UplinkConverter for JsonObjects {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let json = Json::parse(tb_converter::text(frame)?)?;
        if json.is_array() {
            json.elements().map(entity).collect()
        } else {
            Ok(vec![entity(json)?])
        }
    }
}

fn entity(json: Json<'_>) -> Result<Entity> {
    if !json.is_object() {
        return Err(format!("an object with deviceName wanted, found {}", json.text()).into());
    }
    // Each look at a single key would read the whole object.
    let (mut name, mut profile, mut ts) = (None, None, None);
    for (key, value) in json.entries() {
        match &*key {
            "deviceName" => name = Some(value),
            "deviceType" => profile = Some(value),
            "ts" => ts = Some(value),
            _ => {}
        }
    }
    let name = name.and_then(Json::string);
    let name = name.ok_or("deviceName is missing, or not text")?;
    if name.is_empty() {
        return Err("deviceName is empty".into());
    }
    let profile = match profile {
        Some(profile) => profile.string().ok_or("deviceType is not text")?,
        None => "".into(),
    };
    let ts = match ts {
        Some(ts) => Some(
            ts.long()
                .ok_or_else(|| format!("ts is not a time in Unix milliseconds: {}", ts.text()))?,
        ),
        None => None,
    };

    let mut entity = Entity::device(name, profile);
    for (key, json) in json.entries() {
        match &*key {
            "deviceName" | "deviceType" | "ts" => {}
            "attributes" if json.is_object() => {
                for (key, json) in json.entries() {
                    if let Some(value) = value(&key, json)? {
                        entity = entity.attribute(key, value);
                    }
                }
            }
            _ => match (value(&key, json)?, ts) {
                (None, _) => {}
                (Some(value), Some(ts)) => entity = entity.telemetry_at(ts, key, value),
                (Some(value), None) => entity = entity.telemetry(key, value),
            },
        }
    }
    Ok(entity)
}

/// The value of a key; none if it is `null`.
fn value(key: &str, json: Json<'_>) -> Result<Option<Value>> {
    if key.is_empty() {
        return Err(format!("the value {} has an empty key", json.text()).into());
    }
    match json.value() {
        None if !json.is_null() => Err(format!(
            "the value of {key} is too great for a double: {}",
            json.text()
        )
        .into()),
        value => Ok(value),
    }
}

export!(uplink = JsonObjects);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_uplink::<JsonObjects>("../uplink");
    }
}
