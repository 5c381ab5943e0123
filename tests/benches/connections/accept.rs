//! Connections that come and say nothing: how fast the host takes them, and what they cost its
//! processor.

use std::{thread, time::Duration};

use measure::{Cell, Report, Table};

use crate::stage::Stage;

/// How long the connections are silent while the processor time is taken.
const SILENCE: Duration = Duration::from_secs(2);

/// What so many connections cost before they speak.
pub(crate) struct Accepted {
    connections: usize,
    per_second: f64,
    /// Processor µs of a connection.
    each: f64,
    /// Processor µs a second, of all connections together, while they are silent.
    silent: f64,
}

impl Accepted {
    /// Opens the connections of a host that has none.
    pub(crate) fn measure(stage: &mut Stage, connections: usize) -> Self {
        let (took, accepting) = stage.processor(|stage| stage.open(connections));
        let ((), silent) = stage.processor(|_| thread::sleep(SILENCE));
        Self {
            connections,
            per_second: connections as f64 / took.as_secs_f64(),
            each: accepting / connections as f64,
            silent: silent / SILENCE.as_secs_f64(),
        }
    }
}

/// Adds the table, and the key figures of the last run.
pub(crate) fn report<K: ToString>(report: &mut Report, runs: &[(K, Accepted)]) {
    let mut table = Table::new(
        "accept",
        "Connections that come and are silent",
        "connections",
    )
    .columns([
        ("rate", "accepted"),
        ("processor", "host's processor time, each"),
        ("silent", "of all while silent, a second"),
    ]);
    for (key, run) in runs {
        let cells = [
            Cell::figure(run.per_second, "/s"),
            Cell::figure(run.each, "µs"),
            Cell::figure(run.silent, "µs"),
        ];
        let label = Cell::Count(run.connections as u64).label();
        table.row(key.to_string(), label, cells);
    }
    report.table(table);
    report.text(
        "The rate is from the first connection to the host's line of the log of the last one. \
         One thread opens them, and waits where the host is behind.",
    );
    if let Some((_, most)) = runs.last() {
        report.key_figure("acceptedPerSecond", most.per_second);
        report.key_figure("acceptMicroseconds", most.each);
    }
}
