//! Settings: one TOML file, the environment, and a default for everything.
//!
//! Names are the ones that ThingsBoard shows in its dialogs and stores in its
//! JSON (`port`, `soBacklogOption`, `handlerConfiguration`, …), so what an
//! integrator knows from there is what they type here. Unknown keys are
//! reported and skipped: a file written for a newer or older version starts.

mod changes;
mod check;
mod client;
mod converters;
mod dead_letters;
mod error;
mod handler;
mod integration;
mod load;
mod proxy;
mod spool;
mod statistics;
mod thingsboard;
mod tls;

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

pub use changes::Changes;
pub use client::ClientConfiguration;
pub use converters::{ConverterLimits, ConverterSettings, LimitOverrides};
pub use dead_letters::DeadLetterSettings;
pub use error::ConfigError;
pub use handler::{
    ByteOrder, HandlerConfiguration, HandlerType, LengthFieldEncoding, LengthFieldMask,
    MessageSeparator, OnFrameError,
};
pub use integration::{Integration, ReplyWhen};
pub use load::{Loaded, load, load_unchecked};
pub use proxy::{Proxy, ProxyKind};
pub use spool::{Fsync, SpoolSettings, WhenFull};
pub use statistics::{StatisticsSettings, StatisticsTarget};
pub use thingsboard::{Secret, ThingsBoard};
pub use tls::Tls;

/// Everything that `tb-tcp run` can be told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// The ThingsBoard server and the edge's credentials there.
    pub thingsboard: ThingsBoard,
    /// The folder of `.wasm` files and what a converter may use.
    pub converters: ConverterSettings,
    /// Frames that no converter could decode.
    pub dead_letters: DeadLetterSettings,
    /// What waits for ThingsBoard's acknowledgement.
    pub spool: SpoolSettings,
    /// What ThingsBoard is told of the integrations themselves.
    pub statistics: StatisticsSettings,
    /// One entry for each port that devices connect to. Default: one
    /// integration with every setting at its default.
    pub integrations: Vec<Integration>,
    /// How long a stopping process waits for ThingsBoard to acknowledge what
    /// was accepted, in milliseconds. Default 10 000: service managers kill
    /// after 30 to 90 seconds.
    pub shutdown_timeout_ms: u64,
    /// Where the host keeps what must outlast it: dead letters, the last good
    /// versions of converters, compiled code, and the socket on which
    /// `tb-tcp converters`, `tb-tcp dead-letters` and `tb-tcp spool` reach it.
    /// Default `./data`; each host needs its own.
    pub data_folder: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            thingsboard: ThingsBoard::default(),
            converters: ConverterSettings::default(),
            dead_letters: DeadLetterSettings::default(),
            spool: SpoolSettings::default(),
            statistics: StatisticsSettings::default(),
            integrations: vec![Integration::default()],
            shutdown_timeout_ms: 10_000,
            data_folder: PathBuf::from("./data"),
        }
    }
}

impl Settings {
    /// [`Settings::shutdown_timeout_ms`] as a duration.
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }

    /// The integrations that are switched on.
    pub fn enabled_integrations(&self) -> impl Iterator<Item = &Integration> {
        self.integrations.iter().filter(|entry| entry.enabled)
    }
}
