//! Starting with many converters, and what each costs while only one is used.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use harness::{Host, Standin, converter, wait_for};
use measure::{Axis, Cell, Plot, Report, Table};

use super::load::{
    copies::copy,
    flood::{Flood, Load, Pacer},
    line::VALUES,
    stage::standin,
    usage::{Usage, memory_mib},
};

/// The converter in AssemblyScript is a fifth of the size of the one in Rust, so that
/// compiling hundreds of copies takes seconds.
const CONVERTER: &str = "assemblyscript/csv";
/// How long a started host is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);
/// Connections that send while one converter is used.
const CONNECTIONS: usize = 10;
/// Lines on their way at a time.
const WINDOW: usize = 50_000;

/// What one folder gave.
struct Start {
    converters: u32,
    cold_ms: f64,
    warm_ms: f64,
    idle_mib: f64,
    /// Processor µs of the host a sample.
    sample: f64,
}

/// Starts hosts with more and more converters.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let numbers: &[u32] = if quick { &[1, 20] } else { &[1, 10, 100, 500] };
    let starts: Vec<_> = numbers.iter().map(|number| start(*number)).collect();
    let mut table = Table::new("folder", "Converters in the folder", "converters").columns([
        ("cold", "start, compiling"),
        ("warm", "start, compiled before"),
        ("memory", "memory, idle"),
        ("sample", "host, a sample through one"),
    ]);
    for start in &starts {
        let cells = [
            Cell::figure(start.cold_ms, "ms"),
            Cell::figure(start.warm_ms, "ms"),
            Cell::figure(start.idle_mib, "MiB"),
            Cell::figure(start.sample, "µs"),
        ];
        table.row(start.converters, start.converters, cells);
    }
    report.table(table);
    report.text(format!(
        "All are the converter {CONVERTER}, in files that differ. The start is measured from the process \
         to the line of the log that says that the last converter is loaded."
    ));
    let line = |figure: fn(&Start) -> f64| {
        let points = starts
            .iter()
            .map(move |it| (f64::from(it.converters), figure(it)));
        points.collect::<Vec<_>>()
    };
    let converters = || Axis::logarithmic("converters");
    report.plot(
        Plot::new("start", "Start", converters(), Axis::logarithmic("ms"))
            .line("compiling", line(|it| it.cold_ms))
            .line("compiled before", line(|it| it.warm_ms)),
    );
    report.plot(
        Plot::new("memory", "Memory, idle", converters(), Axis::linear("MiB"))
            .line("resident", line(|it| it.idle_mib)),
    );
    if let Some(most) = starts.last() {
        report.key_figure(
            format!("start{}WarmMilliseconds", most.converters),
            most.warm_ms,
        );
        report.key_figure(format!("start{}MiB", most.converters), most.idle_mib);
    }
}

fn start(converters: u32) -> Start {
    let standin = standin();
    let content = fs::read(converter(CONVERTER)).unwrap();
    let files = tempfile::tempdir().unwrap();
    let mut builder = Host::builder(standin.grpc.port()).integration("uplinkConverter = 'csv-0'");
    for number in 0..converters {
        let name = format!("csv-{number}");
        let file = files.path().join(&name);
        fs::write(&file, copy(&content, number)).unwrap();
        builder = builder.converter(&name, file);
    }
    let begin = Instant::now();
    let mut host = builder.start();
    let cold = loaded(&host, converters, begin);
    host.kill();
    let begin = Instant::now();
    host.start_again();
    let warm = loaded(&host, converters, begin);
    host.wait_until_started();
    standin.wait_for_edge();
    thread::sleep(SETTLE);
    let (idle_mib, _) = memory_mib(host.process.id());
    Start {
        converters,
        cold_ms: cold,
        warm_ms: warm,
        idle_mib,
        sample: sample(&host, &standin),
    }
}

/// Milliseconds from `begin` until all are loaded.
fn loaded(host: &Host, converters: u32, begin: Instant) -> f64 {
    wait_for("all converters are loaded", || {
        (host.process.count_log("converter loaded") == converters as usize).then_some(())
    });
    begin.elapsed().as_secs_f64() * 1000.0
}

/// Processor µs that the host spends on a sample.
fn sample(host: &Host, standin: &Standin) -> f64 {
    let flood = Flood::start(host.address, Load::of(CONNECTIONS, Some(WINDOW)));
    let mut pacer = Pacer::of(&flood, standin.http, VALUES);
    let before = pacer.run(Duration::from_secs(1));
    let usage = Usage::of(host.process.id());
    let samples = pacer.run(Duration::from_secs(2)) - before;
    let used = usage.used();
    flood.stop();
    used.processor * 1e6 / samples as f64
}
