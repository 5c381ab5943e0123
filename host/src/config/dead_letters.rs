//! `[deadLetters]`: what becomes of frames that no converter could decode, and of
//! data that ThingsBoard does not take.

use serde::{Deserialize, Serialize};

/// The store of frames that could not be decoded.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeadLetterSettings {
    /// Whether they are kept at all. Default true; false drops them with a log
    /// line each.
    pub enabled: bool,
    /// Most disk space that they take, in MiB, 1 to 1 048 576; then the oldest
    /// go. Default 64: some 300 000 short frames.
    pub max_mib: u64,
    /// Most frames, 1 to 1 000 000 000; then the oldest go. Default 1 000 000.
    pub max_letters: u64,
    /// Whether they are decoded again when a new version of their converter is
    /// loaded: each frame once for each version. Default true.
    pub replay_on_reload: bool,
}

impl Default for DeadLetterSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_mib: 64,
            max_letters: 1_000_000,
            replay_on_reload: true,
        }
    }
}

impl DeadLetterSettings {
    /// [`DeadLetterSettings::max_mib`] in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_mib.saturating_mul(1024 * 1024)
    }
}
