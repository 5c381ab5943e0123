//! `[[integrations]]`: one port, its framing, converters and metadata.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::ClientConfiguration;

/// One TCP integration, with ThingsBoard's names for its settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Integration {
    /// Name shown in the log and given to converters as `integrationName`.
    /// Unique. Default `TCP integration`.
    pub name: String,
    /// Whether the integration runs. Default true.
    pub enabled: bool,
    /// Whether devices that ThingsBoard does not know are created. Default true.
    pub allow_create_devices_or_assets: bool,
    /// Name of the uplink converter, a file of the converters folder without
    /// `.wasm`. Default: the only uplink converter of the folder.
    pub uplink_converter: Option<String>,
    /// Name of the downlink converter. Default: the uplink converter, if it
    /// encodes too; else the folder's only converter that does nothing but encode, if there is
    /// one.
    pub downlink_converter: Option<String>,
    /// Key–value pairs that the converters can read as metadata.
    pub metadata: BTreeMap<String, String>,
    /// Port, socket options and framing.
    pub client_configuration: ClientConfiguration,
    /// A JSON file exported from ThingsBoard that holds the
    /// `clientConfiguration` object, alone or inside the integration; it
    /// stands in for [`Integration::client_configuration`]. Relative to the
    /// settings file.
    pub client_configuration_file: Option<PathBuf>,
    /// Bytes sent after each frame of the downlink converter. Default `"\n"`,
    /// as ThingsBoard does; `""` for protocols that it would break.
    pub downlink_terminator: String,
    /// When a reply of the uplink converter goes out to the device. Default `stored`.
    /// Not a ThingsBoard setting.
    pub reply_when: ReplyWhen,
    /// Whether the uplink converter's `on-connect` is called. Default false. Not a
    /// ThingsBoard setting, as the next two.
    pub call_on_connect: bool,
    /// Whether the uplink converter's `on-close` is called. Default false.
    pub call_on_close: bool,
    /// How long a device sends nothing before the uplink converter's `on-idle` is
    /// called, and how often from then on, in milliseconds, 10 to 86 400 000; 0 means never.
    /// Default 0.
    pub call_when_idle_ms: u64,
    /// Telemetry and attribute keys that are forwarded only when their value
    /// changed, ThingsBoard's converter setting. Compared with the type and for each
    /// device or asset; telemetry and attributes of one key are two. After a
    /// restart, or a change of the list, each is sent once more. Default none.
    pub update_only_keys: Vec<String>,
    /// Values of `updateOnlyKeys` that are remembered, over all devices, 1 to
    /// 10 000 000; of more, those not seen for longest are sent once more when they
    /// come. Default 100 000, which takes some 8 MiB.
    pub max_update_only_values: usize,
}

impl Default for Integration {
    fn default() -> Self {
        Self {
            name: "TCP integration".to_owned(),
            enabled: true,
            allow_create_devices_or_assets: true,
            uplink_converter: None,
            downlink_converter: None,
            metadata: BTreeMap::new(),
            client_configuration: ClientConfiguration::default(),
            client_configuration_file: None,
            downlink_terminator: "\n".to_owned(),
            reply_when: ReplyWhen::default(),
            call_on_connect: false,
            call_on_close: false,
            call_when_idle_ms: 0,
            update_only_keys: Vec::new(),
            max_update_only_values: 100_000,
        }
    }
}

impl Integration {
    /// [`Integration::call_when_idle_ms`] as a duration; none for never.
    #[must_use]
    pub fn call_when_idle(&self) -> Option<Duration> {
        (self.call_when_idle_ms > 0).then(|| Duration::from_millis(self.call_when_idle_ms))
    }
}

/// When a reply goes out to the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplyWhen {
    /// As soon as the frame is decoded. What it says may still be lost with the process.
    Decoded,
    /// When what the frame says is in the spool, as safe as `spool.fsync` makes it.
    #[default]
    Stored,
    /// When ThingsBoard has acknowledged what the frame says. A device whose
    /// protocol waits for the reply sends no faster than that.
    Acknowledged,
}
