//! The binary decoder of ThingsBoard's TCP tutorial.
//!
//! The tutorial's device sends 25 bytes:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | `30 30 30 30` | `0000`, of no use |
//! | 4 | `11` | the length of what follows: 17 |
//! | 5 | `53 4e 2d 30 30 32` | `SN-002`, the device's name |
//! | 11 | `64 65 66 61 75 6c 74` | `default`, its type |
//! | 18 | `32 35 2e 37` | `25.7`, the temperature as text |
//! | 22 | `00 00 00` | of no use, and not counted |
//!
//! A frame is what stands behind the length: 6 bytes of name, 7 of type, and the
//! temperature. This handler cuts it:
//!
//! ```json
//! {
//!   "handlerType": "BINARY", "byteOrder": "LITTLE_ENDIAN", "maxFrameLength": 128,
//!   "lengthFieldOffset": 4, "lengthFieldLength": 1, "lengthAdjustment": 3,
//!   "initialBytesToStrip": 5
//! }
//! ```
//!
//! The tutorial's own has a `lengthAdjustment` of 0. Then the three zeros stay in
//! the stream, where they begin the next frame and put it out of step; with 3
//! they end their own. This decoder takes a frame with or without them.

use tb_converter::{ByteReader, Context, Entity, Result, UplinkConverter, export, number};

const NAME_LENGTH: usize = 6;
const TYPE_LENGTH: usize = 7;

/// Decodes a name, a type and a temperature of fixed widths.
#[derive(Debug)]
pub struct Binary;

impl UplinkConverter for Binary {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let mut reader = ByteReader::new(frame);
        let name = reader.text(NAME_LENGTH)?;
        let profile = reader.text(TYPE_LENGTH)?;
        let text = reader.text(reader.remaining())?.trim_end_matches('\0');
        let temperature = number::parse(text)
            .ok_or_else(|| format!("the temperature is not a number: {text:?}"))?;
        Ok(vec![
            Entity::device(name, profile).telemetry("temperature", temperature),
        ])
    }
}

export!(uplink = Binary);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_uplink::<Binary>("../uplink");
    }
}
