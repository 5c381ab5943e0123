//! Time, position and cell.

use tb_converter::bits::bit;
use tb_converter::time::CivilTime;
use tb_converter::{ByteReader, Context, Result, Sample, number};

/// Minutes that the trackers' clocks are ahead of UTC: the integration's metadata.
const OFFSET: &str = "utcOffsetMinutes";

/// Coordinates are sent in 30000ths of a minute.
const DEGREE: f64 = 1_800_000.0;

/// Packet 0x12. What comes behind the cell depends on the firmware.
pub(crate) fn location(content: &mut ByteReader<'_>, context: &Context) -> Result<Sample> {
    let mut sample = position(content, context)?;
    if content.remaining() >= 8 {
        sample = cell(sample, content)?;
    }
    Ok(sample)
}

/// Packet 0x22: behind the cell the ignition and why the packet was sent.
pub(crate) fn location_2(content: &mut ByteReader<'_>, context: &Context) -> Result<Sample> {
    let mut sample = location(content, context)?;
    if content.remaining() >= 3 {
        sample.put("ignition", content.u8()? == 1);
        sample.put("uploadMode", content.u8()?);
        sample.put("buffered", content.u8()? == 1);
    }
    if content.remaining() >= 4 {
        sample.put("mileage", content.u32_be()?);
    }
    Ok(sample)
}

/// Time and position, with which locations and alarms begin.
pub(crate) fn position(content: &mut ByteReader<'_>, context: &Context) -> Result<Sample> {
    let time = CivilTime::from_bytes(content.array()?)?.unix_millis();
    let satellites = content.u8()? & 0x0f;
    let (latitude, longitude) = (content.u32_be()?, content.u32_be()?);
    let speed = content.u8()?;
    let flags = content.u16_be()?;

    let degrees = |raw: u32, negative: bool| {
        let degrees = number::round(f64::from(raw) / DEGREE, 6);
        if negative { -degrees } else { degrees }
    };
    let latitude = degrees(latitude, !bit(flags, 10));
    let longitude = degrees(longitude, bit(flags, 11));
    let mut sample = Sample::at(Some(time - offset(context)?));
    // Without a fix, some send zeros.
    let known = (latitude, longitude) != (0.0, 0.0);
    if known && latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
        sample = sample
            .value("latitude", latitude)
            .value("longitude", longitude);
    }
    sample = sample
        .value("speed", speed)
        .value("course", flags & 0x3ff)
        .value("satellites", satellites)
        .value("valid", bit(flags, 12) && known);
    if bit(flags, 14) {
        sample.put("ignition", bit(flags, 15));
    }
    Ok(sample)
}

/// The cell of the mobile network.
pub(crate) fn cell(sample: Sample, content: &mut ByteReader<'_>) -> Result<Sample> {
    let country = content.u16_be()?;
    let network = if bit(country, 15) {
        content.u16_be()?
    } else {
        content.u8()?.into()
    };
    Ok(sample
        .value("mcc", country & 0x7fff)
        .value("mnc", network)
        .value("lac", content.u16_be()?)
        .value("cellId", content.u24_be()?))
}

/// Milliseconds that the tracker's clock is ahead of UTC.
fn offset(context: &Context) -> Result<i64> {
    let Some(minutes) = context.integration_metadata(OFFSET) else {
        return Ok(0);
    };
    match minutes.parse() {
        Ok(minutes @ -1440..=1440) => Ok(minutes * 60_000),
        _ => Err(format!("metadata {OFFSET} is {minutes:?}, not a number of -1440 to 1440").into()),
    }
}
