//! The text between the markers of a part.

/// The line before the part's section.
pub(super) fn begin(part: &str) -> String {
    format!("<!-- bench:{part} -->")
}

/// The line behind it.
pub(super) fn end(part: &str) -> String {
    format!("<!-- /bench:{part} -->")
}

/// `document` with another section; nothing if it has no such section, or not exactly one.
pub(super) fn replace(document: &str, part: &str, section: &str) -> Option<String> {
    let (begin, end) = (begin(part), end(part));
    let (before, rest) = document.split_once(&begin)?;
    let (_, behind) = rest.split_once(&end)?;
    if [before, rest].iter().any(|text| text.contains(&begin)) || behind.contains(&end) {
        return None;
    }
    let section = section.trim();
    Some(format!("{before}{begin}\n\n{section}\n\n{end}{behind}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCUMENT: &str = "# B\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\n<!-- bench:a-b --><!-- /bench:a-b -->\n";

    #[test]
    fn only_the_section_of_the_part_is_replaced() {
        assert_eq!(
            replace(DOCUMENT, "a", "new\n").as_deref(),
            Some(
                "# B\n\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\n\n<!-- bench:a-b --><!-- /bench:a-b -->\n"
            )
        );
        assert_eq!(
            replace(DOCUMENT, "a-b", "new").as_deref(),
            Some(
                "# B\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\n<!-- bench:a-b -->\n\nnew\n\n<!-- /bench:a-b -->\n"
            )
        );
    }

    #[test]
    fn a_document_without_exactly_one_section_is_left_alone() {
        for document in [
            "",
            "<!-- bench:a -->",
            "<!-- /bench:a --><!-- bench:a -->",
            "<!-- bench:a --><!-- /bench:a --><!-- bench:a --><!-- /bench:a -->",
            "<!-- bench:a --><!-- bench:a --><!-- /bench:a -->",
        ] {
            assert_eq!(replace(document, "a", "new"), None, "{document}");
        }
    }

    proptest! {
        #[test]
        fn replacing_twice_is_replacing_once(first in "[a-z|\n]{0,40}", second in "[a-z|\n]{0,40}") {
            let once = replace(DOCUMENT, "a", &second);
            let twice = replace(&replace(DOCUMENT, "a", &first).unwrap(), "a", &second);
            prop_assert_eq!(once, twice);
        }
    }
}
