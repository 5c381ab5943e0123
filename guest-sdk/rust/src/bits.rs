//! Bit fields and packed decimal digits.
//!
//! Bits of an integer are counted from the lowest, as manuals count the bits of
//! a status word. Bits of bytes are counted from the highest of the first byte,
//! as they come on the wire.

use std::ops::Range;

use crate::Result;

/// The bit `n` of an integer; bit 0 is the lowest, and bits beyond 63 are 0.
///
/// ```
/// assert!(tb_converter::bits::bit(0b0100_u8, 2));
/// assert!(!tb_converter::bits::bit(0b0100_u8, 64));
/// ```
#[must_use]
pub fn bit(value: impl Into<u64>, n: u32) -> bool {
    value.into().checked_shr(n).unwrap_or(0) & 1 == 1
}

/// The bits `range` of an integer as a number; bit 0 is the lowest, and bits
/// beyond 63 are 0. An empty range is 0.
///
/// ```
/// use tb_converter::bits::bits;
///
/// // A course in the low ten bits, two flags above them.
/// let status = 0x154Cu16;
/// assert_eq!(bits(status, 0..10), 332);
/// assert_eq!(bits(status, 10..13), 0b101);
/// ```
#[must_use]
pub fn bits(value: impl Into<u64>, range: Range<u32>) -> u64 {
    let width = range.end.saturating_sub(range.start);
    value.into().checked_shr(range.start).unwrap_or(0) & mask(width)
}

/// The bits `range` of bytes as a number; bit 0 is the highest of the first
/// byte. An empty range is 0.
///
/// ```
/// use tb_converter::bits::bits_of;
///
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(bits_of(&[0b0000_0001, 0b1010_0000], 7..11)?, 0b1101);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if the range has more than 64 bits or ends after the bytes.
pub fn bits_of(bytes: &[u8], range: Range<usize>) -> Result<u64> {
    let (start, end) = (range.start, range.end);
    if end.saturating_sub(start) > 64 {
        return Err(format!("bits {start} to {end} are more than 64").into());
    }
    (start..end).try_fold(0, |number, n| {
        let byte = bytes.get(n / 8).ok_or_else(|| {
            format!(
                "bits {start} to {end} wanted, {} bytes have fewer",
                bytes.len()
            )
        })?;
        Ok(number << 1 | u64::from(byte >> (7 - n % 8) & 1))
    })
}

/// A number of `width` bits as a signed one: its highest bit is the sign.
///
/// ```
/// use tb_converter::bits::sign_extend;
///
/// assert_eq!(sign_extend(0xFFF, 12), -1);
/// assert_eq!(sign_extend(0x7FF, 12), 2047);
/// ```
#[must_use]
pub fn sign_extend(value: u64, width: u32) -> i64 {
    if width == 0 {
        return 0;
    }
    let shift = 64_u32.saturating_sub(width);
    (value << shift).cast_signed() >> shift
}

const fn mask(width: u32) -> u64 {
    match u64::MAX.checked_shl(width) {
        Some(above) => !above,
        None => u64::MAX,
    }
}

/// The decimal digits that bytes hold as BCD, two a byte, the high nibble
/// first. Leading zeros stay, as those of a serial number have to.
///
/// ```
/// use tb_converter::bits::bcd_digits;
///
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(bcd_digits(&[0x03, 0x52, 0x88])?, "035288");
/// assert_eq!(
///     bcd_digits(&[0x03, 0x5F]).unwrap_err().to_string(),
///     "byte 1 is 0x5F: its low nibble is no decimal digit"
/// );
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails at the first nibble above 9, and names it.
pub fn bcd_digits(bytes: &[u8]) -> Result<String> {
    let mut digits = String::with_capacity(bytes.len().saturating_mul(2));
    for_each_digit(bytes, |digit| {
        digits.push(char::from(b'0' + digit));
        Ok(())
    })?;
    Ok(digits)
}

/// The number that bytes hold as BCD, two digits a byte, the high nibble first.
///
/// # Errors
///
/// Fails at the first nibble above 9, and names it; and if the number is
/// greater than a `u64` holds.
///
/// ```
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(tb_converter::bits::bcd_number(&[0x12, 0x34])?, 1234);
/// # Ok(())
/// # }
/// ```
pub fn bcd_number(bytes: &[u8]) -> Result<u64> {
    let mut number = 0_u64;
    for_each_digit(bytes, |digit| {
        number = number
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(digit.into()))
            .ok_or("the BCD number is greater than a u64 holds")?;
        Ok(())
    })?;
    Ok(number)
}

fn for_each_digit(bytes: &[u8], mut take: impl FnMut(u8) -> Result<()>) -> Result<()> {
    for (index, &byte) in bytes.iter().enumerate() {
        for (digit, nibble) in [(byte >> 4, "high"), (byte & 15, "low")] {
            if digit > 9 {
                return Err(format!(
                    "byte {index} is 0x{byte:02X}: its {nibble} nibble is no decimal digit"
                )
                .into());
            }
            take(digit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_an_integer_are_counted_from_the_lowest() {
        let table = [
            (0xF0, 0..4, 0),
            (0xF0, 4..8, 15),
            (u64::MAX, 0..64, u64::MAX),
            (u64::MAX, 63..64, 1),
            (u64::MAX, 60..200, 15),
            (u64::MAX, 64..70, 0),
            (u64::MAX, 5..5, 0),
        ];
        for (value, range, expected) in table {
            assert_eq!(bits(value, range.clone()), expected, "{value:#x} {range:?}");
        }
        assert!(bit(1u64 << 63, 63));
        assert!(!bit(u64::MAX, u32::MAX));
    }

    #[test]
    fn bits_of_bytes_are_counted_from_the_highest_of_the_first() {
        let bytes = [0x80, 0x01, 0xFF, 0, 0, 0, 0, 0, 0x01];
        let table = [
            (0..1, Ok(1)),
            (0..16, Ok(0x8001)),
            (15..20, Ok(0b11111)),
            (8..72, Ok(0x01FF_0000_0000_0001)),
            (72..72, Ok(0)),
            (70..73, Err("bits 70 to 73 wanted, 9 bytes have fewer")),
            (0..65, Err("bits 0 to 65 are more than 64")),
        ];
        for (range, expected) in table {
            let found = bits_of(&bytes, range.clone()).map_err(|e| e.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{range:?}");
        }
    }

    #[test]
    fn the_highest_bit_of_a_width_is_its_sign() {
        let table = [
            (0x800, 12, -2048),
            (1, 1, -1),
            (u64::MAX, 64, -1),
            (5, 64, 5),
            (5, 99, 5),
            (1, 0, 0),
        ];
        for (value, width, expected) in table {
            assert_eq!(sign_extend(value, width), expected, "{value} {width}");
        }
    }

    #[test]
    fn a_nibble_that_is_no_digit_is_named() {
        let table: [(&[u8], &str); 2] = [
            (
                &[0x12, 0xA4],
                "byte 1 is 0xA4: its high nibble is no decimal digit",
            ),
            (
                &[0x1F],
                "byte 0 is 0x1F: its low nibble is no decimal digit",
            ),
        ];
        for (bytes, expected) in table {
            assert_eq!(bcd_digits(bytes).unwrap_err().to_string(), expected);
            assert_eq!(bcd_number(bytes).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn bcd_reaches_as_far_as_a_u64() {
        let greatest = [0x18, 0x44, 0x67, 0x44, 0x07, 0x37, 0x09, 0x55, 0x16, 0x15];
        assert_eq!(bcd_number(&greatest).unwrap(), u64::MAX);
        let mut more = greatest;
        more[9] = 0x16;
        assert_eq!(
            bcd_number(&more).unwrap_err().to_string(),
            "the BCD number is greater than a u64 holds"
        );
        assert_eq!(bcd_digits(&more).unwrap(), "18446744073709551616");
        assert_eq!(
            (bcd_number(&[]).unwrap(), bcd_digits(&[]).unwrap()),
            (0, String::new())
        );
    }
}
