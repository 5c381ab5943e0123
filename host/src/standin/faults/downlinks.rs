//! Downlinks that come again, and how long each is waited for.

use std::time::Duration;

/// How long ThingsBoard waits for acknowledgements, in milliseconds.
const RESEND_AFTER_MS: u64 = 60_000;
/// How often ThingsBoard sends a message before it gives it up.
const SENDS: u32 = 3;

/// How downlinks are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) struct DownlinkRule {
    /// So many of the next general events and calls are sent twice, each time
    /// with a number of its own.
    pub(in crate::standin) repeat: u64,
    /// How long a pack waits for its acknowledgements before it is sent again.
    pub(in crate::standin) resend_after: Duration,
    /// How often a message is sent, at least once.
    pub(in crate::standin) sends: u32,
}

impl Default for DownlinkRule {
    fn default() -> Self {
        Self {
            repeat: 0,
            resend_after: Duration::from_millis(RESEND_AFTER_MS),
            sends: SENDS,
        }
    }
}
