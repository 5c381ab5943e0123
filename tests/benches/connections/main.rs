//! What many connections cost the host: memory, accepting, latency, and processor
//! time of a sample.
//!
//! - `crowd`: the connections, on one thread of this process
//! - `stage`: host and stand-in, and the proof of every connection and every sample
//! - `memory`, `accept`, `latency`: a host with more and more connections
//! - `processor`: the same samples over few connections and over many
//! - `open_files`: how many connections the operating system allows
//!
//! Load, host and stand-in share the machine, so the accept rate and the latencies hold their
//! work too; memory and processor time are those of the host's process alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a benchmark fails"
)]

mod accept;
mod crowd;
mod latency;
#[path = "../load/mod.rs"]
mod load;
mod memory;
mod open_files;
mod processor;
mod stage;

use std::num::NonZero;

use clap::Parser;
use measure::{Cell, RecordError, Report};

use crate::{accept::Accepted, crowd::Talk, latency::Latency, memory::Memory, stage::Stage};

const CONNECTIONS: usize = 50_000;
const QUICK_CONNECTIONS: usize = 2000;
/// Connections that a host is measured with, beside the most.
const SIZES: [usize; 2] = [1000, 10_000];
/// Connections that speak for the first time in a second.
const NEW_PER_SECOND: usize = 5000;

/// Memory, accepting, latency and processor time with many connections
#[derive(Parser)]
#[command(name = "connections")]
struct Arguments {
    /// Connections at most, instead of 50 000; the limit of open files may allow fewer
    connections: Option<NonZero<usize>>,
    #[command(flatten)]
    common: measure::Arguments,
}

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse();
    let quick = arguments.common.quick;
    let otherwise = match quick {
        true => QUICK_CONNECTIONS,
        false => CONNECTIONS,
    };
    let wanted = arguments.connections.map_or(otherwise, NonZero::get);
    let allowed = open_files::raise();
    let most = wanted.min(allowed);

    let mut report = Report::new("connections", "Connections", "just bench connections");
    report.text(format!(
        "{} connections at most. Load generator, host and stand-in share the processors; memory \
         and processor time are the host's.",
        Cell::Count(most as u64).label()
    ));
    if let Some(sentence) = open_files::shortage(wanted, allowed) {
        report.text(sentence);
    }
    report.key_figure("connections", most as f64);
    grow(&mut report, &sizes(&SIZES, most), quick);
    processor::measure(&mut report, most, quick);
    report.finish(&arguments.common)
}

/// Those that are fewer than the most, and the most, ascending, each with its key.
fn sizes(fewer: &[usize], most: usize) -> Vec<(String, usize)> {
    let fewer = fewer.iter().filter(|size| **size < most);
    let fewer = fewer.map(|size| (size.to_string(), *size));
    // The most differ from machine to machine, and their key does not.
    fewer.chain([("most".to_owned(), most)]).collect()
}

/// A host for each size: its connections are opened, say nothing, speak once each, and at last
/// some of them talk.
fn grow(report: &mut Report, sizes: &[(String, usize)], quick: bool) {
    let mut accepted = Vec::new();
    let mut memories = Vec::new();
    let mut latencies = Vec::new();
    for (key, size) in sizes {
        let mut stage = Stage::start(*size, "info");
        let empty = stage.resident();
        accepted.push((key, Accepted::measure(&mut stage, *size)));
        let silent = stage.resident();
        stage.talk(&Talk {
            connections: *size,
            devices: *size,
            burst: 1,
            bursts_per_second: NEW_PER_SECOND,
            bursts: *size,
        });
        let spoke = stage.resident();
        latencies.push((key, Latency::measure(&mut stage, quick)));
        let memory = Memory {
            connections: *size,
            empty,
            silent,
            spoke,
            talked: stage.resident(),
        };
        memories.push((key, memory));
    }
    memory::report(report, &memories);
    accept::report(report, &accepted);
    latency::report(report, &latencies);
}
