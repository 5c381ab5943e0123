//! Facts about the call at hand.
//!
//! In a component they are asked of the host, one by one and only when the
//! converter wants them. Natively they come from maps that a test fills. What a call
//! can do on its connection is in `connection.rs`.

/// What a converter may know beside the frame or the message.
///
/// Reading a fact costs a host call; what is not read costs nothing.
///
/// ```
/// use tb_converter::Context;
///
/// let context = Context::new()
///     .with_metadata("remoteAddress", "192.0.2.7")
///     .with_metadata("site", "north");
///
/// assert_eq!(context.metadata("site").as_deref(), Some("north"));
/// assert_eq!(context.metadata("floor"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    facts: facts::Facts,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) connection: crate::connection::Recorded,
}

impl Context {
    /// *Uplink*: the integration's metadata of that key, `integrationName`, or
    /// a fact about the connection: `remoteAddress`, `remotePort`, `localPort`.
    /// *Downlink*: the message's metadata of that key, such as `deviceName`,
    /// `deviceType` or `scope`; and attributes of the device, client ones as
    /// `cs_KEY`, server ones as `ss_KEY`, shared ones as `shared_KEY`, for which the
    /// host asks ThingsBoard when one is read.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.facts.metadata(key)
    }

    /// All that [`metadata`](Self::metadata) knows, ordered by key.
    #[must_use]
    pub fn metadata_entries(&self) -> Vec<(String, String)> {
        self.facts.metadata_entries()
    }

    /// *Downlink*: the integration's metadata of that key, or
    /// `integrationName`. *Uplink*: the same as [`metadata`](Self::metadata)
    /// without the facts about the connection.
    #[must_use]
    pub fn integration_metadata(&self, key: &str) -> Option<String> {
        self.facts.integration_metadata(key)
    }
}

/// For tests: these exist natively only.
#[cfg(not(target_arch = "wasm32"))]
impl Context {
    /// A context that knows nothing yet.
    #[must_use]
    pub fn new() -> Context {
        Context::default()
    }

    /// Sets what [`metadata`](Self::metadata) answers for a key.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Context {
        self.facts.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets what [`integration_metadata`](Self::integration_metadata) answers
    /// for a key. This makes it the context of a downlink: integration metadata
    /// is then no longer taken from the metadata.
    #[must_use]
    pub fn with_integration_metadata(
        mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Context {
        let integration = self.facts.integration.get_or_insert_default();
        integration.insert(key.into(), value.into());
        self
    }

    /// What [`integration_metadata`](Self::integration_metadata) answers in the
    /// context of a downlink, ordered by key; nothing in that of an uplink.
    #[must_use]
    pub fn integration_metadata_entries(&self) -> Vec<(String, String)> {
        let entries = self.facts.integration.iter().flatten();
        entries
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Forgets a key of the metadata.
    pub(crate) fn remove_metadata(&mut self, key: &str) {
        self.facts.metadata.remove(key);
    }

    /// The context of a downlink, even if its integration has no metadata.
    pub(crate) fn of_downlink(mut self) -> Context {
        self.facts.integration.get_or_insert_default();
        self
    }
}

#[cfg(target_arch = "wasm32")]
mod facts {
    //! The host's answers.

    use crate::bindings::uplink::tb::converter::context;

    /// Holds nothing: the host knows which call this is.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Facts;

    impl Facts {
        pub(super) fn metadata(&self, key: &str) -> Option<String> {
            context::metadata(key)
        }

        pub(super) fn metadata_entries(&self) -> Vec<(String, String)> {
            context::metadata_entries()
        }

        pub(super) fn integration_metadata(&self, key: &str) -> Option<String> {
            context::integration_metadata(key)
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod facts {
    //! A test's answers.

    use std::collections::BTreeMap;

    /// The keys that tell of the connection, not of the integration.
    const CONNECTION_KEYS: [&str; 3] = ["remoteAddress", "remotePort", "localPort"];

    #[derive(Clone, Debug, Default)]
    pub(super) struct Facts {
        pub(super) metadata: BTreeMap<String, String>,
        /// None in an uplink, whose metadata are the integration's.
        pub(super) integration: Option<BTreeMap<String, String>>,
    }

    impl Facts {
        pub(super) fn metadata(&self, key: &str) -> Option<String> {
            self.metadata.get(key).cloned()
        }

        pub(super) fn metadata_entries(&self) -> Vec<(String, String)> {
            self.metadata
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        }

        pub(super) fn integration_metadata(&self, key: &str) -> Option<String> {
            match &self.integration {
                Some(integration) => integration.get(key).cloned(),
                None if CONNECTION_KEYS.contains(&key) => None,
                None => self.metadata(key),
            }
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn an_uplink_takes_integration_metadata_from_the_metadata() {
        let context = Context::new()
            .with_metadata("site", "north")
            .with_metadata("remotePort", "40112")
            .with_metadata("integrationName", "TCP");
        let table = [
            ("site", Some("north"), Some("north")),
            ("integrationName", Some("TCP"), Some("TCP")),
            ("remotePort", Some("40112"), None),
            ("floor", None, None),
        ];
        for (key, metadata, integration) in table {
            assert_eq!(context.metadata(key).as_deref(), metadata, "{key}");
            assert_eq!(
                context.integration_metadata(key).as_deref(),
                integration,
                "{key}"
            );
        }
    }

    #[test]
    fn a_downlink_keeps_both_apart() {
        let context = Context::new()
            .with_metadata("deviceName", "SN-002")
            .with_integration_metadata("site", "north");
        assert_eq!(context.metadata("site"), None);
        assert_eq!(
            context.integration_metadata("site").as_deref(),
            Some("north")
        );
        assert_eq!(context.integration_metadata("deviceName"), None);
        let bare = Context::new()
            .with_metadata("deviceName", "SN-002")
            .of_downlink();
        assert_eq!(bare.integration_metadata("deviceName"), None);
    }

    #[test]
    fn entries_are_ordered_by_key() {
        let context = Context::new()
            .with_metadata("b", "2")
            .with_metadata("a", "1");
        let expected = [("a", "1"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(context.metadata_entries(), expected);
    }
}
