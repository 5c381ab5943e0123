//! What bytes look like: text or not, one message or several alike.

/// How much of some bytes is not text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Characters, each byte that is no UTF-8 counted as one.
    pub(super) characters: usize,
    /// Control characters that text protocols do not use; zero bytes excepted.
    pub(super) controls: usize,
    /// Zero bytes.
    pub(super) zeros: usize,
    /// Bytes that are no UTF-8.
    pub(super) malformed: usize,
}

impl Look {
    pub(super) fn at(bytes: &[u8]) -> Self {
        let mut look = Self {
            characters: 0,
            controls: 0,
            zeros: 0,
            malformed: 0,
        };
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                look.characters += 1;
                match character {
                    '\0' => look.zeros += 1,
                    other if is_foreign(other) => look.controls += 1,
                    _ => {}
                }
            }
            look.malformed += chunk.invalid().len();
        }
        look.characters += look.malformed;
        look
    }

    /// Whether any text protocol could have sent this.
    pub(super) fn is_text(&self) -> bool {
        self.foreign() == 0
    }

    /// Whether it is text, zero bytes and a few in an encoding of its own aside.
    pub(super) fn is_nearly_text(&self) -> bool {
        self.controls == 0 && self.malformed * 8 <= self.characters
    }

    /// Whether no text protocol would have sent this. Text in an encoding of its
    /// own has bytes that are no UTF-8, and padded text has zeros, but neither
    /// has other control characters.
    pub(super) fn is_binary(&self) -> bool {
        let foreign = self.foreign();
        self.controls >= 1
            && self.controls + self.zeros >= 2
            && foreign >= 3
            && foreign * 4 >= self.characters
    }

    /// Characters that text does not have.
    pub(super) fn foreign(&self) -> usize {
        self.controls + self.zeros + self.malformed
    }
}

/// Control characters other than blanks and those with which text protocols
/// mark messages, pages and fields: STX, ETX, EOT, ESC, and FS to US.
fn is_foreign(character: char) -> bool {
    character.is_control()
        && !matches!(
            character,
            '\t'..='\r' | '\u{02}'..='\u{04}' | '\u{1b}'..='\u{1f}'
        )
}

/// Whether there is nothing but white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.trim_ascii().is_empty()
}

/// `bytes` without a character at their end that goes on behind it.
pub(super) fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// ASCII in UTF-16, by where its zero bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Utf16 {
    /// Little endian.
    Little,
    /// Big endian, or little endian that was cut behind the first byte of its
    /// line feed.
    BigOrMiscut,
}

/// The encoding, if of each two bytes one is zero, always the same.
pub(super) fn utf16(bytes: &[u8]) -> Option<Utf16> {
    const LEAST: usize = 8;
    let zeros_at = |place: usize| {
        bytes.iter().enumerate().all(|(index, byte)| {
            (*byte == 0) == (index % 2 == place)
                && matches!(byte, 0 | b'\t' | b'\r' | b'\n' | 0x20..=0x7e)
        })
    };
    match bytes.len() >= LEAST {
        true if zeros_at(1) => Some(Utf16::Little),
        true if zeros_at(0) => Some(Utf16::BigOrMiscut),
        _ => None,
    }
}

/// Whether there are several pieces, blank ones not counted, and all look like
/// the first: they begin with the same bytes or have as many fields.
pub(super) fn are_alike<'bytes>(pieces: impl Iterator<Item = &'bytes [u8]>) -> bool {
    const SAME_START: usize = 3;
    let mut pieces = pieces
        .map(<[u8]>::trim_ascii)
        .filter(|piece| !piece.is_empty());
    let Some(first) = pieces.next() else {
        return false;
    };
    let mut several = false;
    let like_first = |piece: &[u8]| {
        several = true;
        common_start(first, piece) >= SAME_START || have_same_fields(first, piece)
    };
    pieces.all(like_first) && several
}

/// Bytes at the front that `left` and `right` share.
pub(super) fn common_start(left: &[u8], right: &[u8]) -> usize {
    let pairs = left.iter().zip(right);
    pairs.take_while(|(left, right)| left == right).count()
}

fn have_same_fields(left: &[u8], right: &[u8]) -> bool {
    let count = |bytes, byte| memchr::memchr_iter(byte, bytes).count();
    let mut fields = false;
    let same = b",;|\t".iter().all(|byte| {
        let there = count(left, *byte);
        fields |= there > 0;
        there == count(right, *byte)
    });
    same && fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_binary_are_told_apart() {
        // Bytes, text, binary.
        let cases: [(&[u8], bool, bool); 13] = [
            (b"", true, false),
            (b"SN-002,default,temperature,25.7", true, false),
            ("Zähler-7,電表,1.5".as_bytes(), true, false),
            (b"\x02ID7\x1f25.7\x03", true, false),
            (b"\x0bMSH|^~\\&\rPID\x1c\r", true, false),
            (b"25 \xb0C", false, false),
            // "Датчик" in windows-1251.
            (b"\xc4\xe0\xf2\xf7\xe8\xea,25.7", false, false),
            (b"a\0b", false, false),
            (b"8=FIX.4.2\x019=65\x0135=A\x01", false, false),
            (b"\x01\0ab", false, false),
            (b"\0\0\0\x01", false, true),
            (
                b"\x78\x78\x0d\x01\x03\x52\x88\x70\x71\x91\x19\x98\0\x04",
                false,
                true,
            ),
            (b"\0\0\0\0\0\x36\x08\x04abcdefgh", false, true),
        ];
        for (bytes, text, binary) in cases {
            let look = Look::at(bytes);
            assert_eq!(
                (look.is_text(), look.is_binary()),
                (text, binary),
                "{}: {look:?}",
                bytes.escape_ascii()
            );
        }
        let look = Look::at("ä\u{1}\0".as_bytes());
        assert_eq!((look.characters, look.controls, look.zeros), (3, 1, 1));
        assert_eq!(Look::at(b"\xff\xfea").malformed, 2);
    }

    #[test]
    fn utf16_is_recognised_by_its_zeros() {
        let cases: [(&[u8], Option<Utf16>); 7] = [
            (b"a\0b\0,\x001\0", Some(Utf16::Little)),
            (b"\0a\0b\0,\x001\0", Some(Utf16::BigOrMiscut)),
            (b"a\0b\0,\x001", None),
            (b"a\0b\0,\x00\x01\0", None),
            (b"abcdefgh", None),
            (b"\0\0\0\0\0\0\0\0", None),
            (b"a\0\0\0b\0\0\0", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(utf16(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn pieces_are_alike_by_their_start_or_their_fields() {
        let cases: [(&str, bool); 9] = [
            ("SN-002,default,t,25.7|SN-002,default,h", true),
            ("A1,25|B2,26|C3,27", true),
            ("A1,25||", false),
            ("A1,25| |B2,26", true),
            ("A1,25|B2,26,27", false),
            ("temperature: 25|humidity: 69", false),
            ("abc|abd|abe", false),
            ("abc1|abc2", true),
            ("", false),
        ];
        for (text, expected) in cases {
            let pieces = text.split('|').map(str::as_bytes);
            assert_eq!(are_alike(pieces), expected, "{text}");
        }
    }
}
