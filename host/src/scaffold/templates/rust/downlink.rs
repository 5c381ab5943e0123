//! Encodes what ThingsBoard says to a thermometer: frames of a version, a
//! command and its argument, numbers with the highest byte first.
//!
//! | message | frame |
//! |---|---|
//! | shared attribute `reportInterval`, in seconds | `01 01` and the seconds in two bytes |
//! | RPC call `reboot` | `01 02` |
//!
//! This is an example: put your device's commands in its place, and messages
//! for it into the golden cases.

use tb_converter::json::Json;
use tb_converter::{ByteWriter, Context, DownlinkConverter, Message, Result, export};

/// The version of the format that the device reads.
const VERSION: u8 = 1;
const SET_REPORT_INTERVAL: u8 = 1;
const REBOOT: u8 = 2;

/// Encodes shared attributes and RPC calls as commands.
#[derive(Debug)]
pub struct Converter;

impl DownlinkConverter for Converter {
    fn encode(msg: &Message, _context: &Context) -> Result<Vec<Vec<u8>>> {
        match msg.msg_type() {
            "ATTRIBUTES_UPDATED" => attributes(Json::parse(msg.body())?),
            "RPC_CALL_FROM_SERVER_TO_DEVICE" => call(Json::parse(msg.body())?),
            // All else is none of the device's business: nothing is sent.
            _ => Ok(Vec::new()),
        }
    }
}

fn attributes(attributes: Json<'_>) -> Result<Vec<Vec<u8>>> {
    let Some(interval) = attributes.get("reportInterval") else {
        return Ok(Vec::new());
    };
    let seconds = interval.long().and_then(|long| u16::try_from(long).ok());
    // The host logs this text with the message.
    let seconds = seconds.ok_or_else(|| {
        let found = interval.compact();
        format!("reportInterval is a number of seconds from 0 to 65535, not {found}")
    })?;
    let frame = ByteWriter::new()
        .u8(VERSION)
        .u8(SET_REPORT_INTERVAL)
        .u16_be(seconds)
        .finish();
    Ok(vec![frame])
}

fn call(call: Json<'_>) -> Result<Vec<Vec<u8>>> {
    let method = call.get("method").and_then(Json::string);
    match method.as_deref() {
        Some("reboot") => Ok(vec![ByteWriter::new().u8(VERSION).u8(REBOOT).finish()]),
        Some(other) => Err(format!("the device has no method {other}").into()),
        None => Err("the RPC call has no method".into()),
    }
}

export!(downlink = Converter);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_downlink::<Converter>("{{cases}}");
    }
}
