//! Files that are there whole or not at all.
//!
//! A file is written under a name of its own, then renamed. Until then its
//! writer holds a lock on it: that tells what a crash left behind from what
//! another process is writing, whatever the clock says.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::Path,
};

use tempfile::NamedTempFile;
use tracing::warn;

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".unfinished-";
/// Somebody who tidies up can take a file away between its creation and its
/// lock; that this happens again and again to new files is no accident.
const ATTEMPTS: usize = 100;

/// Whether a file must survive a power failure once it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Its content is on the disk before its name is there.
    Synced,
    /// It may be torn after a power failure, which its reader finds out.
    Checked,
}

/// Makes `folder`, and what is missing above it, for this user alone. One that
/// is there stays as it is.
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(naming(folder))
}

/// Makes `folder`/`name` of `parts`, one after the other, in place of what had
/// this name. It can be read and written by this user alone.
///
/// # Errors
/// What had this name is then unchanged.
pub(super) fn write(
    folder: &Path,
    name: &str,
    parts: &[&[u8]],
    durability: Durability,
) -> io::Result<File> {
    let mut unfinished = begin(folder)?;
    for part in parts {
        unfinished.write_all(part)?;
    }
    if durability == Durability::Synced {
        unfinished.as_file().sync_all()?;
    }
    let path = folder.join(name);
    unfinished
        .persist(&path)
        .map_err(|fault| naming(&path)(fault.error))
}

/// A new file with a lock on it.
fn begin(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..ATTEMPTS {
        let unfinished = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(folder)?;
        if is_ours(unfinished.as_file()).map_err(naming(unfinished.path()))? {
            return Ok(unfinished);
        }
    }
    Err(io::Error::other(format!(
        "{}: another process keeps deleting the files that are written here; give it a folder of \
         its own",
        folder.display()
    )))
}

/// Locks `file`, and says whether nobody took it away before.
fn is_ours(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

/// Deletes what writers left unfinished in `folder`, unless they live.
pub(super) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder).map_err(naming(folder))? {
        let entry = entry.map_err(naming(folder))?;
        let is_unfinished = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(UNFINISHED));
        if is_unfinished && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            remove_leftover(&entry.path());
        }
    }
    Ok(())
}

fn remove_leftover(path: &Path) {
    // What cannot be opened was finished meanwhile; what is locked has a writer.
    let Ok(file) = File::open(path) else { return };
    if file.try_lock().is_err() {
        return;
    }
    if let Err(source) = remove(path) {
        warn!(error = %source, "cannot delete what an earlier process left unfinished; delete it by hand");
    }
}

/// Deletes a file, which somebody else may have done already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.map_err(naming(path)),
    }
}

/// Brings the names in `folder` to the disk.
pub(super) fn sync_names(folder: &Path) -> io::Result<()> {
    let outcome = File::open(folder).and_then(|opened| opened.sync_all());
    match outcome {
        // Some network file systems cannot, and need not.
        Err(source) if source.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome.map_err(naming(folder)),
    }
}

/// Puts `path` before the text of an error.
pub(super) fn naming(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |source| io::Error::new(source.kind(), format!("{}: {source}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::PermissionsExt,
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_takes_the_place_of_another_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        for (parts, durability, expected) in [
            ([b"one".as_slice(), b""], Durability::Synced, "one"),
            ([b"tw", b"o"], Durability::Checked, "two"),
        ] {
            write(folder.path(), "a", &parts, durability).unwrap();
            let path = folder.path().join("a");
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            assert_eq!(names(folder.path()), ["a"]);
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        let fault = write(folder.path(), "a", &[b"one"], Durability::Synced).unwrap_err();
        let path = folder.path().join("a").display().to_string();
        assert!(fault.to_string().starts_with(&path), "{fault}");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn leftovers_go_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".unfinished-dead"), "half").unwrap();
        fs::write(folder.path().join("a"), "whole").unwrap();
        fs::create_dir(folder.path().join(".unfinished-folder")).unwrap();
        let alive = begin(folder.path()).unwrap();
        remove_leftovers(folder.path()).unwrap();
        let alive_name = alive.path().file_name().unwrap().to_str().unwrap();
        let mut expected = [".unfinished-folder", alive_name, "a"];
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_file_that_was_taken_away_or_is_locked_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let ours = File::create(&path).unwrap();
        assert!(is_ours(&ours).unwrap());
        assert!(!is_ours(&File::open(&path).unwrap()).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_ours(&ours).unwrap());
    }

    #[test]
    fn tidying_up_never_breaks_a_write() {
        let folder = tempfile::tempdir().unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let tidy = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    remove_leftovers(folder.path()).unwrap();
                }
            });
            for round in 0..1000_u32 {
                let content = round.to_le_bytes();
                let written = write(folder.path(), "a", &[&content], Durability::Checked);
                if written.is_err() {
                    done.store(true, Ordering::Relaxed);
                }
                written.unwrap();
                assert_eq!(fs::read(folder.path().join("a")).unwrap(), content);
            }
            done.store(true, Ordering::Relaxed);
            tidy.join().unwrap();
        });
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn new_folders_are_private_and_present_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (above, below) = (folder.path().join("a"), folder.path().join("a/b"));
        create_private(&below).unwrap();
        for made in [&above, &below] {
            assert_eq!(fs::metadata(made).unwrap().mode() & 0o777, 0o700);
        }
        fs::set_permissions(&below, fs::Permissions::from_mode(0o755)).unwrap();
        create_private(&below).unwrap();
        assert_eq!(fs::metadata(&below).unwrap().mode() & 0o777, 0o755);
    }
}
