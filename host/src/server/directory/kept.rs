//! The downlinks on disk: those that ThingsBoard has been told are ours, and that
//! have not reached a device yet.

use std::{path::Path, sync::Arc, time::SystemTime};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    message::{Downlink, Metadata},
    redb_file::{Changes, Doing, FileError, Journal, Opener, StoreFile, open_database},
};

/// The file's name in the data folder.
const NAME: &str = "downlinks.redb";

/// Number → [`Record`] as JSON, because fields can be added without rewriting what
/// is there.
const DOWNLINKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("downlinks");

/// The file of the downlinks that wait.
#[derive(Debug)]
pub struct KeptDownlinks {
    file: Arc<StoreFile>,
    journal: Journal<u64, Vec<u8>>,
}

/// A downlink of an earlier run.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) number: u64,
    /// When it came, in Unix milliseconds.
    pub(super) came_ms: i64,
    pub(super) downlink: Downlink,
}

/// A downlink as it lies in the file. It is never a call.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    came_ms: i64,
    device: String,
    msg_type: String,
    msg: String,
    metadata: Metadata,
    expires: Option<SystemTime>,
}

impl KeptDownlinks {
    /// Opens the file `downlinks.redb` in `folder`; makes both where they are
    /// missing, for their owner only. A damaged file is moved aside, which the log
    /// tells, and a new one is started. Blocks while the disk reads.
    ///
    /// # Errors
    /// Another process has the file open, or it cannot be made, opened or written.
    pub fn open(folder: &Path) -> Result<Self, FileError> {
        Self::open_with(folder, Box::new(open_database))
    }

    pub(super) fn open_with(folder: &Path, opener: Opener) -> Result<Self, FileError> {
        let file = Arc::new(StoreFile::open(folder, NAME, opener, prepare)?);
        let journal = Journal::start("downlinks", file.clone(), write)?;
        Ok(Self { file, journal })
    }

    /// What an earlier run left, in order, and the next number.
    pub(super) fn earlier(&self) -> Result<(Vec<Earlier>, u64), FileError> {
        self.file.run(Doing::Reading, |database| {
            let table = database.begin_read()?.open_table(DOWNLINKS)?;
            let mut earlier = Vec::new();
            let mut next = 0;
            for entry in table.iter()? {
                let (number, record) = entry?;
                let number = number.value();
                next = number.saturating_add(1);
                earlier.extend(readable(number, record.value()));
            }
            Ok((earlier, next))
        })
    }

    /// Notes that `downlink` is ours to deliver. It came at `came_ms`, in Unix
    /// milliseconds.
    pub(super) fn keep(&self, number: u64, came_ms: i64, downlink: &Downlink) {
        let record = Record {
            came_ms,
            device: downlink.device.clone(),
            msg_type: downlink.msg_type.clone(),
            msg: downlink.msg.clone(),
            metadata: (*downlink.metadata).clone(),
            expires: downlink.expires,
        };
        // Cannot fail: only strings as keys, and no types that JSON lacks.
        let json = serde_json::to_vec(&record).unwrap_or_default();
        self.journal.note(number, Some(json));
    }

    /// Notes that a downlink is done with.
    pub(super) fn remove(&self, number: u64) {
        self.journal.note(number, None);
    }

    /// See [`Journal::written`].
    pub(super) async fn written(&self) {
        self.journal.written().await;
    }
}

fn readable(number: u64, json: &[u8]) -> Option<Earlier> {
    let record: Record = serde_json::from_slice(json)
        .inspect_err(|error| {
            warn!(
                downlink = number, %error,
                "a downlink that was kept is left out: it is not what this version writes"
            );
        })
        .ok()?;
    Some(Earlier {
        number,
        came_ms: record.came_ms,
        downlink: Downlink {
            device: record.device,
            msg: record.msg,
            msg_type: record.msg_type,
            metadata: Arc::new(record.metadata),
            expires: record.expires,
            outcome: None,
        },
    })
}

/// Makes the table of a new file. In an old one with other tables it must be there.
fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(DOWNLINKS) {
        Err(TableError::TableDoesNotExist(_)) => {
            let transaction = database.begin_write()?;
            transaction.open_table(DOWNLINKS)?;
            Ok(transaction.commit()?)
        }
        opened => Ok(opened.map(drop)?),
    }
}

fn write(database: &Database, changes: &Changes<u64, Vec<u8>>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(DOWNLINKS)?;
        for (number, record) in changes {
            match record {
                Some(record) => table.insert(number, record.as_slice())?,
                None => table.remove(number)?,
            };
        }
    }
    Ok(transaction.commit()?)
}
