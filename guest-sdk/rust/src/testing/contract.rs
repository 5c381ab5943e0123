//! What the contract forbids in a result although its types allow it.
//!
//! The host refuses such a result; a native test that let it pass would be green
//! for a converter that stores nothing.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{Entity, KeyValue, Value};

/// The longest name of an entity, and the longest key, in characters:
/// ThingsBoard's columns.
const MAX_NAME_CHARS: usize = 255;
const NUL: &str = "holds a NUL character";

/// Checks what a converter returned; the error says what the host would refuse.
pub(super) fn check(entities: &[Entity]) -> Result<(), String> {
    entities.iter().try_for_each(|entity| {
        check_entity(entity)
            .map_err(|fault| format!("the host refuses the entity {:?}: {fault}", entity.name))
    })
}

fn check_entity(entity: &Entity) -> Result<(), String> {
    if entity.name.is_empty() {
        return Err("its name is empty".to_owned());
    }
    if entity.name.chars().count() > MAX_NAME_CHARS {
        return Err(format!(
            "its name has more than {MAX_NAME_CHARS} characters"
        ));
    }
    if entity.name.contains('\0') {
        return Err(format!("its name {NUL}"));
    }
    check_values(&entity.attributes)?;
    entity
        .telemetry
        .iter()
        .try_for_each(|sample| check_values(&sample.values))
}

fn check_values(values: &[KeyValue]) -> Result<(), String> {
    let mut keys = BTreeSet::new();
    for KeyValue { key, value } in values {
        if key.is_empty() {
            return Err("a key is empty".to_owned());
        }
        if key.chars().count() > MAX_NAME_CHARS {
            return Err(format!(
                "a key has more than {MAX_NAME_CHARS} characters: {key:?}"
            ));
        }
        if key.contains('\0') {
            return Err(format!("the key {key:?} {NUL}"));
        }
        if !keys.insert(key) {
            return Err(format!("the key {key:?} is given twice"));
        }
        match value {
            Value::Double(double) if !double.is_finite() => {
                return Err(format!("the value of {key:?} is {double}"));
            }
            Value::Text(text) if text.contains('\0') => {
                return Err(format!("the value of {key:?} {NUL}"));
            }
            Value::Json(text) => {
                let json: Json = serde_json::from_str(text)
                    .map_err(|error| format!("the value of {key:?} is not JSON: {error}"))?;
                if !json.is_object() && !json.is_array() {
                    return Err(format!(
                        "the value of {key:?} is JSON, but no object or array"
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntityKind, Sample};

    fn entity(name: &str, telemetry: &[(&str, Value)]) -> Entity {
        let values = telemetry.iter().map(|(key, value)| KeyValue {
            key: (*key).to_owned(),
            value: value.clone(),
        });
        Entity {
            telemetry: vec![Sample {
                ts: None,
                values: values.collect(),
            }],
            ..Entity::asset(name, "")
        }
    }

    #[test]
    fn what_the_host_refuses_is_a_fault() {
        let (long, longer) = ("ä".repeat(255), "ä".repeat(256));
        let table = [
            (entity("a", &[]), None),
            (entity(&long, &[("k", Value::json("[1]"))]), None),
            (entity("", &[]), Some("its name is empty")),
            (
                entity(&"ä".repeat(256), &[]),
                Some("its name has more than 255 characters"),
            ),
            (entity("a", &[("", 1.into())]), Some("a key is empty")),
            (
                entity("a", &[("k", 1.into()), ("k", 2.into())]),
                Some("the key \"k\" is given twice"),
            ),
            (entity("a\0", &[]), Some("its name holds a NUL character")),
            (
                entity("a", &[("k\0", 1.into())]),
                Some("the key \"k\\0\" holds a NUL character"),
            ),
            (
                entity("a", &[("k", "v\0".into())]),
                Some("the value of \"k\" holds a NUL character"),
            ),
            (entity("a", &[(&long, 1.into())]), None),
            (
                entity("a", &[(&longer, 1.into())]),
                Some(&*format!("a key has more than 255 characters: {longer:?}")),
            ),
            (
                entity("a", &[("k", f64::NAN.into())]),
                Some("the value of \"k\" is NaN"),
            ),
            (
                entity("a", &[("k", f64::INFINITY.into())]),
                Some("the value of \"k\" is inf"),
            ),
            (
                entity("a", &[("k", Value::json("7"))]),
                Some("the value of \"k\" is JSON, but no object or array"),
            ),
        ];
        for (entity, fault) in table {
            assert_eq!(entity.kind, EntityKind::Asset);
            assert_eq!(check_entity(&entity).err().as_deref(), fault);
        }
    }

    #[test]
    fn the_fault_names_the_entity() {
        let entities = [
            entity("good", &[]),
            entity("bad", &[("k", Value::json("{"))]),
        ];
        let fault = check(&entities).err().unwrap_or_default();
        let start = "the host refuses the entity \"bad\": the value of \"k\" is not JSON: ";
        assert!(fault.starts_with(start), "{fault}");
    }
}
