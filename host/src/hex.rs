//! Bytes as people and logs read them.

/// Bytes of a frame that the log shows.
const SHOWN_BYTES: usize = 64;

/// `bytes` in lower-case hex, two digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that [`hex`] wrote; none if the text has anything else in it.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
        .collect()
}

/// Why a text is not hex that somebody typed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TypedHexError {
    /// A character that means nothing.
    #[error("{0:?} is not a hexadecimal digit")]
    Digit(char),
    /// A byte is not whole.
    #[error("{0} hexadecimal digits: a byte has two")]
    Odd(usize),
}

/// Bytes from hex as people type it, or copy it from a manual or a packet
/// capture: white space, colons and `0x` may stand between.
pub(crate) fn typed_hex(text: &str) -> Result<Vec<u8>, TypedHexError> {
    let dense: String = text
        .replace("0x", "")
        .chars()
        .filter(|char| !char.is_whitespace() && *char != ':')
        .collect();
    if let Some(other) = dense.chars().find(|char| !char.is_ascii_hexdigit()) {
        return Err(TypedHexError::Digit(other));
    }
    unhex(&dense).ok_or(TypedHexError::Odd(dense.len()))
}

/// The first 64 bytes in hex, with `…` if there are more.
pub(crate) fn hex_start(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let mut text = hex(shown);
    if shown.len() < bytes.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_strictly() {
        assert_eq!(unhex("00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for wrong in ["0", "0g", "+1", " 1", "é"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn typed_hex_is_read_as_people_write_it() {
        for text in ["000cfF", "00 0c ff", "00:0C:FF", "0x00 0x0c\n0xff"] {
            assert_eq!(typed_hex(text), Ok(vec![0, 12, 255]), "{text}");
        }
        for (text, expected) in [
            ("0", "1 hexadecimal digits: a byte has two"),
            ("0g", "'g' is not a hexadecimal digit"),
            ("é", "'é' is not a hexadecimal digit"),
        ] {
            assert_eq!(typed_hex(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn long_frames_are_shown_in_part() {
        assert_eq!(hex_start(b"\x00\xffA"), "00ff41");
        assert_eq!(hex_start(&[0; 64]), "00".repeat(64));
        assert_eq!(hex_start(&[0; 65]), format!("{}…", "00".repeat(64)));
    }
}
