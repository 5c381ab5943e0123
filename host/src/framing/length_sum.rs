//! How the length of a `BINARY` frame is read: the sum that the decoder acts on
//! and that an operator can be shown.

use std::fmt;

use super::length_params::LengthFieldParams;
use crate::config::ByteOrder;

/// The sum that one header leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Bytes before the length field.
    pub offset: usize,
    /// The length field as it came, in its first
    /// [`field_length`](Self::field_length) bytes.
    field: [u8; 8],
    /// Bytes of the length field.
    pub field_length: usize,
    /// The number in the length field.
    pub value: i64,
    /// `lengthAdjustment`.
    pub adjustment: i32,
    /// Bytes up to the end of the length field.
    pub header: usize,
    /// `value + adjustment + header`; none if it exceeds 63 bits.
    pub total: Option<i64>,
    /// `initialBytesToStrip`.
    pub stripped: usize,
    /// What the decoder does.
    pub verdict: Verdict,
}

/// What the decoder does with bytes that start with a whole header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It cuts a frame off.
    Frame {
        /// Bytes of it before stripping.
        total: usize,
    },
    /// It waits.
    Incomplete {
        /// Bytes still to come.
        missing: usize,
    },
    /// It skips the frame: `maxFrameLength` is less.
    TooLong {
        /// Bytes of it.
        total: u64,
    },
    /// It skips the frame: `initialBytesToStrip` is more.
    ShorterThanStrip {
        /// Bytes of it.
        total: usize,
    },
    /// It skips the header: the frame would end before its length field does.
    ShorterThanHeader,
    /// It skips the header: the value is below zero.
    NegativeLength,
    /// It skips the header: the sum is no number of bytes.
    LengthOverflow,
}

impl Explanation {
    /// The length field as it came.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.field[..self.field_length]
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "length field at offset {} is ", self.offset)?;
        for byte in self.raw() {
            write!(formatter, "{byte:02x}")?;
        }
        write!(
            formatter,
            " = {0}; {0} + lengthAdjustment {1} + header {2} = ",
            self.value, self.adjustment, self.header
        )?;
        match self.total {
            Some(total) => write!(formatter, "{total} bytes")?,
            None => formatter.write_str("more than 63 bits hold")?,
        }
        if self.stripped > 0 {
            write!(formatter, ", the first {} to strip", self.stripped)?;
        }
        Ok(())
    }
}

/// Reads the header at the front of `bytes`; `None` if it has not come whole.
/// This is what the decoder does with each frame, parameters that
/// [`LengthFieldParams::check`] refuses excepted: for a field of more than 8
/// bytes there is no explanation.
#[must_use]
pub fn explain(params: &LengthFieldParams, bytes: &[u8]) -> Option<Explanation> {
    let (raw, value, total) = sum(params, bytes)?;
    let mut field = [0; 8];
    field.get_mut(..raw.len())?.copy_from_slice(raw);
    Some(Explanation {
        offset: params.length_field_offset,
        field,
        field_length: raw.len(),
        value,
        adjustment: params.length_adjustment,
        header: params.header(),
        total,
        stripped: params.initial_bytes_to_strip,
        verdict: verdict(params, value, total, bytes.len()),
    })
}

/// The verdict of [`explain`] alone: most frames need no explanation.
#[inline]
pub(super) fn judge(params: &LengthFieldParams, bytes: &[u8]) -> Option<Verdict> {
    let (_, value, total) = sum(params, bytes)?;
    Some(verdict(params, value, total, bytes.len()))
}

/// The length field, its value, and the sum.
#[inline]
fn sum<'bytes>(
    params: &LengthFieldParams,
    bytes: &'bytes [u8],
) -> Option<(&'bytes [u8], i64, Option<i64>)> {
    let header = params.header();
    let raw = bytes.get(params.length_field_offset..header)?;
    let value = read(raw, params.byte_order);
    let total = i64::try_from(header)
        .ok()
        .and_then(|header| header.checked_add(i64::from(params.length_adjustment)))
        .and_then(|sum| sum.checked_add(value));
    Some((raw, value, total))
}

/// The order of these tests is Netty's.
#[inline]
fn verdict(params: &LengthFieldParams, value: i64, total: Option<i64>, there: usize) -> Verdict {
    if value < 0 {
        return Verdict::NegativeLength;
    }
    let Some(total) = total else {
        return Verdict::LengthOverflow;
    };
    let Ok(length) = u64::try_from(total) else {
        return Verdict::ShorterThanHeader;
    };
    if length < params.header() as u64 {
        return Verdict::ShorterThanHeader;
    }
    match usize::try_from(length) {
        Ok(total) if total <= params.max_frame_length => {
            if total > there {
                let missing = total - there;
                Verdict::Incomplete { missing }
            } else if params.initial_bytes_to_strip > total {
                Verdict::ShorterThanStrip { total }
            } else {
                Verdict::Frame { total }
            }
        }
        _ => Verdict::TooLong { total: length },
    }
}

/// Unsigned below 8 bytes, two's complement with 8.
#[inline]
fn read(raw: &[u8], order: ByteOrder) -> i64 {
    let push = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    let value = match order {
        ByteOrder::BigEndian => raw.iter().fold(0, push),
        ByteOrder::LittleEndian => raw.iter().rev().fold(0, push),
    };
    value.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_shows_the_sum() {
        let params = LengthFieldParams {
            length_field_offset: 4,
            initial_bytes_to_strip: 5,
            length_adjustment: 3,
            length_field_length: 1,
            ..LengthFieldParams::default()
        };
        assert_eq!(explain(&params, b"0000"), None);
        let shown = explain(&params, b"0000\x02ab").unwrap();
        assert_eq!((shown.offset, shown.raw(), shown.value), (4, &[2][..], 2));
        assert_eq!(
            (shown.header, shown.total, shown.stripped),
            (5, Some(10), 5)
        );
        assert_eq!(shown.verdict, Verdict::Incomplete { missing: 3 });
        assert_eq!(
            shown.to_string(),
            "length field at offset 4 is 02 = 2; 2 + lengthAdjustment 3 + header 5 = 10 bytes, the first 5 to strip"
        );
        let whole = explain(&params, b"0000\x02ab123 more").unwrap();
        assert_eq!(whole.verdict, Verdict::Frame { total: 10 });
    }
}
