//! Showing where two results differ.

use serde_json::Value as Json;

/// How many equal lines are shown around a difference.
const CONTEXT_LINES: usize = 2;

/// The differing lines of two results with a few equal ones around them: `-`
/// before what was expected, `+` before what was found.
pub(super) fn diff(expected: &Json, found: &Json) -> String {
    // The alternate form of a JSON value is its indented text.
    let (expected, found) = (format!("{expected:#}"), format!("{found:#}"));
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();

    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = expected.iter().zip(&found).take_while(same).count();
    let shorter = expected.len().min(found.len());
    let tail = expected
        .iter()
        .rev()
        .zip(found.iter().rev())
        .take_while(same)
        .count();
    let tail = tail.min(shorter - head);

    let end = expected.len() - tail;
    let mut text = String::new();
    let mut put = |mark: &str, lines: &[&str]| {
        for line in lines {
            text.push_str(mark);
            text.push_str(line);
            text.push('\n');
        }
    };
    put("  ", &expected[head.saturating_sub(CONTEXT_LINES)..head]);
    put("- ", &expected[head..end]);
    put("+ ", &found[head..found.len() - tail]);
    put(
        "  ",
        &expected[end..expected.len().min(end + CONTEXT_LINES)],
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_differing_lines_are_marked() {
        let table = [
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1, "b": 3}),
                "  {\n    \"a\": 1,\n-   \"b\": 2\n+   \"b\": 3\n  }\n",
            ),
            (
                json!([1, 1]),
                json!([1, 1, 1]),
                "  [\n    1,\n+   1,\n    1\n  ]\n",
            ),
            (
                json!([]),
                json!({"error": "x"}),
                "- []\n+ {\n+   \"error\": \"x\"\n+ }\n",
            ),
            (
                json!([1, 2, 3, 4, 5, 6, 7]),
                json!([1, 2, 3, 0, 5, 6, 7]),
                "    2,\n    3,\n-   4,\n+   0,\n    5,\n    6,\n",
            ),
        ];
        for (expected, found, text) in table {
            assert_eq!(diff(&expected, &found), text);
        }
    }
}
