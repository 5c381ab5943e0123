//! The command line.

mod device;
mod operate;
mod spool;
mod workshop;

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use device::DeviceArgs;
pub use operate::{
    ConvertersArgs, ConvertersCommand, DeadLettersArgs, DeadLettersCommand, FilterArgs, HostArgs,
    ListArgs, RemoveArgs, ReplayArgs,
};
pub use spool::{ExportArgs, SpoolArgs, SpoolCommand};
pub use workshop::{
    CallArgs, ComponentizeArgs, DecodeArgs, EncodeArgs, FrameInput, NewArgs, TestArgs,
};

/// TCP integration for ThingsBoard: devices speak raw TCP, converters are
/// WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "tb-tcp", version, propagate_version = true)]
pub struct Cli {
    /// What goes to the log: a level (error, warn, info, debug, trace), or
    /// targets with levels such as `info,converter=debug`.
    #[arg(
        long,
        global = true,
        env = "TB_TCP_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub log: String,
    /// How log lines look. They go to standard error.
    #[arg(
        long,
        global = true,
        env = "TB_TCP_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What `tb-tcp` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve devices and relay to ThingsBoard
    Run(RunArgs),
    /// Show the running host's converters, or go back to the version before
    Converters(ConvertersArgs),
    /// Show frames that could not be decoded, decode them again, remove them
    DeadLetters(DeadLettersArgs),
    /// Show what waits for ThingsBoard on disk, or write it out
    Spool(SpoolArgs),
    /// Make the folder of a new converter, with the SDK, golden cases and an example
    New(NewArgs),
    /// Run golden cases on built converters
    Test(TestArgs),
    /// Decode one frame with a built converter
    Decode(DecodeArgs),
    /// Encode one message with a built converter
    Encode(EncodeArgs),
    /// Make a component of a core module: for AssemblyScript, and Rust without WASI
    Componentize(ComponentizeArgs),
    /// Start a local stand-in for ThingsBoard, for demos and tests
    ///
    /// It speaks ThingsBoard's Edge service (gRPC) and has a small HTTP API to
    /// look at devices, to send them something, and to misbehave on request. It is
    /// not ThingsBoard: there are no rule chains, users or dashboards, all is in
    /// memory without --data, one edge can connect, and nothing is encrypted
    /// without --tls-cert. Never use it for real data.
    Standin(StandinArgs),
    /// Show how a handler configuration cuts bytes into frames, or guess one
    ///
    /// Bytes come from --chunk, --hex, --file or standard input. For BINARY it
    /// shows how each length was read. Nothing is sent anywhere.
    Frame(FrameArgs),
    /// Be a device, or thousands: hold a written conversation with any TCP server
    Device(DeviceArgs),
    /// Play the tutorial against the stand-in, then stay up to try more
    Demo(DemoArgs),
}

/// Arguments of `tb-tcp run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a file every setting has its default: devices on port 10560, converters in ./converters.
The environment wins over the file:
  RPC_HOST, RPC_PORT       where ThingsBoard's Edge service listens (default localhost, 7070)
  INTEGRATION_ROUTING_KEY  the Edge key
  INTEGRATION_SECRET       the Edge secret
  RPC_SSL_ENABLED          true: speak TLS with ThingsBoard
  RPC_SSL_CERT             certificates to trust instead of the system's (PEM)
  HTTPS_PROXY, ALL_PROXY   a proxy on the way, http://... or socks5://...; with and without TLS
  NO_PROXY                 hosts that are reached without it

Exit codes: 0 stopped with everything delivered, 1 failed or stopped with data undelivered,
2 wrong arguments or settings.")]
pub struct RunArgs {
    /// Settings (TOML)
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `tb-tcp standin`.
#[derive(Debug, Args)]
pub struct StandinArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// Port of the Edge service; 0 takes a free one
    #[arg(long, default_value_t = 7070, value_name = "PORT")]
    pub grpc_port: u16,
    /// Port of the HTTP API; 0 takes a free one
    #[arg(long, default_value_t = 7080, value_name = "PORT")]
    pub http_port: u16,
    /// Edge key that a client must present
    #[arg(long, default_value = "standin-key", value_name = "KEY")]
    pub routing_key: String,
    /// Edge secret that a client must present
    #[arg(long, default_value = "standin-secret", value_name = "SECRET")]
    pub secret: String,
    /// Folder where all that it knows outlasts it, also when it is killed: what
    /// was acknowledged is there at the next start. Default: in memory only
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Points kept for one key of a device; the oldest make room for new ones
    #[arg(long, default_value_t = crate::standin::KEPT_POINTS, value_name = "POINTS")]
    pub history: usize,
    /// Certificate of the Edge service (PEM), which then speaks TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Authority that must have signed the client's certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,
}

/// Arguments of `tb-tcp demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder with csv.wasm and attributes-json.wasm
    #[arg(long, default_value = "target/converters", value_name = "FOLDER")]
    pub converters: PathBuf,
    /// Use free ports, check every step, and end: exit code 0 if all went
    /// well, 1 and the reason otherwise
    #[arg(long)]
    pub check: bool,
}

/// Arguments of `tb-tcp frame`.
#[derive(Debug, Args)]
#[command(after_help = FRAME_EXAMPLES)]
pub struct FrameArgs {
    /// A handlerConfiguration as JSON; default: ThingsBoard's defaults, TEXT by lines
    #[arg(long, value_name = "JSON", conflicts_with_all = ["config", "guess"])]
    pub handler: Option<String>,
    /// Take the handlerConfiguration of an integration in this settings file
    #[arg(long, short, value_name = "FILE", conflicts_with = "guess")]
    pub config: Option<PathBuf>,
    /// Which integration of the settings file, if it has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pub integration: Option<String>,
    /// Let this converter cut, as with handlerType CONVERTER
    #[arg(long, value_name = "FILE.wasm", conflicts_with = "guess")]
    pub converter: Option<PathBuf>,
    /// Bytes as hex, as one read of the socket brings them; repeatable
    #[arg(long, value_name = "HEX", conflicts_with_all = ["hex", "file"])]
    pub chunk: Vec<String>,
    /// Bytes as hex
    #[arg(long, value_name = "HEX", conflicts_with = "file")]
    pub hex: Option<String>,
    /// A file of raw bytes
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Rank configurations that cut captured packets cleanly; each --chunk is a packet
    #[arg(long)]
    pub guess: bool,
    /// One JSON object a line: {"frame":"HEX"} or {"error":"tooLong" or "corrupted","message":"TEXT"}
    #[arg(long)]
    pub json: bool,
}

/// The length-field set-ups that confuse most, each with "HELLO, WORLD" as its
/// 12-byte payload.
pub const FRAME_EXAMPLES: &str = r#"frame length = number in the field + lengthAdjustment + lengthFieldOffset + lengthFieldLength.
The set-ups that confuse most:

  the number counts the payload; header kept
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN"}' --hex 000c48454c4c4f2c20574f524c44
  the same, header stripped
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","initialBytesToStrip":2}' --hex 000c48454c4c4f2c20574f524c44
  the number counts the whole frame: take the header off again
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","lengthAdjustment":-2}' --hex 000e48454c4c4f2c20574f524c44
  two bytes of header before a 3-byte number
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","lengthFieldOffset":2,"lengthFieldLength":3}' --hex cafe00000c48454c4c4f2c20574f524c44
  two bytes of header behind it, which it does not count
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","lengthFieldLength":3,"lengthAdjustment":2}' --hex 00000ccafe48454c4c4f2c20574f524c44
  one byte before, one behind; the first and the number stripped
    --handler '{"handlerType":"BINARY","byteOrder":"BIG_ENDIAN","lengthFieldOffset":1,"lengthAdjustment":1,"initialBytesToStrip":3}' --hex ca000cfe48454c4c4f2c20574f524c44

Exit codes: 0 all frames, 1 a framing error or no guess, 2 wrong arguments."#;
