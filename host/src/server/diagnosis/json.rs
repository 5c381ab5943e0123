//! What shows that `JSON` or its way with arrays is not the device's.

use super::{
    Advice,
    ending::counted,
    is_whole,
    look::{self, Look},
};
use crate::config::HandlerConfiguration;

pub(super) fn of_frame(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    let look = Look::at(frame);
    if look.is_binary() {
        return Some(Advice::new(
            "handlerType",
            "the frame begins and ends with a bracket but is not text, so the device's protocol is \
             a binary one",
            "set handlerType to BINARY and the length field to the protocol's",
        ));
    }
    let begins_objects = || {
        let elements = frame.trim_ascii_start().strip_prefix(b"[")?;
        elements
            .trim_ascii_start()
            .first()
            .filter(|byte| **byte == b'{')
    };
    if handler.split_arrays || begins_objects().is_none() {
        return None;
    }
    Some(Advice::new(
        "splitArrays",
        "the frame is a whole array of objects",
        "if the converter expects one object, set splitArrays to true, which makes each a frame",
    ))
}

pub(super) fn of_connection(received: &[u8], total: u64) -> Option<Advice> {
    let Some(start) = memchr::memchr2(b'{', b'[', received) else {
        return Some(no_bracket(received, total));
    };
    let open = open_brackets(&received[start..])?;
    let missing = match open {
        _ if !is_whole(received, total) => "what they begin is not closed".to_owned(),
        Open::String => "a string in them has no closing quotation mark".to_owned(),
        Open::Brackets(number) => format!("{} missing", closing_brackets(number)),
    };
    Some(Advice::new(
        "handlerType",
        format!("{} came, and {missing}", counted(total, "byte")),
        "a message is a frame once its first bracket is closed; if the device's messages are no \
         JSON, set handlerType to TEXT or BINARY",
    ))
}

fn no_bracket(received: &[u8], total: u64) -> Advice {
    let seen = match is_whole(received, total) {
        true => format!("the {} that came", counted(total, "byte")),
        false => format!("the first {} of {total} bytes", received.len()),
    };
    let look = Look::at(look::whole_characters(received));
    let (kind, fix) = match look.is_text() {
        true => ("are text without a bracket", "set handlerType to TEXT"),
        false => (
            "are neither text nor in brackets",
            "set handlerType to BINARY and the length field to the protocol's",
        ),
    };
    Advice::new("handlerType", format!("{seen} {kind}"), fix)
}

fn closing_brackets(number: u64) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(number, "closing bracket"))
}

/// What the end of the bytes leaves open.
#[derive(Debug, PartialEq, Eq)]
enum Open {
    String,
    Brackets(u64),
}

/// Counts as the decoder does. None once the first bracket is closed: what it
/// opened was a frame, or was reported.
fn open_brackets(bytes: &[u8]) -> Option<Open> {
    let mut brackets = 0;
    let mut in_string = false;
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match (in_string, byte) {
            (true, b'\\') => {
                bytes.next();
            }
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => brackets += 1,
            (false, b'}' | b']') => {
                brackets -= 1;
                if brackets == 0 {
                    return None;
                }
            }
            _ => {}
        }
    }
    Some(match in_string {
        true => Open::String,
        false => Open::Brackets(brackets),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{never_cut, split_or_merged};
    use crate::config::{HandlerConfiguration, HandlerType};

    fn handler() -> HandlerConfiguration {
        HandlerConfiguration {
            handler_type: HandlerType::Json,
            ..HandlerConfiguration::default()
        }
    }

    #[test]
    fn a_frame_that_does_not_fit_the_settings_is_named_with_the_setting() {
        let cases: [(&[u8], Option<&str>); 8] = [
            (b"{\"a\":1}", None),
            (b"{not json}", None),
            (b"[1,2]", None),
            (b"[]", None),
            ("{\"größe\":\"\u{fffd}\"}".as_bytes(), None),
            (b"[{\"deviceName\":\"SN-002\"}]", Some("splitArrays")),
            (b" [\n  {\"a\":1},\n  {\"a\":2}\n]", Some("splitArrays")),
            (b"{\x01\x02\0\0\x88\x91}", Some("handlerType")),
        ];
        for (frame, expected) in cases {
            let advice = split_or_merged(&handler(), frame);
            let setting = advice.as_ref().map(|advice| advice.setting);
            assert_eq!(setting, expected, "{}: {advice:?}", frame.escape_ascii());
        }
        let split = HandlerConfiguration {
            split_arrays: true,
            ..handler()
        };
        assert_eq!(split_or_merged(&split, b"[{}]"), None);
    }

    #[test]
    fn why_no_bracket_was_closed_is_told() {
        let cases: [(&[u8], u64, Option<&str>); 11] = [
            // Its last character goes on behind it.
            (
                b"SN-002,Z\xc3",
                999,
                Some("the first 9 of 999 bytes are text without a bracket"),
            ),
            (b"", 0, None),
            (b" \r\n", 3, None),
            (b"{}", 2, None),
            (b"x [\"]\", 1] {", 11, None),
            (
                b"{\"a\":[1,2",
                9,
                Some(
                    "9 bytes came, and 2 closing brackets are missing: a message is a frame once its \
                     first bracket is closed; if the device's messages are no JSON, set handlerType \
                     to TEXT or BINARY",
                ),
            ),
            (
                b"{\"a\":\"\\\"}\"",
                10,
                Some("10 bytes came, and 1 closing bracket is missing"),
            ),
            (
                b"{\"a\":\"b}",
                8,
                Some("a string in them has no closing quotation mark"),
            ),
            (
                b"{\"a\":",
                999,
                Some("999 bytes came, and what they begin is not closed"),
            ),
            (
                b"SN-002,25.7\n",
                12,
                Some("the 12 bytes that came are text without a bracket: set handlerType to TEXT"),
            ),
            (
                b"\0\x0f12345",
                7,
                Some("neither text nor in brackets: set handlerType to BINARY"),
            ),
        ];
        for (received, total, expected) in cases {
            let shown = received.escape_ascii();
            let advice = never_cut(&handler(), received, total);
            match (advice, expected) {
                (None, None) => {}
                (Some(advice), Some(text)) => {
                    assert_eq!(advice.setting, "handlerType", "{shown}");
                    assert!(advice.to_string().contains(text), "{shown}: {advice}");
                }
                (advice, _) => panic!("{shown}: {advice:?}"),
            }
        }
    }
}
