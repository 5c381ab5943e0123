//! Packets with a length, and what to do if it is wrong.
//!
//! `78 78` is followed by a length of one byte, `79 79` by one of two; both count neither
//! themselves nor the `0d 0a` at the end. Some firmware sends wrong lengths. Then the packet
//! ends at the first `0d 0a` before which the check value is right, or behind which the
//! next packet begins.

use tb_converter::Step;

use crate::packet::{END, Header, crc_fits};

/// Trackers send some hundred bytes. A length beyond it is taken for a wrong one.
const MAX_PACKET: usize = 2048;
/// So many ends are tried for a packet whose length is wrong: each costs a check value.
const MAX_ENDS: usize = 16;

pub(crate) fn cut(bytes: &[u8]) -> Step {
    if bytes.len() < 2 {
        return match bytes.first() {
            Some(0x78 | 0x79) => Step::need(bytes, 2),
            _ => Step::skip(bytes.len().max(1)),
        };
    }
    if Header::of(bytes).is_none() {
        return noise(bytes);
    }
    let Some((header, length)) = Header::with_length(bytes) else {
        return Step::need(bytes, 4);
    };
    let end = header.length() + length + END.len();
    if end <= MAX_PACKET {
        match bytes.get(..end) {
            None => return Step::need(bytes, end),
            Some(packet) if packet.ends_with(&END) && length >= header.least() => {
                return Step::frame(end);
            }
            Some(_) => {}
        }
    }
    without_length(bytes, &header)
}

/// Finds the end of a packet whose length is wrong.
fn without_length(bytes: &[u8], header: &Header) -> Step {
    let first = header.length() + header.least();
    let looked_at = bytes.get(..MAX_PACKET).unwrap_or(bytes);
    let mut ends = 0;
    for place in first..looked_at.len().saturating_sub(1) {
        if looked_at.get(place..place + END.len()) != Some(&END) {
            continue;
        }
        let (packet, behind) = bytes.split_at(place + END.len());
        if crc_fits(packet) {
            return Step::frame(packet.len());
        }
        if behind.len() < 2 {
            return Step::need(behind, 2);
        }
        if Header::of(behind).is_some() {
            return Step::frame(packet.len());
        }
        ends += 1;
        if ends == MAX_ENDS {
            return Step::skip(2);
        }
    }
    if bytes.len() < MAX_PACKET {
        return Step::Need(1);
    }
    Step::skip(2)
}

/// Drops what can begin no packet.
fn noise(bytes: &[u8]) -> Step {
    let begin = bytes.windows(2).position(|pair| Header::of(pair).is_some());
    // The last byte may be the first of a header.
    Step::skip(begin.unwrap_or(bytes.len() - 1).max(1))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use tb_converter::testing::{frames, hex};

    use crate::Gt06;

    const LOGIN: &str = "78780d010352887071911998000479d00d0a";
    const INFO: &str = "79790008940b02e3048614200d0a";
    /// Its length says 8, and 10 bytes follow.
    const WRONG: &str = "787808134606020002044dc5050d0a";

    #[test]
    fn both_lengths_and_a_wrong_one_are_cut() {
        let stream = hex(&format!("{LOGIN}{INFO}{WRONG}{LOGIN}{WRONG}"));
        let expected = [LOGIN, INFO, WRONG, LOGIN, WRONG].map(hex);
        assert_eq!(frames::<Gt06>(&stream).unwrap(), expected);
    }

    #[test]
    fn what_is_no_packet_is_skipped() {
        for noise in ["00", "0d0a", "78", "79 00 78", "474554"] {
            let stream = hex(&format!("{noise} 0d0a {LOGIN} {noise} 00 {INFO}"));
            let expected = [LOGIN, INFO].map(hex);
            assert_eq!(frames::<Gt06>(&stream).unwrap(), expected, "{noise}");
        }
    }

    #[test]
    fn a_wrong_length_and_check_value_cost_one_packet() {
        // The check value was 0xc505. The length of the second is too great, and counts the third.
        let broken = "787808134606020002044dc5060d0a";
        let too_long = "7878ff010352887071911998000479d00d0a";
        let stream = hex(&format!("{broken}{LOGIN}"));
        assert_eq!(frames::<Gt06>(&stream).unwrap(), [broken, LOGIN].map(hex));
        let tail = INFO.repeat(20);
        let frames = frames::<Gt06>(&hex(&format!("{too_long}{tail}"))).unwrap();
        assert_eq!(frames.len(), 21);
        assert_eq!(frames[0], hex(too_long));
    }

    #[test]
    fn a_header_with_many_ends_is_noise() {
        let stream = hex(&format!("787800{}{LOGIN}", "0d0a00".repeat(20)));
        assert_eq!(frames::<Gt06>(&stream).unwrap(), [hex(LOGIN)]);
    }

    #[test]
    fn a_header_without_end_does_not_hold_the_line_for_ever() {
        let stream = hex(&format!("7878{}{LOGIN}", "00".repeat(3000)));
        let frames = frames::<Gt06>(&stream).unwrap();
        assert_eq!(frames.last(), Some(&hex(LOGIN)));
    }
}
