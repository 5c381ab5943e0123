//! Single values as people read them.

use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The year 10 000 begins here; RFC 3339 has no later one.
const END_OF_TIME_MS: u64 = 253_402_300_800_000;

/// `text` in one line that a terminal shows as it is: control characters,
/// escape sequences, line breaks and what turns the writing direction are
/// spelled out (`\n`, `\u{1b}`), and a backslash is doubled so that nothing
/// passes for one of them.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || acts_on_a_terminal(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// JSON as serde writes it, which leaves some control characters as they are.
/// They can stand in strings only.
pub(in crate::control) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if acts_on_a_terminal(character) {
            // All of them have four digits; writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether a terminal does something else than showing it.
fn acts_on_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Zero width and writing direction; line and paragraph separator; the
            // same again, isolating; byte order mark.
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// How exact a time is printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Precision {
    Seconds,
    Milliseconds,
}

/// Milliseconds since 1970 as an RFC 3339 time in UTC.
pub(super) fn time(ms: i64, precision: Precision) -> String {
    let Some(since_1970) = u64::try_from(ms).ok().filter(|ms| *ms < END_OF_TIME_MS) else {
        return format!("{ms} ms");
    };
    let time: SystemTime = UNIX_EPOCH + Duration::from_millis(since_1970);
    match precision {
        Precision::Seconds => humantime::format_rfc3339_seconds(time).to_string(),
        Precision::Milliseconds => humantime::format_rfc3339_millis(time).to_string(),
    }
}

/// Bytes with a unit that leaves few digits.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10) / 1024;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A number of things.
pub(in crate::control) fn count(number: u64, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_printed() {
        for (text, escaped) in [
            (
                "field 3: 'a' is \"no\" number",
                "field 3: 'a' is \"no\" number",
            ),
            ("Zähler 温度 😀", "Zähler 温度 😀"),
            ("\x1b[2J\x1b]0;title\x07", r"\u{1b}[2J\u{1b}]0;title\u{7}"),
            ("a\r\nb\tc\0", r"a\r\nb\tc\u{0}"),
            // The one-character form of an escape sequence's start.
            ("\u{9b}2J\u{7f}", r"\u{9b}2J\u{7f}"),
            (
                "\u{202e}txt\u{2066}\u{2028}\u{feff}",
                r"\u{202e}txt\u{2066}\u{2028}\u{feff}",
            ),
            (r"\n is no line break", r"\\n is no line break"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn times_are_utc_and_impossible_ones_are_numbers() {
        for (ms, seconds, milliseconds) in [
            (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            (
                1_767_323_045_678,
                "2026-01-02T03:04:05Z",
                "2026-01-02T03:04:05.678Z",
            ),
            (
                253_402_300_799_999,
                "9999-12-31T23:59:59Z",
                "9999-12-31T23:59:59.999Z",
            ),
            (
                253_402_300_800_000,
                "253402300800000 ms",
                "253402300800000 ms",
            ),
            (-1, "-1 ms", "-1 ms"),
            (
                i64::MIN,
                "-9223372036854775808 ms",
                "-9223372036854775808 ms",
            ),
        ] {
            assert_eq!(time(ms, Precision::Seconds), seconds);
            assert_eq!(time(ms, Precision::Milliseconds), milliseconds);
        }
    }

    #[test]
    fn sizes_have_few_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (100_000, "97.6 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (1024 * 1024, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (5 << 40, "5120.0 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
