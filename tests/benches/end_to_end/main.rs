//! The whole way: devices, host and stand-in for ThingsBoard on one machine.
//!
//! - `flood`: connections that send as fast as they go; what a sample costs each process
//! - `latency`: from a device's socket to the stand-in, at a steady rate and one by one
//! - `echo`: what the same bytes cost a server that only sends them back
//! - `threads`: where the host's processor time goes
//! - `goals`: the figures beside what they are to be
//!
//! A sample is one line with two values, one of them a counter, with which the stand-in checks
//! that none is lost, doubled or overtaken.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod echo;
mod flood;
mod goals;
mod latency;
#[path = "../load/mod.rs"]
mod load;
mod threads;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use measure::{Arguments, RecordError, Report};

use goals::Goals;

/// Names the native host's binary.
const NATIVE: &str = "TB_TCP_NATIVE";

/// Devices, host and stand-in on one machine: throughput, processor time, latency
#[derive(Parser)]
struct End {
    #[command(flatten)]
    common: Arguments,
    /// Seconds that each load is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 6)]
    seconds: u64,
    /// Only so many connections, instead of 10 and 1000
    #[arg(long, value_name = "NUMBER", conflicts_with = "record")]
    connections: Option<usize>,
    /// Lines on their way at a time while connections send as fast as they go; 0 is no bound
    #[arg(long, value_name = "LINES", default_value_t = flood::WINDOW)]
    window: usize,
    /// Only the load as fast as it goes, and only on the host as it is: for a profile
    #[arg(long, conflicts_with = "record")]
    flood: bool,
    /// The echo server, which this program starts by itself
    #[arg(long, hide = true)]
    echo_server: bool,
}

fn main() -> Result<(), RecordError> {
    let arguments = End::parse();
    if arguments.echo_server {
        echo::serve();
    }
    let seconds = match arguments.common.quick {
        true => 2,
        false => arguments.seconds,
    };
    let span = Duration::from_secs(seconds);
    let connections = arguments
        .connections
        .map_or(vec![10, 1000], |one| vec![one]);
    let window = Some(arguments.window).filter(|lines| *lines > 0);
    let native = std::env::var_os(NATIVE).map(PathBuf::from);

    let mut report = Report::new("end-to-end", "The whole way", "just bench end-to-end");
    report.text(
        "Load generator, host and stand-in share the processors. A sample is one line with two \
         values; the stand-in checks that of each device every one arrives once and in its order.",
    );
    let mut goals = Goals::default();
    let native = native.filter(|_| !arguments.flood);
    flood::measure(
        &mut report,
        &mut goals,
        native.as_ref(),
        &connections,
        span,
        window,
    );
    if !arguments.flood {
        echo::measure(&mut report, &connections, span);
        latency::measure(&mut report, &mut goals, &connections, span);
        report.table(goals.table());
    }
    report.finish(&arguments.common)
}
