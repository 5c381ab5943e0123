//! Damaged files: each gets another name, and the oldest of them go.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::{error, warn};

use super::error::FileError;

/// What is added to the name of a damaged file, before the Unix time in seconds.
const DAMAGED: &str = ".damaged-";

/// Damaged files that are kept. A disk that damages one after the other must not
/// be filled with them.
const MAX_DAMAGED: usize = 4;

/// Gives a damaged file another name, for whoever wants to look into it, and lets
/// the oldest of its kind go.
pub(super) fn move_aside(path: &Path, damage: &str) -> Result<(), FileError> {
    let failed = |source: io::Error| FileError::Open {
        path: path.to_owned(),
        reason: format!("it is damaged ({damage}) and cannot be moved aside: {source}"),
    };
    let earlier = damaged_files(path).map_err(failed)?;
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // Later than all others, whatever the clock says: the order tells their age.
    let newest = earlier.last_key_value();
    let seconds = newest
        .map_or(0, |(time, _)| time.saturating_add(1))
        .max(since.as_secs());
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!("{DAMAGED}{seconds}"));
    let aside = PathBuf::from(aside);
    fs::rename(path, &aside).map_err(failed)?;
    error!(
        file = %path.display(), moved_to = %aside.display(), error = damage,
        "the file is damaged; it was moved aside and a new one is started"
    );
    let surplus = (earlier.len() + 1).saturating_sub(MAX_DAMAGED);
    for oldest in earlier.values().take(surplus) {
        match fs::remove_file(oldest) {
            Ok(()) => warn!(file = %oldest.display(), "removed the oldest damaged file"),
            // No reason to go without a store.
            Err(error) => {
                warn!(file = %oldest.display(), error = %error, "cannot remove the oldest damaged file; remove it by hand");
            }
        }
    }
    Ok(())
}

/// The files of this name that were moved aside before, by their time.
fn damaged_files(path: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
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
