//! What a tool asks the host, and what it answers.

mod spool;

use serde::{Deserialize, Serialize};

pub use spool::{MAX_RECORD_BYTES, MAX_RECORDS, SpoolDropped, SpoolPage, SpoolStatus};

/// Most letters of one list, whatever a request says: some megabytes.
pub const MAX_LISTED: usize = 10_000;

/// Bytes of a frame that a list shows of each letter: enough to know the
/// device's protocol by.
pub const SUMMARY_BYTES: usize = 64;

/// What a tool asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// Every converter; answered with [`Response::Converters`].
    Converters,
    /// The version before is to serve again; answered with
    /// [`Response::RolledBack`].
    Rollback {
        /// The converter.
        name: String,
    },
    /// The newest letters that match; answered with [`Response::Letters`].
    DeadLetters {
        /// Which.
        filter: LetterFilter,
        /// At most so many; [`MAX_LISTED`] bounds it.
        limit: usize,
    },
    /// One letter with all its bytes; answered with [`Response::Letter`].
    DeadLetter {
        /// Its number.
        id: u64,
    },
    /// Letters are to be decoded again; answered with [`Response::Replayed`].
    ReplayDeadLetters {
        /// Which.
        filter: LetterFilter,
        /// Only these of them; none means all that match.
        ids: Vec<u64>,
    },
    /// Letters are to be removed; answered with [`Response::Removed`].
    RemoveDeadLetters {
        /// Which.
        filter: LetterFilter,
        /// Only these of them; none means all that match.
        ids: Vec<u64>,
    },
    /// How the spool is doing; answered with [`Response::Spool`].
    SpoolStatus,
    /// Records that wait, oldest first; answered with
    /// [`Response::SpoolRecords`]. Nothing is taken away.
    SpoolRecords {
        /// The position to begin at; 1 is before all.
        from: u64,
        /// The position to end before, so that a host that takes in new ones is
        /// not followed for ever; none means all there are.
        before: Option<u64>,
        /// At most so many; [`MAX_RECORDS`] and [`MAX_RECORD_BYTES`] bound it.
        limit: usize,
    },
}

impl Request {
    /// Whether it concerns nothing but what is stored, which is there without a
    /// running host too.
    #[must_use]
    pub fn works_without_host(&self) -> bool {
        match self {
            Self::DeadLetters { .. }
            | Self::DeadLetter { .. }
            | Self::RemoveDeadLetters { .. }
            | Self::SpoolStatus
            | Self::SpoolRecords { .. } => true,
            Self::Converters | Self::Rollback { .. } | Self::ReplayDeadLetters { .. } => false,
        }
    }

    /// The command as it is sent.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Converters => "converters",
            Self::Rollback { .. } => "rollback",
            Self::DeadLetters { .. } => "dead-letters",
            Self::DeadLetter { .. } => "dead-letter",
            Self::ReplayDeadLetters { .. } => "replay-dead-letters",
            Self::RemoveDeadLetters { .. } => "remove-dead-letters",
            Self::SpoolStatus => "spool-status",
            Self::SpoolRecords { .. } => "spool-records",
        }
    }

    /// Whether it changes what the host does or keeps.
    pub(super) fn changes_something(&self) -> bool {
        match self {
            Self::Rollback { .. }
            | Self::ReplayDeadLetters { .. }
            | Self::RemoveDeadLetters { .. } => true,
            Self::Converters
            | Self::DeadLetters { .. }
            | Self::DeadLetter { .. }
            | Self::SpoolStatus
            | Self::SpoolRecords { .. } => false,
        }
    }
}

/// Chooses among letters. What is not given matches every letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LetterFilter {
    /// The integration that the frame came to.
    pub integration: Option<String>,
    /// The converter that could not decode it.
    pub converter: Option<String>,
}

/// What the host answers to a request that it could carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Response {
    /// Every converter.
    Converters(Vec<ConverterStatus>),
    /// Another version serves.
    RolledBack(RolledBack),
    /// Some letters.
    Letters(LetterList),
    /// One letter.
    Letter(LetterSummary),
    /// How a replay went.
    Replayed(ReplayReport),
    /// What was removed.
    Removed(Removed),
    /// How the spool is doing.
    Spool(SpoolStatus),
    /// Records that wait.
    SpoolRecords(SpoolPage),
}

/// How a converter does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverterStatus {
    /// Its name, that of its file.
    pub name: String,
    /// "uplink", "downlink", or "uplink and downlink"; empty if none could be
    /// loaded.
    pub kind: String,
    /// The version that serves; empty if none does.
    pub version: String,
    /// Size of its file, in bytes.
    pub bytes: u64,
    /// When that version was loaded, in milliseconds since 1970; 0 if none was.
    pub loaded_at_ms: i64,
    /// Calls of that version.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Whether it serves, and what.
    pub state: ConverterState,
    /// Words on the state.
    pub detail: Option<String>,
    /// Versions that a rollback can go to, newest first.
    pub previous: Vec<String>,
}

/// Which version of a converter serves, and why that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConverterState {
    /// The one in the folder.
    Serving,
    /// The file in the folder cannot be used; the version before it serves.
    FileBroken,
    /// The file is gone; its last version serves.
    FileRemoved,
    /// An operator went back to an earlier one.
    RolledBack,
    /// Nothing serves under this name.
    Failed,
}

/// A rollback that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolledBack {
    /// The converter.
    pub name: String,
    /// The version that served.
    pub from: String,
    /// The version that serves now.
    pub to: String,
}

/// A frame that its converter could not decode, or a record that ThingsBoard does
/// not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterSummary {
    /// Its number, never used twice.
    pub id: u64,
    /// When the frame came, in milliseconds since 1970.
    pub received_ms: i64,
    /// The integration that it came to.
    pub integration: String,
    /// The device's address and port; empty for a record.
    pub peer: String,
    /// The converter that failed last; empty for a record.
    pub converter: String,
    /// That converter's version; empty for a record.
    pub version: String,
    /// The session value that the frame met, in hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub session_hex: String,
    /// For a record: the device or asset whose data ThingsBoard does not take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// How often it was tried to decode it.
    pub tries: u32,
    /// What the last try ended with.
    pub error: String,
    /// Bytes of the frame, or of the record.
    pub frame_length: usize,
    /// The frame, or the record's JSON text, in lower-case hex: in a list its first [`SUMMARY_BYTES`], for
    /// a single letter the whole.
    pub frame_hex: String,
}

/// Letters, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterList {
    /// As many as were asked for.
    pub letters: Vec<LetterSummary>,
    /// How many there are that match.
    pub total: u64,
    /// Bytes that the store takes on disk, all letters together.
    pub bytes: u64,
    /// Letters that were dropped to make room for newer ones.
    pub dropped: u64,
}

/// How a replay went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayReport {
    /// Letters that were decoded, and are letters no longer.
    pub replayed: u64,
    /// Letters that failed again.
    pub failed: u64,
    /// Letters for which there is no converter or integration now.
    pub left: u64,
    /// Entities that came out of those that were decoded.
    pub entities: u64,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// How many letters.
    pub letters: u64,
}
