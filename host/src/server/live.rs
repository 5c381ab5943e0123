//! What of an integration's settings may change while it runs.

use std::sync::Arc;

use crate::{
    config,
    converter::{Direction, Metadata, Registry, Selection},
};

/// The present converters, metadata and rules of an integration. A batch of
/// frames is decoded under one of these; the next batch sees the next.
#[derive(Debug)]
pub struct Live {
    /// The uplink converter.
    pub uplink: Arc<Selection>,
    /// The downlink converter.
    pub downlink: Arc<Selection>,
    /// The converters' metadata: `integrationName` and the configured pairs.
    pub metadata: Arc<Metadata>,
    /// Whether devices that ThingsBoard does not know are created.
    pub allow_create: bool,
    /// Bytes behind each downlink frame.
    pub downlink_terminator: String,
}

impl Live {
    /// Follows the converters that `settings` name in `registry`.
    #[must_use]
    pub fn new(settings: &config::Integration, registry: &Registry) -> Self {
        let mut metadata: Metadata = settings.metadata.clone();
        metadata.insert("integrationName".to_owned(), settings.name.clone());
        let select = |direction, name: &Option<String>| registry.select(direction, name.as_deref());
        Self {
            uplink: select(Direction::Uplink, &settings.uplink_converter),
            downlink: select(Direction::Downlink, &settings.downlink_converter),
            metadata: Arc::new(metadata),
            allow_create: settings.allow_create_devices_or_assets,
            downlink_terminator: settings.downlink_terminator.clone(),
        }
    }

    /// Whether two settings of an integration differ in what is live.
    #[must_use]
    pub fn differs(old: &config::Integration, new: &config::Integration) -> bool {
        old.uplink_converter != new.uplink_converter
            || old.downlink_converter != new.downlink_converter
            || old.metadata != new.metadata
            || old.allow_create_devices_or_assets != new.allow_create_devices_or_assets
            || old.downlink_terminator != new.downlink_terminator
    }

    /// The converter choices, uplink and downlink.
    #[must_use]
    pub fn selections(&self) -> [&Arc<Selection>; 2] {
        [&self.uplink, &self.downlink]
    }
}
