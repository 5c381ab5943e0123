//! Messages that are on their way together.

use prost::Message as _;
use tokio::time::Instant;
use tracing::warn;

use crate::proto::edge::DownlinkMsg;

/// Where the messages of a pack came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Page,
    Completed,
    Calls,
    /// The first so many general events.
    Events(usize),
}

/// One pack.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) source: Source,
    /// Sent and not yet acknowledged.
    pub(super) pending: Vec<DownlinkMsg>,
    pub(super) sends: u32,
    pub(super) resend_at: Instant,
}

/// Drops what is larger than the edge takes; 0 is no limit.
pub(super) fn drop_too_large(messages: &mut Vec<DownlinkMsg>, max_size: usize) {
    messages.retain(|message| {
        let size = message.encoded_len();
        let fits = max_size == 0 || size <= max_size;
        if !fits {
            warn!(
                size,
                max_size, "a downlink is larger than the edge takes; it is dropped"
            );
        }
        fits
    });
}

/// Puts behind each of the first `*left` messages itself once more, and counts
/// them. With numbers of their own they are what a broken session makes come again.
pub(super) fn repeat(messages: &mut Vec<DownlinkMsg>, left: &mut u64) {
    let count = usize::try_from(*left).unwrap_or(usize::MAX);
    let count = count.min(messages.len());
    *left -= count as u64;
    for index in (0..count).rev() {
        if let Some(message) = messages.get(index).cloned() {
            messages.insert(index, message);
        }
    }
}

/// Gives every message of a pack a number of its own.
pub(super) fn number(messages: &mut [DownlinkMsg]) {
    for index in 0..messages.len() {
        let (before, rest) = messages.split_at_mut(index);
        if let Some(message) = rest.first_mut() {
            message.downlink_msg_id = loop {
                let id = rand::random_range(1..=i32::MAX);
                if before.iter().all(|other| other.downlink_msg_id != id) {
                    break id;
                }
            };
        }
    }
}
