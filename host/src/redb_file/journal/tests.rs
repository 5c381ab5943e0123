//! What is written, when, and what becomes of it on a disk that fails.

use std::{collections::BTreeMap, path::Path, sync::atomic::Ordering::SeqCst, sync::mpsc};

use futures_util::FutureExt as _;
use redb::{Durability, ReadableDatabase, ReadableTable, TableDefinition};
use tempfile::TempDir;

use super::*;
use crate::redb_file::testing::{Disk, logged};

const TABLE: TableDefinition<'_, u64, u64> = TableDefinition::new("table");

struct Pairs {
    file: Arc<StoreFile>,
    journal: Journal<u64, u64>,
}

fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(TABLE)?;
    Ok(transaction.commit()?)
}

fn write(database: &Database, changes: &Changes<u64, u64>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(TABLE)?;
        for (key, value) in changes {
            match value {
                Some(value) => table.insert(key, value)?,
                None => table.remove(key)?,
            };
        }
    }
    Ok(transaction.commit()?)
}

impl Pairs {
    fn open(folder: &Path, disk: &Arc<Disk>) -> Self {
        let file = StoreFile::open(folder, "pairs.redb", disk.opener(), prepare).unwrap();
        let file = Arc::new(file);
        let journal = Journal::start("pairs", file.clone(), write).unwrap();
        Self { file, journal }
    }

    fn on_disk(&self) -> BTreeMap<u64, u64> {
        let read = |database: &Database| {
            let table = database.begin_read()?.open_table(TABLE)?;
            let entries = table.iter()?;
            entries
                .map(|entry| entry.map(|(key, value)| (key.value(), value.value())))
                .collect::<Result<_, _>>()
                .map_err(redb::Error::from)
        };
        self.file.run(Doing::Reading, read).unwrap()
    }
}

#[tokio::test]
async fn what_was_noted_is_on_disk_once_it_was_waited_for() {
    let folder = TempDir::new().unwrap();
    let pairs = Pairs::open(folder.path(), &Disk::new());
    for key in 0..1000 {
        pairs.journal.note(key, Some(key));
        pairs.journal.note(key + 1, None);
    }
    pairs.journal.note(5, None);
    pairs.journal.written().await;
    // Nobody is asked again: each message with data waits for this.
    assert_eq!(pairs.journal.written().now_or_never(), Some(()));
    let mut expected: BTreeMap<_, _> = (0..1000).map(|key| (key, key)).collect();
    expected.remove(&5);
    assert_eq!(pairs.on_disk(), expected);
}

#[test]
fn what_nobody_waited_for_is_written_at_the_end() {
    let folder = TempDir::new().unwrap();
    let pairs = Pairs::open(folder.path(), &Disk::new());
    pairs.journal.note(1, Some(2));
    drop(pairs);
    let pairs = Pairs::open(folder.path(), &Disk::new());
    assert_eq!(pairs.on_disk(), BTreeMap::from([(1, 2)]));
}

#[tokio::test]
async fn what_changes_during_a_commit_is_written_with_the_next() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new();
    let pairs = Pairs::open(folder.path(), &disk);
    pairs.journal.note(0, Some(0));
    pairs.journal.written().await;
    let before = disk.syncs.load(SeqCst);
    pairs.journal.note(0, Some(1));
    pairs.journal.written().await;
    let for_one = disk.syncs.load(SeqCst) - before;
    let (tell, waits) = mpsc::channel();
    *disk.waits.lock().unwrap() = Some(tell);
    let stopped = disk.stop();
    pairs.journal.note(0, Some(2));
    waits.recv().unwrap();
    // More than fit into the thread's queue.
    for value in 3..1000 {
        pairs.journal.note(0, Some(value));
    }
    drop(stopped);
    pairs.journal.written().await;
    assert_eq!(disk.syncs.load(SeqCst) - before, 3 * for_one);
    assert_eq!(pairs.on_disk(), BTreeMap::from([(0, 999)]));
}

#[test]
fn what_a_full_disk_refused_is_written_when_it_has_room() {
    let folder = TempDir::new().unwrap();
    let disk = Disk::new();
    let mut writer = Pairs::open(folder.path(), &disk).writer();
    let pending = writer.pending.clone();
    let note = |key, value| lock(&pending).insert(key, value);
    note(1, Some(1));
    note(2, Some(2));
    writer.write_pending().unwrap();
    disk.room.store(0, SeqCst);
    note(1, Some(7));
    note(2, None);
    note(3, Some(3));
    let said = logged(|| {
        for _ in 0..3 {
            let error = writer.write_pending().unwrap_err();
            assert!(error.to_string().contains("no storage space"), "{error}");
        }
    });
    assert_eq!(said.matches("in memory only").count(), 1, "{said}");
    assert!(said.contains("pairs.redb"), "{said}");
    // Newer than what was refused.
    note(1, Some(8));
    disk.room.store(u64::MAX, SeqCst);
    let said = logged(|| writer.write_pending().unwrap());
    assert!(said.contains("on disk again"), "{said}");
    drop(writer);
    let pairs = Pairs::open(folder.path(), &disk);
    assert_eq!(pairs.on_disk(), BTreeMap::from([(1, 8), (3, 3)]));
}

impl Pairs {
    /// The thread's side, to be run on this one.
    fn writer(self) -> Writer<u64, u64> {
        Writer {
            file: self.file.clone(),
            write,
            pending: Arc::default(),
            failing: false,
            counts: Arc::default(),
        }
    }
}
