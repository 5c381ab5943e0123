//! The last good versions of each converter, on disk.
//!
//! So that an operator can roll back, and a host that is restarted while the
//! converters folder holds a broken file still has the last good one.
//!
//! `NAME/VERSION.wasm` is a version's file, `NAME/history.json` says in which
//! order they went live. The history is what counts: a crash leaves the one
//! before or the one after, and files that it does not name are deleted at the
//! next start.

mod files;
mod manifest;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tracing::warn;

use self::{
    files::{check_version, file_name, refusal, sweep, wasm_path},
    manifest::Manifest,
};
use super::super::{
    component,
    whole_file::{self, Durability, naming},
};

/// Versions that stay of each converter: the live one, the one before it to go
/// back to, and one more for when the fault is older than the last change.
const KEPT: usize = 3;
/// No converter has this name, because it starts with a full stop.
const LOCK: &str = ".lock";

/// The kept versions of all converters, below one folder. Processes may share
/// it: changes are made under a lock on a file in it, a few milliseconds long.
#[derive(Debug)]
pub(super) struct KeptVersions {
    folder: PathBuf,
    /// Converters whose damaged history was reported.
    reported: Mutex<BTreeSet<String>>,
}

/// A version that can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptVersion {
    /// The first eight hex digits of the file's SHA-256.
    pub(super) version: String,
    /// The file's length.
    pub(super) bytes: u64,
    /// When it went live first, in milliseconds since 1970.
    pub(super) since_ms: i64,
}

impl KeptVersions {
    /// Makes `folder` for this user alone if it is not there, and deletes what
    /// a crash left behind.
    ///
    /// # Errors
    /// The folder cannot be made, listed or locked.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        whole_file::create_private(folder)?;
        let kept = Self {
            folder: folder.to_owned(),
            reported: Mutex::default(),
        };
        let _lock = kept.lock()?;
        for entry in fs::read_dir(folder).map_err(naming(folder))? {
            let entry = entry.map_err(naming(folder))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let (true, Some(name)) = (is_folder, entry.file_name().to_str()) {
                kept.tidy(name);
            }
        }
        Ok(kept)
    }

    /// Keeps `wasm`, which went live, as the newest version of `name`, and
    /// deletes the oldest beyond three. Writes nothing if it is the newest
    /// already, and only the history if it is kept already.
    ///
    /// # Errors
    /// `InvalidInput` if `name` cannot name a folder or `version` is not that
    /// of `wasm`; otherwise what went wrong on the disk. The history is whole
    /// even then, with or without the change.
    pub(super) fn keep(&self, name: &str, version: &str, wasm: &[u8]) -> io::Result<()> {
        let place = self.place(name)?;
        if component::version(wasm) != version {
            return Err(refusal(format!(
                "version {version:?} is not that of the content"
            )));
        }
        let _lock = self.lock()?;
        let mut manifest = self.manifest_to_change(name, &place)?;
        self.create(&place)?;
        // Compared in full: going live again heals a damaged file.
        let path = wasm_path(&place, version);
        if !fs::read(path).is_ok_and(|present| present == wasm) {
            let file = file_name(version);
            whole_file::write(&place, &file, &[wasm], Durability::Synced)?;
        }
        let newest = KeptVersion {
            version: version.to_owned(),
            bytes: wasm.len() as u64,
            since_ms: manifest
                .find(version)
                .map_or_else(now, |kept| kept.since_ms),
        };
        if manifest.versions.first() != Some(&newest) {
            manifest.put_first(newest, KEPT);
            self.replace(name, &place, &manifest)?;
        }
        sweep(&place, &manifest);
        Ok(())
    }

    /// What can be gone back to, the version that went live last first. Empty
    /// if the history is damaged, which is reported once.
    #[must_use]
    pub(super) fn history(&self, name: &str) -> Vec<KeptVersion> {
        let Ok(place) = self.place(name) else {
            return Vec::new();
        };
        let mut versions = self.manifest(name, &place).versions;
        // A file may have been deleted by hand.
        versions.retain(|kept| wasm_path(&place, &kept.version).is_file());
        versions
    }

    /// The content of a version.
    ///
    /// # Errors
    /// `NotFound` if it is not kept, `InvalidData` if the file is damaged; the
    /// text names the file.
    pub(super) fn read(&self, name: &str, version: &str) -> io::Result<Vec<u8>> {
        check_version(version)?;
        let path = wasm_path(&self.place(name)?, version);
        let wasm = fs::read(&path).map_err(naming(&path))?;
        if component::version(&wasm) == version {
            return Ok(wasm);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} is damaged: its content is not version {version}; go back to another version, \
                 or copy the converter into the converters folder again",
                path.display()
            ),
        ))
    }

    /// Notes that the operator went back to `chosen` while the converters folder
    /// holds `rejected`: the host must not load that content from there again,
    /// also after a restart. Takes the place of an earlier rejection, and
    /// outlasts [`Self::keep`].
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(super) fn reject(&self, name: &str, rejected: &str, chosen: &str) -> io::Result<()> {
        check_version(rejected)?;
        check_version(chosen)?;
        self.set_rejected(name, Some((rejected, chosen)))
    }

    /// The version that must not be loaded.
    #[must_use]
    pub(super) fn rejected(&self, name: &str) -> Option<String> {
        let place = self.place(name).ok()?;
        self.manifest(name, &place).rejected
    }

    /// The version that serves instead of the rejected one.
    #[must_use]
    pub(super) fn chosen(&self, name: &str) -> Option<String> {
        let place = self.place(name).ok()?;
        self.manifest(name, &place).chosen
    }

    /// Another content came: the rejection is over.
    ///
    /// # Errors
    /// As [`Self::reject`].
    pub(super) fn accept(&self, name: &str) -> io::Result<()> {
        self.set_rejected(name, None)
    }

    fn set_rejected(&self, name: &str, rejection: Option<(&str, &str)>) -> io::Result<()> {
        let place = self.place(name)?;
        let _lock = self.lock()?;
        let mut manifest = self.manifest_to_change(name, &place)?;
        let (rejected, chosen) = rejection.unzip();
        if manifest.rejected.as_deref() == rejected && manifest.chosen.as_deref() == chosen {
            return Ok(());
        }
        manifest.rejected = rejected.map(str::to_owned);
        manifest.chosen = chosen.map(str::to_owned);
        self.create(&place)?;
        self.replace(name, &place, &manifest)
    }

    /// The folder of `name`, which must not lead out of ours.
    fn place(&self, name: &str) -> io::Result<PathBuf> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(refusal(format!("{name:?} is not a converter's name")));
        }
        Ok(self.folder.join(name))
    }

    fn create(&self, place: &Path) -> io::Result<()> {
        if place.is_dir() {
            return Ok(());
        }
        whole_file::create_private(place)?;
        whole_file::sync_names(&self.folder)
    }

    /// Keeps other threads and processes from changing anything, as long as the
    /// file lives.
    fn lock(&self) -> io::Result<File> {
        let path = self.folder.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(naming(&path))?;
        file.lock().map_err(naming(&path))?;
        Ok(file)
    }

    fn manifest(&self, name: &str, place: &Path) -> Manifest {
        Manifest::read(place).unwrap_or_else(|fault| {
            self.report(name, &fault);
            Manifest::default()
        })
    }

    /// A damaged manifest is written anew; one that cannot be read now is left
    /// alone.
    fn manifest_to_change(&self, name: &str, place: &Path) -> io::Result<Manifest> {
        match Manifest::read(place) {
            Err(fault) if fault.kind() == io::ErrorKind::InvalidData => {
                self.report(name, &fault);
                Ok(Manifest::default())
            }
            outcome => outcome,
        }
    }

    fn replace(&self, name: &str, place: &Path, manifest: &Manifest) -> io::Result<()> {
        manifest.write(place)?;
        self.reported().remove(name);
        Ok(())
    }

    fn report(&self, name: &str, fault: &io::Error) {
        if self.reported().insert(name.to_owned()) {
            warn!(
                converter = name, error = %fault,
                "cannot read the history; there is no version to go back to, and none is rejected, until the converter is loaded again"
            );
        }
    }

    fn reported(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes what a crash left of `name`. With a damaged history the versions
    /// stay: somebody may want to copy one by hand.
    fn tidy(&self, name: &str) {
        let Ok(place) = self.place(name) else { return };
        if let Err(source) = whole_file::remove_leftovers(&place) {
            warn!(converter = name, error = %source, "cannot look for unfinished files");
        }
        match Manifest::read(&place) {
            Ok(manifest) => sweep(&place, &manifest),
            Err(fault) => self.report(name, &fault),
        }
    }
}

/// Milliseconds since 1970; a clock that is before it says 0.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |passed| {
        i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
    })
}
