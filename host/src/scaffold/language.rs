//! What a converter can be written in, and which way it translates.

use std::fmt;

use clap::ValueEnum;

/// What a converter is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust; needs rustup's toolchain
    Rust,
    /// AssemblyScript, TypeScript's syntax; needs Node 20 or newer
    #[value(name = "assemblyscript")]
    AssemblyScript,
}

impl Language {
    /// The name of its folder, of a converter in the repository and of the SDK.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::AssemblyScript => "assemblyscript",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::AssemblyScript => "AssemblyScript",
        })
    }
}

/// Which way a converter translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Frames of devices.
    Uplink,
    /// Messages to devices.
    Downlink,
}

impl Direction {
    /// The name of the folder with its golden cases.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Uplink => "uplink",
            Self::Downlink => "downlink",
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Uplink => Self::Downlink,
            Self::Downlink => Self::Uplink,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder())
    }
}
