//! Whether what is in a file can be trusted to be ours.
//!
//! The cache holds machine code, which is executed without a further look. So
//! nobody but the user that this process runs as may be able to write it.

use std::{fs::Metadata, io, os::unix::fs::MetadataExt, path::Path};

/// Writable by the group, or by others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why a file or folder is not trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untrusted {
    #[error(
        "{path} can be written by others than its owner (mode {mode:04o}), and the compiled code in \
         it is executed: delete it, and it is made anew for one user"
    )]
    Writable { path: String, mode: u32 },
    #[error(
        "{path} belongs to user {owner}, but this process runs as user {us}, and the compiled code \
         in it is executed: delete it, and it is made anew, or run as its owner"
    )]
    Foreign { path: String, owner: u32, us: u32 },
}

impl From<Untrusted> for io::Error {
    fn from(fault: Untrusted) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, fault)
    }
}

/// Checks that `us`, and nobody else, can have written what is at `path`.
pub(super) fn check(path: &Path, metadata: &Metadata, us: u32) -> Result<(), Untrusted> {
    let path = || path.display().to_string();
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != us {
        return Err(Untrusted::Foreign {
            path: path(),
            owner,
            us,
        });
    }
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(Untrusted::Writable { path: path(), mode });
    }
    Ok(())
}
