//! The encoder of ThingsBoard's TCP tutorial: the message, as JSON on one line.
//!
//! A message's body is JSON text already, so nothing is parsed. Only white
//! space between its tokens is dropped: a line feed there would end the line
//! that the device reads. Numbers and escapes stay as ThingsBoard wrote them.

use tb_converter::{Context, DownlinkConverter, Message, Result, export, json};

/// Encodes the body of any message as compact JSON.
#[derive(Debug)]
pub struct AttributesJson;

impl DownlinkConverter for AttributesJson {
    fn encode(msg: &Message, _context: &Context) -> Result<Vec<Vec<u8>>> {
        Ok(vec![json::compact(msg.body()).into_bytes()])
    }
}

export!(downlink = AttributesJson);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_downlink::<AttributesJson>("../downlink");
    }
}
