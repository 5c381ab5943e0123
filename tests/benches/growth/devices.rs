//! More devices, each with a name that the host has to find the id of.

use std::time::{Duration, Instant};

use measure::{Axis, Cell, Plot, Report, Table};

use super::load::{
    flood::{Flood, Load, Pacer, Source},
    line::{Lines, PREFIX, VALUES, device},
    stage::{Stage, standin},
    usage::{Usage, memory_mib},
};

/// Connections that send; each is a gateway that speaks for its share of the devices.
const CONNECTIONS: usize = 10;
/// Lines on their way at a time.
const WINDOW: usize = 100_000;
/// Bytes of a line, roughly.
const LINE: usize = 42;
/// How long lines are sent before they count.
const WARM: Duration = Duration::from_secs(1);
/// The latest that a synchronisation may end.
const PATIENCE: Duration = Duration::from_secs(300);

/// What so many devices cost.
struct Cost {
    devices: usize,
    /// Processor µs of the host a line.
    line: f64,
    rate: f64,
    /// Memory in MiB after the synchronisation, and at the end of the load.
    synced: f64,
    loaded: f64,
    seconds: f64,
}

/// Measures growing numbers of devices.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let span = Duration::from_millis(if quick { 500 } else { 3000 });
    let numbers: &[usize] = match quick {
        true => &[10, 10_000],
        false => &[10, 1000, 100_000, 1_000_000],
    };
    let costs: Vec<_> = numbers.iter().map(|devices| run(*devices, span)).collect();
    let mut table = Table::new(
        "devices",
        "Devices that the host knows and that speak in turn",
        "devices",
    )
    .columns([
        ("line", "a line"),
        ("rate", "lines"),
        ("sync", "synchronisation"),
        ("synced", "memory after it"),
        ("loaded", "after the load"),
    ]);
    for cost in &costs {
        let cells = [
            Cell::figure(cost.line, "µs"),
            Cell::figure(cost.rate, "/s"),
            Cell::figure(cost.seconds, "s"),
            Cell::figure(cost.synced, "MiB"),
            Cell::figure(cost.loaded, "MiB"),
        ];
        table.row(cost.devices, cost.devices, cells);
    }
    report.table(table);
    report.text(format!(
        "{CONNECTIONS} connections, each of which speaks for its share of the devices in turn. The \
         synchronisation includes the stand-in's work."
    ));
    let line = |figure: fn(&Cost) -> f64| {
        let points = costs
            .iter()
            .map(move |cost| (cost.devices as f64, figure(cost)));
        points.collect::<Vec<_>>()
    };
    let across = || Axis::logarithmic("devices");
    report.plot(
        Plot::new(
            "devices",
            "Devices: time",
            across(),
            Axis::linear("µs a line"),
        )
        .line("host", line(|cost| cost.line)),
    );
    report.plot(
        Plot::new(
            "memory",
            "Devices: memory",
            across(),
            Axis::logarithmic("MiB"),
        )
        .line("after the synchronisation", line(|cost| cost.synced))
        .line("after the load", line(|cost| cost.loaded)),
    );
}

fn run(devices: usize, span: Duration) -> Cost {
    let standin = standin();
    standin.add_devices(devices, PREFIX, "default");
    let begin = Instant::now();
    let stage = Stage::of(standin, None, |host| {
        host.client(&format!("maxDevicesPerConnection = {devices}"))
    });
    while stage.standin.get("/edge").unwrap()["synced"] != true {
        assert!(
            begin.elapsed() < PATIENCE,
            "the devices are not synchronised"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (synced, _) = memory_mib(stage.host.process.id());
    let load = Load {
        connections: CONNECTIONS,
        line: LINE,
        window: Some(WINDOW),
    };
    let flood = Flood::start_with(stage.host.address, load, |number| gateway(number, devices));
    let mut pacer = Pacer::of(&flood, stage.standin.http, VALUES);
    let before = pacer.run(WARM);
    let usage = Usage::of(stage.host.process.id());
    let lines = (pacer.run(span) - before) as f64;
    let used = usage.used();
    let sent = flood.stop();
    stage.check(sent, VALUES, None);
    let (loaded, _) = memory_mib(stage.host.process.id());
    Cost {
        devices,
        line: used.processor * 1e6 / lines,
        rate: lines / used.seconds,
        synced,
        loaded,
        seconds,
    }
}

/// Lines of every tenth device, from the one on, in turn.
fn gateway(first: usize, devices: usize) -> Source {
    let mut count = 0;
    let mut current = first;
    Box::new(move |buffer| {
        let mut lines = Lines::of(&device(current));
        lines.count = count;
        lines.push(buffer);
        current += CONNECTIONS;
        if current >= devices {
            current = first;
            count += 1;
        }
    })
}
