//! How fast a spool goes out that was filled while ThingsBoard was away.

use std::time::{Duration, Instant};

use harness::HostBuilder;
use measure::{Cell, Report, Table};
use serde_json::json;

use super::load::{
    filled,
    line::{COUNTER, PREFIX, VALUES},
    points::Points,
    stage::{Stage, standin},
    usage::Usage,
};

/// Devices unless a row says otherwise.
const DEVICES: u64 = 1000;
/// How long ThingsBoard is silent until the host is up.
const SILENCE_MS: u64 = 60_000;
/// The longest that one row is measured.
const LONGEST: Duration = Duration::from_secs(4);
/// Shares of the records at which the measurement begins and ends, in percent.
const FROM: u64 = 10;
const TO: u64 = 95;

/// One row: settings, and what is in the spool.
struct Case {
    key: String,
    label: String,
    settings: Option<(&'static str, String)>,
    devices: u64,
}

impl Case {
    fn of(name: &'static str, label: &str, value: u64) -> Self {
        Self {
            key: format!("{name}-{value}"),
            label: format!("{label}: {value}"),
            settings: Some((name, value.to_string())),
            devices: DEVICES,
        }
    }

    fn devices(devices: u64) -> Self {
        Self {
            key: format!("devices-{devices}"),
            label: format!("devices: {devices}"),
            settings: None,
            devices,
        }
    }
}

/// Measures what each lever does.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let records = if quick { 50_000 } else { 400_000 };
    let mut cases = vec![Case {
        key: "defaults".to_owned(),
        label: format!("defaults, {DEVICES} devices"),
        settings: None,
        devices: DEVICES,
    }];
    let messages = [1, 10, 100, 2000];
    cases
        .extend(messages.map(|count| Case::of("maxRecordsPerMessage", "records a message", count)));
    let in_flight = [1, 4, 64];
    cases.extend(
        in_flight.map(|count| Case::of("maxMessagesInFlight", "messages on their way", count)),
    );
    cases.extend([1, 10].map(Case::devices));

    let mut table = Table::new(
        "drain",
        format!("{records} records that waited for ThingsBoard"),
        "setting",
    )
    .columns([
        ("records", "records"),
        ("host", "host, a record"),
        ("standin", "stand-in, a record"),
        ("batch", "a message"),
    ]);
    for case in &cases {
        let (cells, rate, host) = drain(case, records);
        table.row(&case.key, &case.label, cells);
        if case.key == "defaults" {
            report.key_figure("recordsPerSecond", rate);
            report.key_figure("hostMicroseconds", host);
        }
    }
    report.table(table);
}

/// The cells of one row, records a second, and processor µs of the host a record.
fn drain(case: &Case, records: u64) -> ([Cell; 4], f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    filled::fill(folder.path(), records, case.devices);
    let standin = standin();
    standin.add_devices(case.devices as usize, PREFIX, "default");
    standin.must_post("/faults", &json!({ "stallMs": SILENCE_MS }));
    let stage = Stage::of(standin, None, |host: HostBuilder| {
        let host = host.top(&filled::settings(folder.path()));
        match &case.settings {
            Some((name, value)) => host.thingsboard(name, value),
            None => host,
        }
    });
    stage.standin.must_post("/faults", &json!({ "stallMs": 0 }));

    let mut points = Points::of(stage.standin.http);
    let mut wait = |percent: u64| {
        let deadline = Instant::now() + LONGEST;
        let wanted = records * percent / 100 * VALUES;
        let mut arrived = 0;
        while arrived < wanted && Instant::now() < deadline {
            // Not all at once: the answer may take ten seconds.
            arrived = points.at_least(wanted.min(arrived + wanted / 20));
        }
        arrived / VALUES
    };
    let messages = |stage: &Stage| {
        let edge = stage.standin.get("/edge").unwrap();
        edge["uplinkMessages"].as_u64().unwrap()
    };
    let (before, messages_before) = (wait(FROM), messages(&stage));
    let usage = [&stage.host.process, &stage.standin.process].map(|it| Usage::of(it.id()));
    let after = wait(TO);
    let [host, standin] = usage.map(|usage| usage.used());
    let messages = messages(&stage) - messages_before;
    let total = stage.standin.sequence(COUNTER);
    for figure in ["missing", "duplicates", "outOfOrder"] {
        assert_eq!(total[figure], 0, "{figure}: {total}");
    }
    let relayed = (after - before) as f64;
    let rate = relayed / host.seconds;
    let each = |seconds: f64| seconds * 1e6 / relayed;
    let cells = [
        Cell::figure(rate, "/s"),
        Cell::figure(each(host.processor), "µs"),
        Cell::figure(each(standin.processor), "µs"),
        Cell::figure(relayed / messages as f64, "records"),
    ];
    (cells, rate, each(host.processor))
}
