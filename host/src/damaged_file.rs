//! Names of damaged files: the file's own, and when it was moved aside.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// What is added to the name of a damaged file, before the Unix time in seconds.
const DAMAGED: &str = ".damaged-";

/// The files of the name of `path` that were moved aside before, by their time.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn earlier(path: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let own = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let seconds = name
            .to_str()
            .and_then(|name| name.strip_prefix(own)?.strip_prefix(DAMAGED)?.parse().ok());
        files.extend(seconds.map(|seconds| (seconds, entry.path())));
    }
    Ok(files)
}

/// The name for the file at `path`. Its time is later than all of `earlier`,
/// whatever the clock says: the order tells their age.
pub(crate) fn new_name(path: &Path, earlier: &BTreeMap<u64, PathBuf>) -> PathBuf {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let newest = earlier.last_key_value();
    let seconds = newest
        .map_or(0, |(time, _)| time.saturating_add(1))
        .max(since.as_secs());
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!("{DAMAGED}{seconds}"));
    PathBuf::from(aside)
}
