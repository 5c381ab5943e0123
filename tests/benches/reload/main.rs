//! What it takes to replace converters, and to start with many.
//!
//! - `swap`: a file is renamed into the folder under traffic
//! - `traffic`: what the devices send meanwhile, and what became of it
//! - `folder`: starting with 1 to 500 converters

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark fails")]

mod folder;
#[path = "../load/mod.rs"]
mod load;
mod swap;
mod traffic;

use measure::{Arguments, RecordError, Report};

fn main() -> Result<(), RecordError> {
    let arguments = Arguments::parse_for("reload", "What it takes to replace converters");
    let mut report = Report::new("reload", "Reloading", "just bench reload");
    report.text("Devices, host and stand-in share the processors.");
    swap::measure(&mut report, arguments.quick);
    folder::measure(&mut report, arguments.quick);
    report.finish(&arguments)
}
