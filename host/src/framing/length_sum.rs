//! How the length of a `BINARY` frame is read: the sum that the decoder acts on
//! and that an operator can be shown.

use std::fmt;

use super::{
    length_digits::{self, BadDigit, MAX_DIGITS, MAX_TERMINATOR},
    length_params::LengthFieldParams,
};
use crate::config::{ByteOrder, LengthFieldEncoding};

/// Most bytes of a length field.
const MAX_FIELD: usize = MAX_DIGITS + MAX_TERMINATOR;

/// The sum that one header leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Bytes before the length field.
    pub offset: usize,
    /// The length field as it came, in its first
    /// [`field_length`](Self::field_length) bytes.
    field: [u8; MAX_FIELD],
    /// Bytes of the length field, with its terminator.
    pub field_length: usize,
    /// `lengthFieldEncoding`.
    pub encoding: LengthFieldEncoding,
    /// The number in the length field before the mask; of 8 bytes it is two's
    /// complement.
    pub number: u64,
    /// `lengthFieldMask`.
    pub mask: u64,
    /// The number under the mask.
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
    /// It skips what it read of the header: a byte of the length is no digit.
    BadDigit(BadDigit),
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
        match self.encoding {
            LengthFieldEncoding::Binary => {
                for byte in self.raw() {
                    write!(formatter, "{byte:02x}")?;
                }
            }
            LengthFieldEncoding::AsciiDecimal => {
                write!(formatter, "\"{}\"", self.raw().escape_ascii())?;
            }
            LengthFieldEncoding::AsciiHex => {
                write!(
                    formatter,
                    "\"{}\" in hexadecimal",
                    self.raw().escape_ascii()
                )?;
            }
        }
        if self.mask != u64::MAX {
            write!(
                formatter,
                " = {}, under lengthFieldMask {:x}",
                self.number, self.mask
            )?;
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

/// Reads the header at the front of `bytes`; `None` if it has not come whole, or
/// if its length is no number. This is what the decoder does with each frame,
/// parameters that [`LengthFieldParams::check`] refuses excepted: for a field of
/// more bytes than any length has there is no explanation.
#[must_use]
pub fn explain(params: &LengthFieldParams, bytes: &[u8]) -> Option<Explanation> {
    let read = read(params, bytes)?.ok()?;
    let raw = bytes.get(params.length_field_offset..read.header)?;
    let mut field = [0; MAX_FIELD];
    field.get_mut(..raw.len())?.copy_from_slice(raw);
    Some(Explanation {
        offset: params.length_field_offset,
        field,
        field_length: raw.len(),
        encoding: params.length_field_encoding,
        number: read.number,
        mask: params.length_field_mask,
        value: read.value,
        adjustment: params.length_adjustment,
        header: read.header,
        total: read.total,
        stripped: params.initial_bytes_to_strip,
        verdict: verdict(params, &read, bytes.len()),
    })
}

/// The verdict of [`explain`] alone: most frames need no explanation.
#[inline]
pub(super) fn judge(params: &LengthFieldParams, bytes: &[u8]) -> Option<Verdict> {
    Some(match read(params, bytes)? {
        Ok(read) => verdict(params, &read, bytes.len()),
        Err(bad) => Verdict::BadDigit(bad),
    })
}

/// The length field's number, its value, and the sum.
struct Read {
    number: u64,
    value: i64,
    /// Bytes up to the end of the field.
    header: usize,
    total: Option<i64>,
}

#[inline]
fn read(params: &LengthFieldParams, bytes: &[u8]) -> Option<Result<Read, BadDigit>> {
    let offset = params.length_field_offset;
    let (number, header) = match params.length_field_encoding {
        LengthFieldEncoding::Binary => {
            let header = offset.saturating_add(params.length_field_length);
            let raw = bytes.get(offset..header)?;
            (number(raw, params.byte_order), header)
        }
        LengthFieldEncoding::AsciiDecimal | LengthFieldEncoding::AsciiHex => {
            match length_digits::read(params, bytes)? {
                Ok(digits) => (digits.value, offset.saturating_add(digits.length)),
                Err(bad) => return Some(Err(bad)),
            }
        }
    };
    let value = (number & params.length_field_mask).cast_signed();
    let total = i64::try_from(header)
        .ok()
        .and_then(|header| header.checked_add(i64::from(params.length_adjustment)))
        .and_then(|sum| sum.checked_add(value));
    Some(Ok(Read {
        number,
        value,
        header,
        total,
    }))
}

/// The order of these tests is Netty's.
#[inline]
fn verdict(params: &LengthFieldParams, read: &Read, there: usize) -> Verdict {
    if read.value < 0 {
        return Verdict::NegativeLength;
    }
    let Some(total) = read.total else {
        return Verdict::LengthOverflow;
    };
    let Ok(length) = u64::try_from(total) else {
        return Verdict::ShorterThanHeader;
    };
    if length < read.header as u64 {
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
fn number(raw: &[u8], order: ByteOrder) -> u64 {
    let push = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    match order {
        ByteOrder::BigEndian => raw.iter().fold(0, push),
        ByteOrder::LittleEndian => raw.iter().rev().fold(0, push),
    }
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
    #[test]
    fn masks_and_digits_are_shown() {
        let masked = LengthFieldParams {
            length_field_mask: 0x7fff,
            ..LengthFieldParams::default()
        };
        let shown = explain(&masked, b"\x11\x80").unwrap();
        assert_eq!((shown.number, shown.value), (0x8011, 17));
        assert_eq!(
            shown.to_string(),
            "length field at offset 0 is 1180 = 32785, under lengthFieldMask 7fff = 17; \
             17 + lengthAdjustment 0 + header 2 = 19 bytes"
        );
        let digits = LengthFieldParams {
            length_field_encoding: LengthFieldEncoding::AsciiDecimal,
            length_field_offset: 3,
            length_field_length: 0,
            length_field_terminator: length_digits::Terminator::new(b",").unwrap(),
            length_adjustment: -1,
            ..LengthFieldParams::default()
        };
        let shown = explain(&digits, b"$$A10,").unwrap();
        assert_eq!(
            shown.to_string(),
            "length field at offset 3 is \"10,\" = 10; 10 + lengthAdjustment -1 + header 6 = 15 bytes"
        );
        assert_eq!(explain(&digits, b"$$A1x,"), None);
        let hex = LengthFieldParams {
            length_field_encoding: LengthFieldEncoding::AsciiHex,
            ..LengthFieldParams::default()
        };
        let shown = explain(&hex, b"1f").unwrap().to_string();
        assert!(shown.contains("is \"1f\" in hexadecimal = 31; "), "{shown}");
    }

    #[test]
    fn a_mask_may_clear_the_sign() {
        let params = LengthFieldParams {
            length_field_length: 8,
            length_field_mask: 0xff,
            ..LengthFieldParams::default()
        };
        let verdict = judge(&params, &[2, 0, 0, 0, 0, 0, 0, 0xff, b'h', b'i']);
        assert_eq!(verdict, Some(Verdict::Frame { total: 10 }));
    }
}
