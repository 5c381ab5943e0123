//! Records of codec 8 and codec 8 Extended.
//!
//! Both have the same fields; the extended one counts and names I/O elements with two
//! bytes instead of one, and adds elements of any length.

use tb_converter::encoding::bytes_to_hex;
use tb_converter::{ByteReader, Context, Entity, Result, Sample, Value, number};

use super::PROFILE;

pub(crate) const CODEC_8: u8 = 0x08;
pub(crate) const CODEC_8_EXTENDED: u8 = 0x8e;

/// Coordinates are sent as ten-millionths of a degree.
const DEGREE: f64 = 1e-7;

/// How a codec writes its I/O elements.
pub(crate) struct Elements {
    /// Reads a count, or an element's name.
    number: fn(&mut ByteReader<'_>) -> Result<u16>,
    /// Whether elements of any length follow.
    variable: bool,
}

/// Of codec 8.
pub(crate) const NARROW: Elements = Elements {
    number: |reader| reader.u8().map(u16::from),
    variable: false,
};

/// Of codec 8 Extended.
pub(crate) const WIDE: Elements = Elements {
    number: |reader| reader.u16_be(),
    variable: true,
};

/// The records of a packet, each a sample, and the count of them as the reply.
pub(crate) fn decode(
    elements: &Elements,
    imei: &str,
    data: &[u8],
    context: &Context,
) -> Result<Vec<Entity>> {
    let mut reader = ByteReader::new(data);
    reader.skip(1)?;
    let count = reader.u8()?;
    let mut entity = Entity::device(imei, PROFILE);
    for number in 1..=count {
        let sample = record(&mut reader, elements)
            .map_err(|error| format!("record {number} of {count}: {error}"))?;
        entity = entity.sample(sample);
    }
    let again = reader.u8()?;
    if again != count {
        return Err(format!("{count} records before the data, {again} behind it").into());
    }
    reader.end()?;
    context.reply(u32::from(count).to_be_bytes());
    Ok(vec![entity])
}

fn record(reader: &mut ByteReader<'_>, elements: &Elements) -> Result<Sample> {
    let time = reader.u64_be()?;
    let ts = i64::try_from(time).map_err(|_| format!("the time {time} is no Unix time"))?;
    let mut sample = Sample::at(Some(ts)).value("priority", reader.u8()?);

    let (longitude, latitude) = (reader.i32_be()?, reader.i32_be()?);
    let (altitude, course) = (reader.i16_be()?, reader.u16_be()?);
    let (satellites, speed) = (reader.u8()?, reader.u16_be()?);
    let (latitude, longitude) = (
        number::scale(latitude, DEGREE, 7),
        number::scale(longitude, DEGREE, 7),
    );
    // Without satellites the last position is sent again, or zeros if there was none.
    let known = (latitude, longitude) != (0.0, 0.0);
    if known && latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
        sample = sample
            .value("latitude", latitude)
            .value("longitude", longitude);
    }
    sample = sample
        .value("altitude", altitude)
        .value("course", course)
        .value("satellites", satellites)
        .value("speed", speed)
        .value("valid", satellites > 0 && known);

    sample.put("eventIo", (elements.number)(reader)?);
    // The count of all elements: the groups say it again.
    (elements.number)(reader)?;
    for width in [1, 2, 4, 8] {
        for _ in 0..(elements.number)(reader)? {
            let name = (elements.number)(reader)?;
            let bytes = reader.bytes(width)?;
            sample.put(format!("io_{name}"), element(bytes));
        }
    }
    if elements.variable {
        for _ in 0..(elements.number)(reader)? {
            let (name, length) = (reader.u16_be()?, reader.u16_be()?);
            let bytes = reader.bytes(length.into())?;
            sample.put(format!("io_{name}"), bytes_to_hex(bytes));
        }
    }
    Ok(sample)
}

/// An element of up to 4 bytes is a number without a sign. One of 8 fills a long, whose
/// sign then is the highest bit.
fn element(bytes: &[u8]) -> Value {
    let number = bytes
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Value::Long(number.cast_signed())
}
