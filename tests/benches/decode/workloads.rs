//! The frames that are decoded, and what they mean.

use std::fs;

use harness::repository;
use serde_json::{Map, Value as Json, json};
use tb_converter::{
    ByteWriter, Entity, Sample, checksum::crc16_arc, encoding::hex_to_bytes, testing::uplink_result,
};

/// Records of the Teltonika packet.
const RECORDS: u8 = 20;

/// A frame for the converter of one format.
pub(crate) struct Workload {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// The converter, and the scripts of the same name.
    pub(crate) format: &'static str,
    /// Whether a script gets the frame as text.
    pub(crate) is_text: bool,
    pub(crate) frame: Vec<u8>,
    /// What the connection keeps.
    pub(crate) session: Vec<u8>,
    pub(crate) expected: Outcome,
}

/// What a call gave, in a form that all candidates have: numbers as doubles.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    entities: Json,
    reply: Vec<u8>,
}

impl Outcome {
    /// Of a Rust converter.
    pub(crate) fn of(entities: &[Entity], reply: &[u8]) -> Self {
        Self {
            entities: normal(&uplink_result(entities, &Default::default())),
            reply: reply.to_vec(),
        }
    }

    /// Of a script: one entity or an array of them, in the shape of ThingsBoard's converters. The reply, an
    /// array of bytes, is a field of the entity.
    pub(crate) fn of_script(mut result: Json) -> Self {
        let reply = result
            .as_object_mut()
            .and_then(|entity| entity.remove("reply"));
        let bytes = reply
            .as_ref()
            .and_then(Json::as_array)
            .into_iter()
            .flatten();
        Self {
            entities: normal(&result),
            reply: bytes.map(|byte| byte.as_f64().unwrap() as u8).collect(),
        }
    }
}

/// All workloads, in the order of the tables.
pub(crate) fn workloads() -> [Workload; 5] {
    let device = || Entity::device("SN-002", "default");
    let text = |key, title, format, frame: Vec<u8>, entity| Workload {
        key,
        title,
        format,
        is_text: true,
        frame,
        session: Vec::new(),
        expected: Outcome::of(&[entity], &[]),
    };
    let line = payload("csv", "payload.txt");
    let two = [&line[..], b",humidity,69"].concat();
    let one_value = device().telemetry("temperature", 25.7);
    let two_values = one_value.clone().telemetry("humidity", 69);
    [
        text(
            "csv1",
            "CSV line with one value",
            "csv",
            line,
            one_value.clone(),
        ),
        text(
            "csv2",
            "CSV line with two values",
            "csv",
            two,
            two_values.clone(),
        ),
        text(
            "json",
            "JSON array of one object",
            "json",
            payload("json", "payload.json"),
            two_values,
        ),
        Workload {
            is_text: false,
            ..text(
                "binary",
                "Binary frame",
                "binary",
                payload("binary", "payload.hex"),
                one_value,
            )
        },
        teltonika(),
    ]
}

/// A packet of codec 8 with the same record many times.
fn teltonika() -> Workload {
    let single = payload("teltonika", "payload.hex");
    // Preamble, length, codec, count; count and check value.
    let record = &single[10..single.len() - 5];
    let mut data = vec![8, RECORDS];
    data.extend(record.repeat(RECORDS.into()));
    data.push(RECORDS);
    let frame = ByteWriter::new()
        .u32_be(0)
        .u32_be(u32::try_from(data.len()).unwrap())
        .bytes(&data)
        .u32_be(crc16_arc(&data).into())
        .finish();
    let session = payload("teltonika", "session.txt");
    let sample = Sample::at(Some(1_377_961_241_710))
        .value("priority", 0)
        .value("latitude", 37.674_339_2)
        .value("longitude", 21.432_776)
        .value("altitude", -4)
        .value("course", 0)
        .value("satellites", 9)
        .value("speed", 0)
        .value("valid", true)
        .value("eventIo", 0)
        .value("io_1", 0)
        .value("io_240", 0)
        .value("io_66", 12_835)
        .value("io_24", 0);
    let imei = String::from_utf8(session.clone()).unwrap();
    let entity = (0..RECORDS).fold(Entity::device(imei, "teltonika"), |entity, _| {
        entity.sample(sample.clone())
    });
    Workload {
        key: "teltonika",
        title: "Teltonika packet of 20 records",
        format: "teltonika",
        is_text: false,
        frame,
        session,
        expected: Outcome::of(&[entity], &[0, 0, 0, RECORDS]),
    }
}

/// The bytes of a golden case's payload.
fn payload(converter: &str, file: &str) -> Vec<u8> {
    let path = repository()
        .join("converters")
        .join(converter)
        .join("uplink")
        .join(file);
    let bytes = fs::read(&path).unwrap();
    match path.extension().is_some_and(|extension| extension == "hex") {
        true => hex_to_bytes(str::from_utf8(&bytes).unwrap()).unwrap(),
        // One line feed ends the file.
        false => bytes.strip_suffix(b"\n").unwrap_or(&bytes).to_vec(),
    }
}

/// Entities in an array, their samples in an array, numbers as doubles.
fn normal(result: &Json) -> Json {
    match result {
        Json::Array(entities) => entities.iter().map(normal_entity).collect(),
        entity => json!([normal_entity(entity)]),
    }
}

fn normal_entity(entity: &Json) -> Json {
    let mut entity = entity.as_object().cloned().unwrap();
    let telemetry = entity.remove("telemetry").unwrap();
    let samples = match telemetry {
        Json::Array(samples) => samples,
        sample if sample.get("values").is_some() => vec![sample],
        values => vec![json!({ "values": values })],
    };
    entity.insert("telemetry".to_owned(), samples.into());
    doubles(&entity.into())
}

fn doubles(json: &Json) -> Json {
    match json {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(items) => items.iter().map(doubles).collect(),
        Json::Object(entries) => {
            let entries = entries.iter();
            let entries: Map<_, _> = entries
                .map(|(key, value)| (key.clone(), doubles(value)))
                .collect();
            entries.into()
        }
        other => other.clone(),
    }
}
