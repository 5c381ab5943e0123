//! Searching bytes, eight at a time.
//!
//! The standard library's searches are made for long texts, and take their time to begin.
//! Fields, keys and values are short.

/// A one in each byte.
const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
/// The highest bit of each byte.
const HIGHEST_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Where `byte` is first.
pub(crate) fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    first(bytes, |word| equal(word, byte), |other| other == byte)
}

/// Where the first byte is that ends a stretch of plain text in a JSON string: a quote, a
/// backslash, or a control character.
pub(crate) fn end_of_plain_json(bytes: &[u8]) -> Option<usize> {
    first(
        bytes,
        |word| equal(word, b'"') | equal(word, b'\\') | below(word, b' '),
        |byte| matches!(byte, b'"' | b'\\' | ..b' '),
    )
}

/// Where the first byte is of which `is` is true. `marks` sets the highest bit of the first such
/// byte of a word, in the order of memory, none before it, and whatever it likes behind it.
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(8 * number + marks.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| is(*byte))?;
    Some(bytes.len() - rest.len() + found)
}

/// Marks the bytes of a word that are `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

/// Marks the bytes of a word that are less than `limit`, 128 at most.
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHEST_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes of which many are next to those that are looked for.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let near = prop::sample::select(b"\0\x01\x1f !\"#[\\]\x7f\x80\x9f\xa0\xa2\xff".to_vec());
        prop::collection::vec(prop_oneof![3 => near, 1 => any::<u8>()], 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_first_one_is_found(bytes in bytes(), byte in any::<u8>()) {
            for byte in [byte, b'"', 0, 0x80] {
                let expected = bytes.iter().position(|other| *other == byte);
                prop_assert_eq!(position(&bytes, byte), expected);
            }
            let expected = bytes.iter().position(|byte| matches!(byte, 34 | 92 | ..32));
            prop_assert_eq!(end_of_plain_json(&bytes), expected);
        }
    }
}
