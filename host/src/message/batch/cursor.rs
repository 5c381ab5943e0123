//! Reads the parts of records one by one.

use super::{
    Span, ValueRef,
    builder::offset,
    kind,
    varint::{take, unzigzag},
};

/// A place in a batch's bytes. Each function takes something off its front; None: the bytes
/// are no record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'batch> {
    bytes: &'batch [u8],
    rest: &'batch [u8],
}

/// The key of a pair.
pub(super) enum Key {
    /// It stands here.
    Here(Span),
    /// It is the one with that number.
    Number(usize),
}

impl<'batch> Cursor<'batch> {
    /// From `at` on.
    pub(super) fn new(bytes: &'batch [u8], at: u32) -> Self {
        Self {
            bytes,
            rest: bytes.get(at as usize..).unwrap_or_default(),
        }
    }

    /// How many bytes are before it.
    pub(super) fn place(&self) -> u32 {
        offset(self.bytes.len() - self.rest.len())
    }

    /// How many bytes are behind it.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(take(&mut self.rest)?).ok()
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        take(&mut self.rest).map(unzigzag)
    }

    pub(super) fn text(&mut self) -> Option<&'batch [u8]> {
        let length = self.count()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }

    pub(super) fn span(&mut self) -> Option<Span> {
        let length = offset(self.text()?.len());
        Some(Span {
            start: self.place() - length,
            length,
        })
    }

    /// How many pairs a sample has, and the difference of its time.
    pub(super) fn sample(&mut self) -> Option<(usize, Option<i64>)> {
        let head = take(&mut self.rest)?;
        let ts = match head & 1 {
            0 => None,
            _ => Some(self.signed()?),
        };
        Some((usize::try_from(head >> 1).ok()?, ts))
    }

    pub(super) fn key(&mut self) -> Option<Key> {
        Some(match self.count()?.checked_sub(1) {
            Some(number) => Key::Number(number),
            None => Key::Here(self.span()?),
        })
    }

    pub(super) fn value(&mut self) -> Option<ValueRef<'batch, [u8]>> {
        Some(match self.byte()? {
            kind::FALSE => ValueRef::Boolean(false),
            kind::TRUE => ValueRef::Boolean(true),
            kind::LONG => ValueRef::Long(self.signed()?),
            kind::DOUBLE => {
                let (bits, rest) = self.rest.split_first_chunk()?;
                self.rest = rest;
                ValueRef::Double(f64::from_bits(u64::from_le_bytes(*bits)))
            }
            kind::TEXT => ValueRef::Text(self.text()?),
            kind::JSON => ValueRef::Json(self.text()?),
            _ => return None,
        })
    }
}
