//! Checks keys and values against what ThingsBoard's database takes.
//!
//! What fails there fails after ThingsBoard has acknowledged the data, so nobody
//! is told; here it is an error of the frame.

use crate::message::batch::ValueRef;

/// Longest key, in characters: the width of the column of ThingsBoard's dictionary of
/// keys.
const MAX_KEY: usize = 255;
/// Longest text, in characters: the width of ThingsBoard's columns for texts.
/// `maxOutputKib` is below that unless it was raised.
const MAX_TEXT: usize = 10_000_000;
/// How much of a key or name is shown in an error, in characters.
const SHOWN: usize = 40;
/// What is wrong with a text that has a NUL character.
pub(super) const NUL: &str = "holds a NUL character, which PostgreSQL cannot store";

/// Says what is wrong with a value or its key.
///
/// # Errors
/// The text names the key, for the converter's author.
pub(super) fn check_value(key: &str, value: ValueRef<'_>) -> Result<(), String> {
    if key.is_empty() {
        return Err("a key is empty".to_owned());
    }
    let shown = || shown(key);
    if let Some(count) = chars_beyond(key, MAX_KEY) {
        return Err(format!(
            "the key {} has {count} characters; ThingsBoard stores {MAX_KEY} at most",
            shown()
        ));
    }
    if holds_nul(key) {
        return Err(format!("the key {} {NUL}", shown()));
    }
    match value {
        ValueRef::Double(number) if !number.is_finite() => Err(format!(
            "{} = {number}: ThingsBoard stores finite numbers only",
            shown()
        )),
        ValueRef::Text(text) => check_text(text).map_err(|fault| format!("{}: {fault}", shown())),
        ValueRef::Json(text) => check_json(text).map_err(|fault| format!("{} {fault}", shown())),
        ValueRef::Double(_) | ValueRef::Boolean(_) | ValueRef::Long(_) => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), String> {
    if let Some(count) = chars_beyond(text, MAX_TEXT) {
        return Err(format!(
            "the text has {count} characters; ThingsBoard stores {MAX_TEXT} at most"
        ));
    }
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return Err(format!(
            "the text {NUL}, at byte {at}; leave out what fills the field up"
        ));
    }
    Ok(())
}

/// ThingsBoard gives up the whole message for text that is no JSON, and stores a
/// scalar with the scalar's type.
fn check_json(text: &str) -> Result<(), String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| format!("is not JSON: {error}"))?;
    if text.trim_start().starts_with(['{', '[']) {
        return Ok(());
    }
    Err("is JSON, but no object or array; return a scalar with its own type".to_owned())
}

/// How many characters `text` has, if more than `most`.
pub(super) fn chars_beyond(text: &str, most: usize) -> Option<usize> {
    // A character takes a byte or more.
    (text.len() > most)
        .then(|| text.chars().count())
        .filter(|count| *count > most)
}

pub(super) fn holds_nul(text: &str) -> bool {
    memchr::memchr(0, text.as_bytes()).is_some()
}

/// `text` as an error shows it: its start, if it is long.
pub(super) fn shown(text: &str) -> String {
    let (start, more) = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    format!("{}{more}", start.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Value;

    fn fault(key: &str, value: Value) -> Option<String> {
        check_value(key, ValueRef::from(&value)).err()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn json(text: &str) -> Value {
        Value::Json(text.to_owned())
    }

    #[test]
    fn what_can_be_stored_passes() {
        let cases = [
            ("k", Value::Boolean(true)),
            ("k", Value::Long(i64::MIN)),
            ("k", Value::Double(f64::MAX)),
            ("k", Value::Double(-0.0)),
            ("k", text("")),
            ("k", text("<script>\u{1}\n")),
            ("k", text(&"\u{e4}".repeat(MAX_TEXT))),
            ("k", json("{\"a\":[1]}")),
            ("k", json(" \n[]")),
            (" ", Value::Long(1)),
            (&*"\u{e4}".repeat(MAX_KEY), Value::Long(1)),
        ];
        for (key, value) in cases {
            assert_eq!(fault(key, value), None, "{key}");
        }
    }

    #[test]
    fn faults_name_the_key_and_the_bound() {
        let long = "k".repeat(256);
        let cases = [
            ("", Value::Long(1), "a key is empty".to_owned()),
            (
                &*long,
                Value::Long(1),
                format!(
                    "the key {}… has 256 characters; ThingsBoard stores 255 at most",
                    "k".repeat(40)
                ),
            ),
            (
                "a\0",
                Value::Long(1),
                "the key a\\0 holds a NUL character, which PostgreSQL cannot store".to_owned(),
            ),
            (
                "k",
                Value::Double(f64::NEG_INFINITY),
                "k = -inf: ThingsBoard stores finite numbers only".to_owned(),
            ),
            (
                "k",
                text(&"x".repeat(MAX_TEXT + 1)),
                "k: the text has 10000001 characters; ThingsBoard stores 10000000 at most"
                    .to_owned(),
            ),
            (
                "k",
                text("ab\0\0"),
                "k: the text holds a NUL character, which PostgreSQL cannot store, at byte 2; \
                 leave out what fills the field up"
                    .to_owned(),
            ),
            (
                "k",
                json("{"),
                "k is not JSON: EOF while parsing an object at line 1 column 1".to_owned(),
            ),
            (
                "k",
                json("7"),
                "k is JSON, but no object or array; return a scalar with its own type".to_owned(),
            ),
        ];
        for (key, value, expected) in cases {
            assert_eq!(fault(key, value), Some(expected));
        }
    }
}
