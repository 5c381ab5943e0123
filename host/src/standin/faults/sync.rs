//! Synchronisations that go wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the synchronisations that begin from now on are like.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(in crate::standin) struct SyncRule {
    /// The end never comes, and nothing else goes down to this session.
    pub(in crate::standin) never: bool,
    /// Everything is told twice.
    pub(in crate::standin) twice: bool,
    /// So many entities that cannot be read are among the devices.
    pub(in crate::standin) unreadable: usize,
    /// Between two pages, in milliseconds.
    pub(in crate::standin) delay_ms: u64,
    /// There are also messages of kinds that tb-tcp does not know.
    pub(in crate::standin) unknown_kinds: bool,
}

impl SyncRule {
    /// The pause between two pages.
    pub(in crate::standin) fn pause(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}
