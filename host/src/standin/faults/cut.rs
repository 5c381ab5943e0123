//! The end of a session, asked for.

use serde::{Deserialize, Serialize};

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::standin) enum Manner {
    /// With the gRPC error UNAVAILABLE.
    Error,
    /// With OK, as when another client takes over.
    Complete,
    /// The socket is closed without a word.
    Socket,
    /// Not at all: the socket stays open, and nothing is read or written any more.
    Silence,
}

/// A session's end after some more messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standin) struct Cut {
    /// Uplink messages that still come, at least one. None of them is answered.
    pub(in crate::standin) after: u64,
    /// Whether they are processed.
    pub(in crate::standin) store: bool,
    pub(in crate::standin) how: Manner,
}
