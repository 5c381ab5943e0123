//! Checks what a converter returned against what ThingsBoard can store.

use super::{
    bindings::types::{Entity, KeyValue, Value},
    error::CallError,
};
use crate::config::ConverterLimits;

/// Longest name, profile or label that ThingsBoard stores, in characters.
const MAX_NAME: usize = 255;

/// What entities take up in the host, in bytes, near enough for a bound.
///
/// # Errors
/// More entities or values than one frame may bring.
pub(super) fn measure(entities: &[Entity], limits: &ConverterLimits) -> Result<usize, CallError> {
    if entities.len() > limits.entities {
        return Err(CallError::TooManyEntities {
            count: entities.len(),
            limit: limits.entities,
        });
    }
    let (mut values, mut bytes) = (0, size_of_val(entities));
    for entity in entities {
        bytes += entity.name.len() + entity.profile.len();
        for pairs in std::iter::once(&entity.attributes)
            .chain(entity.telemetry.iter().map(|sample| &sample.values))
        {
            values += pairs.len();
            bytes += pairs.iter().map(size).sum::<usize>();
        }
    }
    if values > limits.values {
        return Err(CallError::TooManyValues {
            count: values,
            limit: limits.values,
        });
    }
    Ok(bytes)
}

fn size(pair: &KeyValue) -> usize {
    let text = match &pair.value {
        Value::Text(text) | Value::Json(text) => text.len(),
        _ => 0,
    };
    size_of::<KeyValue>() + pair.key.len() + text
}

/// Says what is wrong with `entities`.
///
/// # Errors
/// The text names the entity and the key, for the converter's author.
pub(super) fn check(entities: &[Entity]) -> Result<(), String> {
    entities.iter().try_for_each(check_entity)
}

fn check_entity(entity: &Entity) -> Result<(), String> {
    if entity.name.trim().is_empty() {
        return Err(
            "deviceName is empty, so there is no device to store the data for; \
                    check how the converter takes it from the frame"
                .to_owned(),
        );
    }
    if matches!(entity.name.as_str(), "undefined" | "null") {
        return Err(format!(
            "deviceName is {:?}, what a script makes of a missing value; check how the converter \
             takes it from the frame",
            entity.name
        ));
    }
    let texts = [
        ("deviceName", &entity.name),
        ("deviceType", &entity.profile),
        ("label", entity.label.as_ref().unwrap_or(&entity.name)),
    ];
    for (what, text) in texts {
        if text.chars().nth(MAX_NAME).is_some() {
            return Err(format!("{what} is longer than {MAX_NAME} characters"));
        }
        if text.contains('\0') {
            return Err(format!("{what} {text:?} holds a NUL character"));
        }
    }
    let values = entity
        .telemetry
        .iter()
        .flat_map(|sample| &sample.values)
        .chain(&entity.attributes);
    for pair in values {
        check_value(pair).map_err(|fault| format!("{}: {fault}", entity.name))?;
    }
    Ok(())
}

fn check_value(pair: &KeyValue) -> Result<(), String> {
    if pair.key.is_empty() {
        return Err("a key is empty".to_owned());
    }
    match &pair.value {
        Value::Double(number) if !number.is_finite() => Err(format!(
            "{} = {number}: ThingsBoard stores finite numbers only",
            pair.key
        )),
        Value::Json(text) => serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map(drop)
            .map_err(|error| format!("{} is not JSON: {error}", pair.key)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converter::{EntityKind, Sample};

    fn entity(name: &str, key: &str, value: Value) -> Entity {
        let pair = KeyValue {
            key: key.to_owned(),
            value,
        };
        Entity {
            kind: EntityKind::Device,
            name: name.to_owned(),
            profile: String::new(),
            label: None,
            customer: None,
            group: None,
            telemetry: vec![Sample {
                ts: None,
                values: vec![pair],
            }],
            attributes: Vec::new(),
        }
    }

    #[test]
    fn faults_are_named() {
        let long = "x".repeat(256);
        let cases = [
            (entity("SN", "k", Value::Double(1.5)), None),
            (
                entity("SN", "k", Value::Json("{\"a\":[1]}".to_owned())),
                None,
            ),
            (
                entity(" ", "k", Value::Long(1)),
                Some("deviceName is empty, so there is no device"),
            ),
            (
                entity("undefined", "k", Value::Long(1)),
                Some("deviceName is \"undefined\", what a script makes of"),
            ),
            (
                entity(&long, "k", Value::Long(1)),
                Some("deviceName is longer than 255 characters"),
            ),
            (
                entity("a\0b", "k", Value::Long(1)),
                Some("deviceName \"a\\0b\" holds a NUL"),
            ),
            (entity("SN", "", Value::Long(1)), Some("SN: a key is empty")),
            (
                entity("SN", "k", Value::Double(f64::NAN)),
                Some("SN: k = NaN: ThingsBoard stores finite"),
            ),
            (
                entity("SN", "k", Value::Double(f64::INFINITY)),
                Some("SN: k = inf: ThingsBoard stores"),
            ),
            (
                entity("SN", "k", Value::Json("{".to_owned())),
                Some("SN: k is not JSON: EOF"),
            ),
        ];
        for (entity, expected) in cases {
            let found = check(std::slice::from_ref(&entity)).err();
            match expected {
                None => assert_eq!(found, None, "{entity:?}"),
                Some(start) => {
                    let found = found.unwrap_or_default();
                    assert!(found.starts_with(start), "{found}");
                }
            }
        }
    }
}
