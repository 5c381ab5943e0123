//! From bytes to batches.

use bytes::Bytes;

use super::{
    Batch, Place, Span,
    builder::{lane, offset},
    cursor::{Cursor, Key},
    flag, has,
    keys::MAX_KEYS,
    message_bytes,
    view::ValueRef,
};
use crate::message::EntityKind;

/// The bytes are no records of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its content is not what this version writes")]
pub struct Malformed;

/// The batches that `bytes` were made of, checked. They share the bytes.
///
/// # Errors
/// [`Malformed`]: these are no batches.
pub fn parse(bytes: &Bytes) -> Result<Vec<Batch>, Malformed> {
    let mut batches = Vec::new();
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        let (batch, length) = first(&rest).ok_or(Malformed)?;
        let _ = rest.split_to(length);
        batches.push(batch);
    }
    Ok(batches)
}

/// The first batch, and its length.
fn first(bytes: &Bytes) -> Option<(Batch, usize)> {
    let mut parser = Parser {
        cursor: Cursor::new(bytes, 0),
        bytes,
        keys: Vec::new(),
    };
    let mut places: Vec<Place> = Vec::new();
    loop {
        let start = parser.cursor.place();
        let next = bytes.get(start as usize);
        let another = next.is_none_or(|flags| flags & flag::FIRST != 0);
        if another && !places.is_empty() {
            let length = start as usize;
            let batch = Batch {
                bytes: bytes.slice(..length),
                places,
                keys: parser.keys,
            };
            return Some((batch, length));
        }
        let place = parser.record(places.last())?;
        places.push(place);
    }
}

struct Parser<'bytes> {
    cursor: Cursor<'bytes>,
    bytes: &'bytes [u8],
    keys: Vec<Span>,
}

impl Parser<'_> {
    fn record(&mut self, previous: Option<&Place>) -> Option<Place> {
        let start = self.cursor.place();
        let flags = self.cursor.byte()?;
        let is = |bit: u8| flags & bit != 0;
        if flags & !flag::KNOWN != 0 || is(flag::FIRST) != previous.is_none() {
            return None;
        }
        let mut text = |same: u8, span: fn(&Place) -> Span| match is(same) {
            true => previous.map(span),
            false => self.text(),
        };
        let integration = text(flag::SAME_INTEGRATION, |place| place.integration)?;
        let profile = text(flag::SAME_PROFILE, |place| place.profile)?;
        let name = text(flag::SAME_NAME, |place| place.name)?;
        let before = previous.map_or(0, |place| place.received_ms);
        let received_ms = before.wrapping_add(self.cursor.signed()?);
        let body = self.cursor.place();
        if is(flag::OPTIONS) {
            let present = self.cursor.byte()?;
            if present & !has::KNOWN != 0 {
                return None;
            }
            for _ in 0..present.count_ones() {
                self.text()?;
            }
        }
        let (mut message_bytes, mut has_times) = (0_u32, false);
        for _ in 0..self.count()? {
            let (count, ts) = self.cursor.sample()?;
            has_times |= ts.is_some();
            if count > 0 {
                message_bytes = message_bytes.saturating_add(message_bytes::PART);
            }
            message_bytes = self.pairs(count, message_bytes)?;
        }
        let attributes = self.count()?;
        if attributes > 0 {
            message_bytes = message_bytes.saturating_add(message_bytes::PART);
        }
        let message_bytes = self.pairs(attributes, message_bytes)?;
        let kind = match is(flag::ASSET) {
            true => EntityKind::Asset,
            false => EntityKind::Device,
        };
        Some(Place {
            flags,
            integration,
            profile,
            name,
            received_ms,
            start,
            body,
            end: self.cursor.place(),
            message_bytes,
            has_times,
            has_attributes: attributes > 0,
            lane: lane(kind, name.of(self.bytes)),
        })
    }

    /// Adds what the pairs take in a message.
    fn pairs(&mut self, count: usize, mut message_bytes: u32) -> Option<u32> {
        if count > self.cursor.left() {
            return None;
        }
        for _ in 0..count {
            let key = match self.cursor.key()? {
                Key::Number(number) => *self.keys.get(number)?,
                Key::Here(span) => {
                    std::str::from_utf8(span.of(self.bytes)).ok()?;
                    if self.keys.len() < MAX_KEYS {
                        self.keys.push(span);
                    }
                    span
                }
            };
            let text = match self.cursor.value()? {
                ValueRef::Text(text) | ValueRef::Json(text) => {
                    offset(std::str::from_utf8(text).ok()?.len())
                }
                ValueRef::Boolean(_) | ValueRef::Long(_) | ValueRef::Double(_) => 0,
            };
            let pair = message_bytes::PAIR + key.length;
            message_bytes = message_bytes.saturating_add(pair).saturating_add(text);
        }
        Some(message_bytes)
    }

    /// A number is believed only as far as there are bytes for it.
    fn count(&mut self) -> Option<usize> {
        let count = self.cursor.count()?;
        (count <= self.cursor.left()).then_some(count)
    }

    fn text(&mut self) -> Option<Span> {
        let span = self.cursor.span()?;
        std::str::from_utf8(span.of(self.bytes)).ok()?;
        Some(span)
    }
}
