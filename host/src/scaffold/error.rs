//! Why no folder was made, and what to do about it.

use std::{io, path::PathBuf};

use super::language::Direction;

/// Why `tb-tcp new` changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The process has no folder to work in.
    #[error("the current folder cannot be found: {0}; change to one that is there")]
    CurrentFolder(io::Error),
    /// The folder would have to be made in one that is not there.
    #[error("{} is no folder; make it first: mkdir -p {}", .0.display(), .0.display())]
    NoParent(PathBuf),
    /// Something has the name already.
    #[error(
        "{} is there already, and nothing is overwritten; choose another name, or remove it first",
        .0.display()
    )]
    Occupied(PathBuf),
    /// In the repository the path names a folder that holds no converters.
    #[error(
        "converters of this repository lie in {}; give the name alone, or a path outside of {}",
        converters.display(), root.display()
    )]
    NotAmongConverters {
        /// The repository.
        root: PathBuf,
        /// Its folder of converters.
        converters: PathBuf,
    },
    /// In the repository the converter has cases of the other direction.
    #[error(
        "{} is there, so this is a converter for {there}s: {}, or choose another name",
        folder.display(),
        match there {
            Direction::Uplink => "leave --downlink out",
            Direction::Downlink => "add --downlink",
        }
    )]
    OtherDirection {
        /// The cases that are there.
        folder: PathBuf,
        /// Their direction.
        there: Direction,
    },
    /// The file system does not allow it.
    #[error("cannot write {}: {error}; check its rights and the room on its disk", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file system cannot be read.
    #[error("cannot look into {}: {error}; check its rights", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The SDK in this binary is not what this code takes it for.
    #[error("a fault in this tb-tcp, please report it: {file} of its SDK: {reason}")]
    Sdk {
        /// The file, by its path in the repository.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
