//! What can go wrong with the spool, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::{Error as Sqlite, ErrorCode, ffi};

/// The spool cannot do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// Another process holds the store; or this one, by another handle.
    #[error(
        "{} is in use: is another tb-tcp running with this dataFolder or spool.directory?",
        .0.display()
    )]
    InUse(PathBuf),
    /// The folder or the store cannot be made or opened: rights, or the disk.
    #[error(
        "cannot open {}: {reason}; check that its folder is there, that tb-tcp may write to it and \
         that the disk has room, or name another spool.directory", path.display()
    )]
    Open {
        /// The folder or the file.
        path: PathBuf,
        /// What the operating system or the database said.
        reason: String,
    },
    /// The disk did not give what was asked for. Nothing is lost by it; a later
    /// call tries again.
    #[error("cannot read {}: {reason}; check its disk", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the database said.
        reason: String,
    },
    /// The thread that writes is gone: the process is stopping.
    #[error("the spool's thread has stopped")]
    Stopped,
}

/// What the database said, as far as it matters what is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else holds the file.
    InUse,
    /// The file is not what this store wrote.
    Damage(String),
    /// The disk has no room. Nothing but waiting helps.
    Full(String),
    /// Anything else about the disk. Opening the file again may help.
    Disk(String),
}

impl Fault {
    pub(super) fn opening(self, path: &Path) -> SpoolError {
        let path = path.to_owned();
        match self {
            Self::InUse => SpoolError::InUse(path),
            Self::Damage(reason) | Self::Full(reason) | Self::Disk(reason) => {
                SpoolError::Open { path, reason }
            }
        }
    }

    pub(super) fn reading(self, path: &Path) -> SpoolError {
        match self {
            Self::InUse => SpoolError::InUse(path.to_owned()),
            Self::Damage(reason) | Self::Full(reason) | Self::Disk(reason) => SpoolError::Read {
                path: path.to_owned(),
                reason,
            },
        }
    }

    /// What was said.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::InUse => "another process holds it",
            Self::Damage(reason) | Self::Full(reason) | Self::Disk(reason) => reason,
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::Full(error.to_string()),
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl From<Sqlite> for Fault {
    fn from(error: Sqlite) -> Self {
        // The statements are constants: what does not fit them is the file.
        let Sqlite::SqliteFailure(code, said) = &error else {
            return Self::Damage(error.to_string());
        };
        let reason = said.clone().unwrap_or_else(|| code.to_string());
        let reason = match code.extended_code {
            plain if plain == plain & 0xff => reason,
            detail => format!("{reason} ({detail})"),
        };
        match code.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::InUse,
            ErrorCode::DiskFull => Self::Full(reason),
            ErrorCode::SystemIoFailure => match code.extended_code {
                ffi::SQLITE_IOERR_SHORT_READ
                | ffi::SQLITE_IOERR_CORRUPTFS
                | ffi::SQLITE_IOERR_DATA => Self::Damage(reason),
                _ => Self::Disk(reason),
            },
            ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::OperationInterrupted
            | ErrorCode::OperationAborted
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport => Self::Disk(reason),
            _ => Self::Damage(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> Fault {
        Fault::from(Sqlite::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn what_the_database_says_decides_what_is_done() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED] {
            assert_eq!(sqlite(code), Fault::InUse);
        }
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_SHORT_READ,
            // A position that is there already, a table that is not.
            ffi::SQLITE_CONSTRAINT,
            ffi::SQLITE_ERROR,
        ] {
            assert!(matches!(sqlite(code), Fault::Damage(_)), "{code}");
        }
        assert!(matches!(sqlite(ffi::SQLITE_FULL), Fault::Full(_)));
        for code in [
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
        ] {
            assert!(matches!(sqlite(code), Fault::Disk(_)), "{code}");
        }
        let conversion = Sqlite::IntegralValueOutOfRange(0, -1);
        assert!(matches!(Fault::from(conversion), Fault::Damage(_)));
    }

    #[test]
    fn an_operator_reads_the_file_and_the_remedy() {
        let path = Path::new("/d/spool/spool.db");
        let full = sqlite(ffi::SQLITE_FULL).opening(path).to_string();
        assert!(
            full.starts_with("cannot open /d/spool/spool.db: "),
            "{full}"
        );
        assert!(full.contains("that the disk has room"), "{full}");
        let in_use = Fault::InUse.opening(path).to_string();
        assert_eq!(
            in_use,
            "/d/spool/spool.db is in use: is another tb-tcp running with this dataFolder or \
             spool.directory?"
        );
    }
}
