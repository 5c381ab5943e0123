//! `[[integrations]]`: one port, its framing, converters and metadata.

use std::{collections::BTreeMap, path::PathBuf};

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
    /// Name of the downlink converter. Default: the only downlink converter of
    /// the folder, if there is one.
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
        }
    }
}
