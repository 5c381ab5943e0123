//! `[converters]`: the watched folder and what a converter may use.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

/// Where converters come from, and their limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConverterSettings {
    /// The watched folder: every `NAME.wasm` in it is the converter `NAME`.
    /// Default `./converters`.
    pub folder: PathBuf,
    /// Longest time of one call, in milliseconds, 1 to 60 000. Default 100: a
    /// call takes microseconds, so this only ends runaways, and it is short
    /// enough that a device hardly notices one.
    pub call_timeout_ms: u64,
    /// Largest memory of one converter instance, in MiB, 1 to 4096. Default
    /// 16: decoding a frame needs well under one.
    pub memory_limit_mib: u64,
    /// Threads that run converters; 0 means one for each processor. Default 0.
    pub threads: usize,
    /// Most log lines that one instance may write in a second; more are
    /// counted and dropped. Default 20: enough to debug with, too little to
    /// bury the log.
    pub log_lines_per_second: u32,
}

impl Default for ConverterSettings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("./converters"),
            call_timeout_ms: 100,
            memory_limit_mib: 16,
            threads: 0,
            log_lines_per_second: 20,
        }
    }
}

impl ConverterSettings {
    /// [`ConverterSettings::call_timeout_ms`] as a duration.
    #[must_use]
    pub fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    /// [`ConverterSettings::memory_limit_mib`] in bytes.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> usize {
        usize::try_from(self.memory_limit_mib.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX)
    }

    /// How many threads run converters.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}
