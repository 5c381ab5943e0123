//! The state of the tracker: heartbeats, alarms and single facts.

use tb_converter::bits::{bcd_digits, bit};
use tb_converter::encoding::bytes_to_hex;
use tb_converter::{ByteReader, Context, Entity, Result, Sample, number};

use crate::position;

/// Packets 0x13 and 0x23. The second tells the voltage, the first only its level.
pub(crate) fn heartbeat(content: &mut ByteReader<'_>) -> Result<Sample> {
    let sample = terminal(Sample::at(None), content)?;
    // Status, level, signal and two bytes of alarm and language; or the voltage in two.
    if content.remaining() >= 5 {
        let volts = number::scale(content.u16_be()?, 0.01, 2);
        return Ok(sample
            .value("batteryVoltage", volts)
            .value("gsmLevel", content.u8()?));
    }
    levels(sample, content)
}

/// Packets 0x16 and 0x26: position, cell, state and what the matter is.
pub(crate) fn alarm(content: &mut ByteReader<'_>, context: &Context) -> Result<Sample> {
    let mut sample = position::position(content, context)?;
    let length = usize::from(content.u8()?);
    // The length counts itself.
    if let Some(length) = length.checked_sub(1) {
        let mut cell = ByteReader::new(content.bytes(length)?);
        sample = position::cell(sample, &mut cell)?;
    }
    let sample = levels(terminal(sample, content)?, content)?;
    if content.is_empty() {
        return Ok(sample);
    }
    let code = content.u8()?;
    let sample = sample.value("alarmCode", code);
    Ok(match alarm_name(code) {
        Some(name) => sample.value("alarm", name),
        None => sample,
    })
}

/// Packet 0x94: a fact of which the first byte says what it is.
pub(crate) fn info(entity: Entity, content: &mut ByteReader<'_>) -> Result<Entity> {
    Ok(match content.u8()? {
        0x00 | 0x0b => {
            let volts = number::scale(content.u16_be()?, 0.01, 2);
            entity.telemetry("externalPower", volts)
        }
        0x0a => {
            let mut digits = |count| bcd_digits(content.bytes(count)?);
            let (imei, imsi) = (digits(8)?, digits(8)?);
            // An odd number of digits ends in a filler.
            let iccid = bytes_to_hex(content.bytes(10)?);
            entity
                .attribute("imei", imei.trim_start_matches('0'))
                .attribute("imsi", imsi.trim_start_matches('0'))
                .attribute("iccid", iccid.trim_end_matches('f'))
        }
        kind => entity.telemetry(format!("info_{kind:02x}"), bytes_to_hex(content.rest())),
    })
}

/// The byte of flags.
fn terminal(sample: Sample, content: &mut ByteReader<'_>) -> Result<Sample> {
    let flags = content.u8()?;
    Ok(sample
        .value("status", flags)
        .value("armed", bit(flags, 0))
        .value("ignition", bit(flags, 1))
        .value("charging", bit(flags, 2))
        .value("gpsTracking", bit(flags, 6))
        .value("oilCut", bit(flags, 7)))
}

/// Voltage 0 to 6 and signal 0 to 4. Some heartbeats end before them.
fn levels(mut sample: Sample, content: &mut ByteReader<'_>) -> Result<Sample> {
    for key in ["voltageLevel", "gsmLevel"] {
        if !content.is_empty() {
            sample.put(key, content.u8()?);
        }
    }
    Ok(sample)
}

fn alarm_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "none",
        0x01 => "sos",
        0x02 => "powerCut",
        0x03 | 0x09 => "vibration",
        0x04 => "geofenceEnter",
        0x05 => "geofenceExit",
        0x06 => "overspeed",
        0x0e | 0x0f => "lowBattery",
        0x11 => "powerOff",
        0x13 => "tampering",
        0x14 => "door",
        0x23 => "fallDown",
        0x29 => "acceleration",
        0x2a | 0x2b => "cornering",
        0x2c => "accident",
        0x30 => "braking",
        _ => return None,
    })
}
