//! A file that notices when somebody else changes it.
//!
//! The database checks its pages when the file is opened and trusts them from
//! then on. If the file is overwritten under it, or the disk gives other bytes
//! than it was given, the database panics, in destructors too, which ends the
//! process. So a sum of each block is remembered, and bytes that do not fit it
//! are an error before the database sees them.

use std::{
    fs::File,
    hash::{DefaultHasher, Hasher},
    io::{self, ErrorKind},
    ops::{Bound, Range},
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::{BackendError, DatabaseError, StorageBackend, backends::FileBackend};

/// The size of the database's pages, which are read and written whole. The sums
/// take a 512th of the file's size in memory.
const BLOCK: usize = 4096;

/// A file, and what was last read from it or written to it.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    file: FileBackend,
    /// None for a block that was not read or written whole yet.
    sums: Mutex<Vec<Option<u64>>>,
}

impl CheckedFile {
    pub(crate) fn new(file: File) -> Result<Self, DatabaseError> {
        Ok(Self {
            file: FileBackend::new(file)?,
            sums: Mutex::default(),
        })
    }

    fn sums(&self) -> MutexGuard<'_, Vec<Option<u64>>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for CheckedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)?;
        let mut sums = self.sums();
        if fits(&mut sums, offset, out) {
            return Ok(());
        }
        // A write may have come between; none does while the lock is held.
        self.file.read(offset, out)?;
        if fits(&mut sums, offset, out) {
            return Ok(());
        }
        Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("something else wrote to it, or the disk lost what was at {offset}"),
        ))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut sums = self.sums();
        let touched = blocks(offset, data.len());
        if sums.len() < touched.end {
            sums.resize(touched.end, None);
        }
        // Until the write is done, and if it fails, nobody knows what is there.
        sums[touched].fill(None);
        self.file.write(offset, data)?;
        for (block, bytes) in whole_blocks(offset, data) {
            sums[block] = Some(sum(bytes));
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut sums = self.sums();
        // The last block, too, if it is cut.
        sums.truncate(block_at(len));
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Compares what was read with the sums; remembers those of new blocks.
fn fits(sums: &mut Vec<Option<u64>>, offset: u64, bytes: &[u8]) -> bool {
    whole_blocks(offset, bytes).all(|(block, bytes)| {
        if sums.len() <= block {
            sums.resize(block + 1, None);
        }
        let found = sum(bytes);
        *sums[block].get_or_insert(found) == found
    })
}

/// The blocks that lie wholly in `bytes`, which are at `offset` in the file.
fn whole_blocks(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = offset.div_ceil(BLOCK as u64);
    let before = first * BLOCK as u64 - offset;
    let inner = usize::try_from(before)
        .ok()
        .and_then(|skip| bytes.get(skip..));
    let (whole, _) = inner.unwrap_or_default().as_chunks::<BLOCK>();
    let numbers = block_at(first * BLOCK as u64)..;
    numbers.zip(whole.iter().map(|block| block.as_slice()))
}

/// The blocks that `length` bytes at `offset` touch.
fn blocks(offset: u64, length: usize) -> Range<usize> {
    block_at(offset)..block_at((offset + length as u64).next_multiple_of(BLOCK as u64))
}

fn block_at(offset: u64) -> usize {
    // A file that large cannot be: its sums alone would not fit into memory.
    usize::try_from(offset / BLOCK as u64).unwrap_or(usize::MAX)
}

fn sum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use super::*;

    fn page(byte: u8, pages: usize) -> Vec<u8> {
        vec![byte; pages * BLOCK]
    }

    /// Four pages of which the database wrote all but the last, and the same file
    /// as somebody else has it.
    fn four_pages() -> (CheckedFile, File) {
        let mut other = tempfile::tempfile().unwrap();
        other.write_all(&page(9, 4)).unwrap();
        let checked = CheckedFile::new(other.try_clone().unwrap()).unwrap();
        checked.write(0, &page(1, 2)).unwrap();
        checked.write(2 * BLOCK as u64, &page(2, 1)).unwrap();
        (checked, other)
    }

    /// Somebody else writes an `x`.
    fn meddle(mut other: &File, offset: u64) {
        other.seek(SeekFrom::Start(offset)).unwrap();
        other.write_all(b"x").unwrap();
    }

    fn read(file: &CheckedFile, page: u64, pages: usize) -> io::Result<Vec<u8>> {
        let mut out = vec![0; pages * BLOCK];
        file.read(page * BLOCK as u64, &mut out).map(|()| out)
    }

    #[test]
    fn what_was_written_is_read() {
        let (file, _) = four_pages();
        assert_eq!(read(&file, 1, 1).unwrap(), page(1, 1));
        assert_eq!(
            read(&file, 1, 3).unwrap(),
            [page(1, 1), page(2, 1), page(9, 1)].concat()
        );
        file.write(BLOCK as u64, &page(3, 2)).unwrap();
        assert_eq!(
            read(&file, 0, 3).unwrap(),
            [page(1, 1), page(3, 2)].concat()
        );
    }

    #[test]
    fn what_somebody_else_wrote_is_an_error() {
        for (offset, bad) in [(0, 0), (4095, 0), (4096, 1), (12_287, 2), (12_288, 3)] {
            let (file, other) = four_pages();
            // A page that was only read is remembered as well.
            read(&file, 3, 1).unwrap();
            meddle(&other, offset);
            for page in 0..4 {
                let result = read(&file, page, 1);
                assert_eq!(result.is_err(), page == bad, "{offset}, page {page}");
            }
            let error = read(&file, 0, 4).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            // Written again it is known again.
            file.write(bad * BLOCK as u64, &page(4, 1)).unwrap();
            assert_eq!(read(&file, bad, 1).unwrap(), page(4, 1));
        }
    }

    #[test]
    fn a_page_written_in_part_is_learnt_anew() {
        for (offset, length, forgotten) in [
            (0, 10, 0..1),
            (4090, 10, 0..2),
            (4096, 4097, 1..3),
            (100, 0, 0..1),
        ] {
            let (file, other) = four_pages();
            file.write(offset, &vec![7; length]).unwrap();
            for page in 0..3 {
                meddle(&other, page * BLOCK as u64 + 50);
                let learnt = read(&file, page, 1).is_ok();
                let whole = page == 1 && offset == 4096;
                assert_eq!(
                    learnt,
                    forgotten.contains(&page) && !whole,
                    "{offset}, {page}"
                );
            }
        }
    }

    #[test]
    fn a_cut_file_forgets_what_was_cut() {
        let (file, other) = four_pages();
        file.set_len(BLOCK as u64 + 5).unwrap();
        file.set_len(4 * BLOCK as u64).unwrap();
        assert_eq!(read(&file, 1, 1).unwrap()[..6], [1, 1, 1, 1, 1, 0]);
        assert_eq!(read(&file, 2, 2).unwrap(), page(0, 2));
        meddle(&other, 0);
        assert!(read(&file, 0, 1).is_err());
    }
}
