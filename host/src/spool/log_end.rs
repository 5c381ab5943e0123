//! Looks at the database's log before the database does.
//!
//! The database takes of its log what is whole, from the beginning to the last
//! commit before the first damage, and says nothing of the rest. The rest is
//! what an operator must know of. The format of the log is documented and does
//! not change: a header of 32 bytes, then pages, each behind a header of 24
//! bytes with the log's salts and a sum over everything before.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::Path,
};

const HEADER: usize = 32;
const PAGE_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// The lowest bit of the magic number: sums are of big-endian words.
const BIG_ENDIAN: u32 = 1;
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// What is behind the last whole commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogEnd {
    /// Whether the header is damaged, and with it the whole log.
    pub(super) header: bool,
    /// Commits that are lost, of those that can be told.
    pub(super) commits: u64,
    /// Whether a commit was begun that is not whole: it was being written when
    /// the process or the machine stopped.
    pub(super) unfinished: bool,
}

impl LogEnd {
    /// Says what is lost of that whose storing was told. A write that was being
    /// made when the process ended is not.
    pub(super) fn loss(&self) -> Option<String> {
        match self.header || self.commits > 0 {
            true => self.damage(),
            false => None,
        }
    }

    /// Says what is wrong, if anything is.
    pub(super) fn damage(&self) -> Option<String> {
        let Self {
            header,
            commits,
            unfinished,
        } = self;
        match (header, commits, unfinished) {
            (true, ..) => Some("the beginning of its log is damaged, and with it all of it".to_owned()),
            (_, 0, false) => None,
            (_, 0, true) => Some(
                "its last write is incomplete; unless the machine lost power, nobody was told that \
                 it had succeeded"
                    .to_owned(),
            ),
            (_, commits, _) => Some(format!(
                "its log is damaged, and the last {commits} writes with it"
            )),
        }
    }
}

/// Reads the log whole.
pub(super) fn look(log: &Path) -> io::Result<LogEnd> {
    let file = match File::open(log) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(LogEnd::default()),
        other => other?,
    };
    if file.metadata()?.len() == 0 {
        return Ok(LogEnd::default());
    }
    let mut file = BufReader::with_capacity(1 << 16, file);
    let lost = LogEnd {
        header: true,
        ..LogEnd::default()
    };
    let mut header = [0; HEADER];
    if fill(&mut file, &mut header)? < HEADER {
        return Ok(lost);
    }
    let word = |at: usize| word(&header, at);
    let big_endian = word(0) & BIG_ENDIAN != 0;
    let mut sum = Sum::default();
    sum.add(&header[..24], big_endian);
    let page_size = word(8);
    if word(0) & !BIG_ENDIAN != MAGIC
        || !PAGE_SIZES.contains(&page_size)
        || (word(24), word(28)) != (sum.0, sum.1)
    {
        return Ok(lost);
    }
    let salts = (word(16), word(20));
    let mut end = LogEnd::default();
    let mut whole = true;
    let mut frame = vec![0; PAGE_HEADER + page_size as usize];
    loop {
        let read = fill(&mut file, &mut frame)?;
        let word = |at: usize| self::word(&frame, at);
        // A page of an earlier log, from before it began anew, has other salts.
        if read < PAGE_HEADER || (word(8), word(12)) != salts {
            whole = false;
            if read < frame.len() {
                return Ok(end);
            }
            continue;
        }
        if whole {
            sum.add(&frame[..8], big_endian);
            sum.add(&frame[PAGE_HEADER..], big_endian);
            whole = read == frame.len() && (word(16), word(20)) == (sum.0, sum.1);
        }
        // The last page of a commit says so.
        let commits = word(4) != 0;
        end.unfinished = !(whole && commits);
        end.commits += u64::from(!whole && commits);
        if read < frame.len() {
            return Ok(end);
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u32::from_be_bytes(*word))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The log's sum over everything so far.
#[derive(Clone, Copy, Debug, Default)]
struct Sum(u32, u32);

impl Sum {
    fn add(&mut self, bytes: &[u8], big_endian: bool) {
        let (words, _) = bytes.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in words.iter().copied() {
            let (one, two) = ([a, b, c, d], [e, f, g, h]);
            let (one, two) = match big_endian {
                true => (u32::from_be_bytes(one), u32::from_be_bytes(two)),
                false => (u32::from_le_bytes(one), u32::from_le_bytes(two)),
            };
            self.0 = self.0.wrapping_add(one).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(two).wrapping_add(self.0);
        }
    }
}
