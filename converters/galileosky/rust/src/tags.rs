//! Which tags there are, and how long each is.
//!
//! A tag does not tell its length. Behind one that is not known nothing can be read, so it
//! is an error.

use tb_converter::{ByteReader, Result};

pub(crate) const HARDWARE: u8 = 0x01;
pub(crate) const FIRMWARE: u8 = 0x02;
pub(crate) const IMEI: u8 = 0x03;
pub(crate) const DEVICE_ID: u8 = 0x04;
pub(crate) const INDEX: u8 = 0x10;
pub(crate) const TIME: u8 = 0x20;
pub(crate) const POSITION: u8 = 0x30;
pub(crate) const SPEED_AND_COURSE: u8 = 0x33;
pub(crate) const ALTITUDE: u8 = 0x34;
pub(crate) const HDOP: u8 = 0x35;
pub(crate) const STATUS: u8 = 0x40;
pub(crate) const POWER: u8 = 0x41;
pub(crate) const BATTERY: u8 = 0x42;
pub(crate) const DEVICE_TEMPERATURE: u8 = 0x43;
pub(crate) const ACCELERATION: u8 = 0x44;
pub(crate) const OUTPUTS: u8 = 0x45;
pub(crate) const INPUTS: u8 = 0x46;
/// The first of eight analogue inputs.
pub(crate) const ADC: u8 = 0x50;
pub(crate) const ADC_LAST: u8 = 0x57;
pub(crate) const IBUTTON: u8 = 0x90;
pub(crate) const MILEAGE: u8 = 0xd4;
pub(crate) const COMMAND_NUMBER: u8 = 0xe0;
pub(crate) const COMMAND_TEXT: u8 = 0xe1;
pub(crate) const USER_ARRAY: u8 = 0xea;

/// Reads a tag's name and its value.
pub(crate) fn next<'a>(reader: &mut ByteReader<'a>) -> Result<(u8, &'a [u8])> {
    let place = reader.position();
    let tag = reader.u8()?;
    let length = match length(tag) {
        Some(Length::Fixed(length)) => length,
        Some(Length::Counted) => reader.u8()?.into(),
        None => {
            return Err(format!("tag 0x{tag:02x} at offset {place} is not known").into());
        }
    };
    Ok((tag, reader.bytes(length)?))
}

enum Length {
    Fixed(usize),
    /// A byte before the value tells it.
    Counted,
}

fn length(tag: u8) -> Option<Length> {
    Some(Length::Fixed(match tag {
        HARDWARE | FIRMWARE | HDOP | DEVICE_TEMPERATURE => 1,
        0x88 | 0x8a..=0x8c | 0xa0..=0xaf | 0xc4..=0xd2 | 0xd5 => 1,
        DEVICE_ID | INDEX | ALTITUDE | STATUS..=BATTERY | OUTPUTS | INPUTS | 0x48 => 2,
        ADC..=0x59 | 0x60..=0x62 | 0x70..=0x77 | 0xb0..=0xb9 | 0xd6..=0xda => 2,
        0x5d | 0x63..=0x6f => 3,
        TIME | SPEED_AND_COURSE | ACCELERATION | 0x47 | 0x5a | IBUTTON => 4,
        0xc0..=0xc3 | 0xd3 | MILEAGE | 0xdb..=COMMAND_NUMBER | 0xe2..=0xe9 | 0xf0..=0xf9 => 4,
        0x5b => 7,
        POSITION => 9,
        IMEI => 15,
        0x5c => 68,
        COMMAND_TEXT | USER_ARRAY => return Some(Length::Counted),
        _ => return None,
    }))
}
