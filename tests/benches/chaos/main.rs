//! Host and stand-in are killed at random under load, and the link between them
//! is cut and stalled; then every sample is looked for.
//!
//! `just chaos [KILLS]`; the last line counts. Exit code 1 if a sample was lost,
//! came out of order, or too many came twice. The seed is printed, and
//! `CHAOS_SEED` plays the same troubles again.
//!
//! # What counts as lost
//!
//! Whatever the host has accepted must reach the stand-in: a sample is accepted
//! once it is in the host's spool. A device cannot see that. The csv converter
//! answers nothing, and TCP acknowledges what only the host's kernel has. Asking
//! the host would be asking the accused. Two facts do without its word:
//!
//! * The kernel tells how far the host's process has read each connection
//!   (`kernel`), and the host reads on only after what it had read before is in
//!   the spool. A later read therefore proves that everything before is
//!   accepted (`proof`). The proof lags behind the device by some tenths of
//!   a second.
//! * Frames of one connection are accepted in order. Of what a device wrote and
//!   that was not proven, the host may have accepted a first part, and nothing
//!   behind it.
//!
//! Devices number their samples from 1 on and do what devices with a memory do: on
//! a new connection they write again what was not proven, under the same
//! numbers, and go on. In the end all numbers are accepted for certain, because
//! the last connections are closed by both ends with everything taken. So
//!
//! * a number that is not at the stand-in is **lost**. Either it was proven and
//!   not written again, or it was accepted when written again;
//! * a number that first comes behind a higher one is **out of order**. This also
//!   finds a gap in what was not proven: its repetition closes the gap too late.
//!
//! That the order holds across crashes (what the spool kept goes first) comes
//! with it, because the numbers go on.
//!
//! Half of the host's kills come in the middle of the traffic. Before the other
//! half devices write only one sample at a time, until all that they had written
//! is proven, and then nothing: hardly anything is left that may be written again.
//!
//! # How many duplicates there may be
//!
//! Each session repeats at most what the one before had in flight: 16 messages
//! of 500 records. A killed host repeats what was acknowledged less than 200 ms
//! before, because records are removed from its disk in the background; that
//! is counted by what arrived in 300 ms before the kill. Devices write some
//! samples twice, which is counted where they do it. A round's duplicates come
//! before the first samples that were written after it, and these are waited for,
//! so each round is judged by its own bound.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a benchmark fails"
)]

mod arrived;
mod connection;
mod devices;
mod kernel;
mod link;
mod plan;
mod proof;
mod report;

use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use harness::{Host, Standin, wait_for};

use self::{
    arrived::Watch,
    devices::{Fleet, Order},
    link::Link,
    plan::{Round, Victim},
    report::{Allowance, MAX_RECORDS, REMOVAL, Report},
};

/// Kills unless the argument says otherwise.
const KILLS: usize = 100;
/// Longest wait for quiet devices. A host that is starting or holds its devices
/// back may take longer; then the kill comes anyway.
const QUIET: Duration = Duration::from_secs(5);
/// No more samples are expected when none came for so long.
const SETTLED: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let kills = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(KILLS);
    let seed = std::env::var("CHAOS_SEED").map_or_else(
        |_| rand::random::<u32>().into(),
        |seed| seed.parse().expect("CHAOS_SEED is a number"),
    );
    println!(
        "{kills} kills; {} samples/s; CHAOS_SEED={seed}",
        devices::TOTAL_RATE
    );
    let data = tempfile::tempdir().unwrap();
    let standin = Standin::start_with(0, &["--data", data.path().to_str().unwrap()]);
    let link = Link::start(standin.grpc);
    let host = Host::builder(link.port)
        .thingsboard("keepAliveMs", "1000")
        .thingsboard("keepAliveTimeoutMs", "1000")
        .thingsboard("maxRecordsPerMessage", &MAX_RECORDS.to_string())
        .start();
    let fleet = Fleet::new(host.address);
    let mut chaos = Chaos {
        watch: Watch::start(standin.http),
        standin,
        link,
        host,
        fleet: &fleet,
        report: Report::default(),
    };
    thread::scope(|scope| {
        scope.spawn(|| fleet.run());
        let _leave = LeaveOnPanic(&fleet);
        chaos.wait_for_new("the first samples");
        for round in plan::plan(seed, kills) {
            chaos.play(&round);
        }
        fleet.give(Order::Finish);
    });
    chaos.conclude()
}

/// Ends the devices' threads when waiting for something failed; the scope would
/// wait for them for ever.
struct LeaveOnPanic<'fleet>(&'fleet Fleet);

impl Drop for LeaveOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give(Order::Leave);
        }
    }
}

/// Everything that takes part.
struct Chaos<'fleet> {
    watch: Watch,
    standin: Standin,
    link: Link,
    host: Host,
    fleet: &'fleet Fleet,
    report: Report,
}

impl Chaos<'_> {
    fn play(&mut self, round: &Round) {
        let (sessions, resent) = (self.link.sessions(), self.fleet.resent());
        thread::sleep(round.pause);
        let begun = Instant::now();
        if let Some((trouble, _)) = round.trouble {
            self.link.begin(trouble);
        }
        let mut killed = Vec::new();
        for kill in &round.kills {
            thread::sleep(kill.delay);
            if kill.victim == Victim::QuietHost {
                self.quieten();
            }
            if kill.victim == Victim::Standin {
                let log = self.standin.kill();
                self.report.errors(&log);
                thread::sleep(kill.down);
                self.standin.start_again();
            } else {
                killed.push(Instant::now());
                let log = self.host.kill();
                self.report.errors(&log);
                thread::sleep(kill.down);
                self.host.start_again();
                self.fleet.give(Order::Write);
            }
        }
        if let Some((_, lasting)) = round.trouble {
            thread::sleep(lasting.saturating_sub(begun.elapsed()));
            self.link.heal();
        }
        let recovery = self.wait_for_new("new samples after the trouble");
        let allowance = Allowance {
            sessions: self.link.sessions() - sessions,
            unremoved: killed
                .into_iter()
                .map(|kill| self.watch.between(kill - REMOVAL, kill))
                .sum(),
            resent: self.fleet.resent() - resent,
        };
        let duplicates = self.watch.last().sum(|device| device.duplicates);
        self.report.round(round, recovery, duplicates, allowance);
    }

    /// Makes the devices silent once everything that they wrote is accepted.
    fn quieten(&self) {
        self.fleet.give(Order::BeQuiet);
        let ordered = Instant::now();
        while !self.fleet.is_quiet() && ordered.elapsed() < QUIET {
            thread::sleep(Duration::from_millis(5));
        }
        if !self.fleet.is_quiet() {
            println!(
                "the devices were not quiet within {QUIET:?}; the host is killed all the same"
            );
        }
    }

    /// Waits until samples of all devices are at the stand-in that were not
    /// written yet; returns when the first one was there.
    fn wait_for_new(&self, what: &str) -> Duration {
        let begun = Instant::now();
        let written = self.fleet.written();
        let mut first = None;
        wait_for(what, || {
            let arrived = self.watch.last();
            let new = |(name, written): &(String, u64)| {
                let device = arrived.devices.get(name);
                device.is_some_and(|device| device.max > *written)
            };
            if written.iter().any(new) {
                first.get_or_insert_with(|| begun.elapsed());
            }
            written.iter().all(new).then_some(())
        });
        first.unwrap_or_default()
    }

    /// Everything is up and all devices are done.
    fn conclude(mut self) -> ExitCode {
        let (sessions, resent) = (self.link.sessions(), self.fleet.resent());
        let written = self.fleet.written();
        let total: u64 = written.iter().map(|(_, written)| written).sum();
        let mut last = (0, Instant::now());
        wait_for("the stand-in to have received all there is", || {
            let count = self.watch.last().sum(|device| device.distinct);
            if count != last.0 {
                last = (count, Instant::now());
            }
            (count == total || last.1.elapsed() > SETTLED).then_some(())
        });
        // Twice what came last is seen only by waiting for it.
        thread::sleep(Duration::from_millis(500));
        let arrived = self.watch.last();
        let allowance = Allowance {
            sessions: self.link.sessions() - sessions,
            unremoved: 0,
            resent: self.fleet.resent() - resent,
        };
        let twice = self
            .report
            .twice(arrived.sum(|device| device.duplicates), allowance);
        println!("at the end: {twice}");
        self.report.errors(&self.host.process.log());
        self.report.errors(&self.standin.process.log());
        self.report.conclude(&written, &arrived)
    }
}
