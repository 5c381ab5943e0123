//! Commands for devices that read lines of text.
//!
//! An RPC call `{"method": "setRelay", "params": …}` becomes one frame,
//! `method=params`; the host ends it with the integration's terminator, a line
//! feed by default.
//!
//! | `params` | line |
//! |---|---|
//! | absent, `null`, `{}`, `[]` or `""` | `reboot` |
//! | `"on"`, `true`, `2.50` | `setRelay=on`, `setRelay=true`, `setRelay=2.50` |
//! | `[1, "on"]` | `setRelay=1,on` |
//! | `{"relay": 1, "state": "on"}` | `setRelay=relay:1,state:on` |
//!
//! Numbers are sent as they are written. What is nested deeper is sent as
//! compact JSON.
//!
//! Changed shared attributes, `{"powerState": "on", "interval": 60}`, become one
//! line each, with the equals sign also if the value is empty: `powerState=on`,
//! `interval=60`. Attributes that were deleted, and
//! all other messages, are none of the device's business: no frame.
//!
//! A control character (a line feed, above all) in a method, key or text is an
//! error: it would let the sender of one command slip in a second one.

use tb_converter::json::Json;
use tb_converter::{Context, DownlinkConverter, Message, Result, export, log};

/// Encodes RPC calls and shared attributes as `name=value`.
#[derive(Debug)]
pub struct RpcText;

impl DownlinkConverter for RpcText {
    fn encode(msg: &Message, _context: &Context) -> Result<Vec<Vec<u8>>> {
        match msg.msg_type() {
            "RPC_CALL_FROM_SERVER_TO_DEVICE" => Ok(vec![call(Json::parse(msg.body())?)?]),
            "ATTRIBUTES_UPDATED" | "POST_ATTRIBUTES_REQUEST" => {
                attributes(Json::parse(msg.body())?)
            }
            other => {
                log::debug!("no line for a message of type {other}");
                Ok(Vec::new())
            }
        }
    }
}

fn call(json: Json<'_>) -> Result<Vec<u8>> {
    let method = json.get("method").and_then(Json::string);
    let method = method.ok_or("the RPC call has no method, or one that is not text")?;
    if method.is_empty() {
        return Err("the RPC call's method is empty".into());
    }
    match json.get("params").map(params) {
        Some(params) if !params.is_empty() => line(format!("{method}={params}")),
        _ => line(method.into_owned()),
    }
}

fn attributes(json: Json<'_>) -> Result<Vec<Vec<u8>>> {
    if !json.is_object() {
        return Err(format!("attributes are an object, not {}", json.compact()).into());
    }
    json.entries()
        .map(|(key, value)| line(format!("{key}={}", scalar(value))))
        .collect()
}

/// Of objects and arrays the values, with commas between them.
fn params(json: Json<'_>) -> String {
    if json.is_object() {
        let pairs = json.entries();
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}:{}", scalar(value)))
            .collect();
        pairs.join(",")
    } else if json.is_array() {
        let elements: Vec<String> = json.elements().map(scalar).collect();
        elements.join(",")
    } else if json.is_null() {
        String::new()
    } else {
        scalar(json)
    }
}

fn scalar(json: Json<'_>) -> String {
    match json.string() {
        Some(text) => text.into_owned(),
        None => json.compact(),
    }
}

/// Refuses what the device would not read as one line.
fn line(text: String) -> Result<Vec<u8>> {
    match text.chars().find(|char| char.is_control()) {
        None => Ok(text.into_bytes()),
        Some(control) => Err(format!(
            "{text:?} cannot be sent as a line: it holds the control character {control:?}"
        )
        .into()),
    }
}

export!(downlink = RpcText);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_downlink::<RpcText>("../downlink");
    }
}
