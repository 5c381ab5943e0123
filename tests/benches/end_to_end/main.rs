//! The whole way: devices, host and stand-in for ThingsBoard on one machine.
//!
//! `just bench end-to-end [--seconds N] [--connections N]`: samples a second and
//! processor time of each process while connections send as fast as they go. A
//! sample is one line with two values, one of them a counter, with which the
//! stand-in checks that none is lost, doubled or overtaken.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

#[path = "../load/mod.rs"]
mod load;

use std::{
    thread,
    time::{Duration, Instant},
};

use harness::{Host, PATIENCE, Standin, converter, wait_for};
use load::{
    flood::Flood,
    line::COUNTER,
    usage::{Usage, Used, forget_peak},
};

/// Lines on their way at a time. Without a bound the host would take lines faster
/// than ThingsBoard does and fill its spool; then what is sent and what arrives
/// are not the same lines, and time for one would be shared by the other.
const WINDOW: usize = 200_000;
/// How long the load runs before it is measured.
const WARM: Duration = Duration::from_secs(2);
/// Values of a sample.
const VALUES: u64 = 2;

fn main() {
    let mut seconds = 10;
    let mut connections = vec![10, 1000];
    let mut window = Some(WINDOW);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().unwrap().parse().unwrap();
        match argument.as_str() {
            "--seconds" => seconds = number(),
            "--connections" => connections = vec![usize::try_from(number()).unwrap()],
            "--window" => window = Some(usize::try_from(number()).unwrap()).filter(|it| *it > 0),
            // cargo bench adds it.
            "--bench" => {}
            other => panic!("unknown argument {other}"),
        }
    }
    println!("load generator, host and stand-in share the processors; a sample has two values\n");
    for connections in connections {
        flood(connections, Duration::from_secs(seconds), window);
    }
}

/// Sends as fast as it goes and prints what it took.
fn flood(connections: usize, span: Duration, window: Option<usize>) {
    let standin = Standin::start_with(0, &["--history", "1"]);
    let host = Host::builder(standin.grpc.port())
        .converter("csv", converter("csv"))
        .start();
    standin.wait_for_edge();
    thread::sleep(Duration::from_secs(1));
    let idle = host.process.memory_kib("VmRSS");
    forget_peak(host.process.id());

    let flood = Flood::start(host.address, connections, window);
    let mut allowed = 0;
    let mut pass = |until: Instant| {
        loop {
            let arrived = arrived(&standin);
            flood.allow(arrived - allowed);
            allowed = arrived;
            if Instant::now() >= until {
                return arrived;
            }
            thread::sleep(Duration::from_millis(10));
        }
    };
    let deadline = Instant::now() + PATIENCE;
    while devices(&standin) < connections {
        pass(Instant::now() + Duration::from_millis(100));
        assert!(Instant::now() < deadline, "not all devices were created");
    }
    pass(Instant::now() + WARM);

    let processes = [
        ("load generator", std::process::id()),
        ("host", host.process.id()),
        ("stand-in", standin.process.id()),
    ];
    let look = || processes.map(|(_, id)| Usage::of(id));
    let before = (flood.sent(), pass(Instant::now()), look());
    let start = Instant::now();
    let arrived = pass(start + span);
    let after = (flood.sent(), arrived, look());
    let peak = host.process.memory_kib("VmHWM");

    let sent = flood.stop();
    let total = wait_for("all samples arrive", || {
        let total = standin.sequence(COUNTER);
        (total["distinct"].as_u64()? >= sent).then_some(total)
    });
    for (figure, expected) in [
        ("arrived", sent),
        ("distinct", sent),
        ("missing", 0),
        ("duplicates", 0),
        ("outOfOrder", 0),
        ("devices", connections as u64),
    ] {
        assert_eq!(total[figure], expected, "{figure}: {total}");
    }
    thread::sleep(Duration::from_secs(3));
    let rest = host.process.memory_kib("VmRSS");

    let samples = after.1 - before.1;
    let used: Vec<Used> = (after.2.iter().zip(&before.2))
        .map(|(after, before)| after.since(before))
        .collect();
    let rate = samples as f64 / used[1].seconds;
    println!(
        "{connections} connections: {rate:.0} samples/s arrive, {:.0} are sent; {sent} samples \
         checked, none lost, doubled or out of order",
        (after.0 - before.0) as f64 / used[1].seconds,
    );
    println!("| process | CPU µs/sample | processors |");
    println!("|---|--:|--:|");
    for ((name, _), used) in processes.iter().zip(&used) {
        println!(
            "| {name} | {:.3} | {:.2} |",
            used.processor * 1e6 / samples as f64,
            used.processor / used.seconds
        );
        if *name == "load generator" {
            continue;
        }
        for (thread, seconds) in &used.threads {
            let each = seconds * 1e6 / samples as f64;
            if each >= 0.005 {
                println!("| – {thread} | {each:.3} | {:.2} |", seconds / used.seconds);
            }
        }
    }
    println!(
        "host memory: {:.1} MiB before, {:.1} MiB at most, {:.1} MiB 3 s after\n",
        idle as f64 / 1024.0,
        peak as f64 / 1024.0,
        rest as f64 / 1024.0
    );
}

/// Samples that the stand-in has, in sum.
fn arrived(standin: &Standin) -> u64 {
    standin.get("/edge").unwrap()["points"].as_u64().unwrap() / VALUES
}

/// Devices that have sent something.
fn devices(standin: &Standin) -> usize {
    let devices = standin.sequence(COUNTER)["devices"].as_u64();
    usize::try_from(devices.unwrap_or_default()).unwrap()
}
