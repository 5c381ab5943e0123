//! How long the synchronisation of many devices takes the host, and how much
//! memory: at a first start, and at one that has their names on disk.
//!
//! `just bench sync [DEVICES]`. The time is the log's, from the connection to the
//! last device. Both processes run on this machine, so it holds the stand-in's work
//! too. The memory is the highest that the host took,
//! less what it takes at a start without devices.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use harness::{Host, Standin};
use measure::{Cell, RecordError, Report, Table};
use serde_json::Value as Json;

const DEVICES: u32 = 100_000;
const QUICK_DEVICES: u32 = 10_000;
/// The latest that a synchronisation may end.
const PATIENCE: Duration = Duration::from_secs(300);

/// The time of the synchronisation, and the entities that it told.
fn synchronised(host: &Host) -> (Duration, u64) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(end) = host.process.find_log("has sent its devices") {
            let begin = host.process.wait_for_log("connected to ThingsBoard");
            let took = time(&end).duration_since(time(&begin)).unwrap();
            return (took, end["entities"].as_u64().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no synchronisation within {PATIENCE:?}");
}

fn time(line: &Json) -> SystemTime {
    humantime::parse_rfc3339(line["timestamp"].as_str().unwrap()).unwrap()
}

/// How long the synchronisation of many devices takes, and how much memory
#[derive(Parser)]
#[command(name = "sync")]
struct Arguments {
    /// Devices that ThingsBoard has for the host
    devices: Option<u32>,
    #[command(flatten)]
    common: measure::Arguments,
}

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse();
    let devices = arguments.devices.unwrap_or(match arguments.common.quick {
        true => QUICK_DEVICES,
        false => DEVICES,
    });
    let mut report = Report::new("sync", "Synchronisation", "just bench sync");
    let standin = Standin::start();
    let host = Host::start(&standin);
    synchronised(&host);
    let empty = host.process.memory_kib("VmHWM");
    drop(host);

    standin.add_devices(devices as usize, "D-", "meter");
    let title = format!(
        "{} devices; the host without devices takes {} MiB",
        Cell::Count(devices.into()).label(),
        empty / 1024
    );
    let mut table = Table::new("starts", title, "start").columns([
        ("time", "time"),
        ("memory", "memory more"),
        ("deviceBytes", "a device"),
    ]);
    let mut host = Host::start(&standin);
    for (key, name) in [("first", "first start"), ("again", "names on disk")] {
        let (took, told) = synchronised(&host);
        assert_eq!(told, u64::from(devices));
        let more = host.process.memory_kib("VmHWM").saturating_sub(empty) as f64;
        let device_bytes = more * 1024.0 / f64::from(devices);
        report.key_figure(format!("{key}Seconds"), took.as_secs_f64());
        report.key_figure(format!("{key}BytesPerDevice"), device_bytes);
        table.row(
            key,
            name,
            [
                Cell::figure(took.as_secs_f64(), "s"),
                Cell::figure(more / 1024.0, "MiB"),
                Cell::figure(device_bytes, "B"),
            ],
        );
        if key == "first" {
            host = host.restart();
        }
    }
    report.table(table);
    report.finish(&arguments.common)
}
