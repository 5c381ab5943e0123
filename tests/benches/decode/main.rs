//! What a call of `decode` costs: converters in each language, beside the same code without a sandbox
//! and beside embedded scripts that do the same.
//!
//! `just bench decode`. The candidates of a workload take turns. Before anything is timed, each has to
//! give the expected result.
//!
//! - `workloads`: the frames, and what they mean
//! - `hosted`: converters as the host calls them
//! - `functions`: the converters' own sources, called as plain functions
//! - `rivals`: embedded scripts, in processes of their own

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod functions;
mod hosted;

mod rivals;
mod workloads;

use std::{
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use hosted::Languages;
use measure::{Cell, RecordError, Report, Samples, Table, process, take_turns};
use rivals::Rivals;
use tokio::runtime::Runtime;
use workloads::{Outcome, Workload, workloads};

const TURNS: usize = 41;
const QUICK_TURNS: usize = 5;
/// How long a turn takes, more or less.
const TURN: Duration = Duration::from_millis(20);
/// Calls after which an instance's memory is read for the first time.
const FIRST_CALLS: u64 = 1000;

/// What a call of decode costs in each language
#[derive(Parser)]
#[command(name = "decode")]
struct Arguments {
    /// Calls of each candidate; without it so many that a turn takes 20 ms
    #[arg(long)]
    calls: Option<u64>,
    #[command(flatten)]
    common: measure::Arguments,
}

/// Something that decodes frames of one workload.
trait Decoder {
    /// What it makes of the frame.
    fn check(&mut self) -> Outcome;
    /// Processor time of so many calls.
    fn turn(&mut self, calls: u64) -> Duration;
}

impl<D: Decoder> Decoder for &mut D {
    fn check(&mut self) -> Outcome {
        (**self).check()
    }

    fn turn(&mut self, calls: u64) -> Duration {
        (**self).turn(calls)
    }
}

/// A row of a workload's table.
struct Candidate<'all> {
    key: String,
    label: String,
    decoder: Box<dyn Decoder + 'all>,
    calls: u64,
}

impl<'all> Candidate<'all> {
    fn new(key: &str, label: &str, decoder: impl Decoder + 'all) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            decoder: Box::new(decoder),
            calls: 0,
        }
    }

    /// Checks its result, warms it up and settles the calls of a turn.
    fn prepare(&mut self, workload: &Workload, calls: Option<u64>) {
        let (found, wanted) = (self.decoder.check(), &workload.expected);
        assert!(
            found == *wanted,
            "{} of {} gives {found:?}, not {wanted:?}",
            self.label,
            workload.key
        );
        let mut trial = 64;
        loop {
            let took = self.decoder.turn(trial);
            if took >= TURN / 2 {
                let wanted = trial as f64 * TURN.as_secs_f64() / took.as_secs_f64();
                self.calls = calls.unwrap_or(wanted as u64).max(1);
                return;
            }
            trial *= 2;
        }
    }

    /// Microseconds a call.
    fn turn(&mut self) -> f64 {
        self.decoder.turn(self.calls).as_secs_f64() * 1e6 / self.calls as f64
    }
}

/// `work` measures parts of itself by the wall clock and gives their sum. That is their part of the processor
/// time that it all took: reading the wall clock is cheap, but counts what else the machine does.
fn share_of_processor_time(work: impl FnOnce() -> Duration) -> Duration {
    let (start, before) = (Instant::now(), process::thread_cpu());
    let parts = work();
    let whole = start.elapsed();
    let used = process::thread_cpu() - before;
    used.mul_f64(parts.as_secs_f64() / whole.as_secs_f64())
}

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse();
    // Guests may block, which they must not on a thread of the runtime.
    let runtime = Runtime::new().unwrap();
    thread::scope(|scope| {
        let bench = scope.spawn(|| {
            let _context = runtime.enter();
            run(&arguments)
        });
        bench.join().unwrap()
    })
}

fn run(arguments: &Arguments) -> Result<(), RecordError> {
    let turns = match arguments.common.quick {
        true => QUICK_TURNS,
        false => TURNS,
    };
    let calls = arguments.calls.map(|calls| calls / turns as u64);
    let mut report = Report::new("decode", "Decode", "just bench decode");
    let languages = Languages::load();
    let mut rivals = Rivals::start();
    let mut memory = Table::new("memory", "Memory of an instance", "converter")
        .columns([("first", "after 1000 calls"), ("last", "at the end")]);
    for workload in workloads() {
        let mut hosted = languages.candidates(&workload);
        let mut candidates = vec![Candidate::new(
            "native",
            "Rust, native",
            functions::of(&workload),
        )];
        for (language, hosted) in &mut hosted {
            candidates.push(Candidate::new(language.key, language.label, hosted));
        }
        candidates.extend(rivals.candidates(&workload));
        for candidate in &mut candidates {
            candidate.prepare(&workload, calls);
        }
        let costs = take_turns(&mut candidates, turns, Candidate::turn);
        let names = candidates.into_iter().map(|one| (one.key, one.label));
        table(&mut report, &workload, names.zip(costs).collect());
        for (language, hosted) in &hosted {
            let kibibytes = |bytes: usize| Cell::figure(bytes as f64 / 1024.0, "KiB");
            memory.row(
                format!("{}-{}", workload.key, language.key),
                format!("{}, {}", workload.title, language.label),
                [hosted.first_memory, hosted.memory].map(kibibytes),
            );
        }
    }
    report.table(memory);
    report.text(hosted::what_is_timed());
    report.text(rivals.what_is_timed());
    for reason in rivals.left_out() {
        report.text(reason);
    }
    report.finish(&arguments.common)
}

/// The table of a workload.
fn table(report: &mut Report, workload: &Workload, rows: Vec<((String, String), Samples)>) {
    let title = format!("{}, {} bytes", workload.title, workload.frame.len());
    let mut table = Table::new(workload.key, title, "").columns([
        ("call", "a call"),
        ("toNative", "÷ native"),
        ("toVrl", "÷ VRL"),
    ]);
    let median = |wanted: &str| {
        let row = rows.iter().find(|((key, _), _)| key == wanted);
        row.map(|(_, costs)| costs.median())
    };
    let ratio = |cost: f64, reference: Option<f64>| match reference {
        Some(reference) => Cell::ratio(cost, reference),
        None => Cell::Nothing,
    };
    for ((key, label), costs) in &rows {
        let cost = costs.median();
        let cells = [
            Cell::figure(cost, "µs"),
            ratio(cost, median("native")),
            ratio(cost, median("vrl")),
        ];
        table.row(key, label, cells);
        if key == "rust" {
            report.key_figure(format!("{}RustMicroseconds", workload.key), cost);
        }
    }
    report.table(table);
}
