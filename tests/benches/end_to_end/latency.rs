//! From a write to a device's socket to the stand-in.
//!
//! A line says when it was written; the stand-in compares that with its clock, which is the
//! same, when it takes the message, and counts. So being told costs nothing that is measured.

use std::{collections::BTreeMap, time::Duration};

use measure::{Cell, Report, Table};
use serde_json::{Value as Json, json};

use super::{
    goals::Goals,
    load::{
        line::VALUES,
        points::Points,
        single::one_after_another,
        stage::Stage,
        steady::{SENT, Steady},
        usage::{Usage, Used},
    },
    threads,
};

/// Lines a second of all connections.
const RATE: u32 = 10_000;
/// How long lines are sent until it is asked whether all devices are there.
const MOMENT: Duration = Duration::from_millis(100);
/// How long lines are sent before they count.
const WARM: Duration = Duration::from_secs(1);

/// Measures the steady rate for each number of connections, and one device that waits for each line.
pub(super) fn measure(
    report: &mut Report,
    goals: &mut Goals,
    connections: &[usize],
    span: Duration,
) {
    let mut table = Table::new(
        "latency",
        "From the device's socket to the stand-in",
        "load",
    )
    .columns([
        ("p50", "p50"),
        ("p99", "p99"),
        ("p999", "p99.9"),
        ("max", "longest"),
        ("lines", "lines"),
        ("host", "host, a line"),
    ]);
    let mut runs = Vec::new();
    for connections in connections {
        let figures = steady(*connections, span);
        let label = format!("{RATE}/s over {connections} connections");
        table.row(format!("steady-{connections}"), label, figures.cells());
        goals.at_most(
            format!("p99 at {RATE}/s over {connections} connections"),
            figures.p99(),
            5.0,
            "ms",
        );
        report.key_figure(format!("steady{connections}P99Milliseconds"), figures.p99());
        let label = format!("{connections} connections");
        runs.push((format!("steady-{connections}"), label, figures));
    }
    let figures = single(span);
    table.row(
        "single",
        "one connection, one line at a time",
        figures.cells(),
    );
    goals.at_most("p99 of one line at a time", figures.p99(), 0.4, "ms");
    report.key_figure("singleP99Milliseconds", figures.p99());
    runs.push(("single".to_owned(), "one at a time".to_owned(), figures));
    report.table(table);
    report.table(threads::table(
        "latency-threads",
        "The host's processor time by thread, a line",
        runs.iter()
            .map(|(key, label, run)| (key, label, &run.threads)),
    ));
}

/// What the stand-in counted, and what the host spent on it.
struct Figures {
    delays: Json,
    /// Processor µs a line.
    host: f64,
    /// The same for threads by name.
    threads: BTreeMap<String, f64>,
}

impl Figures {
    fn ms(&self, figure: &str) -> f64 {
        self.delays[figure].as_f64().unwrap() / 1000.0
    }

    fn p99(&self) -> f64 {
        self.ms("p99")
    }

    fn cells(&self) -> Vec<Cell> {
        let times = ["p50", "p99", "p999", "max"].map(|figure| Cell::figure(self.ms(figure), "ms"));
        let mut cells = times.to_vec();
        cells.push(Cell::Count(self.delays["count"].as_u64().unwrap()));
        cells.push(Cell::figure(self.host, "µs"));
        cells
    }
}

fn steady(connections: usize, span: Duration) -> Figures {
    let stage = Stage::start(None);
    let mut devices = Steady::connect(stage.host.address, connections);
    count(&stage);
    stage.wait_for_devices(connections, || devices.run(RATE, MOMENT));
    devices.run(RATE, WARM);
    count(&stage);
    let usage = Usage::of(stage.host.process.id());
    let before = devices.sent;
    devices.run(RATE, span);
    let used = usage.used();
    let lines = devices.sent - before;
    stage.check(devices.sent, VALUES, Some(connections));
    figures(&stage, used, lines)
}

fn single(span: Duration) -> Figures {
    let stage = Stage::start(None);
    let mut points = Points::of(stage.standin.http);
    let mut device = Steady::connect(stage.host.address, 1);
    one_after_another(&mut points, &mut device, WARM);
    count(&stage);
    let usage = Usage::of(stage.host.process.id());
    let lines = one_after_another(&mut points, &mut device, span);
    let used = usage.used();
    stage.check(device.sent, VALUES, Some(1));
    figures(&stage, used, lines)
}

/// Lets the stand-in count anew.
fn count(stage: &Stage) {
    stage.standin.must_post("/delays", &json!({ "key": SENT }));
}

fn figures(stage: &Stage, used: Used, lines: u64) -> Figures {
    let each = |seconds: f64| seconds * 1e6 / lines as f64;
    Figures {
        delays: stage.standin.get("/delays").unwrap(),
        host: each(used.processor),
        threads: (used.threads.into_iter())
            .map(|(name, seconds)| (name, each(seconds)))
            .collect(),
    }
}
