//! `[spool]`: what was accepted from devices and waits for ThingsBoard.

use serde::{Deserialize, Serialize};

/// Bounds of the spool.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpoolSettings {
    /// Most memory that waiting records may take, in MiB. A full spool stops
    /// reading from the devices' sockets. Default 64: some 200 000 small
    /// records, minutes of a busy fleet.
    pub max_mib: u64,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self { max_mib: 64 }
    }
}

impl SpoolSettings {
    /// [`SpoolSettings::max_mib`] in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        usize::try_from(self.max_mib.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX)
    }
}
