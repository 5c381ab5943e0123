//! Runs calls: which thread, which instance, for how long.

mod cut;
mod here;
mod instances;
mod lane;
mod pace;
mod task;
mod workers;

pub use here::Here;
pub use lane::{Decoded, Undecoded};
pub use pace::{Overruns, Pace};
pub use workers::{Progress, Stopped, Workers};
