//! What outlasts a session with ThingsBoard, but not the process.

use super::{calls::Calls, customers::Customers, repeats::Repeats};

/// What sessions hand to each other.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) calls: Calls,
    pub(super) customers: Customers,
    pub(super) repeats: Repeats,
}
