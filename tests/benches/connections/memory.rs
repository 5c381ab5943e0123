//! Resident memory of the host, by connections.

use measure::{Axis, Cell, Plot, Report, Table};

/// The most bytes that a connection is to take.
const GOAL: f64 = 4096.0;
const MIB: f64 = (1 << 20) as f64;

/// Memory of one host, in bytes.
pub(crate) struct Memory {
    pub(crate) connections: usize,
    /// Without connections.
    pub(crate) empty: f64,
    /// With all of them, which have said nothing.
    pub(crate) silent: f64,
    /// After each has sent one sample, of a new device.
    pub(crate) spoke: f64,
    /// After some have gone on.
    pub(crate) talked: f64,
}

impl Memory {
    /// What one connection has of the memory that came after the start.
    fn each(&self, now: f64) -> f64 {
        (now - self.empty) / self.connections as f64
    }

    /// Whether a connection takes no more than it is to, silent or not.
    fn reaches_goal(&self) -> bool {
        [self.silent, self.spoke]
            .iter()
            .all(|now| self.each(*now) <= GOAL)
    }
}

/// Adds the table, the plot, and the key figures of the last run.
pub(crate) fn report<K: ToString>(report: &mut Report, runs: &[(K, Memory)]) {
    let title = format!("Memory of a connection; the goal is {GOAL} B at most");
    let mut table = Table::new("memory", title, "connections").columns([
        ("empty", "host without them"),
        ("silent", "each, silent"),
        ("spoke", "each, spoke once"),
        ("talked", "each, after the talk"),
        ("goal", "goal reached"),
    ]);
    let most = runs.last().map_or(0, |(_, run)| run.connections);
    for (key, run) in runs {
        let mut cells = vec![Cell::figure(run.empty / MIB, "MiB")];
        let each = [run.silent, run.spoke, run.talked].map(|now| run.each(now));
        cells.extend(each.map(|bytes| Cell::figure(bytes, "B")));
        cells.push(match run.connections == most {
            true if run.reaches_goal() => Cell::text("yes"),
            true => Cell::text("no"),
            false => Cell::Nothing,
        });
        let label = Cell::Count(run.connections as u64).label();
        table.row(key.to_string(), label, cells);
    }
    report.table(table);
    report.text(
        "Resident memory, less that of the same host without connections, divided by the \
         connections; the buffers of the kernel's sockets are no part of it. A connection that \
         spoke once has sent one sample, and its new device is included. The goal is for both, \
         with the most connections: with few, what a host takes once weighs on each.",
    );
    report.plot(plot(runs));
    if let Some((_, most)) = runs.last() {
        report.key_figure("silentBytes", most.each(most.silent));
        report.key_figure("spokeBytes", most.each(most.spoke));
    }
}

fn plot<K>(runs: &[(K, Memory)]) -> Plot {
    let line = |figure: fn(&Memory) -> f64| {
        // The hosts without connections are alike: one of them is where the line begins.
        let first = runs.first().map(|(_, run)| (0.0, run.empty / MIB));
        let grown = runs
            .iter()
            .map(move |(_, run)| (run.connections as f64, figure(run) / MIB));
        first.into_iter().chain(grown).collect::<Vec<_>>()
    };
    Plot::new(
        "memory",
        "Memory of the host",
        Axis::linear("connections"),
        Axis::linear("MiB"),
    )
    .line("silent", line(|run| run.silent))
    .line("each spoke once", line(|run| run.spoke))
}
