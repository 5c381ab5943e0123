//! What differs between two settings, and which of it a running host can take
//! over.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Settings;

/// Keys that take effect at once, with everything below them; `[]` stands for
/// any integration.
const LIVE: [&str; 25] = [
    "shutdownTimeoutMs",
    "converters.polling",
    "converters.pollIntervalMs",
    "converters.callTimeoutMs",
    "converters.memoryLimitMib",
    "converters.memoryMarkPercent",
    "converters.maxOutputKib",
    "converters.maxEntitiesPerFrame",
    "converters.maxValuesPerFrame",
    "converters.maxSessionBytes",
    "converters.maxCallsPerInstance",
    "converters.logLinesPerSecond",
    "converters.overrides",
    "deadLetters.replayOnReload",
    "integrations[].uplinkConverter",
    "integrations[].downlinkConverter",
    "integrations[].allowCreateDevicesOrAssets",
    "integrations[].metadata",
    "integrations[].downlinkTerminator",
    "integrations[].replyWhen",
    "integrations[].callOnConnect",
    "integrations[].callOnClose",
    "integrations[].callWhenIdleMs",
    "integrations[].updateOnlyKeys",
    "integrations[].maxUpdateOnlyValues",
];

/// The keys that differ between two settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that a running host takes over.
    pub live: Vec<String>,
    /// Those that need a restart.
    pub restart: Vec<String>,
}

impl Changes {
    /// Compares settings. Values are not told, only keys: some are secret.
    #[must_use]
    pub fn between(old: &Settings, new: &Settings) -> Self {
        let (old, new) = (leaves(old), leaves(new));
        let mut changes = Self::default();
        let keys = old
            .keys()
            .chain(new.keys().filter(|key| !old.contains_key(*key)));
        for key in keys.filter(|key| old.get(*key) != new.get(*key)) {
            let there = |leaves: &BTreeMap<String, Json>| match integration_of(key) {
                Some(place) => leaves.keys().any(|key| integration_of(key) == Some(place)),
                None => true,
            };
            match integration_of(key) {
                // All of it is new, or gone: one line says so.
                Some(place) if !there(&old) || !there(&new) => {
                    if changes.restart.last().is_none_or(|last| last != place) {
                        changes.restart.push(place.to_owned());
                    }
                }
                _ if is_live(key) => changes.live.push(key.clone()),
                _ => changes.restart.push(key.clone()),
            }
        }
        changes.live.sort();
        changes.restart.sort();
        changes
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty() && self.restart.is_empty()
    }
}

/// `integrations[NAME]`, if the key is below it.
fn integration_of(key: &str) -> Option<&str> {
    let end = key.starts_with("integrations[").then(|| key.find("]."))??;
    Some(&key[..=end])
}

fn is_live(key: &str) -> bool {
    let general = match (key.find('['), key.find(']')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{}", &key[..=open], &key[close..])
        }
        _ => key.to_owned(),
    };
    LIVE.iter().any(|live| {
        let rest = general.strip_prefix(live);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Every value by its full key; integrations by their names, other lists as a
/// whole.
fn leaves(settings: &Settings) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    // Settings are plain data: this cannot fail.
    let document = serde_json::to_value(settings).unwrap_or_default();
    collect(String::new(), &document, &mut found);
    found
}

fn collect(key: String, value: &Json, found: &mut BTreeMap<String, Json>) {
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let key = match key.as_str() {
                    "" => name.clone(),
                    parent => format!("{parent}.{name}"),
                };
                collect(key, value, found);
            }
        }
        Json::Array(elements) if elements.iter().any(Json::is_object) => {
            for (index, element) in elements.iter().enumerate() {
                let name = element["name"].as_str().map(str::to_owned);
                let name = name.unwrap_or_else(|| index.to_string());
                collect(format!("{key}[{name}]"), element, found);
            }
        }
        leaf => {
            found.insert(key, leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LimitOverrides, Secret};

    #[test]
    fn what_needs_a_restart_is_told_apart() {
        let old = Settings::default();
        let mut new = old.clone();
        assert!(Changes::between(&old, &new).is_empty());
        new.thingsboard.secret = Secret::new("other");
        new.converters.call_timeout_ms = 50;
        let own = LimitOverrides {
            memory_limit_mib: Some(64),
            ..LimitOverrides::default()
        };
        new.converters.overrides.insert("a.b".to_owned(), own);
        let integration = &mut new.integrations[0];
        integration.uplink_converter = Some("csv".to_owned());
        integration
            .metadata
            .insert("site".to_owned(), "north".to_owned());
        integration.update_only_keys.push("fw".to_owned());
        integration.client_configuration.port = 1;
        let changes = Changes::between(&old, &new);
        assert_eq!(
            changes.restart,
            [
                "integrations[TCP integration].clientConfiguration.port",
                "thingsboard.secret",
            ]
        );
        assert!(
            changes
                .live
                .contains(&"converters.callTimeoutMs".to_owned())
        );
        let live = |start: &str| changes.live.iter().any(|key| key.starts_with(start));
        for start in [
            "converters.overrides.a.b.memoryLimitMib",
            "integrations[TCP integration].uplinkConverter",
            "integrations[TCP integration].metadata",
            "integrations[TCP integration].updateOnlyKeys",
        ] {
            assert!(live(start), "{start}: {changes:?}");
        }
    }

    #[test]
    fn a_new_integration_needs_a_restart() {
        let old = Settings::default();
        let mut new = old.clone();
        new.integrations.push(super::super::Integration {
            name: "second".to_owned(),
            ..Default::default()
        });
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.restart, ["integrations[second]"]);
        assert!(changes.live.is_empty(), "{changes:?}");
        assert_eq!(Changes::between(&new, &old), changes);
    }

    #[test]
    fn secrets_are_compared_but_not_held() {
        let mut settings = Settings::default();
        settings.thingsboard.secret = Secret::new("hush");
        let text = format!("{:?}", leaves(&settings));
        assert!(!text.contains("hush"), "{text}");
    }
}
