//! The figures beside what they are to be.

use measure::{Cell, Table};

/// What is to be reached.
#[derive(Default)]
pub(super) struct Goals(Vec<Goal>);

struct Goal {
    name: String,
    figure: f64,
    limit: f64,
    unit: &'static str,
    /// Whether less is better.
    at_most: bool,
}

impl Goals {
    /// A figure that is not to exceed a limit.
    pub(super) fn at_most(
        &mut self,
        name: impl ToString,
        figure: f64,
        limit: f64,
        unit: &'static str,
    ) {
        self.add(name, figure, limit, unit, true);
    }

    /// A figure that is to reach a limit.
    pub(super) fn at_least(
        &mut self,
        name: impl ToString,
        figure: f64,
        limit: f64,
        unit: &'static str,
    ) {
        self.add(name, figure, limit, unit, false);
    }

    fn add(
        &mut self,
        name: impl ToString,
        figure: f64,
        limit: f64,
        unit: &'static str,
        at_most: bool,
    ) {
        self.0.push(Goal {
            name: name.to_string(),
            figure,
            limit,
            unit,
            at_most,
        });
    }

    /// All goals, and whether they are reached.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new("goals", "Goals", "figure").columns([
            ("figure", "measured"),
            ("limit", "goal"),
            ("reached", "reached"),
        ]);
        for goal in &self.0 {
            let (sign, reached) = match goal.at_most {
                true => ('≤', goal.figure <= goal.limit),
                false => ('≥', goal.figure >= goal.limit),
            };
            let reached = match reached {
                true => "yes",
                false => "no",
            };
            let cells = [
                Cell::figure(goal.figure, goal.unit),
                Cell::text(format!("{sign} {} {}", goal.limit, goal.unit).trim_end()),
                Cell::text(reached),
            ];
            table.row(&goal.name, &goal.name, cells);
        }
        table
    }
}
