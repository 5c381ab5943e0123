//! The file: opened by one process, checked at each opening, moved aside when it
//! is damaged, and opened again after an error.

use std::{
    any::Any,
    fmt,
    fs::{self, File, OpenOptions},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{Builder, Database};
use tracing::debug;

use super::{
    checked::CheckedFile,
    damaged::move_aside,
    error::{Doing, FileError, is_damage, is_in_use, reason},
};

/// Memory for pages of the file. Stores are written often and seldom read, so
/// more would only hold what nobody asks for; the library's own default is 1 GiB.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Makes a database of an open file.
pub(crate) type Opener = Box<dyn Fn(File) -> Result<Database, redb::Error> + Send + Sync>;

/// What makes a new database ready, and finds out whether an old one is.
pub(crate) type Prepare = fn(&Database) -> Result<(), redb::Error>;

/// The file of a store.
pub(crate) struct StoreFile {
    path: PathBuf,
    opener: Opener,
    prepare: Prepare,
    /// None while an attempt to open it again has failed.
    database: RwLock<Option<Database>>,
    /// Whether the database gave an error, after which it must be opened again.
    suspect: AtomicBool,
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("StoreFile")
            .field(&self.path)
            .finish()
    }
}

impl StoreFile {
    /// Opens the file `name` in `folder`; makes both where they are missing, for
    /// their owner only. The whole file is read once. Blocks.
    pub(crate) fn open(
        folder: &Path,
        name: &str,
        opener: Opener,
        prepare: Prepare,
    ) -> Result<Self, FileError> {
        let path = folder.join(name);
        make_folder(folder).map_err(|source| FileError::Open {
            path: folder.to_owned(),
            reason: source.to_string(),
        })?;
        let database = open_or_replace(&path, &opener, prepare)?;
        Ok(Self {
            path,
            opener,
            prepare,
            database: RwLock::new(Some(database)),
            suspect: AtomicBool::new(false),
        })
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on the database. A panic in it, which damage can cause, is an
    /// error too; after any error the next call opens the file again.
    pub(crate) fn run<T>(
        &self,
        doing: Doing,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, FileError> {
        let opened = self.opened()?;
        // There is one: only a file that could not be opened again leaves none,
        // and then the line above gave the error.
        let Some(database) = opened.as_ref() else {
            return Err(FileError::Stopped);
        };
        guarded(|| work(database)).map_err(|error| {
            // Set while the lock is held: nobody opens the file between the
            // error and the mark.
            self.suspect.store(true, Ordering::Release);
            FileError::new(doing, &self.path, &error)
        })
    }

    /// The database, opened again if need be.
    fn opened(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, FileError> {
        loop {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if !self.suspect.load(Ordering::Acquire) {
                return Ok(database);
            }
            drop(database);
            self.reopen()?;
        }
    }

    fn reopen(&self) -> Result<(), FileError> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if !self.suspect.load(Ordering::Acquire) {
            // Somebody else did it while this call waited for the lock.
            return Ok(());
        }
        // Closed before it is opened: the lock on the file is the process's own.
        let _ = guarded(|| {
            drop(database.take());
            Ok(())
        });
        *database = Some(open_or_replace(&self.path, &self.opener, self.prepare)?);
        self.suspect.store(false, Ordering::Release);
        debug!(file = %self.path.display(), "opened again after an error");
        Ok(())
    }
}

/// Makes a database of a file. The whole of it is read and checked, which its
/// limit keeps short: without the check damage shows as a panic at some later time.
pub(crate) fn open_database(file: File) -> Result<Database, redb::Error> {
    Ok(builder().create_with_backend(CheckedFile::new(file)?)?)
}

/// How the database is opened.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// Opens the file; if it is damaged, moves it aside and starts a new one.
fn open_or_replace(path: &Path, opener: &Opener, prepare: Prepare) -> Result<Database, FileError> {
    let failed = |error: &redb::Error| FileError::new(Doing::Opening, path, error);
    match try_open(path, opener, prepare) {
        Err(damage) if is_damage(&damage) => {
            move_aside(path, &reason(&damage))?;
            try_open(path, opener, prepare).map_err(|error| failed(&error))
        }
        other => other.map_err(|error| failed(&error)),
    }
}

fn try_open(path: &Path, opener: &Opener, prepare: Prepare) -> Result<Database, redb::Error> {
    let file = open_file(path)?;
    let is_new = file.metadata()?.len() == 0;
    let opened = guarded(|| {
        let database = opener(file)?;
        prepare(&database)?;
        if is_new {
            sync_folder_of(path)?;
        }
        Ok(database)
    });
    if is_new && opened.as_ref().is_err_and(|error| !is_in_use(error)) {
        // What is half made, on a full disk for one, holds nothing; it would be
        // taken for a damaged file next time.
        let _ = fs::remove_file(path);
    }
    opened
}

/// Runs `work`; a panic in it comes back as damage, which is what makes the
/// database's code panic.
fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    // What a panic leaves half done is in the database, and that is closed then.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(redb::Error::Corrupted(text_of(panic.as_ref()))))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!(
        "its content made the database panic: {}",
        text.unwrap_or("no text")
    )
}

/// What is kept are data of others: nobody but the owner may read them.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A new file is durable only with its name.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
