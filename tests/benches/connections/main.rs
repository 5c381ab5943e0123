//! What many connections cost the host: memory, accepting, latency, and processor
//! time of a sample.
//!
//! `just bench connections [CONNECTIONS]`, 50 000 unless the limit of open files
//! allows fewer; with 20 000 it takes a minute. Every connection and every sample is
//! proved at the stand-in. The load comes from this process, on one thread. Load, host
//! and stand-in share the machine, so the accept rate and the latencies hold their work
//! too; memory and processor time are those of the host's process alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a benchmark fails"
)]

mod arrivals;
mod crowd;
mod open_files;

use std::{
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use harness::{Host, Standin, wait_for};

use crate::{
    arrivals::Latency,
    crowd::{Crowd, Talk},
};

/// Connections, if the operating system allows as many open files.
const CONNECTIONS: usize = 50_000;
/// Connections that talk while the latency is measured.
const TALKERS: usize = 1000;
/// Connections that speak for the first time in a second.
const NEW_PER_SECOND: usize = 5000;
/// Samples in one write where the processor time is measured.
const BURST: usize = 2;
/// Writes a second there, over all connections.
const BURSTS_PER_SECOND: usize = 10_000;
/// Least writes of a turn there; each connection writes at least once.
const LEAST_BURSTS: usize = 30_000;
/// Writes a second where the latency is measured: a load that keeps no queue full.
const CALM_BURSTS_PER_SECOND: usize = 1000;
/// Time of a measurement of the latency.
const SPAN: Duration = Duration::from_secs(5);
/// Connections at which the processor time of a sample is taken, beside the most.
const SIZES: [usize; 3] = [10, 1000, 10_000];
/// Turns that the sizes take: what else the machine does falls on all of them.
const TURNS: usize = 3;
/// Connections that the host may be behind with: fewer than wait in the port's queue.
const MAX_BEHIND: usize = 2000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let wanted = arguments.next().map_or(CONNECTIONS, |word| {
        word.parse().expect("the number of connections")
    });
    let allowed = open_files::raise();
    let most = wanted.min(allowed);
    println!(
        "{most} connections; load, host and stand-in on {} processors, which they share",
        thread::available_parallelism().map_or(1, NonZero::get)
    );
    if most < wanted {
        println!(
            "the limit of open files allows {allowed}; for {wanted} raise the hard limit (ulimit \
             -Hn) before the start"
        );
    }
    memory(most);
    processor(most);
}

/// A stand-in and a host that has decoded something, and so has its instances.
fn started(most: usize, log: &str) -> (Standin, Host, Crowd) {
    let standin = Standin::start();
    let host = Host::builder(standin.grpc.port())
        .environment("TB_TCP_LOG", log)
        .client(&format!(
            "maxConnections = {}\nsoBacklogOption = 4096\nmaxDevicesPerConnection = {most}",
            most + 1
        ))
        .start();
    standin.wait_for_edge();
    let mut warm = host.device();
    warm.send(&"warm,default,warm,1\n".repeat(1000));
    wait_for("the first samples", || {
        let points = standin.get("/edge")?["points"].as_u64()?;
        (points == 1000).then_some(())
    });
    warm.close();
    let crowd = Crowd::new(host.address, most);
    (standin, host, crowd)
}

/// Opens connections until there are `count`, no faster than the host takes them.
fn open(host: &Host, crowd: &mut Crowd, count: usize) {
    // Less the connection that warmed the host up.
    let count_taken = || host.process.count_log("device connected") - 1;
    while crowd.len() < count {
        let taken = wait_for("the host to take connections", || {
            let taken = count_taken();
            (crowd.len() < taken + MAX_BEHIND).then_some(taken)
        });
        crowd.open(count.min(taken + MAX_BEHIND));
    }
    wait_for("all connections", || (count_taken() >= count).then_some(()));
    assert_eq!(count_taken(), count, "connections that the host has");
}

/// What connections take that are silent, and after each has spoken.
fn memory(most: usize) {
    let (standin, host, mut crowd) = started(most, "info");
    let taken = || {
        thread::sleep(Duration::from_secs(1));
        host.process.memory_kib("VmRSS")
    };
    let each = |now: u64, before: u64| now.saturating_sub(before) as f64 * 1024.0 / most as f64;
    let empty = taken();
    let (start, before) = (Instant::now(), host.process.processor_ticks());
    open(&host, &mut crowd, most);
    let took = start.elapsed();
    let ticks = host.process.processor_ticks() - before;
    println!(
        "\naccepted: {:.0} connections/s, {:.1} µs of the host's processor time each",
        most as f64 / took.as_secs_f64(),
        microseconds(ticks) / most as f64
    );
    let silent = taken();
    let before = host.process.processor_ticks();
    thread::sleep(Duration::from_secs(2));
    let idle = host.process.processor_ticks() - before;

    crowd.talk(&Talk {
        connections: most,
        devices: most,
        burst: 1,
        bursts_per_second: NEW_PER_SECOND,
        bursts: most,
    });
    arrivals::prove(&standin, &crowd);
    let spoke = taken();
    println!(
        "memory: {:.1} MiB without connections; a connection that is silent {:.0} bytes, one that \
         spoke once {:.0} bytes, its new device included",
        empty as f64 / 1024.0,
        each(silent, empty),
        each(spoke, empty)
    );
    println!(
        "silent: {:.0} µs of the host's processor time a second in all",
        microseconds(idle) / 2.0
    );
    let latency = calm(&standin, &mut crowd);
    println!("latency, {TALKERS} of {most} connections talk: {latency}");
    let after = taken();
    println!(
        "memory afterwards: {:.0} bytes a connection",
        each(after, empty)
    );
}

/// What a sample costs with few and with many connections, which speak for the same
/// devices, at the same rate, in writes of the same size.
fn processor(most: usize) {
    // A line for each connection, twelve times over, is more than this process wants to keep.
    let (standin, host, mut crowd) = started(most, "info,tb_tcp::server::connection=warn");
    let smaller = SIZES.into_iter().filter(|size| *size < most);
    let sizes: Vec<_> = smaller.chain([most]).collect();
    let mut talk = Talk {
        connections: 1,
        devices: most,
        burst: 1,
        bursts_per_second: NEW_PER_SECOND,
        bursts: most,
    };
    // So that ThingsBoard has all devices.
    crowd.open(1);
    crowd.talk(&talk);
    arrivals::prove(&standin, &crowd);
    talk.burst = BURST;
    talk.bursts_per_second = BURSTS_PER_SECOND;
    talk.bursts = most.max(LEAST_BURSTS);
    let mut costs = vec![Vec::new(); sizes.len()];
    for turn in 0..TURNS {
        for (size, costs) in sizes.iter().zip(&mut costs) {
            crowd.close();
            crowd.open(*size);
            talk.connections = *size;
            let before = host.process.processor_ticks();
            crowd.talk(&talk);
            arrivals::prove(&standin, &crowd);
            let ticks = host.process.processor_ticks() - before;
            costs.push(microseconds(ticks) / (talk.bursts * talk.burst) as f64);
            if turn == 0 && *size == TALKERS {
                let latency = calm(&standin, &mut crowd);
                println!("latency, {TALKERS} of {TALKERS} connections talk: {latency}");
            }
        }
    }
    println!("\nprocessor time of a sample, in µs: {TURNS} turns, in the middle, relative");
    let mut first = None;
    for (size, mut costs) in sizes.into_iter().zip(costs) {
        let turns: Vec<_> = costs.iter().map(|cost| format!("{cost:>6.2}")).collect();
        costs.sort_by(f64::total_cmp);
        let middle = costs[TURNS / 2];
        let first = *first.get_or_insert(middle);
        println!(
            "{size:>7} connections {} {middle:>8.2} {:>+7.1} %",
            turns.join(" "),
            100.0 * (middle / first - 1.0)
        );
    }
}

/// The latency while some of the connections talk a little.
fn calm(standin: &Standin, crowd: &mut Crowd) -> Latency {
    let talkers = TALKERS.min(crowd.len());
    crowd.talk_timed(&Talk {
        connections: talkers,
        devices: talkers,
        burst: 1,
        bursts_per_second: CALM_BURSTS_PER_SECOND,
        bursts: SPAN.as_secs() as usize * CALM_BURSTS_PER_SECOND,
    });
    arrivals::prove(standin, crowd);
    arrivals::latency(standin, talkers)
}

/// Of clock ticks of 10 ms.
fn microseconds(ticks: u64) -> f64 {
    ticks as f64 * 10_000.0
}
