//! What `Message` and `RpcCall` make of a call, and what `Sample` adds to an entity.

use tb_converter::json::Json;
use tb_converter::{Entity, Message, Result, RpcCall, Sample, Value};

use crate::functions::unknown;

const RPC_CALL: &str = "RPC_CALL_FROM_SERVER_TO_DEVICE";

/// `rpcCall TYPE BODY`.
pub(crate) fn message(name: &str, rest: &str) -> Result<Value> {
    if name != "rpcCall" {
        return unknown("function", name);
    }
    let (msg_type, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let msg = Message::new(body, msg_type);
    let call = msg.rpc_call()?;
    Ok(call
        .as_ref()
        .map_or_else(|| "no call".to_owned(), shown)
        .into())
}

/// `arguments SEPARATOR BODY`.
pub(crate) fn rpc_call(name: &str, rest: &str) -> Result<Value> {
    if name != "arguments" {
        return unknown("function", name);
    }
    let (separator, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let msg = Message::new(body, RPC_CALL);
    Ok(match msg.rpc_call()? {
        Some(call) => call.arguments(separator)?.into(),
        None => "no call".into(),
    })
}

/// The method and the params as they are written.
pub(crate) fn shown(call: &RpcCall<'_>) -> String {
    let params = call.params.map_or("none", Json::text);
    format!("{}: {params}", call.method)
}

/// Samples beside others of the same time; single values go into the last of theirs.
pub(crate) fn sampled(entity: Entity) -> Entity {
    const TS: i64 = 1_700_000_000_000;
    let mut sample = Sample::at(Some(TS))
        .value("speed", 1)
        .value("on", true)
        .value("speed", 57);
    sample.put("course", 1);
    sample.put("name", "水");
    sample.put("course", 120.5);
    entity
        .telemetry_at(TS, "first", 1)
        .sample(sample)
        .sample(Sample::at(Some(TS)).value("speed", 58))
        .telemetry_at(TS, "last", 2)
        .sample(Sample::at(Some(0)).value("json", Value::json("[1]")))
        .telemetry("own", 3)
        .sample(Sample::at(None).value("speed", 59))
        .telemetry("received", 4)
        .sample(Sample::at(Some(-1)))
}
