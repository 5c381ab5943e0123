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

/// Most entries of one folder of golden cases that are looked at for changes.
const MAX_ENTRIES: usize = 10_000;

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

/// The state of all files below `folder` together; none if it is no folder.
pub(super) fn tree(folder: &Path) -> Option<Fingerprint> {
    let mut whole = Fingerprint {
        length: 0,
        inode: 0,
        modified: SystemTime::UNIX_EPOCH,
        changed_nanoseconds: 0,
    };
    let mut folders = vec![folder.to_owned()];
    let mut is_folder = false;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        is_folder = true;
        for entry in entries.flatten().take(MAX_ENTRIES) {
            let path = entry.path();
            if path.is_dir() && folders.len() < MAX_ENTRIES {
                folders.push(path);
            } else if let Ok(file) = Fingerprint::of(&path) {
                whole.length = whole.length.wrapping_add(file.length);
                whole.inode = whole.inode.wrapping_add(file.inode);
                whole.modified = whole.modified.max(file.modified);
                whole.changed_nanoseconds = whole.changed_nanoseconds.max(file.changed_nanoseconds);
            }
        }
    }
    is_folder.then_some(whole)
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
    fn a_tree_changes_with_any_file_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("csv.cases");
        assert_eq!(tree(&root), None);
        fs::create_dir_all(root.join("uplink")).unwrap();
        let empty = tree(&root).unwrap();
        fs::write(root.join("uplink/payload.txt"), "a").unwrap();
        let one = tree(&root).unwrap();
        assert_ne!(one, empty);
        assert_eq!(tree(&root).unwrap(), one);
        fs::write(root.join("uplink/payload.txt"), "ab").unwrap();
        assert_ne!(tree(&root).unwrap(), one);
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
