//! What the tests of all stores share: a log that can be read, and a disk that
//! fails on demand.

use std::{
    fs::File,
    io::{self, Write},
    ops::Bound,
    path::Path,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use redb::{
    BackendError, Database, Durability, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, TableError,
};
use tracing::{Dispatch, subscriber::NoSubscriber};

use super::{
    checked::CheckedFile,
    error::{Doing, FileError},
    file::{Opener, StoreFile, builder},
};

/// The file of [`Numbers`].
pub(crate) const NAME: &str = "numbers.redb";

/// Large enough that numbers take many pages.
const PADDING: [u8; 160] = [7; 160];

/// Place → a number, and [`PADDING`].
const NUMBERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("numbers");
const TOTALS: TableDefinition<'_, &str, u64> = TableDefinition::new("totals");

/// The simplest store: numbers in order, and how many there are.
pub(crate) struct Numbers {
    file: StoreFile,
}

impl Numbers {
    pub(crate) fn open(folder: &Path, opener: Opener) -> Result<Self, FileError> {
        let file = StoreFile::open(folder, NAME, opener, prepare)?;
        Ok(Self { file })
    }

    /// Puts `numbers` behind the others; they are on disk when it returns.
    pub(crate) fn keep(&self, numbers: impl IntoIterator<Item = u64>) -> Result<(), FileError> {
        self.file.run(Doing::Writing, |database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            {
                let mut totals = transaction.open_table(TOTALS)?;
                let mut table = transaction.open_table(NUMBERS)?;
                let mut count = count(&totals)?;
                for number in numbers {
                    let value = [&number.to_be_bytes()[..], &PADDING].concat();
                    table.insert(count, value.as_slice())?;
                    count += 1;
                }
                totals.insert("count", count)?;
            }
            Ok(transaction.commit()?)
        })
    }

    pub(crate) fn all(&self) -> Result<Vec<u64>, FileError> {
        self.file.run(Doing::Reading, |database| {
            let table = database.begin_read()?.open_table(NUMBERS)?;
            let number = |value: &[u8]| u64::from_be_bytes(value[..8].try_into().unwrap());
            let entries = table.iter()?;
            entries.map(|entry| Ok(number(entry?.1.value()))).collect()
        })
    }

    pub(crate) fn count(&self) -> Result<u64, FileError> {
        self.file.run(Doing::Reading, |database| {
            count(&database.begin_read()?.open_table(TOTALS)?)
        })
    }
}

fn count(totals: &impl ReadableTable<&'static str, u64>) -> Result<u64, redb::Error> {
    let missing = || redb::Error::Corrupted("it does not say count".to_owned());
    let count = totals.get("count")?.ok_or_else(missing)?;
    Ok(count.value())
}

fn prepare(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(TOTALS) {
        Ok(totals) => {
            count(&totals)?;
            transaction.open_table(NUMBERS)?;
            Ok(())
        }
        Err(TableError::TableDoesNotExist(_)) => {
            let transaction = database.begin_write()?;
            transaction.open_table(NUMBERS)?;
            transaction.open_table(TOTALS)?.insert("count", 0)?;
            Ok(transaction.commit()?)
        }
        Err(error) => Err(error.into()),
    }
}

/// What `work` writes to the log on this thread, a line for each event.
pub(crate) fn logged(work: impl FnOnce()) -> String {
    // With one subscriber alone, the first thread that comes to an event decides
    // for all whether anybody listens; the others here have none.
    let _second = Dispatch::new(NoSubscriber::new());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a disk does.
#[derive(Debug)]
pub(crate) struct Disk {
    /// Bytes that can be written before it is full.
    pub(crate) room: AtomicU64,
    /// How often it was waited for.
    pub(crate) syncs: AtomicUsize,
    /// Whether a wait for it takes until a test lets go.
    stopped: Mutex<bool>,
    let_go: Condvar,
    /// Told of each wait, before it.
    pub(crate) waits: Mutex<Option<std::sync::mpsc::Sender<()>>>,
}

impl Disk {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            room: AtomicU64::new(u64::MAX),
            syncs: AtomicUsize::new(0),
            stopped: Mutex::default(),
            let_go: Condvar::new(),
            waits: Mutex::default(),
        })
    }

    pub(crate) fn opener(self: &Arc<Self>) -> Opener {
        let disk = self.clone();
        Box::new(move |file: File| {
            let disk = disk.clone();
            let file = CheckedFile::new(file)?;
            Ok(builder().create_with_backend(DiskFile { file, disk })?)
        })
    }

    /// Makes whoever waits for the disk wait until the result is dropped.
    pub(crate) fn stop(self: &Arc<Self>) -> Stopped {
        *self.stopped.lock().unwrap() = true;
        Stopped(self.clone())
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        self.room
            .fetch_update(SeqCst, SeqCst, |room| room.checked_sub(bytes))
            .map(|_| ())
            .map_err(|_| {
                // What did not fit is not followed by something smaller that does.
                self.room.store(0, SeqCst);
                io::ErrorKind::StorageFull.into()
            })
    }
}

/// See [`Disk::stop`].
pub(crate) struct Stopped(Arc<Disk>);

impl Drop for Stopped {
    fn drop(&mut self) {
        *self.0.stopped.lock().unwrap() = false;
        self.0.let_go.notify_all();
    }
}

/// A real file on such a disk.
#[derive(Debug)]
struct DiskFile {
    file: CheckedFile,
    disk: Arc<Disk>,
}

impl StorageBackend for DiskFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.syncs.fetch_add(1, SeqCst);
        if let Some(waits) = &*self.disk.waits.lock().unwrap() {
            let _ = waits.send(());
        }
        let stopped = self.disk.stopped.lock().unwrap();
        drop(
            self.disk
                .let_go
                .wait_while(stopped, |stopped| *stopped)
                .unwrap(),
        );
        self.disk.take(1)?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.take(data.len() as u64)?;
        self.file.write(offset, data)
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
