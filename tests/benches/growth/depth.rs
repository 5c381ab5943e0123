//! More records that wait in the spool while ThingsBoard is away, and then go out.

use std::{
    thread,
    time::{Duration, Instant},
};

use harness::{Host, Port, Standin, converter};
use measure::{Axis, Cell, Plot, Report, Table};

use super::load::{
    filled,
    flood::{Flood, Load},
    line::VALUES,
    points::Points,
    stage::standin_on,
    usage::{Usage, memory_mib},
};

/// Devices whose records wait.
const DEVICES: u64 = 1000;
/// Connections that send meanwhile.
const CONNECTIONS: usize = 10;
/// How long lines are sent before they count.
const WARM: Duration = Duration::from_millis(500);
/// Samples that go out before they count: all devices are made by then.
const FIRST: u64 = 50_000;
/// The most samples that are counted going out.
const OUT: u64 = 500_000;
/// The longest that going out is measured.
const LONGEST: Duration = Duration::from_secs(4);

/// What a spool of some depth costs.
struct Cost {
    records: u64,
    start_ms: f64,
    idle_mib: f64,
    /// Processor µs of the host: a sample taken in while ThingsBoard is away, a record sent.
    taken: f64,
    sent: f64,
    rate: f64,
}

/// Measures growing spools.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let span = Duration::from_millis(if quick { 500 } else { 2000 });
    let depths: &[u64] = match quick {
        true => &[0, 100_000],
        false => &[0, 100_000, 1_000_000, 10_000_000],
    };
    let costs: Vec<_> = depths.iter().map(|records| run(*records, span)).collect();
    let mut table = Table::new("depth", "Records that wait in the spool", "records").columns([
        ("start", "start of the host"),
        ("memory", "memory, idle"),
        ("taken", "a sample taken in"),
        ("sent", "a record sent"),
        ("rate", "records sent"),
    ]);
    for cost in &costs {
        let cells = [
            Cell::figure(cost.start_ms, "ms"),
            Cell::figure(cost.idle_mib, "MiB"),
            Cell::figure(cost.taken, "µs"),
            Cell::figure(cost.sent, "µs"),
            Cell::figure(cost.rate, "/s"),
        ];
        table.row(cost.records, cost.records, cells);
    }
    report.table(table);
    report.text(
        "The start is from the process to the listening port, the compilation of one converter included. \
         Samples are taken in while ThingsBoard is away; then it comes, and the oldest records go first.",
    );
    let line = |figure: fn(&Cost) -> f64| {
        let points = costs
            .iter()
            .map(move |cost| (cost.records.max(1) as f64, figure(cost)));
        points.collect::<Vec<_>>()
    };
    let across = Axis::logarithmic("records that wait (an empty spool is at 1)");
    report.plot(
        Plot::new(
            "depth",
            "Depth of the spool",
            across,
            Axis::linear("µs a record"),
        )
        .line("taken in", line(|cost| cost.taken))
        .line("sent", line(|cost| cost.sent)),
    );
}

fn run(records: u64, span: Duration) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    filled::fill(folder.path(), records, DEVICES);
    let port = Port::free();
    let begin = Instant::now();
    let host = Host::builder(port.number())
        .converter("csv", converter("csv"))
        .top(&filled::settings(folder.path()))
        .start();
    let start_ms = begin.elapsed().as_secs_f64() * 1000.0;
    thread::sleep(Duration::from_secs(1));
    let (idle_mib, _) = memory_mib(host.process.id());

    let flood = Flood::start(host.address, Load::of(CONNECTIONS, None));
    thread::sleep(WARM);
    let (before, usage) = (flood.sent(), Usage::of(host.process.id()));
    thread::sleep(span);
    let lines = (flood.sent() - before) as f64;
    let taken = usage.used().processor * 1e6 / lines;
    flood.stop();

    let (sent, rate) = drain(&host, &standin_on(port.number()), records + lines as u64);
    Cost {
        records,
        start_ms,
        idle_mib,
        taken,
        sent,
        rate,
    }
}

/// Processor µs of the host a record that goes out, and records a second.
fn drain(host: &Host, standin: &Standin, records: u64) -> (f64, f64) {
    let mut points = Points::of(standin.http);
    let deadline = Instant::now() + harness::PATIENCE;
    let mut begun = 0;
    while begun < FIRST {
        assert!(Instant::now() < deadline, "nothing goes out");
        begun = points.at_least(FIRST * VALUES) / VALUES;
    }
    let usage = Usage::of(host.process.id());
    let end = (begun + OUT).min(records * 9 / 10);
    let start = Instant::now();
    let mut now = begun;
    while now < end && start.elapsed() < LONGEST {
        now = points.at_least((now + OUT / 50).min(end) * VALUES) / VALUES;
    }
    let used = usage.used();
    let sent = (now - begun) as f64;
    (used.processor * 1e6 / sent, sent / used.seconds)
}
