//! Checks what a converter returned against what ThingsBoard can store.

use super::{
    bindings::types::{Entity, EntityKind, KeyValue, Value},
    check_value::{NUL, chars_beyond, check_pair, holds_nul, shown},
    error::CallError,
};
use crate::config::ConverterLimits;

/// Longest name, profile or label that ThingsBoard stores, in characters: the
/// width of its columns.
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
    let [kind, name, profile] = match entity.kind {
        EntityKind::Device => ["device", "deviceName", "deviceType"],
        EntityKind::Asset => ["asset", "assetName", "assetType"],
    };
    if entity.name.trim().is_empty() {
        return Err(format!(
            "{name} is empty, so there is no {kind} to store the data for; check how the \
             converter takes it from the frame"
        ));
    }
    if matches!(entity.name.as_str(), "undefined" | "null") {
        return Err(format!(
            "{name} is {:?}, what a script makes of a missing value; check how the converter \
             takes it from the frame",
            entity.name
        ));
    }
    let label = entity.label.as_deref().unwrap_or_default();
    for (what, text) in [
        (name, entity.name.as_str()),
        (profile, &entity.profile),
        ("label", label),
    ] {
        check_name(text).map_err(|fault| format!("{what} {} {fault}", shown(text)))?;
    }
    let values = entity
        .telemetry
        .iter()
        .flat_map(|sample| &sample.values)
        .chain(&entity.attributes);
    for pair in values {
        check_pair(pair).map_err(|fault| format!("{}: {fault}", entity.name))?;
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), String> {
    if let Some(count) = chars_beyond(text, MAX_NAME) {
        return Err(format!(
            "has {count} characters; ThingsBoard stores {MAX_NAME} at most"
        ));
    }
    if holds_nul(text) {
        return Err(NUL.to_owned());
    }
    if holds_script(text) {
        return Err("holds HTML with a script, which ThingsBoard refuses in names".to_owned());
    }
    Ok(())
}

/// Whether there is a whole script tag in it. ThingsBoard's check knows more that
/// it refuses, but what exactly depends on its version.
fn holds_script(text: &str) -> bool {
    const TAG: &str = "<script";
    text.match_indices('<').any(|(at, _)| {
        let start = text.get(at..at + TAG.len());
        let tag = start.is_some_and(|start| start.eq_ignore_ascii_case(TAG));
        let rest = text.get(at + TAG.len()..).unwrap_or_default();
        let ends =
            rest.starts_with(|next: char| next == '>' || next == '/' || next.is_whitespace());
        tag && ends && rest.contains('>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converter::Sample;

    fn entity(name: &str) -> Entity {
        Entity {
            kind: EntityKind::Device,
            name: name.to_owned(),
            profile: String::new(),
            label: None,
            customer: None,
            group: None,
            telemetry: Vec::new(),
            attributes: Vec::new(),
        }
    }

    fn fault(entity: &Entity) -> Option<String> {
        check(std::slice::from_ref(entity)).err()
    }

    #[test]
    fn what_can_be_stored_passes() {
        // Characters count, not bytes.
        for name in [
            "SN",
            "\u{e4}".repeat(255).as_str(),
            "a<b",
            "<scripture>",
            "x<script",
        ] {
            let labelled = Entity {
                label: Some(name.to_owned()),
                profile: name.to_owned(),
                ..entity(name)
            };
            assert_eq!(fault(&labelled), None);
        }
    }

    #[test]
    fn faults_of_names_are_told_with_the_field() {
        let long = "\u{e4}".repeat(256);
        let asset = |name| Entity {
            kind: EntityKind::Asset,
            ..entity(name)
        };
        let of_type = |profile: &str| Entity {
            profile: profile.to_owned(),
            ..entity("SN")
        };
        let labelled = |label: &str| Entity {
            label: Some(label.to_owned()),
            ..entity("SN")
        };
        let cases = [
            (
                entity(" "),
                "deviceName is empty, so there is no device to store",
            ),
            (
                asset(""),
                "assetName is empty, so there is no asset to store",
            ),
            (
                entity("undefined"),
                "deviceName is \"undefined\", what a script makes of",
            ),
            (
                entity(&long),
                "has 256 characters; ThingsBoard stores 255 at most",
            ),
            (entity("a\0b"), "deviceName a\\0b holds a NUL character"),
            (
                entity("a<SCRIPT src=x>b"),
                "deviceName a<SCRIPT src=x>b holds HTML",
            ),
            (
                of_type("<script>"),
                "deviceType <script> holds HTML with a script, which",
            ),
            (of_type(&long), "deviceType \u{e4}\u{e4}"),
            (labelled("\0"), "label \\0 holds a NUL character"),
            (labelled(&long), "… has 256 characters"),
        ];
        for (entity, expected) in cases {
            let fault = fault(&entity).unwrap_or_default();
            assert!(fault.contains(expected), "{expected:?} is not in {fault:?}");
        }
    }

    #[test]
    fn faults_of_values_are_told_with_the_entity_wherever_they_are() {
        let pair = || KeyValue {
            key: "k".to_owned(),
            value: Value::Double(f64::NAN),
        };
        let sample = |values| Sample { ts: None, values };
        let later = Entity {
            telemetry: vec![sample(Vec::new()), sample(vec![pair()])],
            ..entity("SN-1")
        };
        let attribute = Entity {
            attributes: vec![pair()],
            ..entity("SN-2")
        };
        let expected = "k = NaN: ThingsBoard stores finite numbers only";
        assert_eq!(fault(&later), Some(format!("SN-1: {expected}")));
        assert_eq!(
            check(&[entity("good"), attribute]),
            Err(format!("SN-2: {expected}"))
        );
    }
}
