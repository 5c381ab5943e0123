//! The fields of a line.

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
pub fn fields(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let separator = u8::try_from(separator).ok().filter(u8::is_ascii);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| Some(byte) == separator);
        // Beside an ASCII character a text may always be cut.
        let field = match end {
            Some(end) => {
                rest = text.get(end + 1..);
                text.get(..end)
            }
            None => rest.take(),
        };
        field.map(str::trim_ascii)
    })
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
