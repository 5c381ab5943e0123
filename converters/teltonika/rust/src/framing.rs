//! Three kinds of packets on one connection, told apart by their first bytes.
//!
//! `ff` is a packet of its own. Two bytes that are not zero are the length of a
//! login. Four zeros begin a data packet; its length stands in the next four bytes
//! and does not count them, the zeros and the check value.

use tb_converter::Step;

/// Trackers send 1280 bytes at most, of photos more. Beyond it the length is noise.
const MAX_DATA: u32 = 0x4000;
/// The codecs that there are. What is none begins no data packet.
const CODECS: [u8; 7] = [0x08, 0x8e, 0x0c, 0x0d, 0x0e, 0x0f, 0x10];
/// The preamble, the length and the check value.
const ENVELOPE: usize = 12;

pub(crate) fn cut(bytes: &[u8]) -> Step {
    let &[first, ref rest @ ..] = bytes else {
        return Step::Need(1);
    };
    match (first, rest) {
        (0xff, _) => Step::frame(1),
        (0, []) => Step::need(bytes, 2),
        (0, [0, ..]) => data(bytes),
        (0, [length, ..]) => Step::frame(2 + usize::from(*length)),
        // It would be a login of 256 bytes and more; an IMEI has 15.
        _ => noise(bytes),
    }
}

fn data(bytes: &[u8]) -> Step {
    let Some((preamble, rest)) = bytes.split_first_chunk::<4>() else {
        return Step::need(bytes, 4);
    };
    if *preamble != [0; 4] {
        // The zeros may be noise before a login.
        return Step::skip(1);
    }
    let Some((length, data)) = rest.split_first_chunk::<4>() else {
        return Step::need(bytes, 8);
    };
    let length = u32::from_be_bytes(*length);
    // One zero too many before the preamble reads as no length.
    if length == 0 || length > MAX_DATA {
        return Step::skip(1);
    }
    match data.first() {
        None => Step::need(bytes, 9),
        Some(codec) if CODECS.contains(codec) => Step::frame(length as usize + ENVELOPE),
        Some(_) => Step::skip(1),
    }
}

/// Drops what can begin no packet.
fn noise(bytes: &[u8]) -> Step {
    let begin = bytes.iter().position(|byte| matches!(byte, 0 | 0xff));
    Step::skip(begin.unwrap_or(bytes.len()))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use tb_converter::testing::{frames, hex};

    use super::super::Teltonika;

    const LOGIN: &str = "000f313233343536373839303132333435";
    const DATA: &str = "000000000000002b080100000140d4e3ec6e000cc661d01674a5e0fffc0000090000000402\
                        0100f0000242322318000000000100007a04";

    #[test]
    fn packets_of_all_kinds_are_told_apart() {
        let stream = hex(&format!("{LOGIN} ff {DATA} {DATA} ff"));
        let expected = [LOGIN, "ff", DATA, DATA, "ff"].map(hex);
        assert_eq!(frames::<Teltonika>(&stream).unwrap(), expected);
    }

    #[test]
    fn what_is_no_packet_is_skipped() {
        for noise in ["31", "0d0a", "000000", "ab cd 00", "000000 00000000 0000"] {
            let stream = hex(&format!("{noise} {LOGIN} {noise} {DATA} ff"));
            let frames = frames::<Teltonika>(&stream).unwrap();
            assert_eq!(frames.last(), Some(&hex("ff")), "{noise}");
            assert!(frames.contains(&hex(DATA)), "{noise}");
            assert!(frames.contains(&hex(LOGIN)), "{noise}");
        }
    }

    #[test]
    fn a_length_beyond_all_packets_is_noise() {
        let stream = hex(&format!("00000000 00010000 {LOGIN}"));
        let last = frames::<Teltonika>(&stream).unwrap().pop();
        assert_eq!(last, Some(hex(LOGIN)));
    }
}
