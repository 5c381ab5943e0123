//! `[converters]`: the watched folder and what a converter may use.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// Where converters come from, and their limits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConverterSettings {
    /// The watched folder: every `NAME.wasm` in it is the converter `NAME`.
    /// Default `./converters`. It may come into being later.
    pub folder: PathBuf,
    /// Whether to look at the folder every `pollIntervalMs` only, for file
    /// systems that report no changes (NFS, some container mounts). Default
    /// false: changes are seen at once.
    pub polling: bool,
    /// How often the folder is looked at without any report of a change, in
    /// milliseconds, 100 to 3 600 000. Default 5000: looking costs a listing of
    /// the folder.
    pub poll_interval_ms: u64,
    /// Threads that run converters; 0 means one for each processor. Default 0.
    /// As many again, of the lowest priority, run calls that take long.
    pub threads: usize,
    /// Most disk space for compiled converters in the data folder, in MiB, 0 to
    /// 1 048 576; 0 compiles at each start. Default 512: one small converter
    /// takes some 0.3 MiB, one that carries a JavaScript engine some 40.
    pub compile_cache_mib: u64,

    /// Longest processor time of one call, in milliseconds, 1 to 60 000.
    /// Default 100: a call takes microseconds, so this only ends runaways, and
    /// it is short enough that a device hardly notices one.
    pub call_timeout_ms: u64,
    /// Largest memory of one converter instance, in MiB, 1 to 4096. Default
    /// 16: decoding a frame needs well under one.
    pub memory_limit_mib: u64,
    /// An instance that has grown beyond this share of `memoryLimitMib` is
    /// thrown away after the call, in percent, 1 to 100. Default 50: wasm memory
    /// never shrinks, so one large frame would occupy it for good.
    pub memory_mark_percent: u64,
    /// Most that one call may return, or hand to the log at once, in KiB, as it
    /// takes up in the host; 1 to 1 048 576. Default 1024, room for some 10 000
    /// values: guests can return the same bytes a million times over.
    pub max_output_kib: u64,
    /// Most entities of one frame, 1 to 1 000 000. Default 1000: a gateway's
    /// devices.
    pub max_entities_per_frame: usize,
    /// Most telemetry values and attributes of one frame, over all its
    /// entities, 1 to 10 000 000. Default 10 000: ThingsBoard stores each by
    /// itself.
    pub max_values_per_frame: usize,
    /// Largest session value that a converter may keep for a connection, in bytes,
    /// 0 to 1 048 576. Default 4096: an identity and a counter take some 30, and there is one for
    /// each of `maxConnections`.
    pub max_session_bytes: usize,
    /// Calls after which an instance is replaced by a fresh one, 0 to 2^53; 0
    /// means never. Default 100 000: what a converter leaks or hides in its
    /// memory does not last, and a fresh instance costs less than 0.1 ms.
    pub max_calls_per_instance: u64,
    /// Most log lines that one converter may write in a second; more are
    /// dropped, which is said once a second. Default 20: enough to debug with, too little to
    /// bury the log.
    pub log_lines_per_second: u32,

    /// Other limits for single converters, by name.
    pub overrides: BTreeMap<String, LimitOverrides>,
}

/// Limits of one converter that differ from those of `[converters]`; the keys
/// and units are the same.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitOverrides {
    /// See [`ConverterSettings::call_timeout_ms`].
    pub call_timeout_ms: Option<u64>,
    /// See [`ConverterSettings::memory_limit_mib`].
    pub memory_limit_mib: Option<u64>,
    /// See [`ConverterSettings::memory_mark_percent`].
    pub memory_mark_percent: Option<u64>,
    /// See [`ConverterSettings::max_output_kib`].
    pub max_output_kib: Option<u64>,
    /// See [`ConverterSettings::max_entities_per_frame`].
    pub max_entities_per_frame: Option<usize>,
    /// See [`ConverterSettings::max_values_per_frame`].
    pub max_values_per_frame: Option<usize>,
    /// See [`ConverterSettings::max_session_bytes`].
    pub max_session_bytes: Option<usize>,
    /// See [`ConverterSettings::max_calls_per_instance`].
    pub max_calls_per_instance: Option<u64>,
    /// See [`ConverterSettings::log_lines_per_second`].
    pub log_lines_per_second: Option<u32>,
}

/// What one converter may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConverterLimits {
    /// Longest processor time of one call.
    pub call_timeout: Duration,
    /// Largest memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// Memory beyond which an instance is not used again, in bytes.
    pub memory_mark_bytes: usize,
    /// Most bytes that one call may return, as they take up in the host.
    pub output_bytes: usize,
    /// Most entities of one frame.
    pub entities: usize,
    /// Most telemetry values and attributes of one frame.
    pub values: usize,
    /// Most bytes of a connection's session value.
    pub session_bytes: usize,
    /// Calls of one instance; none means any number.
    pub calls: Option<u64>,
    /// Log lines in a second.
    pub log_lines_per_second: u32,
}

impl Default for ConverterSettings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("./converters"),
            polling: false,
            poll_interval_ms: 5000,
            threads: 0,
            compile_cache_mib: 512,
            call_timeout_ms: 100,
            memory_limit_mib: 16,
            memory_mark_percent: 50,
            max_output_kib: 1024,
            max_entities_per_frame: 1000,
            max_values_per_frame: 10_000,
            max_session_bytes: 4096,
            max_calls_per_instance: 100_000,
            log_lines_per_second: 20,
            overrides: BTreeMap::new(),
        }
    }
}

impl ConverterSettings {
    /// What the converter `name` may use.
    #[must_use]
    pub fn limits(&self, name: &str) -> ConverterLimits {
        let own = self.overrides.get(name).copied().unwrap_or_default();
        let calls = own
            .max_calls_per_instance
            .unwrap_or(self.max_calls_per_instance);
        let memory = own.memory_limit_mib.unwrap_or(self.memory_limit_mib);
        let mark = own.memory_mark_percent.unwrap_or(self.memory_mark_percent);
        ConverterLimits {
            call_timeout: Duration::from_millis(
                own.call_timeout_ms.unwrap_or(self.call_timeout_ms),
            ),
            memory_bytes: bytes(memory, MIB),
            memory_mark_bytes: bytes(memory.saturating_mul(mark), MIB / 100),
            output_bytes: bytes(own.max_output_kib.unwrap_or(self.max_output_kib), KIB),
            entities: own
                .max_entities_per_frame
                .unwrap_or(self.max_entities_per_frame),
            values: own
                .max_values_per_frame
                .unwrap_or(self.max_values_per_frame),
            session_bytes: own.max_session_bytes.unwrap_or(self.max_session_bytes),
            calls: (calls > 0).then_some(calls),
            log_lines_per_second: own
                .log_lines_per_second
                .unwrap_or(self.log_lines_per_second),
        }
    }

    /// [`ConverterSettings::poll_interval_ms`] as a duration.
    #[must_use]
    pub fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval_ms)
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

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

fn bytes(count: u64, unit: u64) -> usize {
    usize::try_from(count.saturating_mul(unit)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_changes_its_converter_only() {
        let mut settings = ConverterSettings::default();
        let own = LimitOverrides {
            memory_limit_mib: Some(64),
            max_calls_per_instance: Some(0),
            ..LimitOverrides::default()
        };
        settings.overrides.insert("heavy".to_owned(), own);
        let (heavy, other) = (settings.limits("heavy"), settings.limits("other"));
        assert_eq!(heavy.memory_bytes, 64 << 20);
        assert_eq!(heavy.memory_mark_bytes / 1_000_000, 33);
        assert_eq!(heavy.calls, None);
        assert_eq!(other.memory_bytes, 16 << 20);
        assert_eq!(other.calls, Some(100_000));
        assert_eq!(heavy.call_timeout, other.call_timeout);
    }
}
