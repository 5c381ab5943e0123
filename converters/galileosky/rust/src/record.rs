//! The values of one time.
//!
//! A packet may hold several records. Nothing separates them: a tag that a record has
//! already begins the next one.

use tb_converter::encoding::bytes_to_hex;
use tb_converter::{ByteReader, Entity, Result, Sample, Value, number};

use crate::tags;

/// A record of a packet.
#[derive(Default)]
pub(crate) struct Record<'a> {
    pub(crate) imei: Option<&'a str>,
    /// The number of the command that this answers.
    pub(crate) command_number: Option<u32>,
    /// What the tracker says to it.
    pub(crate) command_text: Option<&'a [u8]>,
    ts: Option<i64>,
    attributes: Vec<(&'static str, Value)>,
    values: Vec<(String, Value)>,
}

/// All records of a packet.
pub(crate) fn all(packet: &[u8]) -> Result<Vec<Record<'_>>> {
    let mut reader = ByteReader::new(packet);
    let mut records: Vec<Record<'_>> = Vec::new();
    let mut seen = [false; 256];
    while !reader.is_empty() {
        let (tag, value) = tags::next(&mut reader)?;
        if records.is_empty() || seen[usize::from(tag)] {
            seen = [false; 256];
            records.push(Record::default());
        }
        seen[usize::from(tag)] = true;
        if let Some(record) = records.last_mut() {
            record.read(tag, value)?;
        }
    }
    Ok(records)
}

impl<'a> Record<'a> {
    fn read(&mut self, tag: u8, bytes: &'a [u8]) -> Result<()> {
        let mut reader = ByteReader::new(bytes);
        match tag {
            tags::IMEI => self.imei = Some(imei(bytes)?),
            tags::HARDWARE => self.attributes.push(("hardware", reader.u8()?.into())),
            tags::FIRMWARE => self.attributes.push(("firmware", reader.u8()?.into())),
            // In each packet; as an attribute it is worth a write where the IMEI comes, too.
            tags::DEVICE_ID if self.imei.is_none() => {}
            tags::DEVICE_ID => self.attributes.push(("deviceId", reader.u16_le()?.into())),
            tags::TIME => self.ts = Some(i64::from(reader.u32_le()?) * 1000),
            tags::COMMAND_NUMBER => self.command_number = Some(reader.u32_le()?),
            tags::COMMAND_TEXT => self.command_text = Some(bytes),
            tags::POSITION => self.position(&mut reader)?,
            tags::SPEED_AND_COURSE => {
                self.put("speed", number::scale(reader.u16_le()?, 0.1, 1));
                self.put("course", number::scale(reader.u16_le()?, 0.1, 1));
            }
            tags::ALTITUDE => self.put("altitude", reader.i16_le()?),
            tags::HDOP => self.put("hdop", number::scale(reader.u8()?, 0.1, 1)),
            tags::INDEX => self.put("index", reader.u16_le()?),
            tags::STATUS => self.put("status", reader.u16_le()?),
            tags::POWER => self.put("power", number::scale(reader.u16_le()?, 0.001, 3)),
            tags::BATTERY => self.put("battery", number::scale(reader.u16_le()?, 0.001, 3)),
            tags::DEVICE_TEMPERATURE => self.put("deviceTemperature", reader.i8()?),
            tags::ACCELERATION => self.put("acceleration", reader.u32_le()?),
            tags::OUTPUTS => self.put("outputs", reader.u16_le()?),
            tags::INPUTS => self.put("inputs", reader.u16_le()?),
            tags::ADC..=tags::ADC_LAST => {
                self.put(format!("adc{}", tag - tags::ADC), reader.u16_le()?);
            }
            tags::IBUTTON => self.put("ibutton", reader.u32_le()?),
            tags::MILEAGE => self.put("mileage", reader.u32_le()?),
            tags::USER_ARRAY => self.put("userArray", bytes_to_hex(bytes)),
            _ => self.put(format!("tag_{tag:02x}"), raw(bytes)),
        }
        Ok(())
    }

    /// Satellites, whether they can be trusted, and where they say the tracker is.
    fn position(&mut self, reader: &mut ByteReader<'_>) -> Result<()> {
        let flags = reader.u8()?;
        let (latitude, longitude) = (reader.i32_le()?, reader.i32_le()?);
        let (latitude, longitude) = (
            number::scale(latitude, 1e-6, 6),
            number::scale(longitude, 1e-6, 6),
        );
        let known = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        self.put("satellites", flags & 0x0f);
        self.put("valid", flags & 0xf0 == 0 && known);
        if known {
            self.put("latitude", latitude);
            self.put("longitude", longitude);
        }
        Ok(())
    }

    fn put(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.values.push((key.into(), value.into()));
    }

    /// Attributes are those of the last record that has them.
    pub(crate) fn add_to(self, mut entity: Entity) -> Entity {
        if let Some(imei) = self.imei {
            entity = entity.attribute("imei", imei);
        }
        for (key, value) in self.attributes {
            entity = entity.attribute(key, value);
        }
        if self.values.is_empty() {
            return entity;
        }
        let mut sample = Sample::at(self.ts);
        for (key, value) in self.values {
            sample.put(key, value);
        }
        entity.sample(sample)
    }
}

fn imei(bytes: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("tag 0x03 holds no IMEI: {}", bytes_to_hex(bytes)).into());
    }
    Ok(text)
}

/// A tag without a name here: a number without a sign, or longer ones in hexadecimal.
fn raw(bytes: &[u8]) -> Value {
    if bytes.len() > 4 {
        return bytes_to_hex(bytes).into();
    }
    let bytes = bytes.iter().rev();
    Value::Long(bytes.fold(0, |number, byte| number << 8 | i64::from(*byte)))
}
