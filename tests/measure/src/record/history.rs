//! A line for each time that a part was recorded.

use serde_json::{Map, Value as Json, json};

/// Lines that are kept of each part.
const LINES: usize = 50;

/// One line: day, part, commit and the part's key figures, with four digits.
pub(super) fn line(day: &str, part: &str, commit: &str, figures: &[(String, f64)]) -> String {
    let figures: Map<_, _> = figures
        .iter()
        .map(|(key, value)| (key.clone(), json!(short(*value))))
        .collect();
    json!({ "date": day, "part": part, "commit": commit, "figures": figures }).to_string()
}

/// `history` with another line of `part` at its end, without the part's oldest lines beyond those that are kept.
/// The lines of other parts stay as they are.
pub(super) fn append(history: &str, part: &str, line: &str) -> String {
    let own = |line: &&str| part_of(line).as_deref() == Some(part);
    let mut surplus = (history.lines().filter(own).count() + 1).saturating_sub(LINES);
    let mut text = String::new();
    for known in history.lines().filter(|line| !line.trim().is_empty()) {
        if surplus > 0 && own(&known) {
            surplus -= 1;
            continue;
        }
        text.push_str(known);
        text.push('\n');
    }
    text + line + "\n"
}

fn part_of(line: &str) -> Option<String> {
    let line: Json = serde_json::from_str(line).ok()?;
    line["part"].as_str().map(str::to_owned)
}

fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short() {
        let figures = [
            ("aMicroseconds".to_owned(), 1.436_789),
            ("b".to_owned(), 183_456.0),
            ("c".to_owned(), f64::NAN),
        ];
        assert_eq!(
            line("2026-01-02", "decode", "abc", &figures),
            r#"{"date":"2026-01-02","part":"decode","commit":"abc","figures":{"aMicroseconds":1.437,"b":183500.0,"c":null}}"#
        );
    }

    #[test]
    fn the_newest_lines_of_each_part_are_kept() {
        let of = |part: &str, number: usize| line("d", part, &number.to_string(), &[]);
        let mut history = format!("{}\nnot a line of ours\n\n", of("other", 0));
        for number in 0..LINES + 3 {
            history = append(&history, "own", &of("own", number));
        }
        let lines: Vec<_> = history.lines().collect();
        assert_eq!(lines.len(), 2 + LINES);
        assert_eq!(
            lines[..3],
            [of("other", 0).as_str(), "not a line of ours", &of("own", 3)]
        );
        assert_eq!(lines[lines.len() - 1], of("own", LINES + 2));
    }
}
