//! A table, printed as aligned Markdown or told as JSON.

use std::{fmt::Write as _, iter};

use serde_json::{Map, Value as Json, json};

use crate::Cell;

/// A table of a report. Rows and columns have keys, which stay the same when headings are
/// reworded: the JSON object is read by them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub(crate) key: String,
    title: String,
    row_heading: String,
    columns: Vec<(String, String)>,
    rows: Vec<(String, String, Vec<Cell>)>,
}

impl Table {
    /// A table without columns and rows. `row_heading` stands over the rows' labels.
    #[must_use]
    pub fn new(key: impl ToString, title: impl ToString, row_heading: impl ToString) -> Self {
        Self {
            key: key.to_string(),
            title: title.to_string(),
            row_heading: row_heading.to_string(),
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// The table with these columns: key and heading of each. The unit that all figures of a column share
    /// is added to its heading.
    #[must_use]
    pub fn columns<K: ToString, H: ToString>(
        mut self,
        columns: impl IntoIterator<Item = (K, H)>,
    ) -> Self {
        let own = |(key, heading): (K, H)| (key.to_string(), heading.to_string());
        self.columns = columns.into_iter().map(own).collect();
        self
    }

    /// Adds a row. Cells that are missing are [`Cell::Nothing`], those beyond the last column are
    /// dropped.
    pub fn row(
        &mut self,
        key: impl ToString,
        label: impl ToString,
        cells: impl IntoIterator<Item = Cell>,
    ) {
        let cells = cells.into_iter().chain(iter::repeat(Cell::Nothing));
        let cells = cells.take(self.columns.len()).collect();
        self.rows.push((key.to_string(), label.to_string(), cells));
    }

    /// The unit of a column, if its figures share one.
    fn unit(&self, column: usize) -> Option<&'static str> {
        let mut units = self.cells(column).filter_map(Cell::unit);
        let first = units.next()?;
        units.all(|unit| unit == first).then_some(first)
    }

    fn cells(&self, column: usize) -> impl Iterator<Item = &Cell> {
        self.rows
            .iter()
            .filter_map(move |(_, _, cells)| cells.get(column))
    }

    /// Aligned Markdown, the title before it.
    pub(crate) fn markdown(&self) -> String {
        let labels = self.rows.iter().map(|(_, label, _)| label.clone());
        let mut columns = vec![(self.row_heading.clone(), labels.collect::<Vec<_>>(), false)];
        for (column, (_, heading)) in self.columns.iter().enumerate() {
            let unit = self.unit(column);
            let heading = match unit {
                Some(unit) => format!("{heading}, {unit}"),
                None => heading.clone(),
            };
            let cells = self.cells(column).map(|cell| cell.print(unit.is_none()));
            let words = self.cells(column).all(|cell| matches!(cell, Cell::Text(_)));
            columns.push((heading, cells.collect(), !words));
        }
        let mut lines = vec![String::new(); self.rows.len() + 2];
        for (heading, cells, to_the_right) in columns {
            let all = iter::once(&heading).chain(&cells);
            let width = all
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
                .max(3);
            let rule = match to_the_right {
                true => format!("{}:", "-".repeat(width - 1)),
                false => "-".repeat(width),
            };
            for (line, text) in lines
                .iter_mut()
                .zip([&heading, &rule].into_iter().chain(&cells))
            {
                let _ = match to_the_right {
                    true => write!(line, "| {text:>width$} "),
                    false => write!(line, "| {text:<width$} "),
                };
            }
        }
        let rows: String = lines.iter().map(|line| format!("{line}|\n")).collect();
        match self.title.is_empty() {
            true => rows,
            false => format!("{}\n\n{rows}", self.title),
        }
    }

    /// `{"title": …, "rows": {ROW: {COLUMN: …}}}`.
    pub(crate) fn json(&self) -> Json {
        let mut rows = Map::new();
        for (key, _, cells) in &self.rows {
            let named = self.columns.iter().map(|(column, _)| column.clone());
            let row: Map<_, _> = named.zip(cells.iter().map(Cell::json)).collect();
            rows.insert(key.clone(), row.into());
        }
        json!({ "title": self.title, "rows": rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("calls", "What calls cost", "frame").columns([
            ("cost", "a call"),
            ("ratio", "÷ native"),
            ("size", "size"),
            ("note", "note"),
        ]);
        table.row(
            "csv",
            "csv, two values",
            [
                Cell::figure(1.44, "µs"),
                Cell::ratio(3.0, 2.0),
                Cell::figure(2.0, "KiB"),
                Cell::text("well"),
            ],
        );
        table.row(
            "json",
            "json",
            [
                Cell::figure(13.91, "µs"),
                Cell::Nothing,
                Cell::figure(3.5, "MiB"),
                Cell::text("slow"),
            ],
        );
        table
    }

    #[test]
    fn a_unit_that_all_figures_share_goes_into_the_heading() {
        assert_eq!(
            table().markdown(),
            "What calls cost\n\n\
             | frame           | a call, µs | ÷ native |     size | note |\n\
             | --------------- | ---------: | -------: | -------: | ---- |\n\
             | csv, two values |       1.44 |    1.50× | 2.00 KiB | well |\n\
             | json            |       13.9 |        – | 3.50 MiB | slow |\n"
        );
    }

    #[test]
    fn the_json_object_is_read_by_keys() {
        let json = table().json();
        assert_eq!(json["title"], "What calls cost");
        assert_eq!(json["rows"]["csv"]["cost"]["value"], 1.44);
        assert_eq!(json["rows"]["csv"]["cost"]["unit"], "µs");
        assert_eq!(json["rows"]["csv"]["ratio"]["ratio"], 1.5);
        assert_eq!(json["rows"]["json"]["ratio"], Json::Null);
        assert_eq!(json["rows"]["json"]["note"], "slow");
    }

    #[test]
    fn a_row_has_as_many_cells_as_there_are_columns() {
        let mut table = Table::new("t", "", "row").columns([("a", "a"), ("b", "b")]);
        table.row("short", "short", [Cell::Count(1)]);
        table.row("long", "long", [1, 2, 3].map(Cell::Count));
        assert_eq!(
            table.markdown(),
            "| row   |   a |   b |\n\
             | ----- | --: | --: |\n\
             | short |   1 |   – |\n\
             | long  |   1 |   2 |\n"
        );
    }
}
