//! From the rename of a file into the folder to the first line that it has decoded.

use std::{fs, path::PathBuf, thread, time::Duration};

use harness::{Host, Standin, component, guest, repository, wait_for};
use measure::{Cell, Report, Samples, Table};
use serde_json::json;

use super::{
    load::{
        copies::{copy, put},
        steady::now_us,
    },
    traffic::{OTHERS, RATE, Traffic, arrivals},
};

/// A large component of another language's toolchain, if it was built.
const LARGE: &str = "target/components/javascript.wasm";
/// What it needs beyond the defaults.
const LARGE_LIMITS: &str = "overrides.probe = { memoryLimitMib = 96, memoryMarkPercent = 100 }";
/// How long the traffic is watched without any replacement.
const QUIET: Duration = Duration::from_secs(3);
/// An instance that has served no more calls is that of a new version: those of the version
/// before have served more.
const FRESH_CALLS: u64 = 50;

/// A converter that is replaced.
struct Subject {
    key: &'static str,
    label: String,
    /// Its versions, which take turns.
    files: Vec<PathBuf>,
    /// What the probe sends, and the device and the key that show what decoded it.
    probe: &'static str,
    device: &'static str,
    telemetry: &'static str,
    /// Whether the value is the version, counted from 1, or the number of calls that an
    /// instance has served.
    tells_version: bool,
    /// How often it is replaced by what the host has never seen, an odd number, and then by what
    /// it has.
    new: usize,
    known: usize,
    /// Pause after each replacement.
    pause: Duration,
}

/// A replacement.
struct Swap {
    /// When the file was renamed, in Unix microseconds.
    at: u64,
    /// Which content it was.
    number: usize,
}

/// Measures a small converter, and a large one if it is there.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let count = if quick { 3 } else { 9 };
    let mut subjects = vec![Subject {
        key: "small",
        label: "60 KB, Rust".to_owned(),
        files: vec![guest("version_1"), guest("version_2")],
        probe: "probe\n",
        device: "probe",
        telemetry: "version",
        tells_version: true,
        new: count,
        known: count,
        pause: Duration::from_millis(200),
    }];
    if repository().join(LARGE).exists() && !quick {
        subjects.push(Subject {
            key: "large",
            label: "12 MB, JavaScript".to_owned(),
            files: vec![component("javascript")],
            probe: "count\n",
            device: "javascript",
            telemetry: "count",
            tells_version: false,
            new: 1,
            known: 2,
            pause: Duration::from_secs(1),
        });
    } else {
        report.text(format!(
            "A component of 12 MB is left out: `--quick` skips it, and {LARGE} is built by \
             `just test` only."
        ));
    }
    let mut table = Table::new(
        "swap",
        "From the rename to the first line decoded",
        "converter",
    )
    .columns([
        ("median", "median"),
        ("longest", "longest"),
        ("swaps", "times"),
        ("p50", "traffic p50"),
        ("p99", "traffic p99"),
        ("max", "traffic, longest"),
    ]);
    for subject in &subjects {
        run(subject, &mut table, report);
    }
    report.table(table);
    report.text(format!(
        "Traffic is what {OTHERS} other devices send meanwhile to another converter, {RATE} lines \
         a second each, from the socket to the stand-in. Of them and of the probe no line was lost, \
         doubled or became a dead letter. Content that the host knows is in its compile cache."
    ));
}

fn run(subject: &Subject, table: &mut Table, report: &mut Report) {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("probe", subject.files[0].clone())
        .converter("others", guest("version_1"))
        .limits(LARGE_LIMITS)
        .integration(
            "name = 'probe'\nuplinkConverter = 'probe'\n[integrations.clientConfiguration]\n\
             port = 0\nbindAddress = '127.0.0.1'\n[[integrations]]\nname = 'others'\n\
             uplinkConverter = 'others'",
        )
        .start();
    let traffic = Traffic::default();
    let (mut phases, mut loads) = (Vec::new(), 0);
    thread::scope(|scope| {
        traffic.start(scope, &host, subject.probe);
        standin.wait_for_edge();
        thread::sleep(subject.pause * 2);
        let numbers = [
            ("quiet", "not replaced", 0..0),
            ("new", "new content", 1..subject.new + 1),
            ("known", "content it knows", 0..subject.known),
        ];
        for (key, label, numbers) in numbers {
            standin.must_post("/delays", &json!({ "key": "seq" }));
            if numbers.is_empty() {
                thread::sleep(QUIET);
            }
            let swaps: Vec<_> = numbers
                .map(|number| {
                    loads += 1;
                    replace(subject, &host, number, loads)
                })
                .collect();
            let delays = standin.get("/delays").unwrap();
            phases.push((key, label, swaps, delays));
        }
        traffic.stop();
    });
    traffic.check(&standin, &host);
    let arrivals = arrivals(&standin, subject.device, subject.telemetry);
    for (key, label, swaps, delays) in phases {
        let times = swaps.iter().map(|swap| subject.took_ms(swap, &arrivals));
        let times: Samples = times.collect();
        let ms = |figure: &str| Cell::figure(delays[figure].as_f64().unwrap() / 1000.0, "ms");
        let key = format!("{}-{key}", subject.key);
        let cells = [
            Cell::figure(times.median(), "ms"),
            Cell::figure(times.greatest(), "ms"),
            match times.len() {
                0 => Cell::Nothing,
                some => Cell::Count(some as u64),
            },
            ms("p50"),
            ms("p99"),
            ms("max"),
        ];
        table.row(&key, format!("{}: {label}", subject.label), cells);
        if !times.is_empty() {
            report.key_figure(format!("{key}Milliseconds"), times.median());
        }
    }
}

/// Puts content into the folder and waits until it is loaded.
fn replace(subject: &Subject, host: &Host, number: usize, loads: usize) -> Swap {
    let file = &subject.files[number % subject.files.len()];
    let content = fs::read(file).unwrap();
    let content = match number {
        0 => content,
        _ => copy(&content, number as u32),
    };
    // Both converters were loaded at the start.
    let wanted = 2 + loads;
    let at = put(&host.converters, "probe", &content, now_us);
    wait_for("the new version is loaded", || {
        (host.process.count_log("converter loaded") >= wanted).then_some(())
    });
    thread::sleep(subject.pause);
    Swap { at, number }
}

impl Subject {
    /// Milliseconds from the rename to the first arrival of what the content has decoded.
    fn took_ms(&self, swap: &Swap, arrivals: &[(u64, u64)]) -> f64 {
        let version = (swap.number % self.files.len()) as u64 + 1;
        let first = arrivals.iter().find(|(at, value)| {
            let by_it = match self.tells_version {
                true => *value == version,
                false => *value <= FRESH_CALLS,
            };
            *at >= swap.at && by_it
        });
        let (at, _) = first.unwrap();
        (at - swap.at) as f64 / 1000.0
    }
}
