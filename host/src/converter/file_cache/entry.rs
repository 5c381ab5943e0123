//! An entry's file: a header that says what it is, then the content.
//!
//! The header is a magic number, the format's version, the key, and a checksum
//! of the content. The checksum finds damage, not forgery: who may write here
//! could forge any hash that stands beside its content. That is why `trust`
//! looks at the owner. XXH3 of 128 bits therefore does, at some ten times the
//! speed of SHA-256.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
};

use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use super::Fault;
use crate::hex::hex;

const MAGIC: [u8; 8] = *b"\x7ftbcache";
const FORMAT: u32 = 1;
const FORMAT_AT: usize = MAGIC.len();
const KEY_AT: usize = FORMAT_AT + size_of::<u32>();
const START_BYTES: usize = KEY_AT + size_of::<CacheKey>();
const CHECKSUM_BYTES: usize = size_of::<u128>();
/// The header's length.
pub(super) const HEADER_BYTES: usize = START_BYTES + CHECKSUM_BYTES;

/// Says what an entry was made from, and for which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of what is made from `source` under `compatibility`, a hash of
    /// all settings that the result depends on.
    #[must_use]
    pub fn new(compatibility: u64, source: &[u8]) -> Self {
        Self::of_digest(compatibility, Sha256::digest(source).into())
    }

    /// The same key, where the SHA-256 of the source is known already.
    #[must_use]
    pub fn of_digest(compatibility: u64, source_sha256: [u8; 32]) -> Self {
        let mut key = Sha256::new();
        key.update(compatibility.to_le_bytes());
        key.update(source_sha256);
        Self(key.finalize().into())
    }
}

/// 64 hex digits, the entry's file name.
impl fmt::Display for CacheKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

/// Whether a file name is that of an entry.
pub(super) fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The header of `content`.
pub(super) fn header(key: &CacheKey, content: &[u8]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let (start, sum) = header.split_at_mut(START_BYTES);
    start.copy_from_slice(&start_of(key));
    sum.copy_from_slice(&checksum(content));
    header
}

/// The content of the entry in `file`, which is `length` bytes long as a whole.
pub(super) fn read(file: &mut File, length: u64, key: &CacheKey) -> Result<Vec<u8>, Fault> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header)
        .map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Damaged("its header is cut off"),
            _ => Fault::Unreadable(source),
        })?;
    let (start, sum) = header.split_at(START_BYTES);
    let wanted = start_of(key);
    if start[..KEY_AT] != wanted[..KEY_AT] {
        return Err(Fault::Damaged("it is not an entry of this format"));
    }
    if start != wanted {
        return Err(Fault::Damaged("it was made for another key"));
    }
    let content = read_rest(file, length.saturating_sub(HEADER_BYTES as u64))?;
    if checksum(&content) != sum {
        return Err(Fault::Damaged("its content is cut off or changed"));
    }
    Ok(content)
}

fn read_rest(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    content.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
    file.take(length).read_to_end(&mut content)?;
    Ok(content)
}

/// What the header of `key` starts with, whatever its content.
fn start_of(key: &CacheKey) -> [u8; START_BYTES] {
    let mut start = [0; START_BYTES];
    start[..FORMAT_AT].copy_from_slice(&MAGIC);
    start[FORMAT_AT..KEY_AT].copy_from_slice(&FORMAT.to_le_bytes());
    start[KEY_AT..].copy_from_slice(&key.0);
    start
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    XxHash3_128::oneshot(content).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 over `0700000000000000` and the SHA-256 of "abc".
    const KEY: &str = "de2f0f479ec4405c0e8a12c0ce69c6d4ce2b04cdfff76d30ef8e39988d76b180";

    #[test]
    fn a_key_is_the_same_in_every_process() {
        let key = CacheKey::new(7, b"abc");
        assert_eq!(key.to_string(), KEY);
        assert_eq!(CacheKey::of_digest(7, Sha256::digest(b"abc").into()), key);
        assert!(is_name(&key.to_string()));
        for other in [CacheKey::new(8, b"abc"), CacheKey::new(7, b"abd")] {
            assert_ne!(other, key);
        }
    }

    #[test]
    fn a_header_is_the_same_in_every_process() {
        let expected = format!(
            "7f74626361636865{}{KEY}{}",
            "01000000", "06b05ab6733a618578af5f94892f3950"
        );
        assert_eq!(hex(&header(&CacheKey::new(7, b"abc"), b"abc")), expected);
    }

    #[test]
    fn other_files_are_no_entries() {
        let (short, upper) = (&KEY[1..], KEY.to_uppercase());
        for name in ["", ".lock", "lost+found", short, &upper, &format!("{KEY}0")] {
            assert!(!is_name(name), "{name}");
        }
    }
}
