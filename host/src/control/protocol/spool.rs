//! What is asked and answered about the spool.

use serde::{Deserialize, Serialize};

/// Most records of one answer, whatever a request says.
pub const MAX_RECORDS: usize = 1000;

/// Bytes of records beyond which an answer takes no more. One record is given
/// however large it is.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// How the spool is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolStatus {
    /// Whether a host runs and has answered this.
    pub running: bool,
    /// The spool's folder.
    pub folder: String,
    /// Whether there is a spool.
    pub exists: bool,
    /// Records that wait for ThingsBoard's acknowledgement.
    pub records: u64,
    /// Bytes of what was not removed yet, counted as `spool.maxMib` counts them.
    pub bytes: u64,
    /// `spool.maxMib` in bytes.
    pub max_bytes: u64,
    /// Bytes that the spool's files take on the disk.
    pub disk_bytes: u64,
    /// How long the oldest record has waited, in milliseconds.
    pub oldest_age_ms: Option<u64>,
    /// The position that the next new record gets.
    pub next_position: u64,
    /// What the running host dropped; none without one.
    pub dropped: Option<SpoolDropped>,
    /// Why the running host can write nothing at present.
    pub disk_error: Option<String>,
    /// What is wrong with a spool that no host has open, as far as it shows
    /// before all is read.
    pub damage: Option<String>,
}

/// Records that went before they were acknowledged, since the host started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolDropped {
    /// The spool was full, with `spool.whenFull = "drop-oldest"`.
    pub full: u64,
    /// They were older than `spool.maxAgeHours`.
    pub expired: u64,
    /// Damage took them.
    pub damaged: u64,
}

/// Records that wait, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolPage {
    /// Each record as a JSON document, the line of `tb-tcp spool export`. It is
    /// sent as text, because what a device sent may be nested as deeply as a
    /// document can be.
    pub lines: Vec<String>,
    /// The `from` of the next page; none: this was the last.
    pub next: Option<u64>,
    /// Records between these that damage took. A running host tells of those in
    /// its status.
    pub unreadable: u64,
}
