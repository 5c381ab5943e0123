//! How long the synchronisation of many devices takes the host, and how much
//! memory: at a first start, and at one that has their names on disk.
//!
//! `just bench sync [DEVICES]`. The time is the log's, from the connection to the
//! last device. Both processes run on this machine, so it holds the stand-in's work
//! too. The memory is the highest that the host took,
//! less what it takes at a start without devices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a benchmark fails"
)]

use std::time::{Duration, Instant, SystemTime};

use harness::{Host, Standin};
use serde_json::Value as Json;

const DEVICES: usize = 100_000;
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

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let devices = arguments
        .next()
        .map_or(DEVICES, |word| word.parse().expect("the number of devices"));
    let standin = Standin::start();
    let host = Host::start(&standin);
    synchronised(&host);
    let empty = host.process.memory_kib("VmHWM");
    drop(host);

    standin.add_devices(devices, "D-", "meter");
    println!(
        "{devices} devices, in one run; the host without devices takes {} MiB",
        empty / 1024
    );
    println!("{:<28}  seconds  MiB more  bytes a device", "");
    let mut host = Host::start(&standin);
    for name in ["first start", "names on disk"] {
        let (took, told) = synchronised(&host);
        assert_eq!(told, devices as u64);
        let more = host.process.memory_kib("VmHWM").saturating_sub(empty);
        println!(
            "{name:<28}  {:>7.2}  {:>8.1}  {:>14}",
            took.as_secs_f64(),
            more as f64 / 1024.0,
            more * 1024 / devices as u64
        );
        if name == "first start" {
            host = host.restart();
        }
    }
}
