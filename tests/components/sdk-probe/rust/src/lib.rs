//! A converter of both directions that calls each function of the SDK for Rust,
//! as `../../assemblyscript` does for AssemblyScript.
//!
//! A frame is an operation, a space and its arguments; the golden cases beside
//! both say what comes of it. Functions have the names that they have in
//! AssemblyScript. The operation `try` runs the lines that follow it one by one
//! and keeps what each gives, or its error, as an attribute.

mod connection;
mod fields;
mod functions;
mod json;
mod rpc;

use tb_converter::{
    ByteWriter, Context, DownlinkConverter, Entity, Message, Result, RpcCall, UplinkConverter,
    Value, export, json::Json, log,
};

/// Where keys are cut that the host would refuse; those are of ASCII.
const MAX_KEY: usize = 254;

/// Both directions.
#[derive(Debug)]
pub struct Probe;

impl UplinkConverter for Probe {
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>> {
        let line = tb_converter::text(frame)?;
        let (operation, rest) = line.split_once([' ', '\n']).unwrap_or((line, ""));
        let entity = Entity::device("probe", operation);
        Ok(match operation {
            "nothing" => vec![],
            "everything" => everything(),
            "many" => many(),
            "metadata" => vec![facts(entity, context)],
            "log" => vec![logged(entity)],
            "sample" => vec![rpc::sampled(entity)],
            "connection" => vec![connection::asked(entity, rest, context)?],
            "json" => vec![storable(json::json_probe(entity, rest)?)],
            "try" => vec![storable(tried(entity, rest))],
            _ => {
                vec![storable(
                    entity.attribute("value", called(operation, rest)?),
                )]
            }
        })
    }
}

impl DownlinkConverter for Probe {
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>> {
        match msg.msg_type() {
            "FAIL" => Err(format!("cannot encode {}", msg.body()).into()),
            "NONE" => Ok(vec![]),
            msg_type => {
                if let Some(call) = msg.rpc_call()? {
                    return called_by(&call, context);
                }
                let name = context.metadata("deviceName");
                let site = context.integration_metadata("site");
                let mut place = format!(
                    "{} at {}",
                    name.as_deref().unwrap_or("nobody"),
                    site.as_deref().unwrap_or("nowhere")
                );
                if let Some(limit) = context.metadata("ss_limit") {
                    place = format!("{place}, limit {limit}");
                }
                Ok(vec![
                    format!("{msg_type} {}", msg.body()).into_bytes(),
                    place.into_bytes(),
                    ByteWriter::new().u8(0).i16_be(-128).finish(),
                    vec![],
                ])
            }
        }
    }
}

/// What a call of ThingsBoard's sends to the device.
fn called_by(call: &RpcCall<'_>, context: &Context) -> Result<Vec<Vec<u8>>> {
    Ok(match &*call.method {
        "connection" => {
            let lines = call.params.and_then(Json::string).unwrap_or_default();
            connection::asked_on_the_way(&lines, context)?
        }
        "arguments" => vec![call.arguments(" ")?.into_bytes()],
        _ => vec![rpc::shown(call).into_bytes()],
    })
}

export!(
    uplink = Probe,
    downlink = Probe,
    lifecycle = Probe,
    framing = Probe
);

fn tried(entity: Entity, lines: &str) -> Entity {
    lines.split('\n').fold(entity, |entity, line| {
        let (operation, rest) = line.split_once(' ').unwrap_or((line, ""));
        let value = match called(operation, rest) {
            Ok(value) => value,
            Err(error) => format!("error: {error}").into(),
        };
        entity.attribute(line, value)
    })
}

/// The entity as the host takes it: long keys are cut, and `\0` stands for NUL.
fn storable(mut entity: Entity) -> Entity {
    let shown = |text: &str| text.replace('\0', "\\0");
    for pair in &mut entity.attributes {
        pair.key = shown(&pair.key);
        if pair.key.len() > MAX_KEY {
            pair.key.truncate(MAX_KEY);
            pair.key.push('…');
        }
        if let Value::Text(text) = &mut pair.value {
            *text = shown(text);
        }
    }
    entity
}

/// What one operation gives.
fn called(operation: &str, rest: &str) -> Result<Value> {
    let words: Vec<&str> = rest.split(' ').collect();
    let (module, name) = operation.split_once('.').unwrap_or((operation, ""));
    match module {
        "bits" => functions::bits(name, &words),
        "checksum" => functions::checksum(name, rest),
        "encoding" => functions::encoding(name, rest),
        "number" => functions::number(name, rest, &words),
        "CivilTime" => functions::time(name, rest, &words),
        "Message" => rpc::message(name, rest),
        "RpcCall" => rpc::rpc_call(name, rest),
        "ByteReader" => fields::read(&words),
        "ByteWriter" => fields::write(&words),
        "text" => {
            let bytes = tb_converter::encoding::hex_to_bytes(rest)?;
            Ok(tb_converter::text(&bytes)?.into())
        }
        "echo" => Ok(rest.into()),
        "quote" => Ok(format!("{rest:?}").into()),
        "fail" => Err(rest.into()),
        _ => Err(format!("no such operation: {operation:?}").into()),
    }
}

fn everything() -> Vec<Entity> {
    let asset = Entity::asset("Halle 水 😀", "")
        .label("a label")
        .customer("a customer")
        .group("a group")
        .telemetry("boolean", true)
        .telemetry_at(1_700_000_000_000, "byte", 255_u8)
        .telemetry("long", i64::MIN)
        .telemetry_at(1_700_000_000_000, "float", 0.5_f32)
        .telemetry_at(-1, "double", 25.7)
        .attribute("text", "7")
        .attribute("json", Value::json(r#"{"a":[1]}"#))
        .attribute("twice", 1)
        .attribute("no", false)
        .attribute("twice", "new")
        .attribute("empty", "");
    vec![asset, Entity::device("SN-002", "default")]
}

fn many() -> Vec<Entity> {
    let mut entities: Vec<Entity> = (0..1000)
        .map(|i| Entity::device(format!("d{i}"), "").telemetry("i", i))
        .collect();
    entities.truncate(3);
    entities
}

fn facts(mut entity: Entity, context: &Context) -> Entity {
    if let Some(site) = context.metadata("site") {
        entity = entity.attribute("site", site);
    }
    if let Some(own) = context.integration_metadata("site") {
        entity = entity.attribute("own", own);
    }
    let entity = entity
        .attribute("none", context.metadata("none").is_none())
        .attribute("noKey", context.metadata("").is_none())
        .attribute(
            "ownPort",
            context.integration_metadata("remotePort").is_none(),
        );
    let entries = context.metadata_entries();
    entries.into_iter().fold(entity, |entity, (key, value)| {
        entity.attribute(format!("entry {key}"), value)
    })
}

fn logged(entity: Entity) -> Entity {
    log::trace!("one 😀");
    log::debug!("two");
    log::info!("three");
    log::warn!("four");
    log::error!("five");
    entity
}
