//! What outlasts the stand-in: one file to which everything is added that
//! changes what it knows, and from which the next start makes it again.
//!
//! A record is written before its change is made and before anyone is told of
//! it, with one write. So whatever was acknowledged is in the file, also when
//! the process is killed the moment after. The file is not synced: it outlasts
//! the process, not the machine. It grows for as long as it is used.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use tracing::{error, info, warn};
use twox_hash::XxHash3_128;
use uuid::Uuid;

pub(super) use self::record::Record;
use super::Error;
use crate::proto::edge::UplinkMsg;

mod record;

/// The file in the folder that the settings name.
const FILE: &str = "standin.journal";
/// What the file begins with; the tenant's id follows.
const MAGIC: &[u8; 16] = b"tb-tcp standin 1";
/// Length and checksum of what follows them.
const HEAD: usize = 8;
/// Longest record. An uplink message is at most half as long.
pub(super) const MAX_RECORD: usize = 128 * 1024 * 1024;
/// The buffer is given back when a record made it larger than this.
const KEPT_BUFFER: usize = 4 * 1024 * 1024;

/// Nothing can be stored any more: the file cannot be written, or the
/// stand-in stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stand-in cannot write to its data folder; its log says why")]
pub(super) struct Unwritten;

/// The file, open for more records.
#[derive(Debug, Default)]
pub(super) struct Journal {
    state: Target,
    buffer: Vec<u8>,
}

#[derive(Debug, Default)]
enum Target {
    /// All is in memory only.
    #[default]
    Memory,
    File {
        file: File,
        path: PathBuf,
    },
    /// After a failed write or the end, nothing is stored and nothing acknowledged.
    Closed,
}

impl Journal {
    /// Opens the file in `folder`, both made if missing, and hands over its
    /// records one after another. A record that a killed process wrote in
    /// part is cut off.
    ///
    /// # Errors
    ///
    /// [`Error::DataFile`] when the file cannot be used, [`Error::DataInUse`]
    /// when another stand-in has it, [`Error::DataDamaged`] when it holds what
    /// was not written there, and [`Error::DataTenant`] when it belongs to
    /// another routing key.
    pub(super) fn open(
        folder: &Path,
        tenant: Uuid,
        mut replay: impl FnMut(Record) -> Result<(), String>,
    ) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let unusable = |source| Error::DataFile {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(unusable)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::DataInUse {
                folder: folder.to_owned(),
            },
            TryLockError::Error(source) => unusable(source),
        })?;
        let length = file.metadata().map_err(unusable)?.len();
        let mut whole = 0;
        let mut records: u64 = 0;
        let mut reader = Records {
            input: BufReader::with_capacity(1 << 20, &file),
            left: length,
        };
        if let Some(owner) = reader.begin(&path)? {
            if owner != tenant {
                return Err(Error::DataTenant { path });
            }
            whole = length - reader.left;
            while let Some(payload) = reader.next(&path, whole)? {
                Record::decode(&payload)
                    .and_then(&mut replay)
                    .map_err(|reason| Error::DataDamaged {
                        path: path.clone(),
                        offset: whole,
                        reason,
                    })?;
                whole = length - reader.left;
                records += 1;
            }
        }
        drop(reader);
        if whole < length {
            warn!(
                path = %path.display(), bytes = length - whole,
                "the last record was written in part only; it is dropped, nobody was told of it"
            );
            file.set_len(whole).map_err(unusable)?;
        }
        if whole == 0 {
            let start = [MAGIC.as_slice(), tenant.as_bytes()].concat();
            (&file).write_all(&start).map_err(unusable)?;
        }
        info!(path = %path.display(), records, "stored data was read");
        Ok(Self {
            state: Target::File { file, path },
            buffer: Vec::new(),
        })
    }

    /// Adds an uplink message as it came.
    pub(super) fn uplink(&mut self, message: &UplinkMsg, now_us: i64) -> Result<(), Unwritten> {
        self.write(|buffer| record::encode_uplink(message, now_us, buffer))
    }

    /// Adds any other record.
    pub(super) fn record(&mut self, record: &Record) -> Result<(), Unwritten> {
        self.write(|buffer| record.encode(buffer))
    }

    /// Whether nothing is stored.
    pub(super) fn is_memory(&self) -> bool {
        matches!(self.state, Target::Memory)
    }

    /// Lets the file go; everything after this fails. Without a file nothing happens.
    pub(super) fn close(&mut self) {
        if let Target::File { .. } = self.state {
            self.state = Target::Closed;
        }
    }

    fn write(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Unwritten> {
        let Target::File { file, path } = &mut self.state else {
            return match self.state {
                Target::Closed => Err(Unwritten),
                _ => Ok(()),
            };
        };
        frame(&mut self.buffer, encode);
        let written = match self.buffer.len() <= HEAD + MAX_RECORD {
            true => file.write_all(&self.buffer),
            false => Err(io::Error::other("the record is too long")),
        };
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
        if let Err(error) = written {
            // What is in the file now may be half a record: nothing may follow it.
            error!(
                path = %path.display(), %error,
                "the stand-in cannot write and stores nothing more; make room and start it again"
            );
            self.state = Target::Closed;
            return Err(Unwritten);
        }
        Ok(())
    }
}

/// Makes a record of what `encode` adds to the buffer.
fn frame(buffer: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
    buffer.clear();
    buffer.extend([0; HEAD]);
    encode(buffer);
    let (head, payload) = buffer.split_at_mut(HEAD);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let (first, second) = head.split_at_mut(HEAD / 2);
    first.copy_from_slice(&length.to_le_bytes());
    second.copy_from_slice(&checksum(payload).to_le_bytes());
}

fn checksum(payload: &[u8]) -> u32 {
    // Any 32 bits of the hash are as good as others.
    (XxHash3_128::oneshot(payload) & u128::from(u32::MAX)) as u32
}

/// Reads the file from its beginning.
struct Records<R> {
    input: R,
    /// Bytes behind what was read.
    left: u64,
}

impl<R: Read> Records<R> {
    /// The tenant that the file belongs to; none if it is empty or its
    /// beginning was written in part only.
    fn begin(&mut self, path: &Path) -> Result<Option<Uuid>, Error> {
        let mut start = [0; MAGIC.len() + size_of::<uuid::Bytes>()];
        let length = self.left.min(start.len() as u64) as usize;
        let (there, _) = start.split_at_mut(length);
        self.read(there, path)?;
        let (magic, tenant) = start.split_at(MAGIC.len());
        let alike = magic.iter().zip(MAGIC).take(length);
        if !alike.into_iter().all(|(found, expected)| found == expected) {
            return Err(Error::DataDamaged {
                path: path.to_owned(),
                offset: 0,
                reason: "it was not written by this version of the stand-in".to_owned(),
            });
        }
        Ok(match length == start.len() {
            true => Uuid::from_slice(tenant).ok(),
            false => None,
        })
    }

    /// The next whole record; none at the end and before a torn one.
    fn next(&mut self, path: &Path, offset: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.left < HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.read(&mut head, path)?;
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        let damaged = |reason: &str| Error::DataDamaged {
            path: path.to_owned(),
            offset,
            reason: reason.to_owned(),
        };
        if length as usize > MAX_RECORD {
            return Err(damaged("a record cannot be that long"));
        }
        if u64::from(length) > self.left {
            return Ok(None);
        }
        let mut payload = vec![0; length as usize];
        self.read(&mut payload, path)?;
        if checksum(&payload) != u32::from_le_bytes([e, f, g, h]) {
            return Err(damaged("a record's checksum is wrong"));
        }
        Ok(Some(payload))
    }

    fn read(&mut self, bytes: &mut [u8], path: &Path) -> Result<(), Error> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.input
            .read_exact(bytes)
            .map_err(|source| Error::DataFile {
                path: path.to_owned(),
                source,
            })
    }
}

#[cfg(test)]
mod tests;
