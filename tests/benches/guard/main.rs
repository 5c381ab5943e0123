//! Guards what decoding and framing cost, without a clock: the instructions of a call, counted by
//! valgrind, may not differ from the recorded ones by more than 5 %.
//!
//! `just guard` compares, `just guard --record` writes `instructions.json` anew, `just guard --profile PART` writes where the
//! instructions go. Both directions fail: a figure that is too high would let the next loss pass unseen.
//!
//! A count is that of the calling thread between the beginning and the end of [`guarded_turn`], so neither the start nor other
//! threads are in it, and the load of the machine does not matter. It does depend on the compiler, and on
//! what vector instructions the processor has: AVX2 is asked for.
//!
//! - `parts`: what is counted
//! - `counting`: running a part under valgrind
//! - `recorded`: the checked-in figures

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod counting;
mod parts;
mod recorded;

#[allow(dead_code, reason = "the benchmark needs more of it")]
#[path = "../framing/candidates.rs"]
mod candidates;
#[path = "../framing/streams.rs"]
mod streams;
#[allow(dead_code, reason = "the benchmark needs more of it")]
#[path = "../decode/workloads.rs"]
mod workloads;

use std::process::ExitCode;

use clap::{Parser, builder::PossibleValuesParser};
use measure::Cell;
use parts::{PARTS, Part};
use recorded::{Recorded, Verdict};

/// Compare the instructions of decoding and framing with the recorded ones
#[derive(Parser)]
#[command(name = "guard")]
struct Arguments {
    /// Write the figures of this run down as the ones to keep to
    #[arg(long)]
    record: bool,
    /// Write where the instructions of one part go to target/PART.callgrind, for callgrind_annotate
    #[arg(long, value_name = "PART", value_parser = keys(), conflicts_with = "record")]
    profile: Option<String>,
    /// Run one part, under valgrind
    #[arg(long, hide = true)]
    run: Option<String>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(key) = &arguments.run {
        part(key).run();
        return ExitCode::SUCCESS;
    }
    let outcome = counting::hide_kernel_pages().and_then(|()| match &arguments.profile {
        Some(key) => profile(key),
        None if arguments.record => record(),
        None => compare(),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn keys() -> PossibleValuesParser {
    PARTS.iter().map(|part| part.key).into()
}

fn part(key: &str) -> &'static Part {
    PARTS.iter().find(|part| part.key == key).unwrap()
}

fn profile(key: &str) -> Result<ExitCode, String> {
    let file = harness::target().join(key).with_extension("callgrind");
    let count = Cell::Count(counting::count(part(key), Some(&file))?).label();
    println!("{key}: {count} instructions a call, see {}", file.display());
    Ok(ExitCode::SUCCESS)
}

fn record() -> Result<ExitCode, String> {
    let counted = PARTS
        .iter()
        .map(|part| Ok((part.key, counting::count(part, None)?)));
    let counted: Vec<_> = counted.collect::<Result<_, String>>()?;
    for (key, count) in &counted {
        println!("{key}: {} instructions a call", Cell::Count(*count).label());
    }
    Recorded::of(&counted).write()?;
    Ok(ExitCode::SUCCESS)
}

fn compare() -> Result<ExitCode, String> {
    let recorded = Recorded::read()?;
    if let Some(reason) = recorded.does_not_apply() {
        println!("instructions are not compared: {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = false;
    for part in PARTS {
        let counted = counting::count(&part, None)?;
        let verdict = recorded.verdict(part.key, counted);
        println!("{}: {}", part.title, verdict.text());
        failed |= !matches!(verdict, Verdict::Kept { .. });
    }
    if !failed {
        return Ok(ExitCode::SUCCESS);
    }
    Err(format!(
        "instructions differ by more than {} % from those that were recorded with {}. If that is meant to be, record \
         the new ones with `./justw guard --record` and commit them",
        recorded::TOLERANCE * 100.0,
        recorded.compiler()
    ))
}

/// The runs that are counted. Valgrind knows it by its name.
#[inline(never)]
pub(crate) fn guarded_turn(runs: u64, mut call: impl FnMut()) {
    for _ in 0..runs {
        call();
    }
}

impl Part {
    /// Warms up, then makes the runs that are counted.
    fn run(&self) {
        let mut call = (self.prepare)();
        for _ in 0..WARM_UP {
            call();
        }
        guarded_turn(self.runs, call);
    }
}

/// Calls before the ones that are counted: an instance is made, buffers have their size.
const WARM_UP: u64 = 20;
