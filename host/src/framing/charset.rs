//! The devices' character encoding.
//!
//! Frames are cut in the bytes as they come, and only then turned into UTF-8,
//! the one encoding a converter has to know. Text that is UTF-8 already is
//! handed over unchecked and without a copy.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::HandlerError;

/// Turns frames into UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// The encoding with this label of the WHATWG Encoding Standard, in upper
    /// or lower case.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn new(label: &str) -> Result<Self, HandlerError> {
        Encoding::for_label_no_replacement(label.as_bytes())
            .map(Self)
            .ok_or_else(|| {
                HandlerError::new(
                    "charsetName",
                    label,
                    "not an encoding that can be read here; write a label of the WHATWG Encoding \
                     Standard such as UTF-8, ISO-8859-1 or windows-1251, or leave it at UTF-8 and \
                     let the converter decode the bytes",
                )
            })
    }

    /// Whether a character may take two bytes of which one is zero or a line
    /// feed, so that single-byte separators cut characters in half.
    pub(super) fn is_utf16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// The frame in UTF-8; each malformed sequence is one U+FFFD. Copies only
    /// what UTF-8 writes differently.
    #[must_use]
    pub fn to_utf8(self, frame: Bytes) -> Bytes {
        if self.0 == UTF_8 {
            return frame;
        }
        match self.0.decode_without_bom_handling(&frame).0 {
            std::borrow::Cow::Borrowed(_) => frame,
            std::borrow::Cow::Owned(text) => Bytes::from(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_utf8() {
        let cases: [(&str, &[u8], &[u8]); 8] = [
            ("UTF-8", b"gr\xc3\xbcn", "grün".as_bytes()),
            ("UTF-8", b"\xff\xfe", b"\xff\xfe"),
            ("ISO-8859-1", b"gr\xfcn", "grün".as_bytes()),
            ("latin1", b"\x80", "€".as_bytes()),
            ("Shift_JIS", b"\x93\xfa\x96{", "日本".as_bytes()),
            ("shift_jis", b"\x93", "\u{fffd}".as_bytes()),
            ("windows-1251", b"\xe4\xe0", "да".as_bytes()),
            ("UTF-16BE", b"\x00a\x00b", b"ab"),
        ];
        for (label, frame, expected) in cases {
            let text = Charset::new(label)
                .unwrap()
                .to_utf8(Bytes::from_static(frame));
            assert_eq!(text, expected, "{label}");
        }
    }

    #[test]
    fn what_is_the_same_in_utf8_is_not_copied() {
        let frame = Bytes::from_static(b"temperature,25.7");
        for label in ["utf-8", "US-ASCII", "EUC-KR"] {
            let text = Charset::new(label).unwrap().to_utf8(frame.clone());
            assert_eq!(text.as_ptr(), frame.as_ptr(), "{label}");
        }
    }

    #[test]
    fn a_label_nobody_knows_is_refused() {
        // The second is a label, but of the encoding that decodes nothing.
        for label in ["klingon", "ISO-2022-KR", ""] {
            let error = Charset::new(label).unwrap_err();
            assert_eq!(error.setting, "charsetName", "{label}");
        }
    }
}
