//! What is said of downlinks that are dropped.

use tracing::warn;

use crate::log_budget::LogBudget;

/// Lines a second about dropped downlinks: a rule chain that sends to devices which
/// never come would drop with every message.
const LOG_LINES_PER_SECOND: u32 = 10;

/// Downlinks that never reach their devices.
#[derive(Debug)]
pub(super) struct Drops {
    pub(super) since_start: u64,
    log: LogBudget,
}

impl Default for Drops {
    fn default() -> Self {
        Self {
            since_start: 0,
            log: LogBudget::new(LOG_LINES_PER_SECOND),
        }
    }
}

impl Drops {
    /// Counts one, and says why it goes.
    pub(super) fn note(&mut self, device: &str, why: &str) {
        self.since_start += 1;
        if self.log.admit().admitted {
            warn!(
                device,
                since_start = self.since_start,
                "a downlink is dropped: {why}"
            );
        }
    }
}
