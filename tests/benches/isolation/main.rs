//! What a runaway costs the other devices: one device sends 100 frames a second,
//! each of which makes the converter spin to its deadline.
//!
//! `just bench isolation [SECONDS]`: throughput and latency of the other devices
//! without and with it, in one run.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use clap::Parser;
use harness::{Host, Standin, guest};
use measure::{Cell, RecordError, Report, Samples, Table};

/// Devices that want as much as they can get, or a steady rate.
const DEVICES: usize = 8;
/// Frames a second of each, where latency is measured.
const RATE: u32 = 250;
/// Turns that a measurement is taken in: what else the machine does falls on
/// both sides alike.
const ROUNDS: u32 = 4;
/// Seconds of each measurement.
const SECONDS: u64 = 10;
const QUICK_SECONDS: u64 = 2;
/// Frames that a device writes at once where throughput is measured.
const BURST: usize = 200;

/// What a runaway costs the other devices
#[derive(Parser)]
#[command(name = "isolation")]
struct Arguments {
    /// Seconds of each of the four measurements
    seconds: Option<u64>,
    #[command(flatten)]
    common: measure::Arguments,
}

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse();
    let seconds = arguments.seconds.unwrap_or(match arguments.common.quick {
        true => QUICK_SECONDS,
        false => SECONDS,
    });
    let span = Duration::from_secs(seconds);
    let mut report = Report::new("isolation", "Isolation", "just bench isolation");
    let (mut alone, mut beside) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        alone += turn(|host, standin| throughput(standin, host, span / ROUNDS));
        beside +=
            turn(|host, standin| with_runaway(host, || throughput(standin, host, span / ROUNDS)));
    }
    let throughput = [alone, beside].map(|sum| sum / f64::from(ROUNDS));
    let latency = [
        turn(|host, standin| latency(standin, host, span)),
        turn(|host, standin| with_runaway(host, || latency(standin, host, span))),
    ];
    let mut table = Table::new(
        "others",
        format!(
            "{DEVICES} devices; load generator, stand-in and host share the processors; {seconds} s \
             each, throughput in {ROUNDS} turns"
        ),
        "of the others",
    )
    .columns([
        ("alone", "alone"),
        ("beside", "beside a runaway"),
        ("ratio", "ratio"),
    ]);
    let mut row = |key: &str, label: &str, [alone, beside]: [f64; 2], unit| {
        let cells = [alone, beside].map(|figure| Cell::figure(figure, unit));
        let ratio = Cell::ratio(beside, alone);
        table.row(key, label, cells.into_iter().chain([ratio]));
    };
    row("throughput", "frames as fast as they can", throughput, "/s");
    let rate = DEVICES * RATE as usize;
    for (key, percent) in [("p50", 50.0), ("p99", 99.0), ("p999", 99.9)] {
        let figures = [&latency[0], &latency[1]].map(|samples| samples.percentile(percent));
        let label = format!("socket to stand-in at {rate} frames/s, p{percent}");
        row(key, &label, figures, "ms");
    }
    report.table(table);
    report.key_figure("throughputRatio", throughput[1] / throughput[0]);
    report.key_figure("p99BesideMilliseconds", latency[1].percentile(99.0));
    report.finish(&arguments.common)
}

/// Runs `measure` on a host of its own: what a runaway left in its socket would
/// go on.
fn turn<T>(measure: impl FnOnce(&Host, &Standin) -> T) -> T {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .converter("misbehaving", guest("misbehaving"))
        .limits("threads = 2")
        .start();
    // Warm: devices created, instances made.
    throughput(&standin, &host, Duration::from_secs(1));
    measure(&host, &standin)
}

/// Runs `measure` while one device sends 100 frames a second that spin.
fn with_runaway<T>(host: &Host, measure: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut device = host.device();
            let mut next = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                device.send("spin\n");
                next += Duration::from_millis(10);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        let measured = measure();
        stop.store(true, Ordering::Relaxed);
        measured
    })
}

/// Frames of all devices a second that ThingsBoard got.
fn throughput(standin: &Standin, host: &Host, span: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let points = || standin.get("/edge").unwrap()["points"].as_u64().unwrap();
    let rate = thread::scope(|scope| {
        for number in 0..DEVICES {
            let stop = &stop;
            scope.spawn(move || {
                let mut device = host.device();
                let burst = format!("echo device-{number} k v\n").repeat(BURST);
                while !stop.load(Ordering::Relaxed) {
                    device.send(&burst);
                }
                device.close();
            });
        }
        thread::sleep(Duration::from_secs(1));
        let (start, before) = (Instant::now(), points());
        thread::sleep(span);
        let rate = (points() - before) as f64 / start.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        rate
    });
    let mut last = 0;
    harness::wait_for("the last frames", || {
        let now = points();
        let done = now == last;
        last = now;
        thread::sleep(Duration::from_millis(100));
        done.then_some(rate)
    })
}

/// Milliseconds from the write to a socket to the arrival at the stand-in.
fn latency(standin: &Standin, host: &Host, span: Duration) -> Samples {
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..DEVICES {
            let sent = &sent;
            scope.spawn(move || {
                let mut device = host.device();
                let start = Instant::now();
                let mut next = start;
                while start.elapsed() < span {
                    // The value is the time it was sent at; as a text, not a number.
                    device.send(&format!("echo device-{number} sent t{}\n", now_us()));
                    sent.fetch_add(1, Ordering::Relaxed);
                    next += Duration::from_secs(1) / RATE;
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                device.close();
            });
        }
    });
    let sent = sent.into_inner() as usize;
    let latencies = harness::wait_for("all frames", || {
        let all: Vec<u64> = (0..DEVICES)
            .flat_map(|number| latencies(standin, number))
            .collect();
        (all.len() == sent).then_some(all)
    });
    latencies.iter().map(|us| *us as f64 / 1000.0).collect()
}

fn latencies(standin: &Standin, number: usize) -> Vec<u64> {
    let path = format!("/devices/device-{number}/telemetry/arrivals?keys=sent");
    let arrivals = standin.get(&path).unwrap_or_default();
    let pairs = arrivals["sent"].as_array().cloned().unwrap_or_default();
    pairs
        .iter()
        .map(|pair| {
            let sent: u64 = pair[1].as_str().unwrap()[1..].parse().unwrap();
            pair[0].as_u64().unwrap().saturating_sub(sent)
        })
        .collect()
}

fn now_us() -> u128 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros()
}
