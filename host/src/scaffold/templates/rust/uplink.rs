//! Decodes the frames of a thermometer: ten bytes, numbers with the highest
//! byte first.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version of the format, 1 |
//! | 1 | 4 | serial number, eight decimal digits as BCD |
//! | 5 | 2 | temperature, signed, in tenths of a degree Celsius |
//! | 7 | 2 | battery in millivolts |
//! | 9 | 1 | flags; bit 0: the lid is open |
//!
//! This is an example: put your device's format in its place, and its frames
//! into the golden cases.

use tb_converter::{ByteReader, Context, Entity, Result, UplinkConverter, bits, export, number};

/// The version of the format that this converter reads.
const VERSION: u8 = 1;

/// Decodes one frame into the temperature, the battery and the lid of a device.
#[derive(Debug)]
pub struct Converter;

impl UplinkConverter for Converter {
    fn decode(frame: &[u8], _context: &Context) -> Result<Vec<Entity>> {
        let mut reader = ByteReader::new(frame);
        let version = reader.u8()?;
        if version != VERSION {
            // The host logs this text with the frame, and keeps the frame.
            return Err(format!("version {version} is unknown, only {VERSION} can be read").into());
        }
        let serial = bits::bcd_digits(reader.bytes(4)?)?;
        let temperature = number::scale(reader.i16_be()?, 0.1, 1);
        let battery = reader.u16_be()?;
        let flags = reader.u8()?;
        // Longer frames are of another format: better an error than wrong data.
        reader.end()?;

        Ok(vec![
            Entity::device(format!("TH-{serial}"), "thermometer")
                .telemetry("temperature", temperature)
                .telemetry("batteryMv", battery)
                .telemetry("lidOpen", bits::bit(flags, 0)),
        ])
    }
}

export!(uplink = Converter);

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use tb_converter::testing;

    #[test]
    fn golden_cases_pass() {
        testing::check_uplink::<Converter>("{{cases}}");
    }
}
