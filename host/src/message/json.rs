//! An uplink as JSON, for people and for the way back.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{Entity, EntityKind, KeyValue, Sample, Uplink, Value};

/// JSON that is no uplink.
#[derive(Debug, thiserror::Error)]
#[error("it is not the JSON of a record: {0}")]
pub struct NotAnUplink(#[from] serde_json::Error);

/// The fields as [`Uplink::json`] writes them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    integration: String,
    received_ms: i64,
    allow_create: bool,
    kind: Kind,
    name: String,
    #[serde(default)]
    profile: String,
    label: Option<String>,
    customer: Option<String>,
    group: Option<String>,
    #[serde(default)]
    telemetry: Vec<SampleFields>,
    #[serde(default)]
    attributes: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Device,
    Asset,
}

#[derive(Deserialize)]
struct SampleFields {
    ts: Option<i64>,
    values: Map<String, Json>,
}

impl Uplink {
    /// `integration`, `receivedMs`, `allowCreate`, `kind` (`DEVICE` or `ASSET`),
    /// `name`, `profile`, `label`, `customer` and `group` where there are any,
    /// `telemetry` as `[{"ts": …, "values": {…}}]` and `attributes` as an object.
    /// A sample without a time has none. A double has a decimal point or an
    /// exponent, a long has neither.
    #[must_use]
    pub fn json(&self) -> Json {
        let entity = &self.entity;
        let kind = match entity.kind {
            EntityKind::Device => "DEVICE",
            EntityKind::Asset => "ASSET",
        };
        let mut fields = json!({
            "integration": *self.integration,
            "receivedMs": self.received_ms,
            "allowCreate": self.allow_create,
            "kind": kind,
            "name": entity.name,
            "profile": entity.profile,
        });
        for (name, text) in [
            ("label", &entity.label),
            ("customer", &entity.customer),
            ("group", &entity.group),
        ] {
            if let Some(text) = text {
                fields[name] = json!(text);
            }
        }
        let samples = entity.telemetry.iter();
        fields["telemetry"] = samples
            .map(|sample| match sample.ts {
                Some(ts) => json!({"ts": ts, "values": object(&sample.values)}),
                None => json!({"values": object(&sample.values)}),
            })
            .collect();
        fields["attributes"] = object(&entity.attributes);
        fields
    }

    /// What [`Uplink::json`] gave, with its types.
    ///
    /// # Errors
    /// It is no JSON, or fields are missing or of other types.
    pub fn from_json(text: &[u8]) -> Result<Self, NotAnUplink> {
        let fields: Fields = serde_json::from_slice(text)?;
        let sample = |fields: SampleFields| Sample {
            ts: fields.ts,
            values: pairs(fields.values),
        };
        Ok(Self {
            integration: fields.integration.into(),
            allow_create: fields.allow_create,
            received_ms: fields.received_ms,
            entity: Entity {
                kind: match fields.kind {
                    Kind::Device => EntityKind::Device,
                    Kind::Asset => EntityKind::Asset,
                },
                name: fields.name,
                profile: fields.profile,
                label: fields.label,
                customer: fields.customer,
                group: fields.group,
                telemetry: fields.telemetry.into_iter().map(sample).collect(),
                attributes: pairs(fields.attributes),
            },
        })
    }
}

fn object(pairs: &[KeyValue]) -> Json {
    let pairs = pairs
        .iter()
        .map(|pair| (pair.key.clone(), json(&pair.value)));
    Json::Object(pairs.collect())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Boolean(value) => json!(value),
        Value::Long(value) => json!(value),
        Value::Double(value) => json!(value),
        Value::Text(text) => json!(text),
        // What is no JSON is shown as the text that it is.
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}

fn pairs(object: Map<String, Json>) -> Vec<KeyValue> {
    let pair = |(key, json)| KeyValue {
        key,
        value: value(json),
    };
    object.into_iter().map(pair).collect()
}

fn value(json: Json) -> Value {
    match &json {
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(long) => Value::Long(long),
            // Out of the range of longs it was a double.
            None => Value::Double(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Json(json.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uplink(values: Vec<(&str, Value)>) -> Uplink {
        let pair = |(key, value): (&str, Value)| KeyValue {
            key: key.to_owned(),
            value,
        };
        let values: Vec<_> = values.into_iter().map(pair).collect();
        Uplink {
            integration: "TCP".into(),
            allow_create: true,
            received_ms: 77,
            entity: Entity {
                kind: EntityKind::Asset,
                name: "Hall 3".to_owned(),
                profile: "hall".to_owned(),
                label: Some("North".to_owned()),
                customer: None,
                group: Some("Halls".to_owned()),
                telemetry: vec![
                    Sample {
                        ts: None,
                        values: values.clone(),
                    },
                    Sample {
                        ts: Some(-5),
                        values: Vec::new(),
                    },
                ],
                attributes: values,
            },
        }
    }

    #[test]
    fn an_uplink_comes_back_with_its_types() {
        let uplink = uplink(vec![
            ("on", Value::Boolean(true)),
            ("long", Value::Long(i64::MIN)),
            ("whole", Value::Double(7.0)),
            ("tiny", Value::Double(-5e-324)),
            ("huge", Value::Double(f64::MAX)),
            ("fraction", Value::Double(0.1 + 0.2)),
            ("digits", Value::Text("007".to_owned())),
            ("list", Value::Json("[1,{\"a\":2.50}]".to_owned())),
        ]);
        let json = uplink.json();
        assert_eq!(
            json["telemetry"][0]["values"]["whole"].to_string(),
            "7.0",
            "a double is told from a long"
        );
        let back = Uplink::from_json(json.to_string().as_bytes()).unwrap();
        let expected = Value::Json("[1,{\"a\":2.5}]".to_owned());
        assert_eq!(back.entity.attributes[7].value, expected);
        let mut back = back;
        for pair in [
            &mut back.entity.attributes[7],
            &mut back.entity.telemetry[0].values[7],
        ] {
            pair.value = uplink.entity.attributes[7].value.clone();
        }
        assert_eq!(back, uplink);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (text, fault) in [
            ("", "EOF"),
            ("\u{1}\u{2}", "expected value"),
            ("{}", "missing field `integration`"),
            (
                r#"{"integration":"a","receivedMs":1,"allowCreate":true,"kind":"BOAT","name":"x"}"#,
                "unknown variant `BOAT`",
            ),
        ] {
            let error = Uplink::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("it is not the JSON of a record: ") && error.contains(fault),
                "{error}"
            );
        }
    }
}
