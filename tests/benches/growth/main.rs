//! How costs grow with what there is of a thing; each is to grow with it and no faster.
//!
//! - `frames`: bytes of a frame, and values in it
//! - `devices`: names that the host knows
//! - `depth`: records that wait in the spool
//!
//! Converters are counted by `just bench reload`.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod depth;
mod devices;
mod frames;
#[path = "../load/mod.rs"]
mod load;

use measure::{Arguments, RecordError, Report};

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse_for("growth", "How costs grow with size and number");
    let mut report = Report::new("growth", "Growth", "just bench growth");
    report.text(
        "Devices, host and stand-in share the processors. Times are processor time of the host. \
         How it grows with the number of converters is part of `just bench reload`.",
    );
    frames::measure(&mut report, arguments.quick);
    devices::measure(&mut report, arguments.quick);
    depth::measure(&mut report, arguments.quick);
    report.finish(&arguments)
}
