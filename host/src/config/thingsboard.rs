//! `[thingsboard]`: the server, and the edge that tb-tcp appears as.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Proxy, Tls};
use crate::hex::hex;

/// How to reach ThingsBoard's Edge service.
///
/// The environment names of ThingsBoard's own remote integration are read too
/// and win over the file: `RPC_HOST`, `RPC_PORT`, `INTEGRATION_ROUTING_KEY`,
/// `INTEGRATION_SECRET`, `RPC_SSL_ENABLED`, `RPC_SSL_CERT`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThingsBoard {
    /// Host name or address of the server. Default `localhost`.
    pub host: String,
    /// Port of the Edge service, `EDGES_RPC_PORT` on the server. Default 7070.
    pub port: u16,
    /// The *Edge key* that ThingsBoard shows on the edge's details page.
    pub routing_key: String,
    /// The *Edge secret* from the same page.
    pub secret: Secret,
    /// ThingsBoard's number for the edge version that we announce. Default 10
    /// (`V_4_0_0`): known to every server from 4.0 on, harmless on 3.6.2 to 3.9.
    pub edge_version: i32,
    /// Longest wait for a connection and for the server's answer to the
    /// credentials, in milliseconds. Default 10 000.
    pub connect_timeout_ms: u64,
    /// Pause between keep-alive pings, in milliseconds. Default 10 000, as
    /// ThingsBoard's own edge. The server ends connections that ping more often
    /// than `EDGES_RPC_CLIENT_MAX_KEEP_ALIVE_TIME_SEC`, 1 s by default.
    pub keep_alive_ms: u64,
    /// Longest wait for the answer to a ping, in milliseconds. Default 5 000,
    /// as ThingsBoard's own edge.
    pub keep_alive_timeout_ms: u64,
    /// Longest wait for the acknowledgement of one uplink message before it is
    /// sent again, in milliseconds. Default 60 000, as ThingsBoard's own edge.
    pub acknowledge_timeout_ms: u64,
    /// Longest wait for the end of the device synchronisation before the
    /// session is renewed, in milliseconds. Default 300 000: a server whose
    /// synchronisation died says nothing.
    pub sync_timeout_ms: u64,
    /// First pause before connecting again, in milliseconds; it doubles up to
    /// `maxReconnectDelayMs`. Default 1 000.
    pub reconnect_delay_ms: u64,
    /// Longest pause before connecting again, in milliseconds. Default 60 000.
    pub max_reconnect_delay_ms: u64,
    /// Largest number of entity records in one uplink message. Default 500:
    /// some 100 KiB, well under the server's 4 MiB.
    pub max_records_per_message: usize,
    /// How many uplink messages may be on their way at a time, 1 to 1000. Of one
    /// entity it is one, so that nothing of it is overtaken. Default 16: enough
    /// to fill a line with a round trip of 50 ms.
    pub max_messages_in_flight: usize,
    /// How long a message that is not full waits for more records while others
    /// are on their way, in milliseconds, 0 to 1000. Default 5. While none is on
    /// its way none waits.
    pub linger_ms: u64,
    /// How long nothing is sent after the server said that this edge sends too many
    /// messages (*Edge uplink messages* in the tenant profile), in milliseconds, 100
    /// to 600 000. Default 60 000, as ThingsBoard's own edge.
    pub rate_limit_pause_ms: u64,
    /// How the connection is protected.
    pub tls: Tls,
    /// The proxy on the way, from the environment only.
    #[serde(skip)]
    pub proxy: Option<Proxy>,
}

impl Default for ThingsBoard {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 7070,
            routing_key: String::new(),
            secret: Secret::default(),
            edge_version: 10,
            connect_timeout_ms: 10_000,
            keep_alive_ms: 10_000,
            keep_alive_timeout_ms: 5_000,
            acknowledge_timeout_ms: 60_000,
            sync_timeout_ms: 300_000,
            reconnect_delay_ms: 1_000,
            max_reconnect_delay_ms: 60_000,
            max_records_per_message: 500,
            max_messages_in_flight: 16,
            linger_ms: 5,
            rate_limit_pause_ms: 60_000,
            tls: Tls::default(),
            proxy: None,
        }
    }
}

impl ThingsBoard {
    /// [`ThingsBoard::connect_timeout_ms`] as a duration.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// [`ThingsBoard::keep_alive_ms`] as a duration.
    #[must_use]
    pub fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms)
    }

    /// [`ThingsBoard::keep_alive_timeout_ms`] as a duration.
    #[must_use]
    pub fn keep_alive_timeout(&self) -> Duration {
        Duration::from_millis(self.keep_alive_timeout_ms)
    }

    /// [`ThingsBoard::rate_limit_pause_ms`] as a duration.
    #[must_use]
    pub fn rate_limit_pause(&self) -> Duration {
        Duration::from_millis(self.rate_limit_pause_ms)
    }

    /// Host and port as one, as they stand in an address.
    #[must_use]
    pub fn address(&self) -> String {
        super::proxy::address(&self.host, self.port)
    }

    /// [`ThingsBoard::acknowledge_timeout_ms`] as a duration.
    #[must_use]
    pub fn acknowledge_timeout(&self) -> Duration {
        Duration::from_millis(self.acknowledge_timeout_ms)
    }

    /// [`ThingsBoard::sync_timeout_ms`] as a duration.
    #[must_use]
    pub fn sync_timeout(&self) -> Duration {
        Duration::from_millis(self.sync_timeout_ms)
    }
}

/// A value that is never printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret in clear, for the one message that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// As its hash: enough to see whether it changed, and no secret.
impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&Sha256::digest(&self.0)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let settings = ThingsBoard {
            secret: Secret::new("t0p-s3cret"),
            ..ThingsBoard::default()
        };
        let printed = format!("{settings:?}");
        assert!(printed.contains("secret: (secret)"), "{printed}");
        assert!(!printed.contains("t0p-s3cret"), "{printed}");
    }
}
