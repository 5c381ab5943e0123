//! What in a frame of `TEXT` shows that its separator is not the device's.

use super::{
    Advice,
    ending::{ENDINGS, Ending, Separator, counted, set_separator, trim},
    look,
};
use crate::config::HandlerConfiguration;

/// What `echo` without `-e` sends for a line feed.
pub(super) const SPELLED_LINE_FEED: &[u8] = b"\\n";

/// Separators of the device's inside the frame, or the rest of one at an end.
pub(super) fn wrong_separator(
    handler: &HandlerConfiguration,
    separator: &Separator,
    frame: &[u8],
) -> Option<Advice> {
    merged(separator, trim(frame))
        .or_else(|| merged_by_spelling(frame))
        .or_else(|| rest_of_ending(handler, separator, frame))
}

/// Several messages with an ending between them that the separator leaves alone.
fn merged(separator: &Separator, frame: &[u8]) -> Option<Advice> {
    let ending = ENDINGS
        .iter()
        .find(|ending| separator.leaves(ending.byte) && divides(separator, ending, frame))?;
    let count = memchr::memchr_iter(ending.byte, frame).count();
    Some(Advice::new(
        "messageSeparator",
        format!(
            "the frame holds {}, so several messages came as one, and messageSeparator is not \
             what the device ends them with",
            counted(count as u64, ending.name)
        ),
        set_separator(&[ending.byte]),
    ))
}

/// Whether this ending stands between messages. A message of several lines has
/// line feeds too, and padded fields have zero bytes, but what is between those
/// does not look alike. A carriage return in a line has no other meaning.
fn divides(separator: &Separator, ending: &Ending, frame: &[u8]) -> bool {
    if memchr::memchr(ending.byte, frame).is_none() {
        return false;
    }
    if separator.is_line && ending.byte == b'\r' {
        return true;
    }
    let pads = ending.byte == 0 && memchr::memmem::find(frame, b"\0\0").is_some();
    !pads && look::are_alike(frame.split(|byte| *byte == ending.byte))
}

/// Several messages with a backslash and an `n` between them.
fn merged_by_spelling(frame: &[u8]) -> Option<Advice> {
    let places = || memchr::memmem::find_iter(frame, SPELLED_LINE_FEED);
    let starts = std::iter::once(0).chain(places().map(|at| at + SPELLED_LINE_FEED.len()));
    let ends = places().chain([frame.len()]);
    look::are_alike(starts.zip(ends).map(|(start, end)| &frame[start..end])).then(spelled)
}

pub(super) fn spelled() -> Advice {
    Advice::new(
        "messageSeparator",
        r"the device sends \n as two characters, not as a line feed, as echo does without -e",
        "make it send line feeds, or set messageSeparator to CUSTOM_SEPARATOR and separatorHex to \
         5c6e",
    )
}

/// One end of the device's message ending, where the separator is the other.
fn rest_of_ending(
    handler: &HandlerConfiguration,
    separator: &Separator,
    frame: &[u8],
) -> Option<Advice> {
    let is_utf16 = handler
        .charset_name
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("utf-16"));
    let is_rest = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0) && separator.leaves(*byte);
    let rest = frame.iter().take_while(|byte| is_rest(byte)).count();
    // More of them are blank lines or padding.
    if is_utf16 || rest > 2 || rest == frame.len() {
        return None;
    }
    let (place, ending) = match rest {
        0 if *separator.bytes == *b"\n" && !separator.is_line && frame.ends_with(b"\r") => {
            ("ends with the first byte", b"\r\n".to_vec())
        }
        0 => return None,
        _ => (
            "begins with the last bytes",
            [&*separator.bytes, &frame[..rest]].concat(),
        ),
    };
    Some(Advice::new(
        "messageSeparator",
        format!("the frame {place} of a longer separator than the settings'"),
        set_separator(&ending),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::split_or_merged;

    fn advice(settings: &str, frame: &[u8]) -> Option<String> {
        let handler = serde_json::from_str(settings).unwrap();
        split_or_merged(&handler, frame).map(|advice| {
            assert_eq!(advice.setting, "messageSeparator", "{advice}");
            advice.to_string()
        })
    }

    const LINE: &str = "{}";
    const NUL: &str = r#"{"messageSeparator":"NUL_DELIMITER"}"#;
    const HASH: &str = r##"{"messageSeparator":"CUSTOM_SEPARATOR","separator":"#"}"##;
    const LF: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0a"}"#;
    const KEPT_LF: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0a",
        "stripDelimiter":false}"#;
    const CR: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0d"}"#;
    const CRLF: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0d0a"}"#;

    #[test]
    fn a_separator_that_is_not_the_devices_is_named() {
        let cases: [(&str, &[u8], &str); 15] = [
            (
                NUL,
                b"SN-002,default,temperature,25.7\nSN-002,default,humidity,69\n",
                "the frame holds 1 line feed, so several messages came as one, and messageSeparator \
                 is not what the device ends them with: set messageSeparator to SYSTEM_LINE_SEPARATOR",
            ),
            (HASH, b"A1,25\r\nB2,26\r\nC3,27", "2 line feeds"),
            (CRLF, b"A1,25\nB2,26", "SYSTEM_LINE_SEPARATOR"),
            (
                LINE,
                b"A1,25\rB2,26\rsomething else",
                "holds 2 carriage returns",
            ),
            (LINE, b"A1,25\rB2,26", "separatorHex to 0d"),
            (LINE, b"SN1 25\0SN1 26\0", "NUL_DELIMITER"),
            (LINE, b"\x02SN1 25\x03\x02SN1 26\x03", "1 ETX (0x03)"),
            (
                r#"{"stripDelimiter":false}"#,
                b"A1,25\rB2,26\r\n",
                "holds 1 carriage return,",
            ),
            (
                LINE,
                br"SN-002,default,temperature,25.7\nSN-002,default,humidity,69",
                r"the device sends \n as two characters, not as a line feed, as echo does without -e",
            ),
            // What follows the separator that the settings know.
            (
                LINE,
                b"\rSN-002,default,humidity,69",
                "separatorHex to 0a0d",
            ),
            (
                LINE,
                b"\0SN-002,default,humidity,69",
                "separatorHex to 0a00",
            ),
            (
                HASH,
                b"\r\n*HQ,135790246811220,HTBT,100",
                "separatorHex to 230d0a",
            ),
            (CR, b"\nSN-002,default", "SYSTEM_LINE_SEPARATOR"),
            (LF, b"SN-002,default\r", "SYSTEM_LINE_SEPARATOR"),
            (KEPT_LF, b"SN-002,default\r\n", "SYSTEM_LINE_SEPARATOR"),
        ];
        for (settings, frame, text) in cases {
            let advice = advice(settings, frame);
            let told = advice.as_ref().is_some_and(|advice| advice.contains(text));
            assert!(told, "{}: {advice:?}", frame.escape_ascii());
        }
    }

    #[test]
    fn what_may_be_one_message_is_left_alone() {
        let blank_line = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0a0a"}"#;
        let utf16 = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0a00",
            "charsetName":"utf-16LE"}"#;
        let cases: [(&str, &[u8]); 14] = [
            (LINE, b"SN-002,default,temperature,25.7\\n"),
            (LINE, b"C:\\new\\net,25"),
            (LINE, b"AB\0\0,CD\0\0,12"),
            (LINE, b"AB,1\0\0CD,2"),
            (NUL, b"a first line\rthe second, longer"),
            (utf16, b"\rSN-002,25.7"),
            (LINE, b"\r"),
            (LF, b"\r"),
            (NUL, b"temperature: 25.7\nhumidity: 69"),
            (NUL, b"<v>\n<t>25.7</t>\n</v>"),
            (NUL, b"\r\n\r\nSN-002,25.7"),
            (HASH, b"first line\nsecond line\n"),
            (blank_line, b"SN-002,25.7\nSN-002,69"),
            (blank_line, b"\nSN-002,25.7"),
        ];
        for (settings, frame) in cases {
            assert_eq!(advice(settings, frame), None, "{}", frame.escape_ascii());
        }
    }
}
