//! Sentences and binary packets on one connection.
//!
//! A sentence ends in `#`. A binary packet has neither a length nor an end, but its
//! identifier and time are decimal digits, by which it is told from noise: 32 bytes with an
//! identifier of 10 digits, 42 with one of 15. Some trackers send 13 bytes more behind the
//! 32, of which nothing here makes use: they are skipped, as everything else.

use tb_converter::Step;

/// A sentence has some hundred bytes at most.
const MAX_SENTENCE: usize = 1024;

/// What a binary packet has.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Bytes of the identifier.
    pub(crate) id: usize,
    /// Digits of the identifier.
    pub(crate) digits: usize,
    /// Bytes of the packet.
    pub(crate) length: usize,
}

/// With an identifier of 10 digits.
pub(crate) const SHORT: Layout = Layout {
    id: 5,
    digits: 10,
    length: 32,
};

/// With an identifier of 15 digits, mostly an IMEI.
pub(crate) const LONG: Layout = Layout {
    id: 8,
    digits: 15,
    length: 42,
};

pub(crate) fn cut(bytes: &[u8]) -> Step {
    match bytes.first() {
        None => Step::Need(1),
        Some(b'*') => sentence(bytes),
        Some(b'$') => packet(bytes, &[SHORT, LONG]),
        Some(b'X') => packet(bytes, &[SHORT]),
        Some(_) => noise(bytes),
    }
}

/// `*`, two letters for the maker, and a comma.
fn sentence(bytes: &[u8]) -> Step {
    let Some(begin) = bytes.first_chunk::<4>() else {
        return Step::need(bytes, 4);
    };
    if !matches!(begin, [_, a, b, b','] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()) {
        return noise(bytes);
    }
    let looked_at = bytes.get(..MAX_SENTENCE).unwrap_or(bytes);
    match looked_at.iter().position(|byte| *byte == b'#') {
        Some(end) => Step::frame(end + 1),
        None if bytes.len() < MAX_SENTENCE => Step::Need(1),
        None => noise(bytes),
    }
}

fn packet(bytes: &[u8], layouts: &[Layout]) -> Step {
    for layout in layouts {
        let Some(head) = bytes.get(1..1 + layout.id + 6) else {
            return Step::need(bytes, 1 + layout.id + 6);
        };
        if layout.fits(head) {
            return Step::frame(layout.length);
        }
    }
    noise(bytes)
}

impl Layout {
    /// Whether identifier and time are what they should be; a tracker without a
    /// position may send zeros for a date.
    fn fits(&self, head: &[u8]) -> bool {
        let digit = |place: usize| {
            let byte = head.get(place / 2)?;
            let digit = if place.is_multiple_of(2) {
                byte >> 4
            } else {
                byte & 0x0f
            };
            (digit < 10).then_some(digit)
        };
        let pair = |place: usize| Some(digit(place)? * 10 + digit(place + 1)?);
        let time = self.id * 2;
        let greatest = [23, 59, 59, 31, 12, 99];
        (0..self.digits).all(|place| digit(place).is_some())
            && (0..)
                .zip(greatest)
                .all(|(part, greatest)| pair(time + part * 2).is_some_and(|n| n <= greatest))
    }
}

/// Drops what can begin no message.
fn noise(bytes: &[u8]) -> Step {
    let rest = bytes.get(1..).unwrap_or_default();
    let begin = rest.iter().position(|byte| b"*$X".contains(byte));
    Step::skip(1 + begin.unwrap_or(rest.len()))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use tb_converter::testing::{frames, hex};

    use crate::H02;

    const HEARTBEAT: &[u8] = b"*HQ,135790246811220,HTBT,100#";
    const SHORT: &str = "2441060116601245431311165035313006004318210e000000fffffbffff0024";
    const LONG: &str =
        "2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc";
    const X: &str = "5800009814991024031101175540227006012321670c000095fffffbffff0033";
    const TAIL: &str = "060000002c02dc0c000000001f";

    #[test]
    fn messages_of_all_kinds_are_told_apart() {
        let stream = [
            HEARTBEAT,
            b"\r\n",
            &hex(SHORT),
            &hex(LONG),
            HEARTBEAT,
            &hex(X),
            &hex(SHORT),
            HEARTBEAT,
        ];
        let expected = [
            HEARTBEAT.to_vec(),
            hex(SHORT),
            hex(LONG),
            HEARTBEAT.to_vec(),
            hex(X),
            hex(SHORT),
            HEARTBEAT.to_vec(),
        ];
        assert_eq!(frames::<H02>(&stream.concat()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_message_is_skipped() {
        let noise: [&[u8]; 8] = [
            b"",
            b"\r\n",
            b"GET / HTTP/1.1\r\n",
            b"$$",
            b"*",
            b"X*$#",
            &hex(TAIL),
            &[b'X'; 13],
        ];
        for noise in noise {
            let stream = [noise, &hex(SHORT), noise, HEARTBEAT].concat();
            let expected = [hex(SHORT), HEARTBEAT.to_vec()];
            assert_eq!(frames::<H02>(&stream).unwrap(), expected, "{noise:?}");
        }
    }

    #[test]
    fn a_sentence_without_end_does_not_hold_the_line_for_ever() {
        let stream = [b"*HQ,".as_slice(), &[b'1'; 1024], HEARTBEAT].concat();
        assert_eq!(frames::<H02>(&stream).unwrap(), [HEARTBEAT]);
    }
}
