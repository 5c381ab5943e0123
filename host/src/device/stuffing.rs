//! Byte stuffing: bytes that must not stand inside a frame, and what devices
//! send in their place.

use super::value::{ValueError, append};
use crate::hex::typed_hex;

/// Most pairs of one value.
const MAX_PAIRS: usize = 64;

/// What takes the place of which bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stuffing {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Stuffing {
    /// Reads pairs of hex with blanks between them, such as `7e=7d02 7d=7d01`:
    /// on the left what a packet has, on the right what is sent.
    ///
    /// # Errors
    /// The pair that cannot be read, or is not the only one of its kind; then
    /// it would not be clear what to replace, or by what.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for pair in text.split_whitespace() {
            let sides = pair.split_once('=').and_then(|(plain, sent)| {
                let bytes = |side| typed_hex(side).ok().filter(|bytes| !bytes.is_empty());
                bytes(plain).zip(bytes(sent))
            });
            let Some((plain, sent)) = sides else {
                return Err(format!(
                    "{pair} is no pair of hex: write what is replaced, =, and what is sent, as in \
                     7e=7d02"
                ));
            };
            if pairs
                .iter()
                .any(|(known, other)| *known == plain || *other == sent)
            {
                return Err(format!(
                    "{pair}: one side of it stands in another pair, too"
                ));
            }
            if pairs.len() == MAX_PAIRS {
                return Err(format!("more than {MAX_PAIRS} pairs"));
            }
            pairs.push((plain, sent));
        }
        match pairs.is_empty() {
            true => Err("there are no pairs: write them as in \"7e=7d02 7d=7d01\"".to_owned()),
            false => Ok(Self { pairs }),
        }
    }

    /// What is sent for `bytes`.
    pub(super) fn escape(&self, bytes: &[u8]) -> Result<Vec<u8>, ValueError> {
        replace(bytes, || {
            self.pairs.iter().map(|(plain, sent)| (plain, sent))
        })
    }

    /// What `bytes` were before they were sent.
    pub(super) fn unescape(&self, bytes: &[u8]) -> Result<Vec<u8>, ValueError> {
        replace(bytes, || {
            self.pairs.iter().map(|(plain, sent)| (sent, plain))
        })
    }
}

/// Replaces from left to right. What has been replaced is not looked at again,
/// and at each byte the first pair counts that fits.
fn replace<'pairs, P>(bytes: &[u8], pairs: impl Fn() -> P) -> Result<Vec<u8>, ValueError>
where
    P: Iterator<Item = (&'pairs Vec<u8>, &'pairs Vec<u8>)>,
{
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, behind)) = rest.split_first() {
        let found = pairs().find_map(|(from, to)| Some((rest.strip_prefix(from.as_slice())?, to)));
        match found {
            Some((after, to)) => {
                append(&mut replaced, to)?;
                rest = after;
            }
            None => {
                append(&mut replaced, &[*byte])?;
                rest = behind;
            }
        }
    }
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::value::MAX_BYTES, *};

    #[test]
    fn bytes_are_replaced_at_once_and_back() {
        for (pairs, plain, sent) in [
            // JT/T 808, with the example of its specification.
            (
                "7e=7d02 7d=7d01",
                b"\x30\x7e\x08\x7d\x55".as_slice(),
                b"\x30\x7d\x02\x08\x7d\x01\x55".as_slice(),
            ),
            // The order of the pairs changes nothing.
            ("7d=7d01 7e=7d02", b"\x7d\x7e", b"\x7d\x01\x7d\x02"),
            // HDLC, SLIP and DLE framing.
            ("7e=7d5e  7d=7d5d", b"\x7e\x7d\x5e", b"\x7d\x5e\x7d\x5d\x5e"),
            ("C0=DBDC DB=DBDD", b"\xdb\xdc", b"\xdb\xdd\xdc"),
            ("10=1010", b"\x10\x10\x02", b"\x10\x10\x10\x10\x02"),
            ("7e=7d02", b"", b""),
        ] {
            let stuffing = Stuffing::read(pairs).unwrap();
            assert_eq!(stuffing.escape(plain).as_deref(), Ok(sent), "{pairs}");
            assert_eq!(stuffing.unescape(sent).as_deref(), Ok(plain), "{pairs}");
        }
    }

    #[test]
    fn the_first_pair_that_fits_counts() {
        let stuffing = Stuffing::read("01=aa 0102=bb").unwrap();
        assert_eq!(
            stuffing.escape(b"\x01\x02").as_deref(),
            Ok(b"\xaa\x02".as_slice())
        );
        let stuffing = Stuffing::read("0102=bb 01=aa").unwrap();
        assert_eq!(
            stuffing.escape(b"\x01\x02\x01").as_deref(),
            Ok(b"\xbb\xaa".as_slice())
        );
    }

    #[test]
    fn pairs_that_make_no_sense_are_refused() {
        for (text, expected) in [
            ("", "there are no pairs: write them as in"),
            ("7e", "7e is no pair of hex"),
            ("7e=", "7e= is no pair of hex"),
            ("=7d", "=7d is no pair of hex"),
            ("7e=7d0", "7e=7d0 is no pair of hex"),
            ("7e = 7d02", "7e is no pair of hex"),
            ("7e=7d=02", "7e=7d=02 is no pair of hex"),
            (
                "7e=7d02 7e=7d01",
                "7e=7d01: one side of it stands in another",
            ),
            (
                "7e=7d02 7d=7d02",
                "7d=7d02: one side of it stands in another",
            ),
        ] {
            let error = Stuffing::read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        let many: Vec<_> = (0..65)
            .map(|byte| format!("{byte:02x}=7d{byte:02x}"))
            .collect();
        assert_eq!(
            Stuffing::read(&many.join(" ")).unwrap_err(),
            "more than 64 pairs"
        );
    }

    #[test]
    fn what_becomes_too_long_is_refused() {
        let stuffing = Stuffing::read("7e=7d02").unwrap();
        let bytes = vec![0x7e; MAX_BYTES / 2 + 1];
        assert_eq!(stuffing.escape(&bytes), Err(ValueError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_escaped_has_no_marks_and_comes_back(
            bytes in proptest::collection::vec(prop_oneof![0x7c_u8..0x80, 0_u8..4], 0..60),
        ) {
            let stuffing = Stuffing::read("7e=7d02 7d=7d01").unwrap();
            let sent = stuffing.escape(&bytes).unwrap();
            prop_assert!(!sent.contains(&0x7e));
            prop_assert_eq!(stuffing.unescape(&sent).unwrap(), bytes);
        }
    }
}
