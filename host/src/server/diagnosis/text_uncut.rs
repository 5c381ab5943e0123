//! Why `TEXT` cut nothing out of a connection: its separator never came.

use super::{
    Advice,
    ending::{ENDINGS, Ending, Separator, counted, set_separator},
    is_whole,
    json_text::{self, Json},
    look::{self, Look},
    text::utf16,
    wrong_separator::{SPELLED_LINE_FEED, spelled},
};
use crate::config::HandlerConfiguration;

pub(super) fn of_connection(
    handler: &HandlerConfiguration,
    received: &[u8],
    total: u64,
) -> Option<Advice> {
    let separator = Separator::of(handler)?;
    let whole = is_whole(received, total);
    // The framer has reported what came before the last separator or skipped it
    // as empty.
    let (rest, count) = match memchr::memmem::rfind(received, &separator.bytes) {
        Some(_) if !whole => return None,
        Some(last) => {
            let rest = &received[last + separator.bytes.len()..];
            (rest, rest.len() as u64)
        }
        None => (received, total),
    };
    if look::is_blank(rest) {
        return None;
    }
    let came = format!("no {} came in {}", separator.name(), counted(count, "byte"));
    let advice = whole_json(&came, rest)
        .or_else(|| utf16(rest))
        .or_else(|| binary_connection(&came, rest))
        .or_else(|| other_ending(&came, rest, whole))
        .unwrap_or_else(|| never_ended(came, handler, count));
    Some(advice)
}

fn whole_json(came: &str, rest: &[u8]) -> Option<Advice> {
    let cause = match json_text::recognise(rest) {
        Json::Whole(_) => format!("{came}, which are JSON"),
        Json::Begun(_) => format!("{came}, which begin a JSON document"),
        Json::No | Json::End => return None,
    };
    Some(Advice::new(
        "handlerType",
        cause,
        "set handlerType to JSON, which needs no separator",
    ))
}

fn binary_connection(came: &str, rest: &[u8]) -> Option<Advice> {
    let look = Look::at(look::whole_characters(rest));
    (look.controls > 0 || look.is_binary()).then(|| {
        Advice::new(
            "handlerType",
            format!("{came}, and not all of them are text"),
            "if the device's protocol is a binary one, set handlerType to BINARY and the length \
             field to the protocol's",
        )
    })
}

/// Another ending than that of the settings.
fn other_ending(came: &str, rest: &[u8], whole: bool) -> Option<Advice> {
    if rest.ends_with(SPELLED_LINE_FEED) {
        return Some(spelled());
    }
    let last = rest.last().copied().filter(|_| whole);
    let used = |ending: &&Ending| memchr::memchr(ending.byte, rest).is_some();
    let control = ENDINGS
        .iter()
        .find(|ending| last == Some(ending.byte))
        .or_else(|| ENDINGS.iter().find(used));
    let (cause, ending) = match (control, last) {
        (Some(ending), _) => {
            let count = memchr::memchr_iter(ending.byte, rest).count();
            let held = counted(count as u64, ending.name);
            (format!("{came}, but {held}"), ending.byte)
        }
        (None, Some(last)) if ends_messages(rest, last) => (
            format!("{came}, the last of which is {}", char::from(last)),
            last,
        ),
        _ => return None,
    };
    Some(Advice::new(
        "messageSeparator",
        cause,
        set_separator(&[ending]),
    ))
}

/// Whether `last`, the last of all bytes, looks like the end of messages. Where
/// it stands between fields as well it says nothing.
fn ends_messages(bytes: &[u8], last: u8) -> bool {
    b";#$|*!~)>@&".contains(&last)
        && (memchr::memchr(last, bytes) == Some(bytes.len() - 1)
            || look::are_alike(bytes.split(|byte| *byte == last)))
}

fn never_ended(came: String, handler: &HandlerConfiguration, count: u64) -> Advice {
    if count > handler.max_frame_length as u64 {
        return Advice::new(
            "messageSeparator",
            format!(
                "{came}, which exceeds maxFrameLength = {}",
                handler.max_frame_length
            ),
            "set messageSeparator to what the device ends its messages with, and maxFrameLength to \
             its longest message",
        );
    }
    if handler.flush_on_close {
        return Advice::new(
            "messageSeparator",
            came,
            "set messageSeparator to what the device ends its messages with",
        );
    }
    Advice::new(
        "flushOnClose",
        format!("{came}, and an unfinished message is no frame"),
        "set messageSeparator to what the device ends its messages with, or flushOnClose to true \
         if it ends its last one by hanging up",
    )
}

#[cfg(test)]
mod tests {
    use super::super::never_cut;

    fn advice(settings: &str, received: &[u8], total: usize) -> Option<(&'static str, String)> {
        let handler = serde_json::from_str(settings).unwrap();
        let advice = never_cut(&handler, received, total as u64);
        advice.map(|advice| (advice.setting, advice.to_string()))
    }

    const LINE: &str = "{}";
    const NUL: &str = r#"{"messageSeparator":"NUL_DELIMITER"}"#;
    const SEMICOLON: &str = r#"{"messageSeparator":"CUSTOM_SEPARATOR","separator":";"}"#;
    const FLUSH: &str = r#"{"flushOnClose":true}"#;

    #[test]
    fn why_no_separator_came_is_told_with_the_setting_to_change() {
        let cases: [(&str, &[u8], &str, &str); 20] = [
            (
                LINE,
                b"SN-002,default,temperature,25.7",
                "flushOnClose",
                "no line feed (messageSeparator SYSTEM_LINE_SEPARATOR) came in 31 bytes, and an \
                 unfinished message is no frame: set messageSeparator to what the device ends its \
                 messages with, or flushOnClose to true if it ends its last one by hanging up",
            ),
            (LINE, b"SN1;25;69;", "flushOnClose", "came in 10 bytes"),
            (
                FLUSH,
                b"SN-002,25.7",
                "messageSeparator",
                "came in 11 bytes: set",
            ),
            (
                r#"{"maxFrameLength":8}"#,
                b"SN-002,25.7",
                "messageSeparator",
                "exceeds maxFrameLength = 8",
            ),
            (
                LINE,
                b"\r\n\nSN-002,25.7",
                "flushOnClose",
                "came in 11 bytes",
            ),
            (
                SEMICOLON,
                b"A1,25\r\n",
                "messageSeparator",
                "no separator \";\" came in 7 bytes, but 1 line feed",
            ),
            (
                NUL,
                b"A1,25\nA1,26\n",
                "messageSeparator",
                "but 2 line feeds: set messageSeparator to SYSTEM",
            ),
            (
                LINE,
                b"A1,25\rA1,26\r",
                "messageSeparator",
                "but 2 carriage returns",
            ),
            (LINE, b"A1,25\0", "messageSeparator", "NUL_DELIMITER"),
            (
                NUL,
                b"\x02A1,25\x03",
                "messageSeparator",
                "separatorHex to 03",
            ),
            (
                NUL,
                b"a line\nA1,25\x04",
                "messageSeparator",
                "separatorHex to 04",
            ),
            (
                LINE,
                b"A1,25;",
                "messageSeparator",
                "the last of which is ;: set messageSeparator to CUSTOM_SEPARATOR and separator to \";\"",
            ),
            (
                LINE,
                b"A1,25;A1,26;",
                "messageSeparator",
                "separator to \";\"",
            ),
            (
                LINE,
                b"*HQ,135790246811220,HTBT,100#",
                "messageSeparator",
                "separator to \"#\"",
            ),
            (
                LINE,
                b"SN-002,default,temperature,25.7\\n",
                "messageSeparator",
                "echo does without -e",
            ),
            (
                LINE,
                b"{\"a\":1}",
                "handlerType",
                "came in 7 bytes, which are JSON: set handlerType to JSON",
            ),
            (
                LINE,
                b"{\"a\":1}{\"a\"",
                "handlerType",
                "begin a JSON document",
            ),
            (LINE, b"S\0N\0-\x001\0\r\0", "charsetName", "UTF-16LE"),
            // The packet of ThingsBoard's tutorial for BINARY.
            (
                LINE,
                b"0000\x11SN-002default25.7\0\0\0",
                "handlerType",
                "set handlerType to BINARY",
            ),
            (LINE, b"\0\x0f123456789012345", "handlerType", "BINARY"),
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
    fn of_a_part_the_last_byte_says_nothing() {
        let (setting, text) = advice(LINE, b"A1,25;", 7).unwrap();
        assert_eq!(setting, "flushOnClose", "{text}");
        assert!(text.contains("came in 7 bytes"), "{text}");
    }

    #[test]
    fn nothing_is_said_where_the_framer_has_said_it() {
        let cases: [(&str, &[u8], usize); 5] = [
            (LINE, b"", 0),
            (LINE, b"\r\n\n", 3),
            (LINE, b"a line that is too long\n", 24),
            (LINE, b"a line that is too long\nthe next", 999),
            (SEMICOLON, b" \r\n", 3),
        ];
        for (settings, received, total) in cases {
            let shown = received.escape_ascii();
            assert_eq!(advice(settings, received, total), None, "{shown}");
        }
    }
}
