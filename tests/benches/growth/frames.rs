//! Larger frames, and frames with more values.

use std::{io::Write as _, time::Duration};

use measure::{Axis, Cell, Plot, Report, Table};

use super::load::{
    flood::{Flood, Load, Pacer, Source},
    line::{COUNTER, device},
    stage::Stage,
    usage::Usage,
};

/// Connections that send.
const CONNECTIONS: usize = 10;
/// Most bytes on their way.
const ON_THE_WAY: usize = 8 * 1024 * 1024;
/// Most lines on their way.
const LINES: usize = 100_000;
/// How long lines are sent before they count.
const WARM: Duration = Duration::from_secs(1);
/// Longest frame of the host, in bytes.
const LONGEST: usize = 70_000;

/// Measures both.
pub(super) fn measure(report: &mut Report, quick: bool) {
    let span = Duration::from_millis(if quick { 500 } else { 2000 });
    let sizes: &[usize] = match quick {
        true => &[32, 65_536],
        false => &[32, 128, 512, 2048, 8192, 65_536],
    };
    let numbers: &[usize] = match quick {
        true => &[1, 1000],
        false => &[1, 10, 100, 1000],
    };
    sized(report, sizes, span);
    valued(report, numbers, span);
}

fn sized(report: &mut Report, sizes: &[usize], span: Duration) {
    let costs: Vec<_> = (sizes.iter())
        .map(|size| (*size, run(*size, 2, span, |number| padded(number, *size))))
        .collect();
    let mut table = Table::new("size", "Bytes of a frame with two values", "bytes").columns([
        ("frame", "a frame"),
        ("byte", "a byte"),
        ("rate", "frames"),
    ]);
    for (size, (cost, rate)) in &costs {
        let cells = [
            Cell::figure(*cost, "µs"),
            Cell::figure(cost * 1000.0 / *size as f64, "ns"),
            Cell::figure(*rate, "/s"),
        ];
        table.row(size, size, cells);
    }
    report.table(table);
    report.text("What makes a frame longer is space at its end, which the converter drops.");
    report.plot(plot(
        "size",
        "Bytes of a frame",
        "bytes",
        "µs a frame",
        &costs,
    ));
}

fn valued(report: &mut Report, numbers: &[usize], span: Duration) {
    let costs: Vec<_> = (numbers.iter())
        .map(|values| {
            let size = 20 + values * VALUE;
            let source = |number| many_values(number, *values);
            (*values, run(size, *values as u64, span, source))
        })
        .collect();
    let mut table = Table::new("values", "Values of a frame", "values").columns([
        ("frame", "a frame"),
        ("value", "a value"),
        ("rate", "frames"),
    ]);
    for (values, (cost, rate)) in &costs {
        let cells = [
            Cell::figure(*cost, "µs"),
            Cell::figure(cost / *values as f64, "µs"),
            Cell::figure(*rate, "/s"),
        ];
        table.row(values, values, cells);
    }
    report.table(table);
    report.plot(plot(
        "values",
        "Values of a frame",
        "values",
        "µs a frame",
        &costs,
    ));
}

fn plot(key: &str, title: &str, across: &str, up: &str, costs: &[(usize, (f64, f64))]) -> Plot {
    let points = costs.iter().map(|(at, (cost, _))| (*at as f64, *cost));
    Plot::new(key, title, Axis::logarithmic(across), Axis::logarithmic(up)).line("host", points)
}

/// Processor µs of the host a frame, and frames a second.
fn run(
    size: usize,
    values: u64,
    span: Duration,
    source: impl FnMut(usize) -> Source,
) -> (f64, f64) {
    let stage = Stage::start_with(None, |host| {
        host.client(&format!(
            "handlerConfiguration = {{ maxFrameLength = {LONGEST} }}"
        ))
    });
    let load = Load {
        connections: CONNECTIONS,
        line: size,
        window: Some((ON_THE_WAY / size).min(LINES)),
    };
    let flood = Flood::start_with(stage.host.address, load, source);
    let mut pacer = Pacer::of(&flood, stage.standin.http, values);
    let before = pacer.run(WARM);
    let usage = Usage::of(stage.host.process.id());
    let frames = (pacer.run(span) - before) as f64;
    let used = usage.used();
    let sent = flood.stop();
    stage.check(sent, values, Some(CONNECTIONS));
    (used.processor * 1e6 / frames, frames / used.seconds)
}

/// Lines of two values and so many bytes.
fn padded(number: usize, size: usize) -> Source {
    let head = format!("{},default,{COUNTER},", device(number));
    let mut count: u64 = 0;
    Box::new(move |buffer| {
        count += 1;
        let end = buffer.len() + size - 1;
        // Writing to a vector does not fail.
        let _ = write!(buffer, "{head}{count},t,5.7");
        buffer.resize(end.max(buffer.len()), b' ');
        buffer.push(b'\n');
    })
}

/// Bytes of a value with its key, roughly.
const VALUE: usize = 10;

/// Lines of so many values, one of them the counter.
fn many_values(number: usize, values: usize) -> Source {
    let head = format!("{},default", device(number));
    let others: String = (1..values).map(|key| format!(",k{key},25.7")).collect();
    let mut count: u64 = 0;
    Box::new(move |buffer| {
        count += 1;
        let _ = writeln!(buffer, "{head},{COUNTER},{count}{others}");
    })
}
