//! The command line of simulated devices.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::device::duration;

/// Arguments of `tb-tcp device`.
#[derive(Debug, Args)]
#[command(after_help = "\
A file says line by line what the device sends and what it must hear. tracker.conversation:

  set imei = \"35288707191{copy:04}\"            # each copy has its own
  send \"#L#{imei};NA\\r\\n\"
  expect \"#AL#1\\r\\n\" within 5s
  repeat 10 {
      send \"#SD#{now:%d%m%y;%H%M%S};5544.6025;N;03739.6834;E;{random(0, 90)};2;3;4\\r\\n\"
      expect \"#ASD#1\\r\\n\"
      wait 1s to 5s
  }

  tb-tcp device tracker.conversation --to localhost:10560
  tb-tcp device tracker.conversation --to localhost:10560 --copies 1000 --ramp 10s

docs/device.md has the whole language, with binary packets, checksums and answers to commands.
Times are written 200ms, 5s, 10m or 2h.

Exit codes: 0 all conversations went through, or were stopped without a failure, 1 some failed,
2 wrong files or arguments.")]
pub struct DeviceArgs {
    /// Conversations; several are several kinds of device at once
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The server; repeat it for a server for each file, in their order
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "check")]
    pub to: Vec<String>,
    /// Read the files, say what is wrong with them, and connect nowhere
    #[arg(long)]
    pub check: bool,
    /// A variable, in place of the first `set` of its name; {copy:06} and the like work; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How many devices talk at once, of each file
    #[arg(
        long,
        default_value_t = 1,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub copies: u32,
    /// Spread their starts over so long
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = duration::parse)]
    pub ramp: Duration,
    /// Stop all that still talk after so long; that is no failure
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    pub end_after: Option<Duration>,
    /// How long an `expect` without a limit of its own, a connection or a write may take
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration::parse)]
    pub timeout: Duration,
    /// Repeat the random numbers of a run
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Do not mind bytes that no `expect` asks for
    #[arg(long)]
    pub lenient: bool,
    /// No transcript of one device, no line a second of many
    #[arg(long)]
    pub quiet: bool,
    /// One JSON object at the end, in place of transcript and summary
    #[arg(long)]
    pub json: bool,
}
