//! The first bytes by which `CHOICE` knows a framing.

use super::first_bytes::Match;

/// Bytes of which some may be any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(Vec<Option<u8>>);

impl Prefix {
    /// These bytes; `None` is any byte.
    #[must_use]
    pub fn new(bytes: Vec<Option<u8>>) -> Self {
        Self(bytes)
    }

    /// Bytes of it.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// The bytes that it can begin with.
    pub(super) fn first_bytes(&self) -> Vec<u8> {
        match self.0.first() {
            Some(Some(byte)) => vec![*byte],
            _ => (0..=u8::MAX).collect(),
        }
    }

    /// Whether `bytes` begin with it.
    #[inline]
    pub(super) fn compare(&self, bytes: &[u8]) -> Match {
        let mut pairs = self.0.iter().zip(bytes);
        if pairs.any(|(own, byte)| own.is_some_and(|own| own != *byte)) {
            Match::No
        } else if bytes.len() < self.0.len() {
            Match::Begun
        } else {
            Match::Whole
        }
    }

    /// Whether it matches all that `other` does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() <= other.0.len() && pairs.all(|(own, other)| own.is_none() || own == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_stands_for_all() {
        let prefix = Prefix::new(vec![None, Some(0)]);
        for (bytes, expected) in [
            (&b""[..], Match::Begun),
            (b"\x81", Match::Begun),
            (b"\x81\0", Match::Whole),
            (b"\x81\0\x4e", Match::Whole),
            (b"ST", Match::No),
        ] {
            assert_eq!(prefix.compare(bytes), expected, "{}", bytes.escape_ascii());
        }
        assert_eq!(prefix.first_bytes().len(), 256);
        let all = Prefix::new(Vec::new());
        assert_eq!(all.compare(b""), Match::Whole);
        let exact = Prefix::new(vec![Some(2), Some(0)]);
        assert!(prefix.covers(&exact) && all.covers(&prefix));
        assert!(!exact.covers(&prefix) && !prefix.covers(&all));
    }
}
