//! Bytes as a conversation file writes them: text in quotes, or pairs of hex.

use std::fmt::Write;

/// Bytes of one value or difference that a message shows.
const SHOWN: usize = 64;

/// Pairs of hex digits with blanks between them.
pub(super) fn pairs(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Text in quotes, with escapes for what does not print.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\\' | b'{' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02X}");
            }
        }
    }
    text.push('"');
    text
}

/// At most `most` bytes in the notation that suits them, and how many more
/// there are.
pub(super) fn readable(bytes: &[u8], most: usize) -> String {
    let shown = bytes.get(..most).unwrap_or(bytes);
    let text = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'\t' | b' '..=b'~');
    let mut notation = match !shown.is_empty() && shown.iter().all(text) {
        true => quoted(shown),
        false => pairs(shown),
    };
    push_rest(&mut notation, bytes.len() - shown.len());
    notation
}

/// At most 64 bytes in the notation that suits them; for a sentence.
pub(super) fn short(bytes: &[u8]) -> String {
    match bytes.is_empty() {
        true => "\"\"".to_owned(),
        false => readable(bytes, SHOWN),
    }
}

/// At most 64 bytes in both notations; for a comparison.
pub(super) fn both(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let mut notation = format!("{}   {}", pairs(shown), quoted(shown));
    push_rest(&mut notation, bytes.len() - shown.len());
    notation
}

fn push_rest(notation: &mut String, rest: usize) {
    if rest > 0 {
        let _ = write!(notation, " … and {rest} more bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_the_rest_as_hex() {
        for (bytes, expected) in [
            (b"#L#1;NA\r\n".as_slice(), r##""#L#1;NA\r\n""##),
            (b"a\"b\\{", r#""a\"b\\\{""#),
            (b"\x78\x78\x05\x01", "78 78 05 01"),
            (b"", ""),
        ] {
            assert_eq!(readable(bytes, 100), expected);
        }
        assert_eq!(readable(b"abc", 2), "\"ab\" … and 1 more bytes");
        assert_eq!(short(b""), "\"\"");
    }

    #[test]
    fn a_comparison_shows_both() {
        assert_eq!(both(b"A\x00\xff"), r#"41 00 ff   "A\x00\xFF""#);
        let long = both(&[b'x'; 70]);
        assert!(long.ends_with("\" … and 6 more bytes"), "{long}");
        assert_eq!(long.matches("78").count(), 64);
    }
}
