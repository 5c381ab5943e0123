//! How long a message waits for company, under a steady load.

use std::time::Duration;

use measure::{Cell, Report, Table};
use serde_json::json;

use super::load::{
    line::VALUES,
    stage::Stage,
    steady::{SENT, Steady},
    usage::Usage,
};

/// Lines a second.
const RATE: u32 = 10_000;
/// Connections that send them.
const CONNECTIONS: usize = 100;
/// How long lines are sent until it is asked whether all devices are there.
const MOMENT: Duration = Duration::from_millis(100);
/// How long lines are sent before they count.
const WARM: Duration = Duration::from_millis(500);

/// Measures some pauses.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let span = Duration::from_secs(if quick { 1 } else { 3 });
    let title = format!("{RATE} lines a second over {CONNECTIONS} connections");
    let mut table = Table::new("linger", title, "lingerMs").columns([
        ("p50", "p50"),
        ("p99", "p99"),
        ("p999", "p99.9"),
        ("host", "host, a line"),
        ("batch", "a message"),
    ]);
    for linger in ["0", "1", "5", "20"] {
        table.row(linger, linger, run(linger, span));
    }
    report.table(table);
}

fn run(linger: &str, span: Duration) -> [Cell; 5] {
    let stage = Stage::start_with(None, |host| host.thingsboard("lingerMs", linger));
    let mut devices = Steady::connect(stage.host.address, CONNECTIONS);
    stage.wait_for_devices(CONNECTIONS, || devices.run(RATE, MOMENT));
    devices.run(RATE, WARM);
    stage.standin.must_post("/delays", &json!({ "key": SENT }));
    let messages = |stage: &Stage| {
        let edge = stage.standin.get("/edge").unwrap();
        edge["uplinkMessages"].as_u64().unwrap()
    };
    let (before, messages_before) = (devices.sent, messages(&stage));
    let usage = Usage::of(stage.host.process.id());
    devices.run(RATE, span);
    let used = usage.used();
    let lines = (devices.sent - before) as f64;
    let messages = messages(&stage) - messages_before;
    stage.check(devices.sent, VALUES, Some(CONNECTIONS));
    let delays = stage.standin.get("/delays").unwrap();
    let ms = |figure: &str| Cell::figure(delays[figure].as_f64().unwrap() / 1000.0, "ms");
    [
        ms("p50"),
        ms("p99"),
        ms("p999"),
        Cell::figure(used.processor * 1e6 / lines, "µs"),
        Cell::figure(lines / messages as f64, "lines"),
    ]
}
