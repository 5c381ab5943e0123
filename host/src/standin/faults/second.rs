//! What becomes of a session when another one has the same key.

use serde::{Deserialize, Serialize};

/// What the older session meets.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::standin) enum SecondSession {
    /// Its end, with OK, as from ThingsBoard 4.2.1.1 on.
    #[default]
    Close,
    /// Silence, as before: its uplinks work on, its downlinks go to the newer one.
    Silent,
}
