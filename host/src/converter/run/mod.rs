//! Runs calls: which thread, which instance, for how long.

mod instances;
mod lane;
mod pace;
mod workers;

pub use lane::Decoded;
pub use pace::{Overruns, Pace};
pub use workers::{Progress, Stopped, Workers};
