//! `clientConfiguration`: ThingsBoard's connection settings of a TCP
//! integration, loadable as ThingsBoard exports them.

use std::{net::IpAddr, net::Ipv4Addr, time::Duration};

use serde::Deserialize;

/// Port, socket options and framing of one integration.
#[derive(Clone, Debug, Deserialize)]
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

/// How a byte stream is cut into frames: ThingsBoard's *Handler Configuration*.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HandlerConfiguration {
    /// The kind of framing. Default `TEXT`.
    pub handler_type: HandlerType,
    /// Most bytes of one frame without its delimiter. Default 128.
    pub max_frame_length: usize,
    /// Whether the delimiter is removed before the converter sees the frame.
    /// Default true.
    pub strip_delimiter: bool,
    /// What ends a frame. Default `SYSTEM_LINE_SEPARATOR`.
    pub message_separator: MessageSeparator,
    /// Character encoding that the devices send. Default `UTF-8`, the only one
    /// there is now; frames reach the converter as they are.
    pub charset_name: String,
    /// Whether a frame that is too long is reported as soon as that is known
    /// (true) or when its end was found (false). Default false, as
    /// ThingsBoard stores it.
    pub fail_fast: bool,
    /// Whether empty frames are skipped, so that a blank line is not an error
    /// of the converter; not a ThingsBoard setting. Default true.
    pub skip_empty_frames: bool,
}

impl Default for HandlerConfiguration {
    fn default() -> Self {
        Self {
            handler_type: HandlerType::Text,
            max_frame_length: 128,
            strip_delimiter: true,
            message_separator: MessageSeparator::SystemLineSeparator,
            charset_name: "UTF-8".to_owned(),
            fail_fast: false,
            skip_empty_frames: true,
        }
    }
}

/// ThingsBoard's `handlerType`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum HandlerType {
    /// Frames end with a delimiter.
    Text,
}

/// ThingsBoard's `messageSeparator`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageSeparator {
    /// `\n` or `\r\n`.
    SystemLineSeparator,
}
