//! A block: the records that were stored together, one row of the store.

use bytes::Bytes;
use twox_hash::XxHash3_64;

use crate::message::batch::{self, Batch, Malformed};

/// The version of what stands in a block's data.
const FORMAT: u8 = 1;
const CHECKSUM: usize = size_of::<u64>();
/// The version and the checksum in front of the records.
pub(super) const PREFIX: usize = 1 + CHECKSUM;

/// What a block counts against the limit beside its records: the row's numbers,
/// and its share of the pages.
pub(super) const OVERHEAD: u64 = 64;

/// What is known of a block without its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The position of its first record.
    pub(super) first: u64,
    /// Its records.
    pub(super) records: u64,
    /// The bytes of all blocks that were ever stored before it. The difference
    /// of two blocks says what lies between them, so nothing is ever counted by
    /// reading all.
    pub(super) bytes_before: u64,
    /// When it was stored, in Unix milliseconds.
    pub(super) stored_ms: i64,
}

impl Head {
    /// The position behind its last record.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.records)
    }

    /// XXH3 of the records, and of the numbers: a block in the wrong place is
    /// damage too. It finds damage, not forgery.
    fn checksum(&self, records: &[u8]) -> [u8; CHECKSUM] {
        let mut numbers = [0; 4 * size_of::<u64>()];
        let (parts, _) = numbers.as_chunks_mut();
        for (part, number) in parts.iter_mut().zip([
            self.first,
            self.records,
            self.bytes_before,
            self.stored_ms.cast_unsigned(),
        ]) {
            *part = number.to_le_bytes();
        }
        let seed = XxHash3_64::oneshot(&numbers);
        XxHash3_64::oneshot_with_seed(seed, records).to_le_bytes()
    }
}

/// What a block of so many bytes of data counts against the limit.
pub(super) fn counted(data: usize) -> u64 {
    OVERHEAD + data as u64
}

/// Room for the prefix; the records go behind it.
pub(super) fn begin(data: &mut Vec<u8>) {
    data.clear();
    data.resize(PREFIX, 0);
}

/// Fills in the prefix.
pub(super) fn seal(head: &Head, data: &mut [u8]) {
    if let Some((prefix, records)) = data.split_first_chunk_mut::<PREFIX>() {
        let checksum = head.checksum(records);
        prefix[0] = FORMAT;
        prefix[1..].copy_from_slice(&checksum);
    }
}

/// A block as it was read and found whole.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) head: Head,
    /// With the prefix.
    data: Vec<u8>,
}

impl Block {
    /// The block, if its bytes are the ones that were written.
    pub(super) fn check(head: Head, data: Vec<u8>) -> Option<Self> {
        let (prefix, records) = data.split_first_chunk::<PREFIX>()?;
        let whole =
            prefix[0] == FORMAT && prefix[1..] == head.checksum(records) && head.end() > head.first;
        whole.then_some(Self { head, data })
    }

    /// Its bytes, with the prefix.
    pub(super) fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// See [`Block::into_data`].
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Its records.
    pub(super) fn batches(self) -> Result<Vec<Batch>, Malformed> {
        let mut records = Bytes::from(self.data);
        let _ = records.split_to(PREFIX.min(records.len()));
        batch::parse(&records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        message::{Batch, UplinkRef},
        spool::testing::device,
    };

    const HEAD: Head = Head {
        first: 7,
        records: 2,
        bytes_before: 300,
        stored_ms: 1_700_000_000_000,
    };

    fn sealed() -> Vec<u8> {
        let mut data = Vec::new();
        begin(&mut data);
        data.extend(Batch::of(&[device("a"), device("b")]).bytes());
        seal(&HEAD, &mut data);
        data
    }

    #[test]
    fn a_block_gives_back_its_records() {
        let block = Block::check(HEAD, sealed()).unwrap();
        assert_eq!(block.head.end(), 9);
        assert_eq!(block.data(), sealed());
        let batches = block.batches().unwrap();
        let names = batches.iter().flat_map(Batch::iter).map(UplinkRef::name);
        assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn any_changed_bit_and_any_cut_is_found() {
        let data = sealed();
        for at in 0..data.len() {
            for bit in 0..8 {
                let mut changed = data.clone();
                changed[at] ^= 1 << bit;
                assert!(Block::check(HEAD, changed).is_none(), "{at}, {bit}");
            }
            assert!(Block::check(HEAD, data[..at].to_vec()).is_none(), "{at}");
        }
    }

    #[test]
    fn a_block_in_the_wrong_place_is_found() {
        for head in [
            Head { first: 8, ..HEAD },
            Head { records: 3, ..HEAD },
            Head {
                bytes_before: 1,
                ..HEAD
            },
            Head {
                stored_ms: 1,
                ..HEAD
            },
        ] {
            assert!(Block::check(head, sealed()).is_none(), "{head:?}");
        }
    }
}
