//! Uplink messages that hold telemetry and nothing else, read from their bytes
//! without building the message: a sample costs a third then, and nearly all messages are
//! of this kind. What is read is what the whole message would have held.

use prost::encoding::{WireType, decode_key, decode_varint};
use uuid::Uuid;

use super::entities::{Kind, whole};
use super::values::Value;
use crate::proto::transport::KeyValueType;

/// Bytes of a point on the wire, roughly.
const POINT: usize = 40;

/// A message that may be stored as it is.
#[derive(Debug, PartialEq)]
pub(super) struct Telemetry<'a> {
    pub(super) uplink_msg_id: i32,
    pub(super) parts: Vec<Part>,
    /// Of all parts, in their order: time in Unix milliseconds, key, value.
    pub(super) points: Vec<(i64, &'a str, Value)>,
}

/// Telemetry of one entity.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) id: Uuid,
    /// How many points it has.
    pub(super) points: usize,
}

/// One field of a message.
enum Field<'a> {
    Number(u64),
    /// Eight bytes.
    Fixed(u64),
    Bytes(&'a [u8]),
}

impl<'a> Telemetry<'a> {
    /// Reads an `UplinkMsg`; none if it holds anything that is not told here or cannot be
    /// read, and then the whole message has to be looked at.
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        let mut it = Self {
            uplink_msg_id: 0,
            parts: Vec::new(),
            points: Vec::with_capacity(message.len() / POINT),
        };
        fields(message, |tag, field| {
            match (tag, field) {
                (1, Field::Number(id)) => it.uplink_msg_id = id as i32,
                (2, Field::Bytes(part)) => it.read_part(part)?,
                _ => return None,
            }
            Some(())
        })?;
        Some(it)
    }

    fn read_part(&mut self, part: &'a [u8]) -> Option<()> {
        let (mut high, mut low) = (0, 0);
        let mut kind = None;
        let before = self.points.len();
        fields(part, |tag, field| {
            match (tag, field) {
                (1, Field::Number(half)) => high = half as i64,
                (2, Field::Number(half)) => low = half as i64,
                (3, Field::Bytes(b"DEVICE")) => kind = Some(Kind::Device),
                (3, Field::Bytes(b"ASSET")) => kind = Some(Kind::Asset),
                (4, Field::Bytes(telemetry)) => {
                    fields(telemetry, |tag, field| match (tag, field) {
                        (1, Field::Bytes(list)) => self.read_list(list),
                        _ => None,
                    })?
                }
                _ => return None,
            }
            Some(())
        })?;
        let points = self.points.len() - before;
        // Without any point the message is never answered, or it is not about telemetry.
        let kind = kind.filter(|_| points > 0)?;
        let id = whole(high, low);
        self.parts.push(Part { kind, id, points });
        Some(())
    }

    /// Reads values that share a time.
    fn read_list(&mut self, list: &'a [u8]) -> Option<()> {
        let before = self.points.len();
        let mut ts = 0;
        fields(list, |tag, field| {
            match (tag, field) {
                (1, Field::Number(time)) => ts = time as i64,
                (2, Field::Bytes(pair)) => {
                    let (key, value) = read_pair(pair)?;
                    self.points.push((ts, key, value));
                }
                _ => return None,
            }
            Some(())
        })?;
        // The time may stand behind the values.
        for point in self.points.iter_mut().skip(before) {
            point.0 = ts;
        }
        Some(())
    }
}

/// Reads a key with its value, which is typed as the server does it.
fn read_pair(pair: &[u8]) -> Option<(&str, Value)> {
    let mut key: &[u8] = b"";
    let mut text: &[u8] = b"";
    let (mut kind, mut flag, mut long, mut double) = (0, false, 0, 0);
    fields(pair, |tag, field| {
        match (tag, field) {
            (1, Field::Bytes(bytes)) => key = bytes,
            (2, Field::Number(number)) => kind = number as i32,
            (3, Field::Number(number)) => flag = number != 0,
            (4, Field::Number(number)) => long = number as i64,
            (5, Field::Fixed(bits)) => double = bits,
            (6, Field::Bytes(bytes)) => text = bytes,
            _ => return None,
        }
        Some(())
    })?;
    let value = match KeyValueType::try_from(kind) {
        Ok(KeyValueType::BooleanV) => Value::Bool(flag),
        Ok(KeyValueType::LongV) => Value::Long(long),
        Ok(KeyValueType::DoubleV) => Value::from_double(f64::from_bits(double)),
        Ok(KeyValueType::StringV) => Value::from_text(std::str::from_utf8(text).ok()?),
        // May fail, or be null and not stored; and what is unknown is a boolean.
        Ok(KeyValueType::JsonV) | Err(_) => return None,
    };
    Some((std::str::from_utf8(key).ok()?, value))
}

/// Hands over the fields of a message one after another; none if it cannot be
/// read, or `take` returns none.
fn fields<'a>(
    mut bytes: &'a [u8],
    mut take: impl FnMut(u32, Field<'a>) -> Option<()>,
) -> Option<()> {
    while !bytes.is_empty() {
        let (tag, wire_type) = decode_key(&mut bytes).ok()?;
        let field = match wire_type {
            WireType::Varint => Field::Number(decode_varint(&mut bytes).ok()?),
            WireType::SixtyFourBit => {
                let (eight, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                Field::Fixed(u64::from_le_bytes(*eight))
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Field::Bytes(content)
            }
            // No field of ours has such a type.
            _ => return None,
        };
        take(tag, field)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
