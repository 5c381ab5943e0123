//! What the benchmarks share.
//!
//! A benchmark part is one `just bench PART`. It measures, fills a [`Report`] and hands it the
//! common [`Arguments`]:
//!
//! ```no_run
//! use measure::{Arguments, Cell, Report, Samples, Table, take_turns};
//!
//! let arguments = Arguments::parse_for("sums", "What adding numbers costs");
//! let mut candidates = [1_000_u64, 2_000];
//! let turns = if arguments.quick { 5 } else { 41 };
//! let costs: Vec<Samples> = take_turns(&mut candidates, turns, |upto| {
//!     measure::thread_time(|| (0..*upto).sum::<u64>()).as_secs_f64() * 1e6
//! });
//! let mut table = Table::new("sums", "Sums", "numbers").columns([("median", "median")]);
//! for (upto, cost) in candidates.iter().zip(&costs) {
//!     table.row(upto, upto, [Cell::figure(cost.median(), "µs")]);
//! }
//! let mut report = Report::new("sums", "Sums", "just bench sums");
//! report.table(table);
//! report.key_figure("thousandMicroseconds", costs[0].median());
//! report.finish(&arguments)?;
//! # Ok::<(), measure::RecordError>(())
//! ```
//!
//! - [`Arguments`]: `--json`, `--record`, `--quick`
//! - [`take_turns`], [`Samples`]: candidates take turns, and what is made of their timings
//! - [`process`]: processor time and memory of any process
//! - [`Report`], [`Table`], [`Cell`], [`Plot`]: what is shown, as Markdown or as JSON
//! - `record`: the part's section of `docs/benchmarks.md`, its plots, and the history

mod arguments;
mod cell;
mod machine;
mod plot;
pub mod process;
mod record;
mod report;
mod samples;
mod table;
mod turns;

pub use arguments::Arguments;
pub use cell::Cell;
pub use machine::Machine;
pub use plot::{Axis, Plot};
pub use record::RecordError;
pub use report::Report;
pub use samples::Samples;
pub use table::Table;
pub use turns::{take_turns, thread_time, time};
