//! What the tools print: tables and sentences for people, or one JSON document.
//!
//! Names, versions and errors come from devices, converters and file names.
//! Whatever is printed goes through [`escape`], so that none of them can move
//! the cursor of a terminal or pass for another line.

mod converters;
mod dump;
mod letters;
mod spool;
mod table;
mod text;

use std::io::{self, Write};

pub use converters::converters;
pub use letters::{letter, letters};
pub use spool::spool;
pub use text::escape;

use super::protocol::{Removed, ReplayReport, Response, RolledBack, SpoolPage};
pub(super) use text::{count, escape_json};

/// The answer to any request, for people; with `as_json` one JSON document, as
/// the host sends it.
///
/// # Errors
/// `output` cannot be written.
pub fn response(output: &mut impl Write, response: &Response, as_json: bool) -> io::Result<()> {
    if as_json {
        return writeln!(output, "{}", escape_json(&json(response)?));
    }
    match response {
        Response::Converters(statuses) => converters(output, statuses),
        Response::RolledBack(report) => rolled_back(output, report),
        Response::Letters(list) => letters(output, list),
        Response::Letter(summary) => letter(output, summary),
        Response::Replayed(report) => replayed(output, report),
        Response::Removed(report) => removed(output, report),
        Response::Spool(status) => spool(output, status),
        Response::SpoolRecords(page) => lines(output, page),
    }
}

/// Records as they are exported, a line each.
fn lines(output: &mut impl Write, page: &SpoolPage) -> io::Result<()> {
    page.lines
        .iter()
        .try_for_each(|line| writeln!(output, "{}", escape_json(line)))
}

fn json(response: &Response) -> serde_json::Result<String> {
    match response {
        Response::Converters(statuses) => serde_json::to_string(statuses),
        Response::RolledBack(report) => serde_json::to_string(report),
        Response::Letters(list) => serde_json::to_string(list),
        Response::Letter(summary) => serde_json::to_string(summary),
        Response::Replayed(report) => serde_json::to_string(report),
        Response::Removed(report) => serde_json::to_string(report),
        Response::Spool(status) => serde_json::to_string(status),
        Response::SpoolRecords(page) => serde_json::to_string(page),
    }
}

fn rolled_back(output: &mut impl Write, report: &RolledBack) -> io::Result<()> {
    let RolledBack { name, from, to } = report;
    writeln!(
        output,
        "{} went back from version {} to {}.",
        escape(name),
        escape(from),
        escape(to)
    )
}

fn replayed(output: &mut impl Write, report: &ReplayReport) -> io::Result<()> {
    let ReplayReport {
        replayed,
        failed,
        left,
        entities,
    } = *report;
    if replayed + failed + left == 0 {
        return writeln!(output, "There was no letter to replay.");
    }
    let mut sentence = format!(
        "{} decoded into {}",
        count(replayed, "letter", "letters"),
        count(entities, "entity", "entities")
    );
    if failed > 0 {
        sentence += &format!(", {failed} failed again");
    }
    if left > 0 {
        sentence += &format!(", {left} left for want of a converter or integration");
    }
    writeln!(output, "{sentence}.")
}

fn removed(output: &mut impl Write, report: &Removed) -> io::Result<()> {
    writeln!(
        output,
        "{} removed.",
        count(report.letters, "letter", "letters")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::{every_response, letter};

    fn printed(answer: &Response, as_json: bool) -> String {
        let mut output = Vec::new();
        response(&mut output, answer, as_json).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn reports_are_one_sentence() {
        let replay = |replayed, failed, left, entities| {
            Response::Replayed(ReplayReport {
                replayed,
                failed,
                left,
                entities,
            })
        };
        for (report, sentence) in [
            (
                Response::RolledBack(RolledBack {
                    name: "c\x1bsv".to_owned(),
                    from: "1.3.0".to_owned(),
                    to: "1.2\n".to_owned(),
                }),
                r"c\u{1b}sv went back from version 1.3.0 to 1.2\n.",
            ),
            (replay(0, 0, 0, 0), "There was no letter to replay."),
            (replay(1, 0, 0, 1), "1 letter decoded into 1 entity."),
            (
                replay(17, 2, 1, 34),
                "17 letters decoded into 34 entities, 2 failed again, 1 left for want of a \
                 converter or integration.",
            ),
            (
                replay(0, 0, 3, 0),
                "0 letters decoded into 0 entities, 3 left for want of a converter or integration.",
            ),
            (
                Response::Removed(Removed { letters: 1 }),
                "1 letter removed.",
            ),
            (
                Response::Removed(Removed { letters: 0 }),
                "0 letters removed.",
            ),
        ] {
            assert_eq!(printed(&report, false), format!("{sentence}\n"));
        }
    }

    #[test]
    fn every_answer_is_one_json_document_as_in_the_protocol() {
        let expected = [
            r#"[{"name":"csv","kind":"uplink","version":"1.3.0","bytes":100000,"loadedAtMs":1767323045678,"calls":1000,"errors":2,"state":"serving","detail":null,"previous":[]}]"#,
            r#"{"name":"csv","from":"1.3.0","to":"1.2.0"}"#,
            r#"{"letters":[{"id":17,"receivedMs":1767323045678,"integration":"meters","peer":"10.0.0.7:40312","converter":"csv","version":"1.3.0","tries":2,"error":"field 3 is no number","frameLength":13,"frameHex":"48454c4c4f2c20574f524c440a"}],"total":1,"bytes":120,"dropped":0}"#,
            r#"{"id":17,"receivedMs":1767323045678,"integration":"meters","peer":"10.0.0.7:40312","converter":"csv","version":"1.3.0","tries":2,"error":"field 3 is no number","frameLength":13,"frameHex":"48454c4c4f2c20574f524c440a"}"#,
            r#"{"replayed":3,"failed":0,"left":0,"entities":9}"#,
            r#"{"letters":2}"#,
            r#"{"running":true,"folder":"/d/spool","exists":true,"records":83,"bytes":4000,"maxBytes":1073741824,"diskBytes":32768,"oldestAgeMs":95500,"nextPosition":90,"dropped":{"full":0,"expired":2,"damaged":0},"diskError":null,"damage":null}"#,
            r#"{"lines":["{\"position\":7,\"name\":\"SN-1\"}"],"next":8,"unreadable":0}"#,
        ];
        for (answer, expected) in every_response().iter().zip(expected) {
            assert_eq!(printed(answer, true), format!("{expected}\n"));
        }
    }

    #[test]
    fn json_keeps_every_character_and_none_reaches_the_terminal_raw() {
        let mut summary = letter(1);
        summary.error = "\x1b[2J\u{9b}2J\u{7f}\u{202e}é\n\"\\".to_owned();
        let text = printed(&Response::Letter(summary.clone()), true);
        assert!(
            text.contains(r#""error":"\u001b[2J\u009b2J\u007f\u202eé\n\"\\""#),
            "{text}"
        );
        let read: crate::control::LetterSummary = serde_json::from_str(&text).unwrap();
        assert_eq!(read, summary);
    }
}
