//! What the integrations did and what became of them, told to ThingsBoard as
//! telemetry: the statistics and lifecycle events of ThingsBoard's own
//! integrations. This room knows nothing of sockets or wasm.
//!
//! - [`Counters`]: what an integration counts
//! - [`Lifecycle`]: what became of it
//! - `reading`: both as telemetry
//! - [`Statistics`]: the task that tells

mod counters;
mod lifecycle;
mod reading;
mod reporter;

pub use counters::{Counters, Counts};
pub use lifecycle::Lifecycle;
pub use reading::is_statistics;
pub use reporter::{Destination, Statistics, Watched};
