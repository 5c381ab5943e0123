//! From bytes to uplinks.

use std::sync::Arc;

use super::{
    flag, has,
    keys::NumberedKeys,
    kind,
    varint::{take, unzigzag},
};
use crate::message::{Entity, EntityKind, KeyValue, Sample, Uplink, Value};

/// The bytes are no records of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its content is not what this version writes")]
pub(in crate::spool) struct Malformed;

/// Gives the records of one run, or of several, in order.
pub(in crate::spool) struct Decoder<'bytes> {
    rest: &'bytes [u8],
    keys: NumberedKeys<'bytes>,
    previous: Option<Previous<'bytes>>,
}

/// What the next record may leave out.
struct Previous<'bytes> {
    integration: Arc<str>,
    profile: &'bytes str,
    name: &'bytes str,
    received_ms: i64,
}

impl<'bytes> Decoder<'bytes> {
    pub(in crate::spool) fn new(bytes: &'bytes [u8]) -> Self {
        Self {
            rest: bytes,
            keys: NumberedKeys::default(),
            previous: None,
        }
    }

    fn record(&mut self) -> Option<Uplink> {
        let flags = self.byte()?;
        if flags & !flag::KNOWN != 0 {
            return None;
        }
        let is = |bit: u8| flags & bit != 0;
        if is(flag::FIRST) {
            self.previous = None;
            self.keys.clear();
        }
        let previous = self.previous.take();
        let previous = previous.as_ref();
        let integration = match is(flag::SAME_INTEGRATION) {
            true => previous?.integration.clone(),
            false => self.text()?.into(),
        };
        let profile = match is(flag::SAME_PROFILE) {
            true => previous?.profile,
            false => self.text()?,
        };
        let name = match is(flag::SAME_NAME) {
            true => previous?.name,
            false => self.text()?,
        };
        let before = previous.map_or(0, |old| old.received_ms);
        let received_ms = before.wrapping_add(self.signed()?);
        let present = match is(flag::OPTIONS) {
            true => self.byte()?,
            false => 0,
        };
        if present & !has::KNOWN != 0 {
            return None;
        }
        let label = self.option(present & has::LABEL != 0)?;
        let customer = self.option(present & has::CUSTOMER != 0)?;
        let group = self.option(present & has::GROUP != 0)?;
        let samples = self.count()?;
        let telemetry = self.list(samples, |decoder| decoder.sample(received_ms))?;
        let attributes = self.count()?;
        let attributes = self.list(attributes, Self::pair)?;
        self.previous = Some(Previous {
            integration: integration.clone(),
            profile,
            name,
            received_ms,
        });
        let kind = match is(flag::ASSET) {
            true => EntityKind::Asset,
            false => EntityKind::Device,
        };
        Some(Uplink {
            integration,
            allow_create: is(flag::ALLOW_CREATE),
            received_ms,
            entity: Entity {
                kind,
                name: name.to_owned(),
                profile: profile.to_owned(),
                label,
                customer,
                group,
                telemetry,
                attributes,
            },
        })
    }

    fn sample(&mut self, received_ms: i64) -> Option<Sample> {
        let head = take(&mut self.rest)?;
        let ts = match head & 1 {
            0 => None,
            _ => Some(received_ms.wrapping_add(self.signed()?)),
        };
        let count = usize::try_from(head >> 1).ok()?;
        let values = self.list(count, Self::pair)?;
        Some(Sample { ts, values })
    }

    fn pair(&mut self) -> Option<KeyValue> {
        let key = match take(&mut self.rest)?.checked_sub(1) {
            Some(number) => self.keys.get(usize::try_from(number).ok()?)?,
            None => {
                let key = self.text()?;
                self.keys.add(key);
                key
            }
        };
        let value = match self.byte()? {
            kind::FALSE => Value::Boolean(false),
            kind::TRUE => Value::Boolean(true),
            kind::LONG => Value::Long(self.signed()?),
            kind::DOUBLE => {
                let (bits, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                Value::Double(f64::from_bits(u64::from_le_bytes(*bits)))
            }
            kind::TEXT => Value::Text(self.text()?.to_owned()),
            kind::JSON => Value::Json(self.text()?.to_owned()),
            _ => return None,
        };
        let key = key.to_owned();
        Some(KeyValue { key, value })
    }

    /// As many items as announced. Memory is taken as they come: an announced
    /// number is only believed as far as there are bytes for it.
    fn list<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        if count > self.rest.len() {
            return None;
        }
        let mut items = Vec::new();
        items.reserve_exact(count.min(16));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Some(items)
    }

    fn option(&mut self, present: bool) -> Option<Option<String>> {
        match present {
            true => Some(Some(self.text()?.to_owned())),
            false => Some(None),
        }
    }

    fn text(&mut self) -> Option<&'bytes str> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(take(&mut self.rest)?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        take(&mut self.rest).map(unzigzag)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }
}

/// Each record with its length. After an error nothing more comes.
impl Iterator for Decoder<'_> {
    type Item = Result<(Uplink, usize), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let before = self.rest.len();
        match self.record() {
            Some(uplink) => Some(Ok((uplink, before - self.rest.len()))),
            None => {
                self.rest = &[];
                Some(Err(Malformed))
            }
        }
    }
}
