//! Lengths that are written as ASCII digits.

use std::fmt;

use super::length_params::LengthFieldParams;
use crate::config::LengthFieldEncoding;

/// Most digits of a length: more than any limit has, and no sum of them and an
/// adjustment exceeds 63 bits.
pub(super) const MAX_DIGITS: usize = 10;
/// Most bytes of a [`Terminator`].
pub(super) const MAX_TERMINATOR: usize = 4;

/// The text that ends digits whose count is not fixed; none is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminator {
    bytes: [u8; MAX_TERMINATOR],
    length: usize,
}

impl Terminator {
    /// `None` for more than 4 bytes.
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut terminator = Self::default();
        let room = terminator.bytes.get_mut(..text.len())?;
        room.copy_from_slice(text);
        terminator.length = text.len();
        Some(terminator)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A byte in a length that does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDigit {
    /// Bytes of the frame before it.
    pub position: usize,
    /// The byte.
    pub byte: u8,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Decimal,
    Hex,
    DecimalOrTerminator,
    HexOrTerminator,
    Terminator,
}

impl fmt::Display for BadDigit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = match self.expected {
            Expected::Decimal => "a decimal digit",
            Expected::Hex => "a hexadecimal digit",
            Expected::DecimalOrTerminator => "a decimal digit or lengthFieldTerminator",
            Expected::HexOrTerminator => "a hexadecimal digit or lengthFieldTerminator",
            Expected::Terminator => "lengthFieldTerminator",
        };
        write!(
            formatter,
            "byte {} of the frame is 0x{:02x} ({}) where the length has {expected}",
            self.position,
            self.byte,
            self.byte.escape_ascii()
        )
    }
}

/// A length of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    pub(super) value: u64,
    /// Bytes of the digits and the terminator.
    pub(super) length: usize,
}

/// The value of a digit; none if it is no digit of the encoding.
pub(super) fn digit(encoding: LengthFieldEncoding, byte: u8) -> Option<u32> {
    let radix = match encoding {
        LengthFieldEncoding::AsciiHex => 16,
        LengthFieldEncoding::AsciiDecimal | LengthFieldEncoding::Binary => 10,
    };
    char::from(byte).to_digit(radix)
}

/// Reads the length at the front of `bytes`; `None` if it has not come whole. A
/// bad byte is told as soon as it is there.
pub(super) fn read(params: &LengthFieldParams, bytes: &[u8]) -> Option<Result<Digits, BadDigit>> {
    let encoding = params.length_field_encoding;
    let hex = encoding == LengthFieldEncoding::AsciiHex;
    let offset = params.length_field_offset;
    let field = bytes.get(offset..)?;
    let terminator = params.length_field_terminator.as_bytes();
    let ends = !terminator.is_empty();
    let most = if ends {
        MAX_DIGITS
    } else {
        params.length_field_length
    };
    let bad = |at: usize, byte: u8, expected| BadDigit {
        position: offset + at,
        byte,
        expected,
    };
    let mut value = 0_u64;
    let mut count = 0;
    while count < most {
        let byte = *field.get(count)?;
        let Some(digit) = digit(encoding, byte) else {
            if ends && count > 0 {
                break;
            }
            let expected = if hex {
                Expected::Hex
            } else {
                Expected::Decimal
            };
            return Some(Err(bad(count, byte, expected)));
        };
        let radix = if hex { 16 } else { 10 };
        value = value.saturating_mul(radix).saturating_add(digit.into());
        count += 1;
    }
    for (at, expected) in terminator.iter().enumerate() {
        let byte = *field.get(count + at)?;
        if byte != *expected {
            let expected = match (at, hex) {
                (0, _) if count == most => Expected::Terminator,
                (0, false) => Expected::DecimalOrTerminator,
                (0, true) => Expected::HexOrTerminator,
                _ => Expected::Terminator,
            };
            return Some(Err(bad(count + at, byte, expected)));
        }
    }
    Some(Ok(Digits {
        value,
        length: count + terminator.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_and_other_bytes_named() {
        let fixed = |encoding, length| LengthFieldParams {
            length_field_encoding: encoding,
            length_field_offset: 2,
            length_field_length: length,
            ..LengthFieldParams::default()
        };
        let ended = |encoding, terminator: &[u8]| LengthFieldParams {
            length_field_terminator: Terminator::new(terminator).unwrap(),
            ..fixed(encoding, 0)
        };
        use LengthFieldEncoding::{AsciiDecimal as Decimal, AsciiHex as Hex};
        let cases: [(LengthFieldParams, &[u8], &str); 17] = [
            (fixed(Decimal, 4), b"$$0123x", "123 in 4"),
            (fixed(Hex, 2), b"$$aFx", "175 in 2"),
            (fixed(Decimal, 10), b"$$9999999999", "9999999999 in 10"),
            (fixed(Decimal, 4), b"$$012", "wait"),
            (fixed(Decimal, 4), b"$", "wait"),
            (
                fixed(Decimal, 4),
                b"$$0a",
                "byte 3 of the frame is 0x61 (a) where the length has a decimal digit",
            ),
            (
                fixed(Hex, 2),
                b"$$ 1",
                "byte 2 of the frame is 0x20 ( ) where the length has a hexadecimal digit",
            ),
            (
                fixed(Decimal, 1),
                b"$$-",
                "byte 2 of the frame is 0x2d (-) where the length has a decimal digit",
            ),
            (ended(Decimal, b","), b"$$127,86", "127 in 4"),
            (ended(Decimal, b","), b"$$127", "wait"),
            (
                ended(Decimal, b","),
                b"$$,",
                "byte 2 of the frame is 0x2c (,) where the length has a decimal digit",
            ),
            (
                ended(Decimal, b","),
                b"$$12;",
                "byte 4 of the frame is 0x3b (;) where the length has a decimal digit or lengthFieldTerminator",
            ),
            (
                ended(Decimal, b","),
                b"$$12345678901,",
                "byte 12 of the frame is 0x31 (1) where the length has lengthFieldTerminator",
            ),
            (ended(Decimal, b","), b"$$1234567890,", "1234567890 in 11"),
            (ended(Hex, b"\r\n"), b"$$1f\r\nab", "31 in 4"),
            (ended(Hex, b"\r\n"), b"$$1f\r", "wait"),
            (
                ended(Hex, b"\r\n"),
                b"$$1f\rx",
                "byte 5 of the frame is 0x78 (x) where the length has lengthFieldTerminator",
            ),
        ];
        for (params, bytes, expected) in cases {
            let shown = match read(&params, bytes) {
                None => "wait".to_owned(),
                Some(Ok(digits)) => format!("{} in {}", digits.value, digits.length),
                Some(Err(bad)) => bad.to_string(),
            };
            assert_eq!(shown, expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_terminator_has_four_bytes_at_most() {
        assert_eq!(Terminator::new(b"1234").unwrap().as_bytes(), b"1234");
        assert_eq!(Terminator::new(b"12345"), None);
    }
}
