//! Aligned columns.

use super::text::escape;

/// Between two columns.
const GAP: &str = "  ";

/// A last column that is cut keeps so many characters, however wide the others
/// are.
const LEAST_CUT: usize = 16;

/// Where a cell stands in its column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Align {
    Left,
    Right,
}

/// The header and the rows, a line each, without line ends. Cells are escaped;
/// an empty one becomes `-`. With `width` the last column is cut so that a line
/// has no more characters than that.
pub(super) fn lines<const N: usize>(
    header: [(&str, Align); N],
    rows: impl IntoIterator<Item = [String; N]>,
    width: Option<usize>,
) -> Vec<String> {
    let titles = header.map(|(title, _)| title.to_owned());
    let rows = rows.into_iter().map(|row| row.map(|cell| cell_text(&cell)));
    let rows: Vec<[String; N]> = std::iter::once(titles).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(length(cell));
        }
    }
    let others: usize = widths[..N.saturating_sub(1)]
        .iter()
        .map(|width| width + GAP.len())
        .sum();
    let last = width.map(|width| width.saturating_sub(others).max(LEAST_CUT));
    rows.into_iter()
        .map(|row| {
            let mut line = String::new();
            for (column, cell) in row.into_iter().enumerate() {
                if column > 0 {
                    line += GAP;
                }
                let cell = match last {
                    Some(most) if column + 1 == N => cut(cell, most),
                    _ => cell,
                };
                let padding = " ".repeat(widths[column].saturating_sub(length(&cell)));
                line += &match header[column].1 {
                    Align::Left => cell + &padding,
                    Align::Right => padding + &cell,
                };
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

fn cell_text(cell: &str) -> String {
    match cell {
        "" => "-".to_owned(),
        _ => escape(cell),
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: String, most: usize) -> String {
    if length(&text) <= most {
        return text;
    }
    let kept = text.chars().take(most.saturating_sub(1));
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 3]) -> [String; 3] {
        cells.map(str::to_owned)
    }

    const HEADER: [(&str, Align); 3] = [
        ("name", Align::Left),
        ("size", Align::Right),
        ("error", Align::Left),
    ];

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [row(["a", "12345", ""]), row(["Zähler", "1", "no\x1b"])];
        assert_eq!(
            lines(HEADER, rows, None),
            [
                "name     size  error",
                "a       12345  -",
                r"Zähler      1  no\u{1b}",
            ]
        );
    }

    #[test]
    fn the_last_column_is_cut_to_the_width() {
        let fits = "x".repeat(26);
        let rows = [
            row(["meter", "7", &fits]),
            row(["meter", "7", &format!("{fits}é")]),
        ];
        let printed = lines(HEADER, rows, Some(39));
        assert_eq!(printed[1], format!("meter     7  {fits}"));
        assert_eq!(printed[2], format!("meter     7  {}…", &fits[1..]));
        assert_eq!(printed[2].chars().count(), 39);
    }

    #[test]
    fn something_of_the_last_column_stays_beside_wide_ones() {
        let rows = [row([&"n".repeat(90), "7", &"x".repeat(30)])];
        let printed = lines(HEADER, rows, Some(100));
        assert_eq!(
            printed[1],
            format!("{}     7  {}…", "n".repeat(90), "x".repeat(15))
        );
    }
}
