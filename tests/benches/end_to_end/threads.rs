//! Where the host's processor time goes.

use std::collections::{BTreeMap, BTreeSet};

use measure::{Cell, Table};

/// Threads with less than this in every column, in µs a line, are left out.
const LEAST: f64 = 0.005;

/// A row for each thread by name, a column for each run: key, heading, and µs a line.
pub(super) fn table<'run, K: ToString, H: ToString>(
    key: &str,
    title: &str,
    runs: impl Iterator<Item = (K, H, &'run BTreeMap<String, f64>)>,
) -> Table {
    let runs: Vec<_> = runs.collect();
    let names: BTreeSet<_> = runs
        .iter()
        .flat_map(|(_, _, threads)| threads.keys())
        .collect();
    let columns = runs
        .iter()
        .map(|(key, heading, _)| (key.to_string(), heading.to_string()));
    let mut table = Table::new(key, title, "threads").columns(columns);
    for name in names {
        let times: Vec<_> = (runs.iter())
            .map(|(_, _, threads)| threads.get(name).copied().unwrap_or_default())
            .collect();
        if times.iter().any(|time| *time >= LEAST) {
            let cells = times.into_iter().map(|time| Cell::figure(time, "µs"));
            table.row(name, name, cells);
        }
    }
    table
}
