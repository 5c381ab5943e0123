//! `clientConfiguration`: ThingsBoard's connection settings of a TCP
//! integration, loadable as ThingsBoard exports them.

use std::{net::IpAddr, net::Ipv4Addr, time::Duration};

use serde::{Deserialize, Serialize};

use super::HandlerConfiguration;

/// Port, socket options and framing of one integration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientConfiguration {
    /// Port to listen on. Default 10560. 0 takes a free one, which the log names.
    pub port: u16,
    /// Address to listen on; not a ThingsBoard setting. Default `0.0.0.0`, as
    /// ThingsBoard's integration does.
    pub bind_address: IpAddr,
    /// Most connections that wait to be accepted (*max number of pending
    /// connects on the socket*). Default 128.
    pub so_backlog_option: u32,
    /// Receive buffer of a connection's socket, in KB. Default 64.
    pub so_rcv_buf: u32,
    /// Send buffer of a connection's socket, in KB. Default 64.
    pub so_snd_buf: u32,
    /// Whether the operating system probes idle connections. Default false.
    pub so_keepalive_option: bool,
    /// Whether small writes go out at once (Nagle's algorithm off). Default true.
    pub tcp_no_delay: bool,
    /// Most downlinks that wait for devices which are not connected; the
    /// oldest goes first. Default 1000.
    pub cache_size: usize,
    /// How long a downlink waits, in minutes. Default 1440.
    pub time_to_live_in_minutes: u64,
    /// Most connections at a time; not a ThingsBoard setting. More are closed
    /// at once. Default 10 000, below common limits of open files.
    pub max_connections: usize,
    /// Most devices that one connection can get downlinks for; not a
    /// ThingsBoard setting. Default 10 000: a gateway's devices, and a bound for
    /// a peer that makes names up.
    pub max_devices_per_connection: usize,
    /// Longest time that one write to a device may take, in milliseconds; not
    /// a ThingsBoard setting. A device that does not read is cut off then.
    /// Default 10 000.
    pub write_timeout_ms: u64,
    /// How the byte stream is cut into frames.
    pub handler_configuration: HandlerConfiguration,
}

impl Default for ClientConfiguration {
    fn default() -> Self {
        Self {
            port: 10560,
            bind_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            so_backlog_option: 128,
            so_rcv_buf: 64,
            so_snd_buf: 64,
            so_keepalive_option: false,
            tcp_no_delay: true,
            cache_size: 1000,
            time_to_live_in_minutes: 1440,
            max_connections: 10_000,
            max_devices_per_connection: 10_000,
            write_timeout_ms: 10_000,
            handler_configuration: HandlerConfiguration::default(),
        }
    }
}

impl ClientConfiguration {
    /// [`ClientConfiguration::time_to_live_in_minutes`] as a duration.
    #[must_use]
    pub fn time_to_live(&self) -> Duration {
        Duration::from_secs(self.time_to_live_in_minutes.saturating_mul(60))
    }

    /// [`ClientConfiguration::write_timeout_ms`] as a duration.
    #[must_use]
    pub fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }
}
