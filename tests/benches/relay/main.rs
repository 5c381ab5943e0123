//! The relay alone: from a full spool to the stand-in, and what its settings cost.
//!
//! - `drain`: a spool that was filled while ThingsBoard was away
//! - `linger`: how long a message waits for company, under a steady load

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod drain;
mod linger;
#[path = "../load/mod.rs"]
mod load;

use measure::{Arguments, RecordError, Report};

fn main() -> Result<(), RecordError> {
    let arguments =
        Arguments::parse_for("relay", "What the way from the spool to ThingsBoard costs");
    let mut report = Report::new("relay", "Relay", "just bench relay");
    report.text(
        "The stand-in shares the processors. A record is one sample with two values, one of them a \
         counter, with which the stand-in checks the order. The settings are at their defaults but \
         for the one that a row names.",
    );
    drain::measure(&mut report, arguments.quick);
    linger::measure(&mut report, arguments.quick);
    report.finish(&arguments)
}
