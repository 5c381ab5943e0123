//! A letter as it lies in the file: its details as JSON, its bytes as they are.
//!
//! JSON, because fields can be added without rewriting what is there. The bytes
//! are apart from it, because hex would double them and a filter does not look
//! at them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::letter::{FailedAgain, NewLetter, Origin};

/// What a letter takes beside its details and its frame: the key, two lengths
/// and its share of the page.
const OVERHEAD: u64 = 64;

/// A converter can say as much as its memory holds. The first 4 KiB tell what is
/// wrong.
const MAX_ERROR: usize = 4096;

/// Everything about a letter but its number and its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    pub(super) received_ms: i64,
    pub(super) integration: String,
    #[serde(flatten)]
    pub(super) origin: Origin,
    pub(super) error: String,
    pub(super) tries: u32,
}

impl Details {
    /// Reads what [`Details::json`] wrote.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Cannot fail: only strings as keys, and no types that JSON lacks.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Takes over the outcome of another try.
    pub(super) fn fail_again(&mut self, again: &FailedAgain) {
        if let Origin::Converter {
            converter, version, ..
        } = &mut self.origin
        {
            converter.clone_from(&again.converter);
            version.clone_from(&again.version);
        }
        cut(&again.error, MAX_ERROR).clone_into(&mut self.error);
        self.tries = self.tries.saturating_add(1);
    }
}

/// What is written for a letter.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// [`Details`] as JSON.
    pub(super) details: Vec<u8>,
    pub(super) frame: Bytes,
}

impl Record {
    pub(super) fn new(letter: NewLetter) -> Self {
        let details = Details {
            received_ms: letter.received_ms,
            integration: letter.integration,
            origin: letter.origin,
            error: cut(&letter.error, MAX_ERROR).to_owned(),
            tries: 1,
        };
        Self {
            details: details.json(),
            frame: letter.frame,
        }
    }

    /// What it counts against the limit.
    pub(super) fn size(&self) -> u64 {
        size_of_record(&self.details, &self.frame)
    }
}

/// What a letter counts against the limit.
pub(super) fn size_of_record(details: &[u8], frame: &[u8]) -> u64 {
    OVERHEAD + details.len() as u64 + frame.len() as u64
}

/// The beginning of `text`, `max` bytes at most.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::testing::new_letter;

    #[test]
    fn details_come_back_as_they_were() {
        let record = Record::new(new_letter("mét\"ers\u{1}", "meter", "v1"));
        let details = Details::parse(&record.details).unwrap();
        assert_eq!(details.integration, "mét\"ers\u{1}");
        assert_eq!(details.tries, 1);
        assert_eq!(details.json(), record.details);
    }

    #[test]
    fn a_long_error_is_cut_between_characters() {
        let mut new = new_letter("meters", "meter", "v1");
        new.error = format!("x{}", "é".repeat(MAX_ERROR));
        let mut details = Details::parse(&Record::new(new.clone()).details).unwrap();
        assert_eq!(details.error.len(), MAX_ERROR - 1);
        assert_eq!(details.error, new.error[..MAX_ERROR - 1]);
        let again = FailedAgain {
            id: 1,
            converter: "other".to_owned(),
            version: "v2".to_owned(),
            error: "é".repeat(MAX_ERROR),
        };
        details.fail_again(&again);
        assert_eq!(details.error.len(), MAX_ERROR);
        assert_eq!(details.tries, 2);
        let expected = new_letter("meters", "other", "v2").origin;
        assert_eq!(details.origin, expected);
    }

    #[test]
    fn details_of_an_older_host_have_no_session() {
        let record = Record::new(new_letter("meters", "meter", "v1"));
        let text = String::from_utf8(record.details).unwrap();
        let older = text.replace(r#","sessionHex":"ff""#, "");
        assert_ne!(older, text);
        let details = Details::parse(older.as_bytes()).unwrap();
        assert!(
            matches!(&details.origin, Origin::Converter { session_hex, .. } if session_hex.is_empty())
        );
        assert_eq!(details.json(), older.as_bytes());
    }

    #[test]
    fn details_of_a_newer_host_can_be_read() {
        let record = Record::new(new_letter("meters", "meter", "v1"));
        let text = String::from_utf8(record.details.clone()).unwrap();
        let newer = text.replacen('{', "{\"later\":{\"a\":1},", 1);
        assert_eq!(
            Details::parse(newer.as_bytes()).unwrap(),
            Details::parse(&record.details).unwrap()
        );
    }
}
