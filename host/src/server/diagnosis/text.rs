//! What shows that `TEXT`, its separator or its encoding is not the device's.

use super::{
    Advice,
    ending::{Separator, counted},
    json_text::{self, Json},
    look::{self, Look, Utf16},
    wrong_separator::wrong_separator,
};
use crate::config::HandlerConfiguration;

/// Shorter text is not judged by its encoding: short binary frames look alike.
const LEAST_CHARACTERS: usize = 12;

pub(super) fn of_frame(handler: &HandlerConfiguration, frame: &[u8]) -> Option<Advice> {
    let separator = Separator::of(handler)?;
    let frame = separator.strip(handler, frame);
    let json = json_text::recognise(frame);
    if json == Json::Whole(1) {
        return None;
    }
    let look = Look::at(frame);
    cut_json(json)
        .or_else(|| utf16(frame))
        .or_else(|| binary_frame(&look))
        .or_else(|| {
            let separated = || wrong_separator(handler, &separator, frame);
            look.is_nearly_text().then(separated).flatten()
        })
        .or_else(|| encoding(&look))
}

fn cut_json(json: Json) -> Option<Advice> {
    let cause = match json {
        Json::No | Json::Whole(0 | 1) => return None,
        Json::Whole(_) => "the frame is several JSON documents, so several messages came as one",
        Json::Begun(0) => {
            "the frame begins a JSON document that it does not end, so one message came as several"
        }
        Json::Begun(_) => "the frame holds whole JSON documents and the beginning of another",
        Json::End => {
            "the frame is the closing brackets of a JSON document, so one message came as several"
        }
    };
    Some(Advice::new(
        "handlerType",
        cause,
        "set handlerType to JSON, which cuts behind each document's closing bracket",
    ))
}

pub(super) fn utf16(bytes: &[u8]) -> Option<Advice> {
    let fix = match look::utf16(bytes)? {
        Utf16::Little => {
            "set charsetName to UTF-16LE, messageSeparator to CUSTOM_SEPARATOR, and separatorHex to \
             its line feed, 0a00"
        }
        Utf16::BigOrMiscut => {
            "set charsetName to UTF-16BE, messageSeparator to CUSTOM_SEPARATOR, and separatorHex to \
             its line feed, 000a; or to UTF-16LE and 0a00 if the connection's first frame decodes"
        }
    };
    let cause = "each second byte is zero, as in UTF-16";
    Some(Advice::new("charsetName", cause, fix))
}

fn binary_frame(look: &Look) -> Option<Advice> {
    look.is_binary().then(|| {
        Advice::new(
            "handlerType",
            format!(
                "{} of the frame's {} are not text, so the device's protocol is a binary one and \
                 its frames are cut anywhere",
                look.foreign(),
                counted(look.characters as u64, "character")
            ),
            "set handlerType to BINARY and the length field to the protocol's",
        )
    })
}

/// Text but for a few bytes, none of which is a control character.
fn encoding(look: &Look) -> Option<Advice> {
    let is_foreign = look.zeros == 0
        && look.controls == 0
        && look.malformed > 0
        && look.malformed * 4 <= look.characters;
    (is_foreign && look.characters >= LEAST_CHARACTERS).then(|| {
        Advice::new(
            "charsetName",
            format!(
                "the frame holds {} of no UTF-8 character",
                counted(look.malformed as u64, "byte")
            ),
            "if it is text, set charsetName to the device's encoding, such as ISO-8859-1",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::split_or_merged;

    /// The setting to change and the whole advice.
    fn advice(settings: &str, frame: &[u8]) -> Option<(&'static str, String)> {
        let handler = serde_json::from_str(settings).unwrap();
        split_or_merged(&handler, frame).map(|advice| (advice.setting, advice.to_string()))
    }

    const LINE: &str = "{}";
    const NUL: &str = r#"{"messageSeparator":"NUL_DELIMITER"}"#;

    #[test]
    fn a_frame_that_does_not_fit_the_settings_is_named_with_the_setting() {
        let cases: [(&str, &[u8], &str, &str); 10] = [
            (
                LINE,
                b"{",
                "handlerType",
                "the frame begins a JSON document that it does not end, so one message came as \
                 several: set handlerType to JSON, which cuts behind each document's closing bracket",
            ),
            (
                LINE,
                b"{\"deviceName\": \"SN-002\",",
                "handlerType",
                "begins a JSON document",
            ),
            (
                LINE,
                b"]",
                "handlerType",
                "closing brackets of a JSON document",
            ),
            (
                NUL,
                b"{\"a\":1}\n{\"a\":2}\n",
                "handlerType",
                "several JSON documents",
            ),
            (
                LINE,
                b"{\"a\":1}{\"a\":2",
                "handlerType",
                "beginning of another",
            ),
            (
                LINE,
                b"S\0N\0-\x002\0,\x002\x005\0",
                "charsetName",
                "UTF-16LE",
            ),
            (LINE, b"\0S\0N\0-\0a\0,", "charsetName", "UTF-16BE"),
            // GT06's login up to its line feed.
            (
                LINE,
                b"\x78\x78\x0d\x01\x03\x52\x88\x70\x71\x91\x19\x98\x00\x04\x79\xd0",
                "handlerType",
                "set handlerType to BINARY",
            ),
            // Shift_JIS has made replacement characters of it.
            (
                r#"{"charsetName":"Shift_JIS"}"#,
                "xx\u{1}\u{fffd}\u{19}\0\u{fffd}\u{4}".as_bytes(),
                "handlerType",
                "BINARY",
            ),
            (
                LINE,
                b"SN-002,default,\xb0C,25.7",
                "charsetName",
                "holds 1 byte of no UTF-8 character",
            ),
        ];
        for (settings, frame, setting, text) in cases {
            let Some(advice) = advice(settings, frame) else {
                panic!("nothing said of {settings} {}", frame.escape_ascii());
            };
            assert_eq!(advice.0, setting, "{}: {advice:?}", frame.escape_ascii());
            assert!(
                advice.1.contains(text),
                "{}: {advice:?}",
                frame.escape_ascii()
            );
        }
    }

    #[test]
    fn a_frame_that_may_be_sound_is_left_alone() {
        let cases: [(&str, &[u8]); 11] = [
            (LINE, b""),
            (LINE, b"SN-002,default,temperature,25.7abc"),
            (LINE, b"{\"a\":\"\\n\",\"b\":[1,2]}"),
            (LINE, b"[12,34"),
            (LINE, b"{25.7;69}"),
            (LINE, b"\x02ID1\x1f25.7\x1f69\x03"),
            (LINE, b"8=FIX.4.2\x019=65\x0135=A\x01"),
            (LINE, b"ab\x10cd\rabcdefghij"),
            (NUL, b"{\"a\":[\"b,c\"\n,\"d\"]}"),
            (LINE, b"\xc4\xe0\xf2\xf7\xe8\xea"),
            (NUL, b"{\n  \"a\": 1,\n  \"b\": 2\n}\n"),
        ];
        for (settings, frame) in cases {
            assert_eq!(advice(settings, frame), None, "{}", frame.escape_ascii());
        }
    }
}
