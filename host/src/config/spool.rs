//! `[spool]`: what was accepted from devices and waits for ThingsBoard.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// The store on disk that holds what ThingsBoard has not acknowledged yet.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpoolSettings {
    /// Its folder, below `dataFolder` unless the path is absolute. Default
    /// `spool`.
    pub directory: PathBuf,
    /// Most bytes that waiting records may take, in MiB, 1 to 1 048 576. The
    /// files take some tenth more, and up to 16 MiB for the store's own log.
    /// Default 1024: some 20 million small records, hours of a busy fleet.
    pub max_mib: u64,
    /// Hours after which a waiting record is dropped, 0 to 87 600, counted from
    /// when it was accepted. Default 0: never, since late data is better than
    /// none.
    pub max_age_hours: u64,
    /// When records are brought to the disk itself. Whatever is set here, what
    /// was accepted survives the end of the process, a kill included; this is
    /// about power cuts and crashes of the operating system. Default
    /// `interval`.
    pub fsync: Fsync,
    /// With `fsync = "interval"`: how long accepted records may be with the
    /// operating system only, in milliseconds, 10 to 600 000. Default 1000: a
    /// power cut costs the last second at most, and the time that the disk
    /// takes to write it.
    pub fsync_interval_ms: u64,
    /// What happens to new records when the spool is full. Default `block`.
    pub when_full: WhenFull,
}

/// When records are brought to the disk itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fsync {
    /// Before they count as accepted. Connections share the wait, some
    /// milliseconds on a spinning disk, less on others.
    Always,
    /// Every `fsyncIntervalMs`.
    #[default]
    Interval,
    /// When the operating system thinks fit, up to half a minute later. After a
    /// power cut the store may be damaged: what can still be read is kept.
    Never,
}

/// What happens to new records when the spool is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// They wait. The host stops reading from the devices' sockets, and TCP
    /// makes the devices wait: nothing is lost that the devices can keep.
    #[default]
    Block,
    /// The oldest records are dropped and counted.
    DropOldest,
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("spool"),
            max_mib: 1024,
            max_age_hours: 0,
            fsync: Fsync::Interval,
            fsync_interval_ms: 1000,
            when_full: WhenFull::Block,
        }
    }
}

impl SpoolSettings {
    /// The spool's folder for a host with this `dataFolder`.
    #[must_use]
    pub fn folder(&self, data_folder: &Path) -> PathBuf {
        data_folder.join(&self.directory)
    }

    /// [`SpoolSettings::max_mib`] in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_mib.saturating_mul(1024 * 1024)
    }

    /// [`SpoolSettings::max_age_hours`] as a duration; None: no limit.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        let hours = Some(self.max_age_hours).filter(|hours| *hours > 0);
        hours.map(|hours| Duration::from_secs(hours.saturating_mul(3600)))
    }

    /// [`SpoolSettings::fsync_interval_ms`] as a duration.
    #[must_use]
    pub fn fsync_interval(&self) -> Duration {
        Duration::from_millis(self.fsync_interval_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_words_are_understood() {
        let settings: SpoolSettings = serde_json::from_str(
            r#"{"fsync": "always", "whenFull": "drop-oldest", "maxAgeHours": 2, "maxMib": 3}"#,
        )
        .unwrap();
        assert_eq!(settings.fsync, Fsync::Always);
        assert_eq!(settings.when_full, WhenFull::DropOldest);
        assert_eq!(settings.max_age(), Some(Duration::from_secs(7200)));
        assert_eq!(settings.max_bytes(), 3 << 20);
        assert_eq!(settings.fsync_interval(), Duration::from_secs(1));
        let rest = SpoolSettings::default();
        assert_eq!(
            (rest.fsync, rest.when_full),
            (Fsync::Interval, WhenFull::Block)
        );
        assert_eq!(rest.max_age(), None);
        assert_eq!(serde_json::to_value(rest).unwrap()["fsync"], "interval");
    }

    #[test]
    fn the_folder_is_below_the_data_folder_unless_it_is_absolute() {
        let mut settings = SpoolSettings::default();
        assert_eq!(settings.folder(Path::new("/d")), Path::new("/d/spool"));
        settings.directory = PathBuf::from("/fast/spool");
        assert_eq!(settings.folder(Path::new("/d")), Path::new("/fast/spool"));
    }
}
