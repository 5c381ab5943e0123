//! What is told about the spool.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// What was found when the spool was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Records that wait for acknowledgement.
    pub records: u64,
    /// Their bytes, counted as `maxMib` counts them.
    pub bytes: u64,
    /// How long the oldest has waited.
    pub oldest_age: Option<Duration>,
    /// What was wrong.
    pub damage: Option<Damage>,
}

/// What was wrong with the store. The log has told it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What does not fit, in words.
    pub what: String,
    /// Where the damaged store is now, if it could not be used any more. What
    /// could be read of it was copied.
    pub moved_to: Option<PathBuf>,
    /// Records that are known to be lost. There can be more: nobody knows what
    /// stood where nothing can be read.
    pub lost: u64,
}

/// How the spool is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Records that wait for acknowledgement.
    pub records: u64,
    /// Bytes of what was not removed yet, counted as `maxMib` counts them.
    pub bytes: u64,
    /// `maxMib` in bytes.
    pub max_bytes: u64,
    /// Bytes that the store's files take on the disk. Space of removed records
    /// is used again; the files shrink when the spool is empty.
    pub disk_bytes: u64,
    /// How long the oldest record has waited, in milliseconds.
    pub oldest_age_ms: Option<u64>,
    /// Records that were dropped because the spool was full
    /// (`whenFull = "drop-oldest"`), since the process started.
    pub dropped_full: u64,
    /// Records that were dropped because of `maxAgeHours`, since the process
    /// started.
    pub dropped_expired: u64,
    /// Records that were lost to damage of the store, since the process started.
    pub dropped_damaged: u64,
    /// Why nothing can be written at present; new records wait.
    pub disk_error: Option<String>,
}
