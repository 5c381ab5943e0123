//! Tries other readings of the length field on what a connection brought.

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use super::{Advice, binary_uncut::sum, ending::counted, is_whole};
use crate::{
    config::{ByteOrder, HandlerConfiguration},
    framing::{Explanation, Framer},
};

/// Another byte order, or another notion of what the length counts, that cuts
/// what came without a rest.
pub(super) fn other_lengths(
    handler: &HandlerConfiguration,
    explanation: &Explanation,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    let most = usize::try_from(total).unwrap_or(usize::MAX);
    changes(handler, explanation)
        .into_iter()
        .find_map(|change| {
            let (byte_order, length_adjustment) = change;
            let tried = HandlerConfiguration {
                byte_order,
                length_adjustment,
                max_frame_length: handler.max_frame_length.max(most),
                // A frame that is too long is an error before its end has come.
                fail_fast: true,
                ..handler.clone()
            };
            let cut = try_out(&tried, received)?;
            let clean = match is_whole(received, total) {
                true => cut.left == 0 && cut.frames > 0,
                // Two in a row are no accident, whatever follows.
                false => cut.frames > 1,
            };
            clean.then(|| better(handler, explanation, &tried, &cut, total))
        })
}

/// What to try, least changes first: the length counts what follows it, itself
/// too, what is before it too, or the whole frame.
fn changes(handler: &HandlerConfiguration, explanation: &Explanation) -> Vec<(ByteOrder, i32)> {
    let other = match handler.byte_order {
        ByteOrder::LittleEndian => ByteOrder::BigEndian,
        ByteOrder::BigEndian => ByteOrder::LittleEndian,
    };
    let counted = [
        0,
        explanation.field_length,
        explanation.offset,
        explanation.header,
    ];
    let adjustments = counted
        .into_iter()
        .filter_map(|bytes| Some(-i32::try_from(bytes).ok()?))
        .filter(|adjustment| *adjustment != handler.length_adjustment);
    let mut changes = vec![(other, handler.length_adjustment)];
    for order in [handler.byte_order, other] {
        changes.extend(adjustments.clone().map(|adjustment| (order, adjustment)));
    }
    changes
}

/// What a configuration makes of the bytes that came.
struct Cut {
    frames: u64,
    longest: usize,
    left: usize,
}

/// None if there is an error in it, or if its first frame holds nothing, as
/// lengths of zero make frames of any padding.
fn try_out(handler: &HandlerConfiguration, received: &[u8]) -> Option<Cut> {
    let mut framer = Framer::new(handler).ok()?;
    let mut buffer = BytesMut::from(received);
    let header = handler.length_field_offset + handler.length_field_length;
    let mut cut = Cut {
        frames: 0,
        longest: 0,
        left: 0,
    };
    while let Some(frame) = framer.decode(&mut buffer).ok()? {
        let length = frame.len() + handler.initial_bytes_to_strip;
        if cut.frames == 0 && length <= header {
            return None;
        }
        cut.frames += 1;
        cut.longest = cut.longest.max(length);
    }
    cut.left = buffer.len();
    Some(cut)
}

fn better(
    handler: &HandlerConfiguration,
    explanation: &Explanation,
    tried: &HandlerConfiguration,
    cut: &Cut,
    total: u64,
) -> Advice {
    let mut settings = Vec::new();
    if tried.byte_order != handler.byte_order {
        let order = match tried.byte_order {
            ByteOrder::LittleEndian => "LITTLE_ENDIAN",
            ByteOrder::BigEndian => "BIG_ENDIAN",
        };
        settings.push(("byteOrder", order.to_owned()));
    }
    if tried.length_adjustment != handler.length_adjustment {
        settings.push(("lengthAdjustment", tried.length_adjustment.to_string()));
    }
    let setting = settings.first().map_or("byteOrder", |(key, _)| key);
    if cut.longest > handler.max_frame_length {
        settings.push(("maxFrameLength", format!("{} or more", cut.longest)));
    }
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| format!("{key} to {value}"))
        .collect();
    Advice::new(
        setting,
        sum(explanation, total),
        format!(
            "set {}, which cuts what came into {}",
            settings.join(" and "),
            counted(cut.frames, "frame")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::never_cut;

    fn advice(settings: &str, received: &[u8], total: usize) -> (&'static str, String) {
        let settings = format!(r#"{{"handlerType":"BINARY",{settings}}}"#);
        let handler = serde_json::from_str(&settings).unwrap();
        let advice = never_cut(&handler, received, total as u64).unwrap();
        (advice.setting, advice.to_string())
    }

    const DEFAULTS: &str = r#""lengthFieldOffset":0"#;
    const ONE_BYTE: &str = r#""lengthFieldLength":1"#;
    const MARKED: &str = r#""lengthFieldOffset":2,"byteOrder":"BIG_ENDIAN""#;

    #[test]
    fn settings_that_fit_are_named() {
        let cases: [(&str, &[u8], &str, &str); 8] = [
            (
                DEFAULTS,
                b"\0\x0f123456789012345",
                "byteOrder",
                "length field at offset 0 is 000f = 3840; 3840 + lengthAdjustment 0 + header 2 = \
                 3842 bytes; 17 came: set byteOrder to BIG_ENDIAN, which cuts what came \
                 into 1 frame",
            ),
            (
                DEFAULTS,
                b"\0\x02ab\0\x01c\0\0",
                "byteOrder",
                "into 3 frames",
            ),
            (
                r#""maxFrameLength":8"#,
                b"\0\x08abcdefgh",
                "byteOrder",
                "set byteOrder to BIG_ENDIAN and maxFrameLength to 10 or more",
            ),
            (
                ONE_BYTE,
                b"\x05abcd",
                "lengthAdjustment",
                "set lengthAdjustment to -1, which",
            ),
            (
                MARKED,
                b"\xaa\x55\0\x08abcd",
                "lengthAdjustment",
                "set lengthAdjustment to -4",
            ),
            (
                MARKED,
                b"\xaa\x55\0\x06abcd",
                "lengthAdjustment",
                "set lengthAdjustment to -2",
            ),
            (
                r#""lengthAdjustment":2"#,
                b"\x03\0abc",
                "lengthAdjustment",
                "3 + lengthAdjustment 2 + header 2 = 7 bytes; 5 came: set lengthAdjustment to 0",
            ),
            (
                DEFAULTS,
                b"\0\x06abcd",
                "byteOrder",
                "set byteOrder to BIG_ENDIAN and lengthAdjustment to -2",
            ),
        ];
        for (settings, received, setting, text) in cases {
            let advice = advice(settings, received, received.len());
            assert_eq!(advice.0, setting, "{advice:?}");
            assert!(advice.1.contains(text), "{advice:?}");
        }
    }

    #[test]
    fn two_frames_in_a_row_prove_settings_although_more_came() {
        let frames = b"\0\x03abc".repeat(10);
        let (setting, text) = advice(DEFAULTS, &frames[..12], 50);
        assert_eq!(setting, "byteOrder", "{text}");
        assert!(text.ends_with("cuts what came into 2 frames"), "{text}");
        let (setting, text) = advice(DEFAULTS, &frames[..9], 50);
        assert_eq!(setting, "lengthFieldOffset", "{text}");
        // Padding is no series of empty frames.
        let zeros = advice(r#""lengthAdjustment":100"#, &[0; 8], 50);
        assert_eq!(zeros.0, "lengthFieldOffset", "{}", zeros.1);
    }
}
