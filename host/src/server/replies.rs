//! What the converter says to the device, and what has to come first.

use std::time::Duration;

use tokio::time::timeout;

use crate::spool::Acknowledgement;

/// Bytes for the device.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    /// What has to come first.
    pub(super) after: Option<Acknowledgement>,
}

impl Reply {
    /// Waits until it may go out, for as long as `patience` at most. False if it never
    /// may: what was not stored, or is dropped unacknowledged, gets no reply. Nothing
    /// is lost if the waiting is given up.
    pub(super) async fn may_go(&mut self, patience: Option<Duration>) -> bool {
        match (&mut self.after, patience) {
            (None, _) => true,
            (Some(after), None) => after.wait().await,
            (Some(after), Some(patience)) => timeout(patience, after.wait()).await.unwrap_or(false),
        }
    }
}
