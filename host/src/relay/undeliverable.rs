//! What ThingsBoard will not take, and why: it becomes dead letters, so that it
//! stands in nobody's way and an operator can look at it and send it again.

use std::fmt;

use tracing::error;

use crate::{
    dead_letters::{DeadLetters, NewLetter, Origin, StoreError},
    spool::Record,
};

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

/// Puts `records` away. Answers whether that is done: if the disk refuses they
/// are still the spool's. Without dead letters the log is all that is left of
/// them.
pub(super) async fn put_away(
    records: &[Record],
    reason: &Reason,
    dead_letters: Option<&DeadLetters>,
) -> bool {
    for record in records {
        error!(
            device = record.uplink().name(),
            integration = record.uplink().integration(),
            position = record.position.get(),
            error = %reason,
            kept = dead_letters.is_some(),
            "data cannot be delivered"
        );
    }
    let Some(dead_letters) = dead_letters else {
        return true;
    };
    let letters = records.iter().map(|record| letter(record, reason));
    match dead_letters.keep(letters.collect()).await {
        Ok(()) => true,
        // Larger than the whole store: it will not fit later either.
        Err(error @ StoreError::TooLarge { .. }) => {
            error!(%error, "data that cannot be delivered could not be kept either");
            true
        }
        Err(error) => {
            error!(%error, "data that cannot be delivered cannot be kept yet");
            false
        }
    }
}

fn letter(record: &Record, reason: &Reason) -> NewLetter {
    let uplink = record.uplink().to_uplink();
    NewLetter {
        received_ms: uplink.received_ms,
        integration: uplink.integration.to_string(),
        origin: Origin::ThingsBoard {
            entity: uplink.entity.name.clone(),
        },
        error: reason.to_string(),
        frame: uplink.json().to_string().into(),
    }
}
