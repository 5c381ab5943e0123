//! What a converter can ask about the call at hand.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Metadata, session::Session};

/// Who sends the frames of golden cases and trials: nobody.
pub(super) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Metadata keys that a call asked for in vain, as many as make sense. Clones share
/// them. By default nobody wants to know.
#[derive(Clone, Debug, Default)]
pub struct Missed {
    keys: Option<Arc<Mutex<Vec<String>>>>,
}

impl Missed {
    const MOST: usize = 64;

    /// Somebody will look the keys up and make the call again: what a call asks
    /// for that misses some does not happen.
    #[must_use]
    pub fn noted() -> Self {
        Self {
            keys: Some(Arc::default()),
        }
    }

    fn note(&self, key: &str) {
        let Some(mut keys) = self.lock() else {
            return;
        };
        if keys.len() < Self::MOST && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }

    /// The keys, which are forgotten.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        self.lock()
            .map(|mut keys| std::mem::take(&mut *keys))
            .unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_none_or(|keys| keys.is_empty())
    }

    fn lock(&self) -> Option<MutexGuard<'_, Vec<String>>> {
        let keys = self.keys.as_ref()?;
        Some(keys.lock().unwrap_or_else(PoisonError::into_inner))
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
        /// What the connection keeps.
        session: Session,
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
        /// What the connection keeps.
        session: Session,
    },
}

impl CallContext {
    /// The context of an uplink without metadata.
    #[cfg(test)]
    pub(super) fn nowhere(session: Session) -> Self {
        Self::Uplink {
            integration: Arc::default(),
            peer: NOWHERE,
            local: NOWHERE,
            session,
        }
    }

    /// The device's address, for the log.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        match self {
            Self::Uplink { peer, .. } | Self::Downlink { peer, .. } => *peer,
        }
    }

    /// What the connection keeps.
    pub(super) fn session(&self) -> &Session {
        match self {
            Self::Uplink { session, .. } | Self::Downlink { session, .. } => session,
        }
    }

    /// Whether the call will be made again, with what it missed.
    pub(super) fn will_be_repeated(&self) -> bool {
        match self {
            Self::Uplink { .. } => false,
            Self::Downlink { missed, .. } => !missed.is_empty(),
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
            session: Session::default(),
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
        let missed = Missed::noted();
        let context = CallContext::Downlink {
            integration: metadata(&[("integrationName", "TCP")]),
            message: metadata(&[("deviceName", "SN-002"), ("scope", "SHARED_SCOPE")]),
            missed: missed.clone(),
            peer: SocketAddr::from(([10, 0, 0, 7], 4711)),
            session: Session::default(),
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
