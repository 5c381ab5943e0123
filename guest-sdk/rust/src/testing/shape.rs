//! Results in the shape of ThingsBoard's converters.
//!
//! What is expected is read into the contract's types and written again, so
//! that it meets what was found in one normal form, and a misspelt field is a
//! failure instead of something that nothing is compared with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::{actions, cases::base64};
use crate::{Actions, Entity, EntityKind, KeyValue, Sample, Value};

type Object = Map<String, Json>;

/// Brings an expected result of an uplink into normal form.
pub(super) fn normal_uplink(expected: &Json) -> Result<Json, String> {
    match error_of(expected) {
        Some(error) => Ok(json!({ "error": error })),
        None => {
            let (returned, actions) = actions::apart("entities", expected)?;
            let entities: Result<Vec<Entity>, String> =
                objects(&returned)?.into_iter().map(entity).collect();
            Ok(uplink_result(&entities?, &actions))
        }
    }
}

/// Brings an expected result of a downlink into normal form.
pub(super) fn normal_downlink(expected: &Json) -> Result<Json, String> {
    match error_of(expected) {
        Some(error) => Ok(json!({ "error": error })),
        None => {
            let (returned, actions) = actions::apart("frames", expected)?;
            let frames: Result<Vec<Vec<u8>>, String> =
                objects(&returned)?.into_iter().map(frame).collect();
            Ok(downlink_result(&frames?, &actions))
        }
    }
}

/// What a converter's entities are as the result of a golden case, with what it
/// asked for on the connection.
#[must_use]
pub fn uplink_result(entities: &[Entity], asked: &Actions) -> Json {
    actions::with_actions("entities", of_entities(entities), asked)
}

/// What a converter's frames are as the result of a golden case, with what it
/// asked for on the connection.
#[must_use]
pub fn downlink_result(frames: &[Vec<u8>], asked: &Actions) -> Json {
    actions::with_actions("frames", of_frames(frames), asked)
}

/// The normal form of entities.
fn of_entities(entities: &[Entity]) -> Json {
    let mut json = entities.iter().map(of_entity).collect::<Json>();
    json.sort_all_objects();
    json
}

/// The normal form of frames: text where it can be read, else Base64.
fn of_frames(frames: &[Vec<u8>]) -> Json {
    let of_frame = |frame: &Vec<u8>| match std::str::from_utf8(frame) {
        Ok(text) if !text.contains(char::is_control) => {
            json!({ "contentType": "TEXT", "data": text })
        }
        _ => json!({ "contentType": "BINARY", "data": STANDARD.encode(frame) }),
    };
    frames.iter().map(of_frame).collect()
}

fn error_of(result: &Json) -> Option<&str> {
    let object = result.as_object().filter(|object| object.len() == 1)?;
    object.get("error")?.as_str()
}

/// One object or an array of them; the empty forms are none.
fn objects(result: &Json) -> Result<Vec<&Object>, String> {
    let list = match result {
        Json::Null => &[],
        Json::Object(object) if object.is_empty() => &[],
        Json::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let object = |json: &'_ Json| {
        json.as_object()
            .is_none()
            .then(|| format!("{json} is no object"))
    };
    match list.iter().find_map(object) {
        Some(fault) => Err(fault),
        None => Ok(list.iter().filter_map(Json::as_object).collect()),
    }
}

fn entity(object: &Object) -> Result<Entity, String> {
    let (kind, name_key) = match (
        object.contains_key("deviceName"),
        object.contains_key("assetName"),
    ) {
        (true, false) => (EntityKind::Device, "deviceName"),
        (false, true) => (EntityKind::Asset, "assetName"),
        (true, true) => return Err("deviceName and assetName in one object".to_owned()),
        (false, false) => return Err("neither deviceName nor assetName".to_owned()),
    };
    let (type_key, label_key) = keys_of(kind);
    let mut entity = Entity {
        kind,
        ..Entity::device("", "")
    };
    for (key, value) in object {
        match key.as_str() {
            "telemetry" => entity.telemetry = telemetry(value)?,
            "attributes" => entity.attributes = values(key, value)?,
            "customerName" => entity.customer = Some(string(key, value)?),
            "groupName" => entity.group = Some(string(key, value)?),
            key if key == name_key => entity.name = string(key, value)?,
            key if key == type_key => entity.profile = string(key, value)?,
            key if key == label_key => entity.label = Some(string(key, value)?),
            _ => return Err(format!("unknown field {key}")),
        }
    }
    Ok(entity)
}

/// The fields that are named after the kind of entity: type and label.
fn keys_of(kind: EntityKind) -> (&'static str, &'static str) {
    match kind {
        EntityKind::Device => ("deviceType", "deviceLabel"),
        EntityKind::Asset => ("assetType", "assetLabel"),
    }
}

fn telemetry(json: &Json) -> Result<Vec<Sample>, String> {
    match json {
        Json::Array(list) => list.iter().map(sample).collect(),
        one => Ok(vec![sample(one)?]),
    }
}

fn sample(json: &Json) -> Result<Sample, String> {
    let stamped = json.as_object().filter(|object| {
        object.get("values").is_some_and(Json::is_object)
            && object.keys().all(|key| key == "ts" || key == "values")
    });
    let Some(object) = stamped else {
        return Ok(Sample {
            ts: None,
            values: values("telemetry", json)?,
        });
    };
    let ts = match object.get("ts") {
        None => None,
        Some(ts) => Some(
            ts.as_i64()
                .ok_or_else(|| format!("ts is {ts}, no milliseconds"))?,
        ),
    };
    Ok(Sample {
        ts,
        values: values("values", &object["values"])?,
    })
}

fn values(field: &str, json: &Json) -> Result<Vec<KeyValue>, String> {
    let object = json
        .as_object()
        .ok_or_else(|| format!("{field} is no object"))?;
    let entry = |(key, json): (&String, &Json)| {
        let value = value(json).ok_or_else(|| format!("{json} is no value for {key}"))?;
        Ok(KeyValue {
            key: key.clone(),
            value,
        })
    };
    object.iter().map(entry).collect()
}

pub(super) fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Bool(bool) => Some((*bool).into()),
        Json::Number(number) if number.is_f64() => number.as_f64().map(Value::from),
        Json::Number(number) => number.as_i64().map(Value::from),
        Json::String(text) => Some(text.as_str().into()),
        Json::Array(_) | Json::Object(_) => Some(Value::json(json.to_string())),
    }
}

fn string(key: &str, json: &Json) -> Result<String, String> {
    json.as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("{key} is no string"))
}

fn frame(object: &Object) -> Result<Vec<u8>, String> {
    let known = |key: &String| matches!(key.as_str(), "contentType" | "data" | "metadata");
    if let Some(key) = object.keys().find(|key| !known(key)) {
        return Err(format!("unknown field {key}"));
    }
    let field = |key: &str| string(key, object.get(key).unwrap_or(&Json::Null));
    let data = field("data")?;
    match field("contentType")?.as_str() {
        "JSON" | "TEXT" => Ok(data.into_bytes()),
        "BINARY" => base64(&data),
        other => Err(format!("contentType is {other}, not JSON, TEXT or BINARY")),
    }
}

fn of_entity(entity: &Entity) -> Json {
    let mut object = Object::new();
    let (type_key, label_key) = keys_of(entity.kind);
    let name_key = match entity.kind {
        EntityKind::Device => "deviceName",
        EntityKind::Asset => "assetName",
    };
    object.insert(name_key.to_owned(), entity.name.clone().into());
    object.insert(type_key.to_owned(), entity.profile.clone().into());
    let optional = [
        (label_key, &entity.label),
        ("customerName", &entity.customer),
        ("groupName", &entity.group),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            object.insert(key.to_owned(), value.clone().into());
        }
    }
    let samples = entity
        .telemetry
        .iter()
        .filter(|sample| !sample.values.is_empty());
    object.insert("telemetry".to_owned(), samples.map(of_sample).collect());
    object.insert("attributes".to_owned(), of_values(&entity.attributes));
    Json::Object(object)
}

fn of_sample(sample: &Sample) -> Json {
    let values = of_values(&sample.values);
    match sample.ts {
        Some(ts) => json!({ "ts": ts, "values": values }),
        None => json!({ "values": values }),
    }
}

fn of_values(values: &[KeyValue]) -> Json {
    let entry = |entry: &KeyValue| (entry.key.clone(), of_value(&entry.value));
    Json::Object(values.iter().map(entry).collect())
}

pub(super) fn of_value(value: &Value) -> Json {
    match value {
        Value::Boolean(bool) => (*bool).into(),
        Value::Long(long) => (*long).into(),
        Value::Double(double) => (*double).into(),
        Value::Text(text) => text.as_str().into(),
        // The contract was checked before: it is JSON.
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
    }
}
