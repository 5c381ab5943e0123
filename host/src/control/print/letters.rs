//! Dead letters: a list as a table, one in full.

use std::io::{self, Write};

use super::{
    dump,
    table::{self, Align},
    text::{Precision, count, escape, size, time},
};
use crate::{
    control::protocol::{LetterList, LetterSummary},
    hex::unhex,
};

/// Most characters of a row: what a terminal shows as one line.
const WIDTH: usize = 100;

/// A row for each letter; errors are cut to the width of a terminal. Below it
/// how many there are in all.
///
/// # Errors
/// `output` cannot be written.
pub fn letters(output: &mut impl Write, list: &LetterList) -> io::Result<()> {
    let header = [
        ("id", Align::Right),
        ("received", Align::Left),
        ("integration", Align::Left),
        ("from", Align::Left),
        ("refused by", Align::Left),
        ("tries", Align::Right),
        ("length", Align::Right),
        ("error", Align::Left),
    ];
    if !list.letters.is_empty() {
        for line in table::lines(header, list.letters.iter().map(row), Some(WIDTH)) {
            writeln!(output, "{line}")?;
        }
        writeln!(output)?;
    }
    writeln!(output, "{}", summary(list))
}

fn row(letter: &LetterSummary) -> [String; 8] {
    [
        letter.id.to_string(),
        time(letter.received_ms, Precision::Seconds),
        letter.integration.clone(),
        from(letter),
        converter(letter),
        letter.tries.to_string(),
        letter.frame_length.to_string(),
        letter.error.clone(),
    ]
}

fn from(letter: &LetterSummary) -> String {
    letter.entity.clone().unwrap_or_else(|| letter.peer.clone())
}

fn converter(letter: &LetterSummary) -> String {
    if letter.entity.is_some() {
        return "ThingsBoard".to_owned();
    }
    match letter.version.as_str() {
        "" => letter.converter.clone(),
        version => format!("{}@{version}", letter.converter),
    }
}

fn summary(list: &LetterList) -> String {
    let shown = list.letters.len() as u64;
    let mut summary = match list.total {
        0 => "No dead letters".to_owned(),
        total if total > shown => format!("{shown} of {total} letters"),
        total => count(total, "letter", "letters"),
    };
    if list.bytes > 0 {
        summary += &format!("; the store takes {}", size(list.bytes));
    }
    if list.dropped > 0 {
        let dropped = count(list.dropped, "letter was", "letters were");
        summary += &format!("; {dropped} dropped to make room");
    }
    summary + "."
}

/// All that is known of a letter, and its bytes as a dump; a record as JSON.
///
/// # Errors
/// `output` cannot be written.
pub fn letter(output: &mut impl Write, letter: &LetterSummary) -> io::Result<()> {
    let bytes = count(letter.frame_length as u64, "byte", "bytes");
    for (name, value) in [
        ("id", letter.id.to_string()),
        (
            "received",
            time(letter.received_ms, Precision::Milliseconds),
        ),
        ("integration", letter.integration.clone()),
        ("from", from(letter)),
        ("refused by", converter(letter)),
        ("tries", letter.tries.to_string()),
        ("error", letter.error.clone()),
        ("session", letter.session_hex.clone()),
        ("length", bytes),
    ] {
        if name == "session" && value.is_empty() {
            continue;
        }
        let mut lines = value.lines();
        let first = lines.next().unwrap_or("-");
        writeln!(output, "{name:<11}  {}", escape(first))?;
        for line in lines {
            writeln!(output, "{:<11}  {}", "", escape(line))?;
        }
    }
    writeln!(output)?;
    let Some(frame) = unhex(&letter.frame_hex) else {
        return writeln!(
            output,
            "The bytes are no hex: {}",
            escape(&letter.frame_hex)
        );
    };
    let record = letter.entity.as_ref().and_then(|_| pretty(&frame));
    let lines = record.unwrap_or_else(|| dump::lines(&frame).collect());
    for line in lines {
        writeln!(output, "{line}")?;
    }
    match letter.frame_length.saturating_sub(frame.len()) {
        0 => Ok(()),
        missing => writeln!(
            output,
            "{} more that the answer did not hold.",
            count(missing as u64, "byte", "bytes")
        ),
    }
}

/// JSON text with a line for each value.
fn pretty(json: &[u8]) -> Option<Vec<String>> {
    let json: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = serde_json::to_string_pretty(&json).ok()?;
    // JSON escapes most of what a terminal must not get, but not all.
    let safe = |line: &str| match line.contains(char::is_control) {
        true => escape(line),
        false => line.to_owned(),
    };
    Some(text.lines().map(safe).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::letter as some_letter;

    fn listed(list: &LetterList) -> String {
        let mut output = Vec::new();
        letters(&mut output, list).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn shown(summary: &LetterSummary) -> String {
        let mut output = Vec::new();
        letter(&mut output, summary).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn letters_are_a_table_as_wide_as_a_terminal() {
        let list = LetterList {
            letters: vec![
                LetterSummary {
                    error: "the converter panicked: index out of bounds".to_owned(),
                    ..some_letter(117)
                },
                LetterSummary {
                    entity: Some("SN-1".to_owned()),
                    tries: 1,
                    error: "too old".to_owned(),
                    ..some_letter(18)
                },
                LetterSummary {
                    version: String::new(),
                    tries: 12,
                    frame_length: 4096,
                    error: "no\nnumber".to_owned(),
                    ..some_letter(9)
                },
            ],
            total: 1234,
            bytes: 3 << 20,
            dropped: 1,
        };
        let text = listed(&list);
        assert_eq!(
            text,
            " \
 id  received              integration  from            refused by   tries  length  error
117  2026-01-02T03:04:05Z  meters       10.0.0.7:40312  csv@1.3.0        2      13  the converter p…
 18  2026-01-02T03:04:05Z  meters       SN-1            ThingsBoard      1      13  too old
  9  2026-01-02T03:04:05Z  meters       10.0.0.7:40312  csv             12    4096  no\\nnumber

3 of 1234 letters; the store takes 3.0 MiB; 1 letter was dropped to make room.
"
        );
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert_eq!(widest, Some(100));
    }

    #[test]
    fn the_last_line_counts() {
        let list = |shown: u64, total, bytes, dropped| LetterList {
            letters: (0..shown).map(some_letter).collect(),
            total,
            bytes,
            dropped,
        };
        for (list, line) in [
            (list(0, 0, 0, 0), "No dead letters."),
            (
                list(0, 0, 8192, 5),
                "No dead letters; the store takes 8.0 KiB; 5 letters were dropped to make room.",
            ),
            (list(1, 1, 120, 0), "1 letter; the store takes 120 B."),
            (list(2, 2, 120, 0), "2 letters; the store takes 120 B."),
            (list(0, 3, 0, 0), "0 of 3 letters."),
        ] {
            assert_eq!(listed(&list).lines().last().unwrap(), line);
        }
    }

    #[test]
    fn one_letter_is_shown_in_full() {
        let bytes = b"HELLO, WORLD\r\n\x00\x7f\x80~ ";
        let summary = LetterSummary {
            error: "field 3 is no number\n\tin line 1 \x1b[2J".to_owned(),
            frame_length: bytes.len(),
            frame_hex: "48454c4c4f2c20574f524c440d0a007f807e20".to_owned(),
            ..some_letter(17)
        };
        assert_eq!(
            shown(&summary),
            r"id           17
received     2026-01-02T03:04:05.678Z
integration  meters
from         10.0.0.7:40312
refused by   csv@1.3.0
tries        2
error        field 3 is no number
             \tin line 1 \u{1b}[2J
length       19 bytes

00000000  48 45 4c 4c 4f 2c 20 57  4f 52 4c 44 0d 0a 00 7f  |HELLO, WORLD....|
00000010  80 7e 20                                          |.~ |
"
        );
    }

    #[test]
    fn a_record_is_shown_as_what_it_says() {
        let record = br#"{"name":"SN-1","attributes":{"a":7.0,"b":"\u001b","c":"\u009b"}}"#;
        let summary = LetterSummary {
            entity: Some("SN-1".to_owned()),
            frame_length: record.len(),
            frame_hex: crate::hex::hex(record),
            ..some_letter(17)
        };
        let text = shown(&summary);
        let (head, body) = text.split_once("\n\n").unwrap();
        assert!(
            head.contains("from         SN-1\nrefused by   ThingsBoard\n"),
            "{head}"
        );
        assert_eq!(
            body,
            "{\n  \"name\": \"SN-1\",\n  \"attributes\": {\n    \"a\": 7.0,\n    \"b\": \"\\u001b\",\n    \"c\": \"\\u{9b}\"\n  }\n}\n"
        );
    }

    #[test]
    fn bytes_that_are_missing_or_damaged_are_named() {
        for (length, hex, dump) in [
            (0, "", ""),
            (
                3,
                "4142",
                "00000000  41 42                                             |AB|\n\
                 1 byte more that the answer did not hold.\n",
            ),
            (1, "4", "The bytes are no hex: 4\n"),
            (1, "\x1b[", "The bytes are no hex: \\u{1b}[\n"),
            (1, "+4", "The bytes are no hex: +4\n"),
        ] {
            let text = shown(&LetterSummary {
                frame_length: length,
                frame_hex: hex.to_owned(),
                ..some_letter(1)
            });
            let (_, printed) = text.split_once("\n\n").unwrap();
            assert_eq!(printed, dump);
        }
    }

    #[test]
    fn a_device_cannot_write_to_the_terminal() {
        let hostile = LetterSummary {
            integration: "m\x1b[2J".to_owned(),
            peer: "p\n".to_owned(),
            converter: "c\r".to_owned(),
            version: "\u{9b}".to_owned(),
            error: "\x1b[2J".to_owned(),
            ..some_letter(1)
        };
        let list = LetterList {
            letters: vec![hostile.clone()],
            total: 1,
            ..LetterList::default()
        };
        for text in [listed(&list), shown(&hostile)] {
            let control = |character: char| character.is_control() && character != '\n';
            assert!(!text.contains(control), "{text:?}");
            assert!(text.contains(r"m\u{1b}[2J"), "{text}");
            assert!(text.contains(r"c\r@\u{9b}"), "{text}");
        }
        assert_eq!(listed(&list).lines().count(), 4);
    }
}
