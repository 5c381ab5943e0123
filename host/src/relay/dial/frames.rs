//! Reads along in HTTP/2 frames for the one that says why a server hangs up.
//!
//! A server's GOAWAY as a rule spares the stream that is open, and then the
//! connection is closed: the client library reports a broken pipe, and the
//! reason is lost.

/// The length of a frame's head.
const HEAD: usize = 9;
/// The type of a frame that ends the connection.
const GOAWAY: u8 = 7;
/// The part of its payload that is read: last stream and code.
const GOAWAY_PAYLOAD: usize = 8;

/// Where in the frames the stream is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The head of the frame, and of GOAWAY what matters of its payload.
    kept: Vec<u8>,
    /// Bytes of the payload that are to be skipped.
    skip: usize,
}

impl Frames {
    /// Takes in what came; the error code of a GOAWAY, if one was complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Option<u32> {
        let mut found = None;
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            // A head that is kept when it is complete is GOAWAY's.
            let wanted = match self.kept.len() < HEAD {
                true => HEAD,
                false => HEAD + GOAWAY_PAYLOAD,
            };
            let (new, rest) = bytes
                .split_at_checked(wanted - self.kept.len())
                .unwrap_or((bytes, &[]));
            self.kept.extend_from_slice(new);
            bytes = rest;
            found = self.take_complete().or(found);
        }
        found
    }

    /// Lets go of a head that is complete.
    fn take_complete(&mut self) -> Option<u32> {
        let (head, payload) = self.kept.split_first_chunk::<HEAD>()?;
        let [high, middle, low, kind, ..] = *head;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        if kind != GOAWAY || length < GOAWAY_PAYLOAD {
            self.skip = length;
            self.kept.clear();
            return None;
        }
        let code = payload.get(4..GOAWAY_PAYLOAD)?;
        let code = code
            .iter()
            .fold(0, |code, byte| code << 8 | u32::from(*byte));
        self.skip = length - GOAWAY_PAYLOAD;
        self.kept.clear();
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0, 0, 0, 0, 0], payload].concat()
    }

    #[test]
    fn a_goaway_is_found_and_what_looks_like_one_is_not() {
        let calm = frame(7, b"\x7f\xff\xff\xff\0\0\0\x0btoo_many_pings");
        let inside = frame(0, &calm);
        let cases = [
            (vec![], None),
            (frame(4, b""), None),
            ([frame(4, b"123456"), calm.clone()].concat(), Some(11)),
            (frame(7, b"\0\0\0\x01\0\0\0\0"), Some(0)),
            (inside, None),
            // Too short to be one.
            (frame(7, b"\0\0\0\x01"), None),
            ([frame(7, b"1234"), calm].concat(), Some(11)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Frames::default().feed(&bytes), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(
            frames in proptest::collection::vec(
                (0_u8..10, proptest::collection::vec(any::<u8>(), 0..40)), 0..20),
            cuts in proptest::collection::vec(1_usize..30, 1..20),
        ) {
            let bytes: Vec<_> = frames.iter().flat_map(|(kind, body)| frame(*kind, body)).collect();
            let last = frames.iter().rev().find(|(kind, body)| *kind == 7 && body.len() >= 8);
            let expected = last.map(|(_, body)| u32::from_be_bytes(body[4..8].try_into().unwrap()));
            let mut watched = Frames::default();
            let (mut found, mut rest, mut cuts) = (None, bytes.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                found = watched.feed(now).or(found);
                prop_assert!(watched.kept.len() < 17);
                rest = later;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
