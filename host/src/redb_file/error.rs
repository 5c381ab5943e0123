//! What can go wrong with a store's file, and what to do about it.

use std::path::{Path, PathBuf};

/// A store's file cannot be used as it was meant to. After any of these the next
/// call opens the file again where that is needed: none of them is for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Another process holds the file; or this one, by another handle.
    #[error(
        "{} is in use: is another tb-tcp running with this dataFolder?", .0.display()
    )]
    InUse(PathBuf),
    /// The folder or the file cannot be made or opened: rights, or the disk.
    #[error(
        "cannot open {}: {reason}; check that its folder is there, that tb-tcp may write to it and \
         that the disk has room", path.display()
    )]
    Open {
        /// The folder or the file.
        path: PathBuf,
        /// What the operating system or the store's format said.
        reason: String,
    },
    /// A change was not written. Whether it is there after the store was opened
    /// again is not known; nothing that was written before is lost.
    #[error(
        "cannot write {}: {reason}; free room on its disk and check that tb-tcp may write to it; \
         the next change tries again", path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The disk did not give what was asked for.
    #[error("cannot read {}: {reason}; check its disk", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The file was changed by something else than this store, or the disk lost
    /// some of it.
    #[error(
        "{} is damaged: {reason}; the next call checks it, moves it aside if it cannot be repaired \
         and starts a new one", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The thread that reads or writes is gone: the process is stopping.
    #[error("the store's thread has stopped")]
    Stopped,
}

/// What was being done when the file failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing {
    Opening,
    Reading,
    Writing,
}

impl FileError {
    /// Says what `error` means for somebody who was `doing` something.
    pub(super) fn new(doing: Doing, path: &Path, error: &redb::Error) -> Self {
        let path = path.to_owned();
        let reason = reason(error);
        match doing {
            _ if is_in_use(error) => Self::InUse(path),
            Doing::Opening => Self::Open { path, reason },
            _ if is_damage(error) => Self::Damaged { path, reason },
            Doing::Reading => Self::Read { path, reason },
            Doing::Writing => Self::Write { path, reason },
        }
    }
}

/// Whether somebody else holds the file.
pub(super) fn is_in_use(error: &redb::Error) -> bool {
    use redb::Error::{DatabaseAlreadyOpen, LockProtocolMismatch};
    matches!(error, DatabaseAlreadyOpen | LockProtocolMismatch)
}

/// Whether the file is not what this store writes. Errors of the disk are none:
/// they can pass.
pub(super) fn is_damage(error: &redb::Error) -> bool {
    use redb::Error as E;
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        E::Corrupted(_)
        | E::UpgradeRequired(_)
        | E::TableTypeMismatch { .. }
        | E::TypeDefinitionChanged { .. }
        | E::TableIsMultimap(_)
        | E::TableIsNotMultimap(_)
        | E::TableDoesNotExist(_) => true,
        E::Io(error) => matches!(error.kind(), InvalidData | UnexpectedEof),
        _ => false,
    }
}

/// What `error` says, without the words that our own text says already.
pub(super) fn reason(error: &redb::Error) -> String {
    match error {
        redb::Error::Corrupted(what) => what.clone(),
        redb::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use redb::Error as E;

    use super::*;

    #[test]
    fn what_the_file_says_becomes_what_the_operator_can_do() {
        let full = || E::Io(io::ErrorKind::StorageFull.into());
        let ended = || E::Io(io::ErrorKind::UnexpectedEof.into());
        let corrupt = || E::Corrupted("page 7".to_owned());
        for (doing, error, text) in [
            (
                Doing::Opening,
                E::DatabaseAlreadyOpen,
                "/d/f is in use: is another tb-tcp",
            ),
            (
                Doing::Writing,
                E::LockProtocolMismatch,
                "/d/f is in use: is another tb-tcp",
            ),
            (
                Doing::Opening,
                full(),
                "cannot open /d/f: no storage space; check",
            ),
            (Doing::Opening, corrupt(), "cannot open /d/f: page 7; check"),
            (
                Doing::Reading,
                full(),
                "cannot read /d/f: no storage space; check",
            ),
            (
                Doing::Writing,
                full(),
                "cannot write /d/f: no storage space; free room",
            ),
            (
                Doing::Writing,
                E::PreviousIo,
                "cannot write /d/f: Previous I/O error",
            ),
            (
                Doing::Reading,
                corrupt(),
                "/d/f is damaged: page 7; the next call",
            ),
            (
                Doing::Writing,
                corrupt(),
                "/d/f is damaged: page 7; the next call",
            ),
            (
                Doing::Reading,
                ended(),
                "/d/f is damaged: unexpected end of file; the next",
            ),
        ] {
            let said = FileError::new(doing, Path::new("/d/f"), &error).to_string();
            assert!(said.starts_with(text), "{said}");
        }
    }
}
