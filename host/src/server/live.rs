//! What of an integration's settings may change while it runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tracing::warn;

use super::update_only::{Forwarded, UpdateOnly};
use crate::{
    config::{self, ReplyWhen},
    converter::{Converter, Direction, Metadata, Registry, Selection},
    message::{Batch, Uplink},
};

/// Which functions of the converter's `lifecycle` are called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifecycle {
    /// `on-connect`.
    pub on_connect: bool,
    /// `on-close`.
    pub on_close: bool,
    /// `on-idle`, after how long without a byte.
    pub when_idle: Option<Duration>,
}

impl Lifecycle {
    /// Whether any of them is.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self.on_connect || self.on_close || self.when_idle.is_some()
    }
}

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
    /// When replies go out.
    pub reply_when: ReplyWhen,
    /// Which of the converter's `lifecycle` is called.
    pub lifecycle: Lifecycle,
    /// Whether it was said that the converter has none.
    said_no_lifecycle: AtomicBool,
    /// Which values are forwarded only when they changed, if any.
    update_only: Option<Arc<UpdateOnly>>,
}

impl Live {
    /// Follows the converters that `settings` name in `registry`.
    #[must_use]
    pub fn new(settings: &config::Integration, registry: &Registry) -> Self {
        let mut metadata: Metadata = settings.metadata.clone();
        metadata.insert("integrationName".to_owned(), settings.name.clone());
        let keys = &settings.update_only_keys;
        let update_only = || Arc::new(UpdateOnly::new(keys, settings.max_update_only_values));
        Self {
            update_only: (!keys.is_empty()).then(update_only),
            uplink: registry.select(Direction::Uplink, settings.uplink_converter.as_deref()),
            downlink: registry.select_downlink(
                settings.downlink_converter.as_deref(),
                settings.uplink_converter.as_deref(),
            ),
            metadata: Arc::new(metadata),
            allow_create: settings.allow_create_devices_or_assets,
            downlink_terminator: settings.downlink_terminator.clone(),
            reply_when: settings.reply_when,
            lifecycle: Lifecycle {
                on_connect: settings.call_on_connect,
                on_close: settings.call_on_close,
                when_idle: settings.call_when_idle(),
            },
            said_no_lifecycle: AtomicBool::new(false),
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
            || old.reply_when != new.reply_when
            || old.call_on_connect != new.call_on_connect
            || old.call_on_close != new.call_on_close
            || old.call_when_idle_ms != new.call_when_idle_ms
            || old.update_only_keys != new.update_only_keys
            || old.max_update_only_values != new.max_update_only_values
    }

    /// Goes on with what `old` remembers of forwarded values, if its keys are
    /// the same. Otherwise all are sent once more: nobody knows what became of a key while it was
    /// not listed.
    pub(super) fn remembering(mut self, old: &Self) -> Self {
        if let (Some(new), Some(known)) = (&self.update_only, &old.update_only)
            && new.is_like(known)
        {
            self.update_only = Some(known.clone());
        }
        self
    }

    /// [`Live::leave_out_unchanged`], which costs nothing where there are no such keys.
    pub(super) fn forward(&self, batch: Batch) -> (Batch, Option<Forwarded>) {
        if self.update_only.is_none() {
            return (batch, None);
        }
        let mut uplinks = batch.to_uplinks();
        let forwarded = self.leave_out_unchanged(&mut uplinks);
        (Batch::of(&uplinks), forwarded)
    }

    /// Leaves out the values of `updateOnlyKeys` that did not change, and whatever
    /// is empty then. The result is to be told when the spool has accepted the rest.
    pub fn leave_out_unchanged(&self, uplinks: &mut Vec<Uplink>) -> Option<Forwarded> {
        let update_only = self.update_only.as_ref()?;
        Some(update_only.filter(uplinks))
    }

    /// Says, once, that the converter cannot do what the settings want of it.
    pub(super) fn report_lifecycle(&self, integration: &str, converter: &Converter) {
        if self.said_no_lifecycle.swap(true, Relaxed) {
            return;
        }
        warn!(
            integration,
            converter = converter.name(),
            version = converter.version(),
            "callOnConnect, callOnClose or callWhenIdleMs is set, and the uplink converter exports no \
             tb:converter/lifecycle: it is not called; export it (lifecycle = in export!), or remove \
             the settings"
        );
    }

    /// The converter choices, uplink and downlink.
    #[must_use]
    pub fn selections(&self) -> [&Arc<Selection>; 2] {
        [&self.uplink, &self.downlink]
    }
}
