//! Looks for the bytes that something can begin with.

/// The bytes that one of several sequences begins with.
#[derive(Debug)]
pub(super) enum FirstBytes {
    /// Few enough to be searched for at once; sorted, each once.
    Few(Vec<u8>),
    /// Whether each byte is one.
    Many(Box<[bool; 256]>),
}

impl FirstBytes {
    pub(super) fn new(bytes: impl IntoIterator<Item = u8>) -> Self {
        let mut list: Vec<u8> = bytes.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        if list.len() <= 3 {
            return Self::Few(list);
        }
        let mut table = Box::new([false; 256]);
        for byte in list {
            table[usize::from(byte)] = true;
        }
        Self::Many(table)
    }

    /// The first of them in `bytes`.
    #[inline]
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Few(list) => match *list.as_slice() {
                [one] => memchr::memchr(one, bytes),
                [one, two] => memchr::memchr2(one, two, bytes),
                [one, two, three] => memchr::memchr3(one, two, three, bytes),
                _ => None,
            },
            Self::Many(table) => bytes.iter().position(|byte| table[usize::from(*byte)]),
        }
    }
}

/// How the front of some bytes compares with a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// They begin with all of it.
    Whole,
    /// They are its first bytes; those to come decide.
    Begun,
    /// They are something else.
    No,
}

impl Match {
    #[inline]
    pub(super) fn of(bytes: &[u8], sequence: &[u8]) -> Self {
        if bytes.starts_with(sequence) {
            Self::Whole
        } else if sequence.starts_with(bytes) {
            Self::Begun
        } else {
            Self::No
        }
    }
}

/// The blanks between two frames, which are no frame to complain about.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_of_any_number_is_found() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"c", Some(2)),
            (b"dc", Some(2)),
            (b"zdc", Some(2)),
            (b"zdcyx", Some(2)),
            (b"zyxwv", None),
        ] {
            let first = FirstBytes::new(bytes.iter().copied());
            assert_eq!(first.find(b"abcd"), expected, "{}", bytes.escape_ascii());
        }
    }
}
