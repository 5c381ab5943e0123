//! JSON text, read where it stands.
//!
//! Nothing is copied or converted until it is asked for: a [`Json`] is a piece
//! of text that was checked once. That costs a converter 17 KB, where a tree of
//! `serde_json` costs 59 KB, and keeps numbers, and nested objects that are
//! stored as they are, as the device wrote them.

mod scan;

use std::borrow::Cow;

use self::scan::Scanner;
use crate::{Result, Value, number};

/// A piece of JSON: a whole text, or a value in it.
///
/// Looking something up reads the text again from the start of the object or
/// array, which is cheap for the tens of values that a frame has. Who wants all
/// of them takes [`entries`](Self::entries) or [`elements`](Self::elements).
///
/// ```
/// use tb_converter::{Entity, json::Json};
///
/// # fn main() -> tb_converter::Result<()> {
/// let json = Json::parse(r#"{ "sn": "SN-002", "t": 25.7, "fan": {"on": true} }"#)?;
/// let name = json.get("sn").and_then(Json::string).ok_or("sn is not text")?;
/// let mut entity = Entity::device(name, "thermometer");
/// for (key, value) in json.entries().filter(|(key, _)| key != "sn") {
///     if let Some(value) = value.value() {
///         entity = entity.telemetry(key, value);
///     }
/// }
/// # use tb_converter::Value;
/// # let expected = Entity::device("SN-002", "thermometer").telemetry("t", 25.7).telemetry("fan", Value::json(r#"{"on": true}"#));
/// # assert_eq!(entity, expected);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    /// One value, without white space around it.
    text: &'a str,
}

impl<'a> Json<'a> {
    /// Checks a text that is one JSON value, with white space around it or not.
    ///
    /// # Errors
    ///
    /// Fails if it is not, and says at which offset, in bytes from 0, and what
    /// was wanted there; also if arrays and objects are nested deeper than 128,
    /// and if a `\u` escape is half of a character.
    pub fn parse(text: &'a str) -> Result<Json<'a>> {
        let mut scanner = Scanner::new(text);
        let json = scanner.value()?;
        scanner.end()?;
        Ok(json)
    }

    /// The text of this value, as it was written.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.text
    }

    /// The value of a key, if this is an object that has it. The last one, if it
    /// has several.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        let found = self.entries().filter(|(name, _)| name == key).last();
        found.map(|(_, value)| value)
    }

    /// The keys and values of an object, in the order of the text; none of what
    /// is no object.
    pub fn entries(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> + use<'a> {
        let mut scanner = Scanner::inside(self.text, '{');
        std::iter::from_fn(move || scanner.as_mut()?.next_entry())
    }

    /// The elements of an array; none of what is no array.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> + use<'a> {
        let mut scanner = Scanner::inside(self.text, '[');
        std::iter::from_fn(move || scanner.as_mut()?.next_element())
    }

    /// The text of a string, escapes replaced; none of what is no string.
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(scan::unescape(inside))
    }

    /// A number without fraction and exponent, if it fits; none of all else.
    #[must_use]
    pub fn long(self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// Any number as a double; none of what is no number, or too great.
    #[must_use]
    pub fn double(self) -> Option<f64> {
        number::double(self.text)
    }

    /// `true` or `false`; none of all else.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    /// The value with ThingsBoard's type: objects and arrays as they are
    /// written. None for `null`, and for a number too great for a double.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self.text.as_bytes().first()? {
            b'n' => None,
            b't' | b'f' => self.boolean().map(Value::from),
            b'"' => self.string().map(|text| Value::from(text.into_owned())),
            b'{' | b'[' => Some(Value::json(self.text)),
            _ => number::parse(self.text),
        }
    }

    /// The text without the white space between its tokens, which makes it one
    /// line.
    #[must_use]
    pub fn compact(self) -> String {
        compact(self.text)
    }
}

/// JSON text without the white space between its tokens. Numbers and escapes
/// stay as they are written; the text is not checked.
///
/// ```
/// assert_eq!(tb_converter::json::compact("{ \"a b\" :\n 2.50 }"), r#"{"a b":2.50}"#);
/// ```
#[must_use]
pub fn compact(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for char in json.chars() {
        if in_string {
            in_string = escaped || char != '"';
            escaped = !escaped && char == '\\';
        } else if matches!(char, ' ' | '\t' | '\n' | '\r') {
            continue;
        } else {
            in_string = char == '"';
        }
        line.push(char);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        Json::parse(text).unwrap()
    }

    #[test]
    fn each_kind_of_value_has_its_type() {
        let table = [
            ("true", Some(Value::Boolean(true))),
            (" false\r\n", Some(Value::Boolean(false))),
            ("null", None),
            ("69", Some(Value::Long(69))),
            ("-0", Some(Value::Long(0))),
            ("69.0", Some(Value::Double(69.0))),
            ("1E+2", Some(Value::Double(100.0))),
            ("1e999", None),
            ("\"69\"", Some(Value::Text("69".to_owned()))),
            ("\"\"", Some(Value::Text(String::new()))),
            (" [1, 2 ] ", Some(Value::Json("[1, 2 ]".to_owned()))),
            ("{}", Some(Value::Json("{}".to_owned()))),
        ];
        for (text, expected) in table {
            assert_eq!(json(text).value(), expected, "{text}");
        }
    }

    #[test]
    fn an_accessor_of_another_kind_finds_nothing() {
        for text in ["null", "true", "7", "7.5", "\"7\"", "[7]", "{\"a\":7}"] {
            let json = json(text);
            assert_eq!(json.is_null(), text == "null");
            assert_eq!(json.boolean().is_some(), text == "true");
            assert_eq!(json.long().is_some(), text == "7");
            assert_eq!(json.double().is_some(), text.starts_with('7'));
            assert_eq!(json.string().is_some(), text == "\"7\"");
            assert_eq!(json.elements().count() == 1, json.is_array());
            assert_eq!(json.entries().count() == 1, json.is_object());
            assert_eq!(json.get("a").is_some(), text.starts_with('{'));
        }
    }

    #[test]
    fn entries_and_elements_come_in_the_order_of_the_text() {
        let json = json(r#" { "b" : [ 1 , {"x":[]} , "]" ] , "a\u0041" : {"}":"{"}, "b":2 } "#);
        let entries: Vec<(String, &str)> = json
            .entries()
            .map(|(key, value)| (key.into_owned(), value.text()))
            .collect();
        let expected = [
            ("b", r#"[ 1 , {"x":[]} , "]" ]"#),
            ("aA", r#"{"}":"{"}"#),
            ("b", "2"),
        ];
        assert_eq!(entries, expected.map(|(key, text)| (key.to_owned(), text)));
        assert_eq!(json.get("b").and_then(Json::long), Some(2));
        assert_eq!(json.get("c").map(Json::text), None);

        let (_, array) = json.entries().next().unwrap();
        let elements: Vec<&str> = array.elements().map(Json::text).collect();
        assert_eq!(elements, ["1", r#"{"x":[]}"#, r#""]""#]);
    }

    #[test]
    fn escapes_are_replaced() {
        let table = [
            (r#""plain °C""#, "plain °C"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u00b0C \uD83D\uDE00!""#, "°C 😀!"),
            (r#""\u0000""#, "\0"),
        ];
        for (text, expected) in table {
            assert_eq!(json(text).string().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn white_space_goes_between_tokens_and_stays_in_strings() {
        let table = [
            (r#"{"powerState":"on"}"#, r#"{"powerState":"on"}"#),
            ("{ \"a\" :\t[ 1 ,\r\n 2 ] }\n", r#"{"a":[1,2]}"#),
            (r#"{ "a b" : " c " }"#, r#"{"a b":" c "}"#),
            (r#"[ "\" : \\" , " \\\" " ]"#, r#"["\" : \\"," \\\" "]"#),
            (r#"{ "°C" : "水 " }"#, r#"{"°C":"水 "}"#),
        ];
        for (text, line) in table {
            assert_eq!(json(text).compact(), line, "{text}");
        }
        assert_eq!(compact(""), "");
    }
}
