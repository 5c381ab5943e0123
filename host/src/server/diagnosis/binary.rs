//! What shows that `BINARY`, its length field or its byte order is not the
//! device's.

use super::{
    Advice,
    ending::counted,
    json_text::{self, Json},
    look::{self, Look},
};
use crate::config::{HandlerConfiguration, LengthFieldEncoding};

/// Least bytes at a line's start that tell it from another line.
const SAME_START: usize = 4;
/// Most bytes of the next message behind its header that a frame is searched
/// for: what is wrongly added beside the header is a checksum.
const MAX_TRAILER: usize = 4;

pub(super) fn of_frame(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    // A header of digits is text, and of no fixed length.
    if handler.length_field_encoding != LengthFieldEncoding::Binary {
        return None;
    }
    text_frame(handler, frame).or_else(|| next_header(handler, frame))
}

/// A text protocol whose characters were read as lengths.
fn text_frame(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    if !Look::at(frame).is_text() {
        return None;
    }
    let header = handler
        .length_field_offset
        .checked_add(handler.length_field_length)?;
    let strip = handler.initial_bytes_to_strip;
    let kept = strip == 0;
    let is_json = kept && matches!(json_text::recognise(frame), Json::Whole(_) | Json::Begun(_));
    let field = frame.get(handler.length_field_offset..header);
    // A number of two bytes of which each is a printable character is 8224 or
    // more; of one byte it may well be a length.
    let is_field_text = kept
        && handler.length_field_length > 1
        && field.is_some_and(|field| field.iter().all(|byte| *byte >= b' '));
    let is_lines =
        line_end(frame).is_some() && (is_field_text || begins_like_next_line(frame, strip));
    let (cause, fix) = match (is_json, is_lines) {
        (true, _) => (
            "the frame is JSON, also where the length is read from",
            "set handlerType to JSON",
        ),
        (_, true) => (
            "the frame is text with line ends inside, also where the length is read from",
            "set handlerType to TEXT",
        ),
        _ => return None,
    };
    Some(Advice::new("handlerType", cause, fix))
}

/// The first line end that more text follows, and where that begins.
fn line_end(frame: &[u8]) -> Option<(usize, usize)> {
    let end = memchr::memchr2(b'\r', b'\n', frame)?;
    let behind = &frame[end..];
    let next = behind
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    Some((end, end + next))
}

/// Whether the second line, less the bytes that were stripped off the frame,
/// begins as the frame does: then what was stripped was the first line's start,
/// and no header.
fn begins_like_next_line(frame: &[u8], strip: usize) -> bool {
    let Some((end, next)) = line_end(frame) else {
        return false;
    };
    let (first, second) = (&frame[..end], &frame[next..]);
    let Some(shifted) = second.get(strip..) else {
        return false;
    };
    let same = look::common_start(first, shifted);
    let start = &first[..same];
    let varied = start.iter().any(|byte| Some(byte) != start.first());
    same >= SAME_START && varied && (strip == 0 || same > look::common_start(first, second))
}

/// A frame that goes on with the header of the next message: the bytes before
/// the length field, if they are a mark, stand there again.
fn next_header(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    let offset = handler.length_field_offset;
    let header = offset.checked_add(handler.length_field_length)?;
    if handler.initial_bytes_to_strip > 0 || offset < 2 {
        return None;
    }
    let mark = frame.get(..offset)?;
    // Zeros are padding, and ones are erased memory.
    if [0, 0xff]
        .iter()
        .any(|filler| mark.iter().all(|byte| byte == filler))
    {
        return None;
    }
    let excess = (header..=header.saturating_add(MAX_TRAILER)).find(|excess| {
        let start = frame.len().checked_sub(*excess);
        start.is_some_and(|start| start >= header && frame[start..].starts_with(mark))
    })?;
    let adjustment = i64::from(handler.length_adjustment) - i64::try_from(excess).ok()?;
    Some(Advice::new(
        "lengthAdjustment",
        format!(
            "the frame's last {} begin as the frame does, so it goes on into the next message",
            counted(excess as u64, "byte")
        ),
        format!(
            "set lengthAdjustment to {adjustment}, which is {excess} less: what the number in the \
             length field counts begins further in front"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::split_or_merged;

    fn advice(settings: &str, frame: &[u8]) -> Option<(&'static str, String)> {
        let handler = serde_json::from_str(settings).unwrap();
        split_or_merged(&handler, frame).map(|advice| (advice.setting, advice.to_string()))
    }

    const ONE_BYTE: &str = r#"{"handlerType":"BINARY","lengthFieldLength":1}"#;
    const TWO_BYTES: &str = r#"{"handlerType":"BINARY","maxFrameLength":99999}"#;
    const TUTORIAL: &str = r#"{"handlerType":"BINARY","lengthFieldOffset":4,"lengthFieldLength":1,
        "initialBytesToStrip":5}"#;
    /// GT06's framing with a length that counts 3 bytes too many.
    const GT06_AND_HEADER: &str = r#"{"handlerType":"BINARY","lengthFieldOffset":2,
        "lengthFieldLength":1,"lengthAdjustment":5}"#;

    #[test]
    fn a_frame_that_does_not_fit_the_settings_is_named_with_the_setting() {
        let cases: [(&str, &[u8], &str, &str); 6] = [
            (
                ONE_BYTE,
                b"SN-002,default,temperature,25.7\r\nSN-002,default,humi",
                "handlerType",
                "the frame is text with line ends inside, also where the length is read from: set \
                 handlerType to TEXT",
            ),
            (
                TWO_BYTES,
                b"rature,25.7\nSN-002,",
                "handlerType",
                "set handlerType to TEXT",
            ),
            // What is left when SN-00 was taken for a header.
            (
                TUTORIAL,
                b"2,default,temperature,25.7\nSN-002,default,humidity,",
                "handlerType",
                "set handlerType to TEXT",
            ),
            (
                ONE_BYTE,
                b"{\"deviceName\":\"SN-002\"}\n{\"devi",
                "handlerType",
                "set handlerType to JSON",
            ),
            (
                GT06_AND_HEADER,
                b"\x78\x78\x08\x13\x46\x06\x02\x00\x02\x04\x4d\x0d\x0a\x78\x78\x0d",
                "lengthAdjustment",
                "the frame's last 3 bytes begin as the frame does, so it goes on into the next \
                 message: set lengthAdjustment to 2, which is 3 less",
            ),
            (
                GT06_AND_HEADER,
                b"\x78\x78\x08\x13\x46\x06\x02\x00\x02\x04\x4d\x0d\x0a\x78\x78\x0d\x01",
                "lengthAdjustment",
                "set lengthAdjustment to 1",
            ),
        ];
        for (settings, frame, setting, text) in cases {
            let shown = frame.escape_ascii();
            let Some(advice) = advice(settings, frame) else {
                panic!("nothing said of {settings} {shown}");
            };
            assert_eq!(advice.0, setting, "{shown}: {advice:?}");
            assert!(advice.1.contains(text), "{shown}: {advice:?}");
        }
    }

    #[test]
    fn a_frame_that_may_be_sound_is_left_alone() {
        let marked = r#"{"handlerType":"BINARY","lengthFieldOffset":4,"lengthFieldLength":4}"#;
        let one_byte_mark = r#"{"handlerType":"BINARY","lengthFieldOffset":1,
            "lengthFieldLength":1}"#;
        let stripped = r#"{"handlerType":"BINARY","lengthFieldLength":1,
            "initialBytesToStrip":1}"#;
        let cases: [(&str, &[u8]); 15] = [
            (one_byte_mark, b"\x7e\x05abc\x7e\x01"),
            (stripped, b"0000000\nx000000"),
            (TUTORIAL, b"abcdeabcdeabcde\nabcdeabcdeabcde"),
            (ONE_BYTE, b""),
            (TUTORIAL, b"SN-002default25.7"),
            (TUTORIAL, b"{\"a\":1}\n{\"a\":2}\n"),
            (TUTORIAL, b"SN-002,25.7\r\nSN-002,69\r\n"),
            (TUTORIAL, b"00000000\n00000000\n"),
            // A length of 65, and text.
            (
                ONE_BYTE,
                b"Athe first line\nthe second line, which makes 65 bytes after the A\n",
            ),
            (ONE_BYTE, b"A25.7\r\n"),
            (TWO_BYTES, b"\x10\0SN-002\nSN-002\nab"),
            // Zeros before the length and at the end.
            (marked, b"\0\0\0\0\0\0\0\x04abcd\0\0\0\0\0\0\0\x04"),
            // Its first bytes in the middle, and where no header fits behind.
            (
                GT06_AND_HEADER,
                b"\x78\x78\x08\x13\x78\x78\x02\x00\x02\x04\x4d\x0d\x0a\x01\x01\x01",
            ),
            (
                GT06_AND_HEADER,
                b"\x78\x78\x08\x13\x46\x06\x02\x00\x02\x04\x4d\x0d\x0a\x01\x78\x78",
            ),
            (GT06_AND_HEADER, b"\x78\x78\x00\x78\x78"),
        ];
        for (settings, frame) in cases {
            assert_eq!(advice(settings, frame), None, "{}", frame.escape_ascii());
        }
    }
}
