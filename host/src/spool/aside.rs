//! Damaged stores: each gets another name, and the oldest of them go.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tracing::warn;

use super::open::log_of;
use crate::damaged_file::{earlier, new_name};

/// Damaged stores that are kept. Each can be as large as the spool, and a disk
/// that damages one after the other must not be filled with them.
const MAX_DAMAGED: usize = 2;

/// Gives a damaged store another name, for whoever wants to look into it, lets
/// the oldest of its kind go, and says the name.
pub(super) fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let earlier = earlier(path)?;
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
    let earlier = earlier(path)?;
    move_log(path, &new_name(path, &earlier))
}

fn move_log(path: &Path, aside: &Path) -> io::Result<()> {
    match fs::rename(log_of(path), log_of(aside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::open::NAME;

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
