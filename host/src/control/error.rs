//! What can go wrong between a tool and the host.

use std::{io, path::PathBuf};

use super::print::escape;

/// Why a host cannot be reached, or cannot let itself be reached.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens. Tools that can do without a host go on by themselves.
    #[error(
        "no host answers at {}: start tb-tcp run, or say which host is meant with --config or \
         --data-folder",
        path.display()
    )]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// The socket is there, and this user may not use it, as a rule.
    #[error(
        "cannot reach the host at {}: {source}; run this as the user that runs the host",
        path.display()
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The host accepts no connection: it hangs or is stopped.
    #[error(
        "the host at {} takes no requests: too many wait already; see its log",
        path.display()
    )]
    Stuck {
        /// The socket.
        path: PathBuf,
    },
    /// More ids than go into one request.
    #[error(
        "the request has {length} bytes, {limit} is the most: name fewer ids, or use \
         --integration and --converter"
    )]
    RequestTooLong {
        /// Bytes of the request.
        length: usize,
        /// Most bytes of a request.
        limit: usize,
    },
    /// The connection ended before the answer did.
    #[error(
        "the host at {} broke off before it answered ({source}): it may have been stopped; see its \
         log",
        path.display()
    )]
    BrokenOff {
        /// The socket.
        path: PathBuf,
        /// How it ended.
        source: io::Error,
    },
    /// An answer that is none.
    #[error(
        "the answer from {} is not understood ({detail}): is the host another version?",
        path.display()
    )]
    NotUnderstood {
        /// The socket.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The host's own words on why it did not do what it was asked to.
    #[error("{}", escape(message))]
    Refused {
        /// What it says; may quote devices and converters.
        message: String,
    },
    /// The store is held by a process that answers no commands.
    #[error(
        "{}; a host that starts or stops answers no commands: try again when it has",
        escape(message)
    )]
    StoreInUse {
        /// Which store.
        message: String,
    },
    /// Another host has the folder.
    #[error(
        "another tb-tcp runs with dataFolder = {}: give each its own, or stop the other",
        folder.display()
    )]
    AnotherHost {
        /// The data folder.
        folder: PathBuf,
    },
    /// Unix sockets take short paths only.
    #[error(
        "the path {} is too long for a Unix socket ({length} bytes, Linux takes 107): name a \
         shorter dataFolder; a symbolic link to the folder will do",
        path.display()
    )]
    PathTooLong {
        /// Where the socket would be.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// Somebody keeps a file of their own under the socket's name.
    #[error("{} is not a socket: move it away, or name another dataFolder", path.display())]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// The folder or the socket cannot be made.
    #[error(
        "cannot make {}: {source}; the host must be able to write into its dataFolder",
        path.display()
    )]
    Create {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
