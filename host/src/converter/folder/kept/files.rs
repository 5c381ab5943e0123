//! The files of versions in the folder of one converter.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tracing::warn;

use super::{super::super::whole_file, manifest::Manifest};

/// Deletes the versions in `place` that `manifest` does not name. What cannot
/// be deleted costs space only.
pub(super) fn sweep(place: &Path, manifest: &Manifest) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let Some(version) = stem.filter(|stem| is_version(stem)) else {
            continue;
        };
        let is_old = path.extension().is_some_and(|e| e == "wasm") && !manifest.names(version);
        if is_old && let Err(source) = whole_file::remove(&path) {
            warn!(error = %source, "cannot delete an old version; delete it by hand");
        }
    }
}

pub(super) fn is_version(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn check_version(version: &str) -> io::Result<()> {
    if is_version(version) {
        return Ok(());
    }
    Err(refusal(format!(
        "{version:?} is not a version: give the eight hex digits of the history"
    )))
}

pub(super) fn file_name(version: &str) -> String {
    format!("{version}.wasm")
}

pub(super) fn wasm_path(place: &Path, version: &str) -> PathBuf {
    place.join(file_name(version))
}

pub(super) fn refusal(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
