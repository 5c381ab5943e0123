//! What a converter can ask about the call at hand.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Metadata as ThingsBoard has it: text by text.
pub type Metadata = BTreeMap<String, String>;

/// Metadata keys that a call asked for in vain, as many as make sense. Clones share
/// them.
#[derive(Clone, Debug, Default)]
pub struct Missed {
    keys: Arc<Mutex<Vec<String>>>,
}

impl Missed {
    const MOST: usize = 64;

    fn note(&self, key: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() < Self::MOST && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }

    /// The keys, which are forgotten.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a call comes from; read by the converter through `context`.
#[derive(Clone, Debug)]
pub enum CallContext {
    /// A frame of a connection.
    Uplink {
        /// The integration's metadata, `integrationName` among it.
        integration: Arc<Metadata>,
        /// The device's address.
        peer: SocketAddr,
        /// Our address that it connected to.
        local: SocketAddr,
    },
    /// A message for a device.
    Downlink {
        /// The integration's metadata, `integrationName` among it.
        integration: Arc<Metadata>,
        /// The message's metadata.
        message: Arc<Metadata>,
        /// Keeps what the converter asks for and the message does not have.
        missed: Missed,
        /// The address of the device.
        peer: SocketAddr,
    },
}

impl CallContext {
    /// The device's address, for the log.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        match self {
            Self::Uplink { peer, .. } | Self::Downlink { peer, .. } => *peer,
        }
    }

    /// WIT `metadata`.
    pub(super) fn metadata(&self, key: &str) -> Option<String> {
        match self {
            Self::Uplink { integration, .. } => integration
                .get(key)
                .cloned()
                .or_else(|| self.connection_fact(key)),
            Self::Downlink {
                message, missed, ..
            } => {
                let value = message.get(key).cloned();
                if value.is_none() {
                    missed.note(key);
                }
                value
            }
        }
    }

    /// WIT `metadata-entries`.
    pub(super) fn entries(&self) -> Metadata {
        match self {
            Self::Uplink { integration, .. } => {
                let facts = ["localPort", "remoteAddress", "remotePort"];
                let mut entries: Metadata = facts
                    .iter()
                    .filter_map(|key| Some(((*key).to_owned(), self.connection_fact(key)?)))
                    .collect();
                entries.extend(
                    integration
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone())),
                );
                entries
            }
            Self::Downlink { message, .. } => Metadata::clone(message),
        }
    }

    /// WIT `integration-metadata`.
    pub(super) fn integration_metadata(&self, key: &str) -> Option<String> {
        match self {
            Self::Uplink { integration, .. } | Self::Downlink { integration, .. } => {
                integration.get(key).cloned()
            }
        }
    }

    /// Facts about a connection are put in words only when asked for.
    fn connection_fact(&self, key: &str) -> Option<String> {
        let Self::Uplink { peer, local, .. } = self else {
            return None;
        };
        match key {
            "remoteAddress" => Some(peer.ip().to_canonical().to_string()),
            "remotePort" => Some(peer.port().to_string()),
            "localPort" => Some(local.port().to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Arc<Metadata> {
        Arc::new(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn uplink_metadata_is_the_integrations_and_the_connections() {
        let context = CallContext::Uplink {
            integration: metadata(&[("integrationName", "TCP"), ("site", "north")]),
            peer: SocketAddr::from(([10, 0, 0, 7], 4711)),
            local: SocketAddr::from(([127, 0, 0, 1], 10560)),
        };
        for (key, expected) in [
            ("site", Some("north")),
            ("integrationName", Some("TCP")),
            ("remoteAddress", Some("10.0.0.7")),
            ("remotePort", Some("4711")),
            ("localPort", Some("10560")),
            ("other", None),
        ] {
            assert_eq!(context.metadata(key).as_deref(), expected, "{key}");
        }
        assert_eq!(context.entries().len(), 5);
        assert_eq!(context.integration_metadata("remotePort"), None);
    }

    #[test]
    fn downlink_metadata_is_the_messages() {
        let missed = Missed::default();
        let context = CallContext::Downlink {
            integration: metadata(&[("integrationName", "TCP")]),
            message: metadata(&[("deviceName", "SN-002"), ("scope", "SHARED_SCOPE")]),
            missed: missed.clone(),
            peer: SocketAddr::from(([10, 0, 0, 7], 4711)),
        };
        assert_eq!(context.metadata("deviceName").as_deref(), Some("SN-002"));
        assert_eq!(context.metadata("integrationName"), None);
        assert_eq!(context.metadata("remotePort"), None);
        assert_eq!(
            context.integration_metadata("integrationName").as_deref(),
            Some("TCP")
        );
        assert_eq!(context.entries().len(), 2);
        assert_eq!(context.metadata("remotePort"), None);
        assert_eq!(missed.take(), ["integrationName", "remotePort"]);
        for number in 0..100 {
            assert_eq!(context.metadata(&format!("ss_{number}")), None);
        }
        assert_eq!(missed.take().len(), 64);
        assert!(missed.take().is_empty());
    }
}
