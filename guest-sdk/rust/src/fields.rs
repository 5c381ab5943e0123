//! The fields of a line.

use crate::words::position;

/// The fields of a line such as `SN-002, 25.7, 69`, without the ASCII white space around them.
///
/// `separator` is an ASCII character; any other separates nothing. There is one field more than there are separators,
/// and a field may be empty. For quotes around a field, or a separator within quotes, nothing is done.
///
/// The same as `text.split(separator).map(str::trim_ascii)`, at half the cost in a
/// converter: the standard library looks for characters of any length, which pays for long texts.
///
/// ```
/// let mut fields = tb_converter::fields("SN-002, 25.7,", ',');
/// assert_eq!(fields.next(), Some("SN-002"));
/// assert_eq!(fields.next(), Some("25.7"));
/// assert_eq!(fields.next(), Some(""));
/// assert_eq!(fields.next(), None);
/// ```
pub fn fields(text: &str, separator: char) -> Fields<'_> {
    Fields {
        rest: Some(text),
        separator: u8::try_from(separator).ok().filter(u8::is_ascii),
    }
}

/// What [`fields`] gives.
#[derive(Clone, Debug)]
#[must_use = "fields are looked for one by one"]
pub struct Fields<'text> {
    rest: Option<&'text str>,
    separator: Option<u8>,
}

impl<'text> Iterator for Fields<'text> {
    type Item = &'text str;

    // In a function of its own: within a large one the loops would keep little in registers.
    #[inline(never)]
    fn next(&mut self) -> Option<&'text str> {
        let text = self.rest?;
        let end = self
            .separator
            .and_then(|separator| position(text.as_bytes(), separator));
        // Beside an ASCII character a text may always be cut.
        let field = match end {
            Some(end) => {
                self.rest = text.get(end + 1..);
                text.get(..end)
            }
            None => self.rest.take(),
        };
        field.map(str::trim_ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn there_is_one_field_more_than_there_are_separators() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[""]),
            (";", &["", ""]),
            ("a", &["a"]),
            (" a ;\tb\r\n", &["a", "b"]),
            ("ä; ö\u{a0};", &["ä", "ö\u{a0}", ""]),
            ("a b,c;d", &["a b,c", "d"]),
        ];
        for (text, expected) in cases {
            assert_eq!(fields(text, ';').collect::<Vec<_>>(), expected, "{text:?}");
        }
        assert_eq!(
            fields("aäb\u{c3}c", 'ä').collect::<Vec<_>>(),
            ["aäb\u{c3}c"]
        );
    }

    proptest! {
        #[test]
        fn they_are_those_of_the_standard_library(text in "[a-c,; äß\t]{0,40}") {
            for separator in [',', ';', 'a', ' '] {
                let expected: Vec<_> = text.split(separator).map(str::trim_ascii).collect();
                prop_assert_eq!(fields(&text, separator).collect::<Vec<_>>(), expected);
            }
        }
    }
}
