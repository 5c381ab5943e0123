//! `[statistics]`: where ThingsBoard sees what the integrations do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigError, check::in_range};

/// Stands in `deviceName` for the integration's name.
const INTEGRATION: &str = "{integration}";
/// Bounds of `intervalMs`.
const LEAST_INTERVAL_MS: u64 = 1_000;
const MOST_INTERVAL_MS: u64 = 86_400_000;

/// Statistics and lifecycle events of the integrations, as telemetry.
///
/// The environment names of ThingsBoard's own remote integration are read too
/// and win over the file: `INTEGRATION_STATISTICS_ENABLED`,
/// `INTEGRATION_STATISTICS_PERSIST_FREQUENCY`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatisticsSettings {
    /// Whose telemetry they are. Default `edge`.
    pub to: StatisticsTarget,
    /// How often the counters are read and reset, in milliseconds, 1000 to
    /// 86 400 000. Default 3 600 000, as ThingsBoard's own integrations.
    pub interval_ms: u64,
    /// With `to = "device"`: the name of an integration's device, with its name
    /// for `{integration}`. Default `{integration}`.
    pub device_name: String,
}

/// Whose telemetry statistics are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StatisticsTarget {
    /// The edge's; keys begin with the integration's name and a dot.
    #[default]
    Edge,
    /// That of one device for each integration.
    Device,
    /// Nobody's.
    None,
}

impl Default for StatisticsSettings {
    fn default() -> Self {
        Self {
            to: StatisticsTarget::Edge,
            interval_ms: 3_600_000,
            device_name: INTEGRATION.to_owned(),
        }
    }
}

impl StatisticsSettings {
    /// [`StatisticsSettings::interval_ms`] as a duration.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// The device of an integration.
    #[must_use]
    pub fn device(&self, integration: &str) -> String {
        self.device_name.replace(INTEGRATION, integration)
    }

    /// Lays the environment over the file. `env` answers no empty values.
    pub(super) fn apply_environment(
        &mut self,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        const ENABLED: &str = "INTEGRATION_STATISTICS_ENABLED";
        const FREQUENCY: &str = "INTEGRATION_STATISTICS_PERSIST_FREQUENCY";
        let refused = |name, value: &str, remedy: &str| {
            ConfigError::value("environment", name, value, remedy)
        };
        if let Some(enabled) = env(ENABLED) {
            match enabled.to_ascii_lowercase().as_str() {
                "true" if self.to == StatisticsTarget::None => self.to = StatisticsTarget::Edge,
                "true" => {}
                "false" => self.to = StatisticsTarget::None,
                _ => return Err(refused(ENABLED, &enabled, "write true or false")),
            }
        }
        if let Some(frequency) = env(FREQUENCY) {
            self.interval_ms = frequency.parse().map_err(|_| {
                let remedy = format!(
                    "write milliseconds, a number from {LEAST_INTERVAL_MS} to {MOST_INTERVAL_MS}"
                );
                refused(FREQUENCY, &frequency, &remedy)
            })?;
            check_interval("environment", FREQUENCY, self.interval_ms)?;
        }
        Ok(())
    }

    /// Refuses settings that cannot be used with `integrations`, those that are
    /// switched on.
    pub(super) fn check(&self, origin: &str, integrations: usize) -> Result<(), ConfigError> {
        check_interval(origin, "statistics.intervalMs", self.interval_ms)?;
        let refused =
            |remedy| ConfigError::value(origin, "statistics.deviceName", &self.device_name, remedy);
        if self.to != StatisticsTarget::Device {
            return Ok(());
        }
        if self.device_name.is_empty() {
            return Err(refused(format!(
                "write a device's name, such as {INTEGRATION}"
            )));
        }
        if integrations > 1 && !self.device_name.contains(INTEGRATION) {
            return Err(refused(format!(
                "{integrations} integrations would share one device: put {INTEGRATION} into the \
                 name"
            )));
        }
        Ok(())
    }
}

fn check_interval(origin: &str, key: &str, value: u64) -> Result<(), ConfigError> {
    in_range(origin, key, value, LEAST_INTERVAL_MS, MOST_INTERVAL_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(to: StatisticsTarget, device_name: &str) -> StatisticsSettings {
        StatisticsSettings {
            to,
            device_name: device_name.to_owned(),
            ..StatisticsSettings::default()
        }
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        use StatisticsTarget::{Device, Edge, None};
        type Expected = Result<(StatisticsTarget, u64), &'static str>;
        let (enabled, frequency) = (
            "INTEGRATION_STATISTICS_ENABLED",
            "INTEGRATION_STATISTICS_PERSIST_FREQUENCY",
        );
        let cases: [(StatisticsTarget, &str, &str, Expected); 10] = [
            (Device, "other", "x", Ok((Device, 3_600_000))),
            (Device, enabled, "False", Ok((None, 3_600_000))),
            (Device, enabled, "true", Ok((Device, 3_600_000))),
            (None, enabled, "true", Ok((Edge, 3_600_000))),
            (
                Edge,
                enabled,
                "1",
                Err("environment: INTEGRATION_STATISTICS_ENABLED = 1: write true or false"),
            ),
            (Edge, frequency, "1000", Ok((Edge, 1_000))),
            (Edge, frequency, "86400000", Ok((Edge, 86_400_000))),
            (
                Edge,
                frequency,
                "999",
                Err(
                    "environment: INTEGRATION_STATISTICS_PERSIST_FREQUENCY = 999: write a number \
                     from 1000 to 86400000",
                ),
            ),
            (
                Edge,
                frequency,
                "86400001",
                Err(
                    "environment: INTEGRATION_STATISTICS_PERSIST_FREQUENCY = 86400001: write a \
                     number from 1000 to 86400000",
                ),
            ),
            (
                Edge,
                frequency,
                "1h",
                Err(
                    "environment: INTEGRATION_STATISTICS_PERSIST_FREQUENCY = 1h: write \
                     milliseconds, a number from 1000 to 86400000",
                ),
            ),
        ];
        for (to, name, value, expected) in cases {
            let mut settings = settings(to, "{integration}");
            let applied =
                settings.apply_environment(|asked| (asked == name).then(|| value.to_owned()));
            let found = applied.map(|()| (settings.to, settings.interval_ms));
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map_err(str::to_owned);
            assert_eq!(found, expected, "{name} = {value}");
        }
    }

    #[test]
    fn names_of_devices_are_checked_where_they_are_used() {
        use StatisticsTarget::{Device, Edge, None};
        let shared = "f: statistics.deviceName = stats: 2 integrations would share one device: put \
                      {integration} into the name";
        let cases = [
            (Device, "{integration}", 2, ""),
            (Device, "of {integration}", 2, ""),
            (Device, "stats", 1, ""),
            (Device, "stats", 2, shared),
            (Edge, "stats", 2, ""),
            (None, "", 2, ""),
            (
                Device,
                "",
                1,
                "f: statistics.deviceName = : write a device's name, such as {integration}",
            ),
        ];
        for (to, name, integrations, expected) in cases {
            let checked = settings(to, name).check("f", integrations);
            let text = checked.err().map(|error| error.to_string());
            assert_eq!(text.unwrap_or_default(), expected, "{to:?} {name:?}");
        }
        let text = StatisticsSettings {
            interval_ms: 999,
            ..StatisticsSettings::default()
        };
        assert_eq!(
            text.check("f", 1).unwrap_err().to_string(),
            "f: statistics.intervalMs = 999: write a number from 1000 to 86400000"
        );
    }

    #[test]
    fn the_name_of_a_device_holds_the_integrations() {
        let settings = settings(StatisticsTarget::Device, "statistics of {integration}");
        assert_eq!(settings.device("line 1"), "statistics of line 1");
    }
}
