//! What outlasts a session with ThingsBoard, but not the process.

use std::sync::Arc;

use super::{attributes::Attributes, calls::Calls, customers::Customers, repeats::Repeats};

/// What sessions hand to each other.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) attributes: Arc<Attributes>,
    pub(super) calls: Calls,
    pub(super) customers: Customers,
    pub(super) repeats: Repeats,
}

impl Memory {
    /// Nothing but what the downlink side knows of attributes.
    pub(super) fn new(attributes: Arc<Attributes>) -> Self {
        Self {
            attributes,
            calls: Calls::default(),
            customers: Customers::default(),
            repeats: Repeats::default(),
        }
    }
}
