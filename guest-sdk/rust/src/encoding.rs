//! Bytes as hexadecimal and Base64 text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Result;

/// Bytes as hexadecimal text with lower-case letters.
///
/// ```
/// assert_eq!(tb_converter::encoding::bytes_to_hex(&[0, 0xAB]), "00ab");
/// ```
#[must_use]
pub fn bytes_to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(nibble)]));
        }
    }
    text
}

/// The bytes that hexadecimal text stands for. Case does not matter, and ASCII
/// white space is free.
///
/// ```
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(tb_converter::encoding::hex_to_bytes("00 aB")?, [0, 0xAB]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails at the first character that is no hexadecimal digit, and names it; and
/// if the number of digits is odd.
pub fn hex_to_bytes(text: &str) -> Result<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    for char in text.chars().filter(|char| !char.is_ascii_whitespace()) {
        let digit = char.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digits.push(digit.ok_or_else(|| format!("{char:?} is not a hexadecimal digit"))?);
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(format!("{} hexadecimal digits are no whole bytes", digits.len()).into());
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Bytes as Base64 text: the usual alphabet, padded.
///
/// ```
/// assert_eq!(tb_converter::encoding::bytes_to_base64(b"\xFB\xFF"), "+/8=");
/// ```
#[must_use]
pub fn bytes_to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that padded Base64 text of the usual alphabet stands for. ASCII
/// white space is free.
///
/// ```
/// # fn main() -> tb_converter::Result<()> {
/// assert_eq!(tb_converter::encoding::base64_to_bytes("+/8=\n")?, [0xFB, 0xFF]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails if the text is not Base64, and says where.
pub fn base64_to_bytes(text: &str) -> Result<Vec<u8>> {
    let mut dense = text.as_bytes().to_vec();
    dense.retain(|byte| !byte.is_ascii_whitespace());
    STANDARD
        .decode(dense)
        .map_err(|error| format!("not Base64: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_both_ways() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(hex_to_bytes(&bytes_to_hex(&all)).unwrap(), all);
        for length in [0, 1, 2, 3, 256] {
            let bytes = &all[..length];
            assert_eq!(base64_to_bytes(&bytes_to_base64(bytes)).unwrap(), bytes);
        }
        assert_eq!(bytes_to_base64(b"foob"), "Zm9vYg==");
    }

    #[test]
    fn what_is_not_hexadecimal_is_named() {
        let table = [
            ("0g", "'g' is not a hexadecimal digit"),
            ("00 0", "3 hexadecimal digits are no whole bytes"),
            ("0\u{a0}", "'\\u{a0}' is not a hexadecimal digit"),
        ];
        for (text, expected) in table {
            assert_eq!(hex_to_bytes(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["Zm9vYg", "Zm9*", "Z", "Zm9vYh=="] {
            let error = base64_to_bytes(text).unwrap_err().to_string();
            assert!(error.starts_with("not Base64: "), "{text}: {error}");
        }
    }
}
