//! A bounded folder of derived files: compiled converters.
//!
//! What is in it can be made again, so damage of any kind is a miss, and what
//! was not used for longest goes when there is no room. Processes may share a
//! folder: entries are whole files that never change, and whoever writes one
//! sees all that were written before when it makes room.

mod entry;
#[cfg(test)]
mod tests;
mod trust;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tracing::{debug, warn};

pub(super) use self::entry::CacheKey;
use self::{entry::HEADER_BYTES, trust::Untrusted};
use super::whole_file::{self, Durability, naming};

/// A folder of derived files.
#[derive(Debug)]
pub struct FileCache {
    folder: PathBuf,
    max_bytes: u64,
    /// The user whose files are trusted.
    us: u32,
}

/// Why an entry that is there cannot be used.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("cannot read it: {0}")]
    Unreadable(#[from] io::Error),
}

/// An entry as the folder lists it, in the order in which entries go.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    is_new: bool,
    used: SystemTime,
    path: PathBuf,
    bytes: u64,
}

impl FileCache {
    /// Makes `folder` for this user alone if it is not there, deletes what a
    /// crash left behind, and what does not fit into `max_bytes`. These are the
    /// lengths of the files, headers included.
    ///
    /// # Errors
    /// `PermissionDenied` if the folder or an entry belongs to another user or
    /// can be written by others: its content would be executed. Otherwise the
    /// folder cannot be made, listed or changed.
    pub fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        let us = rustix::process::geteuid().as_raw();
        Self::open_as(us, folder, max_bytes)
    }

    fn open_as(us: u32, folder: &Path, max_bytes: u64) -> io::Result<Self> {
        whole_file::create_private(folder)?;
        let cache = Self {
            folder: folder.to_owned(),
            max_bytes,
            us,
        };
        cache.check_trust().inspect_err(|fault| {
            if fault.kind() == io::ErrorKind::PermissionDenied {
                warn!(error = %fault, "the cache of compiled converters is not used");
            }
        })?;
        whole_file::remove_leftovers(folder)?;
        cache.make_room(None)?;
        Ok(cache)
    }

    /// The content under `key`, which then counts as just used. An entry that
    /// is damaged is deleted; one that cannot be read stays.
    #[must_use]
    pub fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let path = self.path(key);
        match self.read(&path, key) {
            Ok(content) => content,
            Err(fault) => {
                self.drop_faulty(&path, &fault);
                None
            }
        }
    }

    /// Stores `content` under `key`, then deletes what was not used for longest
    /// until all fits. Content that never fits is not stored, which is no error.
    ///
    /// # Errors
    /// The folder cannot be written. The caller has the content and can go on.
    pub fn put(&self, key: &CacheKey, content: &[u8]) -> io::Result<()> {
        let bytes = (HEADER_BYTES + content.len()) as u64;
        if bytes > self.max_bytes {
            debug!(
                bytes,
                max_bytes = self.max_bytes,
                "content is larger than the whole cache may be; it is not stored"
            );
            return Ok(());
        }
        let header = entry::header(key, content);
        let parts = [header.as_slice(), content];
        let file = whole_file::write(&self.folder, &key.to_string(), &parts, Durability::Checked)?;
        mark_used(&file);
        self.make_room(Some(&self.path(key)))
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(key.to_string())
    }

    /// The content at `path`, if there is anything.
    fn read(&self, path: &Path, key: &CacheKey) -> Result<Option<Vec<u8>>, Fault> {
        // Looked at before it is opened: opening a pipe would wait.
        let looked = fs::symlink_metadata(path).and_then(|found| {
            let is_file = found.is_file();
            is_file.then(|| File::open(path)).transpose()
        });
        let mut file = match looked {
            Ok(Some(file)) => file,
            Ok(None) => return Err(Fault::Damaged("it is not a file")),
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(source.into()),
        };
        let metadata = file.metadata()?;
        trust::check(path, &metadata, self.us)?;
        if metadata.len() > self.max_bytes {
            return Err(Fault::Damaged("it is larger than the whole cache may be"));
        }
        let content = entry::read(&mut file, metadata.len(), key)?;
        mark_used(&file);
        Ok(Some(content))
    }

    fn drop_faulty(&self, path: &Path, fault: &Fault) {
        let entry = path.display();
        match fault {
            Fault::Untrusted(_) => warn!(error = %fault, "cache entry is not used"),
            _ => debug!(%entry, error = %fault, "cache entry is not used"),
        }
        if matches!(fault, Fault::Unreadable(_)) {
            return;
        }
        // An empty folder goes too; any other is not ours to delete.
        let gone = whole_file::remove(path).or_else(|_| fs::remove_dir(path));
        if let Err(source) = gone {
            debug!(%entry, error = %source, "cannot delete it");
        }
    }

    fn check_trust(&self) -> io::Result<()> {
        let metadata = fs::metadata(&self.folder).map_err(naming(&self.folder))?;
        trust::check(&self.folder, &metadata, self.us)?;
        self.for_each_entry(|path, metadata| Ok(trust::check(path, metadata, self.us)?))
    }

    /// Deletes what was not used for longest, and `newest` last, until all fits.
    fn make_room(&self, newest: Option<&Path>) -> io::Result<()> {
        let mut listed = Vec::new();
        self.for_each_entry(|path, metadata| {
            listed.push(Listed {
                is_new: newest == Some(path),
                used: metadata.modified()?,
                path: path.to_owned(),
                bytes: metadata.len(),
            });
            Ok(())
        })?;
        listed.sort_unstable();
        let mut total: u64 = listed.iter().map(|entry| entry.bytes).sum();
        for entry in listed {
            if total <= self.max_bytes {
                break;
            }
            whole_file::remove(&entry.path)?;
            debug!(entry = %entry.path.display(), "cache entry makes room");
            total -= entry.bytes;
        }
        Ok(())
    }

    /// Calls `each` for the files that have an entry's name.
    fn for_each_entry(
        &self,
        mut each: impl FnMut(&Path, &fs::Metadata) -> io::Result<()>,
    ) -> io::Result<()> {
        for listed in fs::read_dir(&self.folder).map_err(naming(&self.folder))? {
            let listed = listed.map_err(naming(&self.folder))?;
            if !listed.file_name().to_str().is_some_and(entry::is_name) {
                continue;
            }
            match listed.metadata() {
                Ok(metadata) if metadata.is_file() => each(&listed.path(), &metadata)?,
                Ok(_) => {}
                // Another process made room.
                Err(source) if source.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(naming(&listed.path())(source)),
            }
        }
        Ok(())
    }
}

/// The file's time of change says when it was last used. Without that an
/// entry only goes too early.
fn mark_used(file: &File) {
    if let Err(source) = file.set_modified(SystemTime::now()) {
        debug!(error = %source, "cannot mark a cache entry as used");
    }
}
