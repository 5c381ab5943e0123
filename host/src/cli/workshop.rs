//! The command line of what a converter's author does without a host.

use std::path::PathBuf;

use clap::Args;

use crate::scaffold::{Destination, Language};

/// Arguments of `tb-tcp new`.
#[derive(Debug, Args)]
#[command(after_help = "\
The folder builds and passes its golden cases as it is; its README says how. It holds the SDK, so
nothing else is needed but Rust with the target wasm32-wasip2, or Node 20 or newer.

  tb-tcp new thermometer --lang rust
  tb-tcp new ~/converters/thermometer --lang assemblyscript --downlink

In tb-tcp's own repository it becomes converters/NAME, built with the others. There a second
language of the same converter takes the golden cases of the first.

Exit codes: 0 done, 1 the folder is there already or cannot be written, 2 wrong arguments.")]
pub struct NewArgs {
    /// The converter's name, of lower-case letters, digits and hyphens; or a path that ends in it
    #[arg(value_name = "NAME")]
    pub destination: Destination,
    /// What it is written in
    #[arg(long, value_name = "rust|assemblyscript")]
    pub lang: Language,
    /// An encoder of messages to devices in place of a decoder of their frames
    #[arg(long)]
    pub downlink: bool,
}

/// Arguments of `tb-tcp test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each case runs on a fresh instance and on one that has served all others; both must give what is
expected. The layout of cases is that of converters/csv: uplink/ and downlink/ with payload_X.txt
(or .json, .hex, .base64), result_X.json, and metadata.json.

Exit codes: 0 all passed, 1 some failed or there were none, 2 wrong arguments.")]
pub struct TestArgs {
    /// A .wasm file, or a folder of them
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// Folder with the cases; default: NAME.cases beside NAME.wasm
    #[arg(long, value_name = "FOLDER")]
    pub cases: Option<PathBuf>,
    /// Write what the converter gives now as what is expected
    #[arg(long)]
    pub update: bool,
    /// Take limits from these settings (TOML)
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `tb-tcp componentize`.
#[derive(Debug, Args)]
#[command(after_help = "\
For core modules of AssemblyScript (built with the SDK's asconfig.json) and of Rust's target
wasm32-unknown-unknown. What cargo builds for wasm32-wasip2 is a component already.

Exit codes: 0 done, 1 no component can be made or written, 2 wrong arguments.")]
pub struct ComponentizeArgs {
    /// The core module that the compiler made
    #[arg(value_name = "CORE.wasm")]
    pub core: PathBuf,
    /// The component to write
    #[arg(long, short, value_name = "OUT.wasm")]
    pub out: PathBuf,
}

/// Arguments that `tb-tcp decode` and `tb-tcp encode` share.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// The converter
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// Metadata that the converter can read; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub metadata: Vec<String>,
    /// The session value of the connection, as text
    #[arg(long, value_name = "TEXT", conflicts_with = "session_hex")]
    pub session: Option<String>,
    /// The session value of the connection, as hex
    #[arg(long, value_name = "HEX")]
    pub session_hex: Option<String>,
    /// Take limits from these settings (TOML)
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON document with result or error, log and times
    #[arg(long)]
    pub json: bool,
    /// Do it again whenever the file changes
    #[arg(long)]
    pub watch: bool,
}

/// Where a frame comes from; standard input if nothing is given.
#[derive(Debug, Args)]
pub struct FrameInput {
    /// The frame as text
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["hex", "base64", "file_of_frame"])]
    pub text: Option<String>,
    /// The frame as hex
    #[arg(long, value_name = "HEX", conflicts_with_all = ["base64", "file_of_frame"])]
    pub hex: Option<String>,
    /// The frame as Base64
    #[arg(long, value_name = "BASE64", conflicts_with = "file_of_frame")]
    pub base64: Option<String>,
    /// A file with the frame's raw bytes
    #[arg(id = "file_of_frame", long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Arguments of `tb-tcp decode`.
#[derive(Debug, Args)]
#[command(after_help = "\
The result goes to standard output in the shape of ThingsBoard's converters; log lines, errors and
times go to standard error.

  tb-tcp decode csv.wasm --text SN-002,default,temperature,25.7 --metadata site=north
  tb-tcp decode gt06.wasm --hex '7878 0d01 0352887071911998 0004 79d0 0d0a'

A converter that replies, sets the session value or answers a call has this in the result, in the
shape of golden cases.

Exit codes: 0 decoded, 1 the converter gave an error or cannot be loaded, 2 wrong arguments.")]
pub struct DecodeArgs {
    /// What both directions take.
    #[command(flatten)]
    pub call: CallArgs,
    /// The frame.
    #[command(flatten)]
    pub frame: FrameInput,
}

/// Arguments of `tb-tcp encode`.
#[derive(Debug, Args)]
#[command(after_help = "\
  tb-tcp encode attributes-json.wasm --msg '{\"powerState\":\"on\"}' --metadata deviceName=SN-002

Exit codes: 0 encoded, 1 the converter gave an error or cannot be loaded, 2 wrong arguments.")]
pub struct EncodeArgs {
    /// What both directions take.
    #[command(flatten)]
    pub call: CallArgs,
    /// The message's body
    #[arg(long, value_name = "JSON")]
    pub msg: String,
    /// ThingsBoard's message type
    #[arg(long, value_name = "TYPE", default_value = "ATTRIBUTES_UPDATED")]
    pub msg_type: String,
    /// Metadata of the integration; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub integration_metadata: Vec<String>,
}
