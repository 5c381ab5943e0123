//! Looks at the converters folder: which files are there, and which changed.
//!
//! Editors and compilers write files in many ways, so the folder is looked at
//! anew whenever anything happens in it; what decides is the file's state and
//! its content, never the kind of event.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A file's state as far as the file system tells it without reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    length: u64,
    inode: u64,
    modified: SystemTime,
    changed_nanoseconds: i128,
}

impl Fingerprint {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a file"));
        }
        Ok(Self {
            length: metadata.len(),
            inode: metadata.ino(),
            modified: metadata.modified()?,
            changed_nanoseconds: i128::from(metadata.ctime()) * 1_000_000_000
                + i128::from(metadata.ctime_nsec()),
        })
    }

    /// Whether the file was written within `window` from now: whoever writes
    /// it may not be done.
    pub(super) fn is_fresh(&self, window: Duration) -> bool {
        self.modified.elapsed().map_or(true, |age| age < window)
    }
}

/// One `.wasm` file of the folder.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) fingerprint: Fingerprint,
}

/// The `.wasm` files of `folder` by their names without `.wasm`. Hidden files
/// are left out: that is what copying tools call their unfinished ones.
pub(super) fn scan(folder: &Path) -> io::Result<BTreeMap<String, Found>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_wasm = path
            .extension()
            .is_some_and(|extension| extension == "wasm");
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if !is_wasm || name.starts_with('.') {
            continue;
        }
        // A file that goes away between listing and looking is no longer there.
        let Ok(fingerprint) = Fingerprint::of(&path) else {
            continue;
        };
        files.insert(name.to_owned(), Found { path, fingerprint });
    }
    Ok(files)
}

/// Reads a file, unless it changes meanwhile.
pub(super) fn read_unchanged(found: &Found) -> io::Result<Option<Vec<u8>>> {
    let content = fs::read(&found.path)?;
    let unchanged = Fingerprint::of(&found.path)? == found.fingerprint;
    Ok(unchanged.then_some(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_wasm_files_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "csv.wasm",
            ".csv.wasm",
            "csv.wasm.part",
            "notes.txt",
            "b.wasm",
        ] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("folder.wasm")).unwrap();
        let names: Vec<_> = scan(folder.path()).unwrap().into_keys().collect();
        assert_eq!(names, ["b", "csv"]);
    }

    #[test]
    fn a_file_that_changed_since_the_scan_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("csv.wasm");
        fs::write(&path, "one").unwrap();
        let found = scan(folder.path()).unwrap().remove("csv").unwrap();
        assert_eq!(
            read_unchanged(&found).unwrap().as_deref(),
            Some(b"one".as_slice())
        );
        fs::write(&path, "three").unwrap();
        assert_eq!(read_unchanged(&found).unwrap(), None);
    }
}
