//! What ThingsBoard will not take, and why.

use std::fmt;

use tracing::error;

use crate::spool::Record;

/// Why a record cannot be delivered.
#[derive(Debug)]
pub(super) enum Reason {
    /// ThingsBoard refuses the data, each time.
    Rejected(String),
    /// ThingsBoard never acknowledges the data, but other messages.
    NotAcknowledged,
    /// ThingsBoard refuses to create the entity.
    NotCreated(String),
    /// One record is larger than the largest message that ThingsBoard takes.
    TooLarge { bytes: usize, limit: usize },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(text) => write!(formatter, "ThingsBoard rejects the data: {text}"),
            Self::NotAcknowledged => formatter.write_str(
                "ThingsBoard does not acknowledge the data, though it does other messages",
            ),
            Self::NotCreated(text) => {
                write!(formatter, "ThingsBoard does not create the entity: {text}")
            }
            Self::TooLarge { bytes, limit } => write!(
                formatter,
                "the data takes {bytes} bytes, ThingsBoard's largest message is {limit} \
                 (EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the server)"
            ),
        }
    }
}

/// Says that a record is dropped, so that it stands in nobody's way.
pub(super) fn report(record: &Record, reason: &Reason) {
    error!(
        device = record.uplink.entity.name,
        integration = &*record.uplink.integration,
        position = record.position.get(),
        error = %reason,
        "data cannot be delivered; it is dropped"
    );
}
