//! The converters as a table.

use std::io::{self, Write};

use super::{
    table::{self, Align},
    text::{Precision, escape, size, time},
};
use crate::control::protocol::{ConverterState, ConverterStatus};

/// Under a converter's row stands what is to be said of it.
const INDENT: &str = "    ";

/// A row for each converter, and below it why it is in that state and which
/// versions a rollback can go to.
///
/// # Errors
/// `output` cannot be written.
pub fn converters(output: &mut impl Write, statuses: &[ConverterStatus]) -> io::Result<()> {
    if statuses.is_empty() {
        return writeln!(
            output,
            "There are no converters. Put .wasm files into the converters folder."
        );
    }
    let header = [
        ("name", Align::Left),
        ("kind", Align::Left),
        ("version", Align::Left),
        ("size", Align::Right),
        ("loaded", Align::Left),
        ("calls", Align::Right),
        ("errors", Align::Right),
        ("state", Align::Left),
    ];
    let mut lines = table::lines(header, statuses.iter().map(row), None).into_iter();
    if let Some(header) = lines.next() {
        writeln!(output, "{header}")?;
    }
    for (line, status) in lines.zip(statuses) {
        writeln!(output, "{line}")?;
        for line in status.detail.iter().flat_map(|detail| detail.lines()) {
            writeln!(output, "{INDENT}{}", escape(line))?;
        }
        if !status.previous.is_empty() {
            let versions = escape(&status.previous.join(", "));
            writeln!(output, "{INDENT}can go back to {versions}")?;
        }
    }
    Ok(())
}

fn row(status: &ConverterStatus) -> [String; 8] {
    [
        status.name.clone(),
        status.kind.clone(),
        status.version.clone(),
        size(status.bytes),
        match status.loaded_at_ms {
            0 => String::new(),
            ms => time(ms, Precision::Seconds),
        },
        status.calls.to_string(),
        status.errors.to_string(),
        words(status.state).to_owned(),
    ]
}

fn words(state: ConverterState) -> &'static str {
    match state {
        ConverterState::Serving => "serving",
        ConverterState::FileBroken => "file broken",
        ConverterState::FileRemoved => "file removed",
        ConverterState::RolledBack => "rolled back",
        ConverterState::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::status;

    fn printed(statuses: &[ConverterStatus]) -> String {
        let mut output = Vec::new();
        converters(&mut output, statuses).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn converters_are_a_table_with_their_details_below() {
        let statuses = [
            status("csv"),
            ConverterStatus {
                kind: "uplink and downlink".to_owned(),
                version: "0.9".to_owned(),
                bytes: 812,
                calls: 12_345_678,
                state: ConverterState::FileBroken,
                detail: Some("damaged or incomplete: offset 7\ncopy the file again".to_owned()),
                previous: vec!["0.8".to_owned(), "0.7".to_owned()],
                ..status("attributes-json")
            },
            ConverterStatus {
                kind: String::new(),
                version: String::new(),
                bytes: 0,
                loaded_at_ms: 0,
                calls: 0,
                errors: 0,
                state: ConverterState::Failed,
                detail: Some("not a WebAssembly file".to_owned()),
                ..status("new")
            },
        ];
        assert_eq!(
            printed(&statuses),
            "\
name             kind                 version      size  loaded                   calls  errors  state
csv              uplink               1.3.0    97.6 KiB  2026-01-02T03:04:05Z      1000       2  serving
attributes-json  uplink and downlink  0.9         812 B  2026-01-02T03:04:05Z  12345678       2  file broken
    damaged or incomplete: offset 7
    copy the file again
    can go back to 0.8, 0.7
new              -                    -             0 B  -                            0       0  failed
    not a WebAssembly file
"
        );
    }

    #[test]
    fn every_state_has_its_words() {
        for (state, words) in [
            (ConverterState::Serving, "serving"),
            (ConverterState::FileBroken, "file broken"),
            (ConverterState::FileRemoved, "file removed"),
            (ConverterState::RolledBack, "rolled back"),
            (ConverterState::Failed, "failed"),
        ] {
            let status = ConverterStatus {
                state,
                ..status("csv")
            };
            let text = printed(&[status]);
            assert!(text.ends_with(&format!("       2  {words}\n")), "{text}");
        }
    }

    #[test]
    fn without_converters_it_is_said_where_they_go() {
        assert_eq!(
            printed(&[]),
            "There are no converters. Put .wasm files into the converters folder.\n"
        );
    }

    #[test]
    fn a_converter_cannot_write_to_the_terminal() {
        let hostile = ConverterStatus {
            version: "1\n2\x1b[2J".to_owned(),
            detail: Some("\x1b[2J\nother  uplink\r".to_owned()),
            previous: vec!["\u{9b}2J".to_owned()],
            ..status("c\x1b[2Jsv")
        };
        assert_eq!(
            printed(&[hostile]),
            r"name          kind    version            size  loaded                calls  errors  state
c\u{1b}[2Jsv  uplink  1\n2\u{1b}[2J  97.6 KiB  2026-01-02T03:04:05Z   1000       2  serving
    \u{1b}[2J
    other  uplink\r
    can go back to \u{9b}2J
"
        );
    }
}
