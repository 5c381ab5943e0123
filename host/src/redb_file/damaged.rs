//! Damaged files: each gets another name, and the oldest of them go.

use std::{fs, io, path::Path};

use tracing::{error, warn};

use super::error::FileError;
use crate::damaged_file;

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
    let earlier = damaged_file::earlier(path).map_err(failed)?;
    let aside = damaged_file::new_name(path, &earlier);
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
