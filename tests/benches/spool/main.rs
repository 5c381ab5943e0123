//! How fast the spool is, beside a bare file that is appended to in the same run.
//!
//! `just bench spool [SECTION...] [--deep]`. `TB_TCP_BENCH_FOLDER` names a folder on the disk to be
//! measured; without it the system's folder for temporary files is used.

mod backlog;
mod calls;
mod records;
mod recovery;
mod series;

use std::error::Error;

use clap::{Parser, ValueEnum};
use measure::Report;
use tb_tcp::config::Fsync;

type Failure = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Failure>;

/// Records of a call.
const SIZES: [usize; 3] = [1, 16, 256];
const POLICIES: [Fsync; 3] = [Fsync::Always, Fsync::Interval, Fsync::Never];

/// How fast the spool is
#[derive(Parser)]
#[command(name = "spool")]
struct Arguments {
    /// What to measure; everything without it
    sections: Vec<Section>,
    /// Let `depth` go to 10 million records, and `recovery` open a million
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    common: measure::Arguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// One caller, beside a bare file
    Append,
    /// 64 callers at once
    Callers,
    /// Appended, read and acknowledged at once
    Relay,
    /// A backlog grows, and goes
    Depth,
    /// Opening a spool that holds much
    Recovery,
}

impl Arguments {
    fn wants(&self, section: Section) -> bool {
        self.sections.is_empty() || self.sections.contains(&section)
    }

    /// So many, or a tenth of them in a short run.
    fn some(&self, number: usize) -> usize {
        match self.common.quick {
            true => number.div_ceil(10),
            false => number,
        }
    }
}

fn main() -> Outcome {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // On the threads of the runtime, where connections are, too.
    runtime.block_on(runtime.spawn(run(arguments)))?
}

async fn run(arguments: Arguments) -> Outcome {
    let mut report = Report::new("spool", "Spool", "just bench spool");
    if arguments.wants(Section::Append) {
        calls::append(&arguments, &mut report).await?;
    }
    if arguments.wants(Section::Callers) {
        calls::callers(&arguments, &mut report).await?;
    }
    if arguments.wants(Section::Relay) {
        backlog::relay(&arguments, &mut report).await?;
    }
    if arguments.wants(Section::Depth) {
        backlog::depth(&arguments, &mut report).await?;
    }
    if arguments.wants(Section::Recovery) {
        recovery::recovery(&arguments, &mut report).await?;
    }
    Ok(report.finish(&arguments.common)?)
}
