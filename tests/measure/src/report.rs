//! The results of one part.

use std::{
    io::{self, Write as _},
    path::Path,
};

use serde_json::{Map, Value as Json, json};

use crate::{Arguments, Machine, Plot, RecordError, Table, record};

/// What a part has measured. Tables, words and plots are shown in the order in which they came.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) part: String,
    title: String,
    command: String,
    machine: Machine,
    pub(crate) blocks: Vec<Block>,
    pub(crate) key_figures: Vec<(String, f64)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Block {
    Table(Table),
    Text(String),
    Plot(Plot),
}

impl Report {
    /// A report without results; it notes the machine's facts now, before anything is measured. `part`
    /// is the name of the part's section, files and lines of the history, `command` what a reader types
    /// to see the same.
    #[must_use]
    pub fn new(part: impl ToString, title: impl ToString, command: impl ToString) -> Self {
        Self {
            part: part.to_string(),
            title: title.to_string(),
            command: command.to_string(),
            machine: Machine::this(),
            blocks: Vec::new(),
            key_figures: Vec::new(),
        }
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    /// Adds a paragraph in Markdown, such as what was left out, and why.
    pub fn text(&mut self, text: impl ToString) {
        self.blocks.push(Block::Text(text.to_string()));
    }

    /// Adds a plot. It is drawn when the report is recorded.
    pub fn plot(&mut self, plot: Plot) {
        self.blocks.push(Block::Plot(plot));
    }

    /// Adds one of the handful of figures whose history is kept. The key names the unit:
    /// `csvMicroseconds`.
    pub fn key_figure(&mut self, key: impl ToString, value: f64) {
        self.key_figures.push((key.to_string(), value));
    }

    /// Prints the report, and records it if the arguments say so: to be called once, at the end.
    ///
    /// # Errors
    ///
    /// The report cannot be recorded, or standard output does not take it.
    pub fn finish(&self, arguments: &Arguments) -> Result<(), RecordError> {
        let text = match arguments.json {
            true => format!("{}\n", self.json()),
            false => self.printed(),
        };
        io::stdout()
            .write_all(text.as_bytes())
            .map_err(RecordError::Print)?;
        if arguments.record {
            record::record(self, &repository())?;
        }
        Ok(())
    }

    fn printed(&self) -> String {
        let mut parts = vec![format!("{}: {}", self.title, self.origin())];
        for block in &self.blocks {
            match block {
                Block::Table(table) => parts.push(table.markdown()),
                Block::Text(text) => parts.push(text.clone()),
                // The terminal has no pictures; the tables have the figures.
                Block::Plot(_) => {}
            }
        }
        joined(&parts)
    }

    /// What stands in the part's section.
    pub(crate) fn section(&self, date: &str, commit: &str) -> String {
        let mut parts = vec![format!("{date}, commit {commit}, {}", self.origin())];
        for block in &self.blocks {
            parts.push(match block {
                Block::Table(table) => table.markdown(),
                Block::Text(text) => text.clone(),
                Block::Plot(plot) => {
                    let file = record::plot_file(&self.part, &plot.key);
                    format!("![{}](benchmarks/{file})", plot.title)
                }
            });
        }
        joined(&parts)
    }

    fn origin(&self) -> String {
        format!("`{}`, {}", self.command, self.machine.line())
    }

    fn json(&self) -> Json {
        let (mut tables, mut plots, mut texts) = (Map::new(), Map::new(), Vec::new());
        for block in &self.blocks {
            match block {
                Block::Table(table) => drop(tables.insert(table.key.clone(), table.json())),
                Block::Plot(plot) => drop(plots.insert(plot.key.clone(), plot.json())),
                Block::Text(text) => texts.push(text),
            }
        }
        let figures = self.key_figures.iter();
        let figures: Map<_, _> = figures
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        json!({
            "part": self.part,
            "title": self.title,
            "command": self.command,
            "machine": self.machine.json(),
            "tables": tables,
            "plots": plots,
            "texts": texts,
            "keyFigures": figures,
        })
    }
}

/// The root of the repository that this was built in.
fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Paragraphs with one empty line between them.
fn joined(parts: &[String]) -> String {
    let trimmed: Vec<_> = parts.iter().map(|part| part.trim_end()).collect();
    trimmed.join("\n\n") + "\n"
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Axis, Cell};

    pub(crate) fn report(cost: f64) -> Report {
        let mut report = Report::new("sums", "Sums", "just bench sums");
        report.machine = Machine {
            processors: 1,
            model: "Some CPU".to_owned(),
            kernel: "6.1.0".to_owned(),
            memory_gib: 2.0,
            load: 0.5,
        };
        let mut table = Table::new("costs", "Costs", "numbers").columns([("cost", "a sum")]);
        table.row("few", "ten", [Cell::figure(cost, "µs")]);
        report.table(table);
        report.text("Nothing was left out.");
        let axis = || Axis::linear("numbers");
        report.plot(Plot::new("growth", "Growth", axis(), axis()).line("sum", [(1.0, cost)]));
        report.key_figure("fewMicroseconds", cost);
        report
    }

    #[test]
    fn it_is_printed_with_its_origin() {
        assert_eq!(
            report(1.5).printed(),
            "Sums: `just bench sums`, 1 processor (Some CPU), 2 GiB, Linux 6.1.0, load 0.5 at the start\n\n\
             Costs\n\n\
             | numbers | a sum, µs |\n\
             | ------- | --------: |\n\
             | ten     |      1.50 |\n\n\
             Nothing was left out.\n"
        );
    }

    #[test]
    fn the_json_object_holds_everything_by_key() {
        let json = report(1.5).json();
        for (pointer, expected) in [
            ("/part", json!("sums")),
            ("/machine/kernel", json!("6.1.0")),
            ("/tables/costs/rows/few/cost/value", json!(1.5)),
            ("/plots/growth/lines/sum", json!([[1.0, 1.5]])),
            ("/texts/0", json!("Nothing was left out.")),
            ("/keyFigures/fewMicroseconds", json!(1.5)),
        ] {
            assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
        }
    }
}
