//! Why `BINARY` cut nothing out of a connection: the length that it read is more
//! than came.

use super::{
    Advice,
    ending::counted,
    json_text::{self, Json},
    look::{self, Look},
    other_lengths::other_lengths,
};
use crate::{
    config::{HandlerConfiguration, LengthFieldEncoding},
    framing::{Explanation, Framer, length_field::Verdict},
};

/// Shorter text without a line end may be anything.
const LEAST_CHARACTERS: usize = 8;

pub(super) fn of_connection(
    handler: &HandlerConfiguration,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    let explanation = Framer::new(handler).ok()?.explain(received);
    let frame = explanation
        .as_ref()
        .and_then(|explanation| explanation.total);
    let all_came = frame.is_some_and(|frame| u64::try_from(frame).is_ok_and(|it| it <= total));
    let reported = match explanation.as_ref().map(|explanation| explanation.verdict) {
        // Cut, and skipped as empty.
        Some(Verdict::Frame { .. }) => return None,
        Some(Verdict::Incomplete { .. }) if all_came => return None,
        None | Some(Verdict::Incomplete { .. }) => false,
        Some(Verdict::TooLong { .. }) => all_came || handler.fail_fast,
        Some(_) => true,
    };
    if handler.length_field_encoding != LengthFieldEncoding::Binary {
        // A byte that is no digit was reported, too.
        let waits = !reported && explanation.is_some();
        return waits.then(|| unfinished(handler, explanation.as_ref(), total));
    }
    text_connection(received, total)
        .or_else(|| other_lengths(handler, explanation.as_ref()?, received, total))
        .or_else(|| (!reported).then(|| unfinished(handler, explanation.as_ref(), total)))
}

fn text_connection(received: &[u8], total: u64) -> Option<Advice> {
    let look = Look::at(look::whole_characters(received));
    let is_long = look.characters >= LEAST_CHARACTERS;
    if !look.is_text() || !(is_long || received.contains(&b'\n')) {
        return None;
    }
    let came = counted(total, "byte");
    let (cause, fix) = match json_text::recognise(received) {
        Json::Whole(_) | Json::Begun(_) => (
            format!("the {came} that came are JSON, also where the length is read from"),
            "set handlerType to JSON",
        ),
        Json::No | Json::End => (
            format!("the {came} that came are text, also where the length is read from"),
            "if the device sends text, set handlerType to TEXT",
        ),
    };
    Some(Advice::new("handlerType", cause, fix))
}

/// The length as it was read, beside what came.
pub(super) fn sum(explanation: &Explanation, total: u64) -> String {
    format!("{explanation}; {total} came")
}

fn unfinished(
    handler: &HandlerConfiguration,
    explanation: Option<&Explanation>,
    total: u64,
) -> Advice {
    const CHECK: &str = "check lengthFieldOffset, lengthFieldLength, byteOrder and lengthAdjustment, \
                         unless the device hung up in the middle of a message";
    match explanation {
        Some(explanation) => Advice::new("lengthFieldOffset", sum(explanation, total), CHECK),
        None => Advice::new(
            "lengthFieldOffset",
            format!(
                "only {} came, less than the header of lengthFieldOffset {} + lengthFieldLength {}",
                counted(total, "byte"),
                handler.length_field_offset,
                handler.length_field_length
            ),
            CHECK,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::never_cut;

    fn advice(settings: &str, received: &[u8], total: usize) -> Option<(&'static str, String)> {
        let settings = format!(r#"{{"handlerType":"BINARY",{settings}}}"#);
        let handler = serde_json::from_str(&settings).unwrap();
        let advice = never_cut(&handler, received, total as u64);
        advice.map(|advice| (advice.setting, advice.to_string()))
    }

    const DEFAULTS: &str = r#""lengthFieldOffset":0"#;
    const MARKED: &str = r#""lengthFieldOffset":2,"byteOrder":"BIG_ENDIAN""#;

    #[test]
    fn why_no_frame_was_whole_is_told_with_the_setting_to_change() {
        let cases: [(&str, &[u8], &str, &str); 6] = [
            (
                MARKED,
                b"\xaa\x55\0\x21abcd",
                "lengthFieldOffset",
                "length field at offset 2 is 0021 = 33; 33 + lengthAdjustment 0 + header 4 = 37 \
                 bytes; 8 came: check lengthFieldOffset, lengthFieldLength, byteOrder and \
                 lengthAdjustment, unless the device hung up in the middle of a message",
            ),
            (
                MARKED,
                b"\xaa\x55\0",
                "lengthFieldOffset",
                "only 3 bytes came, less than the header of lengthFieldOffset 2 + lengthFieldLength 2",
            ),
            (DEFAULTS, b"SN25", "lengthFieldOffset", "; 4 came: check"),
            (
                DEFAULTS,
                b"SN-002,default,temperature,25.7",
                "handlerType",
                "the 31 bytes that came are text, also where the length is read from",
            ),
            (
                DEFAULTS,
                b"25.7\r\n",
                "handlerType",
                "set handlerType to TEXT",
            ),
            (
                DEFAULTS,
                b"{\"deviceName\":\"SN-002\"}",
                "handlerType",
                "set handlerType to JSON",
            ),
        ];
        for (settings, received, setting, text) in cases {
            let shown = received.escape_ascii();
            let Some(advice) = advice(settings, received, received.len()) else {
                panic!("nothing said of {settings} {shown}");
            };
            assert_eq!(advice.0, setting, "{shown}: {advice:?}");
            assert!(advice.1.contains(text), "{shown}: {advice:?}");
        }
    }

    #[test]
    fn of_what_the_framer_reported_only_the_remedy_is_told() {
        let eight = r#""lengthFieldLength":8"#;
        let negative = b"\0\0\0\0\0\0\0\x80";
        let fits = [&negative[..], &[b'\x01'; 128]].concat();
        let too_short = r#""lengthAdjustment":-9"#;
        let cases: [(&str, &[u8], usize, Option<&str>); 9] = [
            (eight, negative, 8, None),
            (eight, &fits, fits.len(), Some("byteOrder")),
            (too_short, b"\x03\0abcd", 6, None),
            (too_short, b"\x03\0abc", 5, Some("lengthAdjustment")),
            // Cut, and empty or stripped away.
            (
                r#""skipEmptyFrames":true,"initialBytesToStrip":2"#,
                b"\0\0",
                2,
                None,
            ),
            (r#""initialBytesToStrip":9"#, b"\x03\0abc", 5, None),
            // Its end came behind what is looked at.
            (DEFAULTS, b"\x64\0abc", 102, None),
            (DEFAULTS, b"\0\x10\x01", 4098, None),
            (r#""failFast":true"#, b"\0\x10\x01", 3, None),
        ];
        for (settings, received, total, setting) in cases {
            let shown = received.escape_ascii();
            let advice = advice(settings, received, total);
            let told = advice.as_ref().map(|advice| advice.0);
            assert_eq!(told, setting, "{settings} {shown}: {advice:?}");
        }
    }
}
