//! One converter as many files with contents of their own, so that none is taken for
//! another's copy and each is compiled.

use std::{fs, path::Path};

/// The name of the section that tells copies apart; nobody reads it.
const NAME: &[u8] = b"copy";

/// The converter with a number in a section of its own.
pub(crate) fn copy(converter: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = converter.to_vec();
    // A custom section: its kind, its length, its name and what it holds.
    let length = 1 + NAME.len() + size_of::<u32>();
    bytes.extend([0, length as u8, NAME.len() as u8]);
    bytes.extend_from_slice(NAME);
    bytes.extend(number.to_le_bytes());
    bytes
}

/// Puts a file into a watched folder in one step. `clock` is asked just before that step.
pub(crate) fn put<T>(folder: &Path, name: &str, content: &[u8], clock: impl Fn() -> T) -> T {
    let aside = folder.join(format!(".{name}.new"));
    fs::write(&aside, content).unwrap();
    let now = clock();
    fs::rename(aside, folder.join(name).with_extension("wasm")).unwrap();
    now
}
