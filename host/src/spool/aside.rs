//! Damaged stores: each gets another name, and the oldest of them go.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::warn;

use super::open::{NAME, log_of};

/// What is added to the name of a damaged store, before the Unix time in
/// seconds.
const DAMAGED: &str = ".damaged-";

/// Damaged stores that are kept. Each can be as large as the spool, and a disk
/// that damages one after the other must not be filled with them.
const MAX_DAMAGED: usize = 2;

/// Gives a damaged store another name, for whoever wants to look into it, lets
/// the oldest of its kind go, and says the name.
pub(super) fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let earlier = damaged_stores(path)?;
    let aside = new_name(path, &earlier);
    fs::rename(path, &aside)?;
    move_log(path, &aside)?;
    let surplus = (earlier.len() + 1).saturating_sub(MAX_DAMAGED);
    for oldest in earlier.values().take(surplus) {
        let _ = fs::remove_file(log_of(oldest));
        match fs::remove_file(oldest) {
            Ok(()) => warn!(file = %oldest.display(), "removed the oldest damaged spool"),
            // No reason to go without a spool.
            Err(error) => {
                warn!(file = %oldest.display(), error = %error, "cannot remove the oldest damaged spool; remove it by hand");
            }
        }
    }
    Ok(aside)
}

/// Gives another name to a log whose database is gone: it would be taken for the
/// log of the next.
pub(super) fn move_log_aside(path: &Path) -> io::Result<()> {
    let earlier = damaged_stores(path)?;
    move_log(path, &new_name(path, &earlier))
}

fn move_log(path: &Path, aside: &Path) -> io::Result<()> {
    match fs::rename(log_of(path), log_of(aside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn new_name(path: &Path, earlier: &BTreeMap<u64, PathBuf>) -> PathBuf {
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
    PathBuf::from(aside)
}

/// The stores that were moved aside before, by their time.
fn damaged_stores(path: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut stores = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let seconds = name
            .to_str()
            .and_then(|name| name.strip_prefix(NAME)?.strip_prefix(DAMAGED)?.parse().ok());
        stores.extend(seconds.map(|seconds| (seconds, entry.path())));
    }
    Ok(stores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_damaged_stores_are_kept_with_their_logs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut names = Vec::new();
        for round in 0_u8..4 {
            fs::write(&path, [round]).unwrap();
            fs::write(log_of(&path), [round, round]).unwrap();
            names.push(move_aside(&path).unwrap());
            assert!(!path.exists() && !log_of(&path).exists());
        }
        let kept: Vec<_> = names
            .iter()
            .map(|name| (name.exists(), log_of(name).exists()))
            .collect();
        assert_eq!(
            kept,
            [(false, false), (false, false), (true, true), (true, true)]
        );
        assert_eq!(fs::read(&names[3]).unwrap(), [3]);
        assert_eq!(fs::read(log_of(&names[2])).unwrap(), [2, 2]);
    }
}
