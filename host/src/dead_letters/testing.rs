//! What the tests of the store share: letters, a log that can be read, and a disk
//! that fails on demand.

use std::{
    fs::File,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr},
    ops::Bound,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use redb::{BackendError, StorageBackend};
use tracing::{Dispatch, subscriber::NoSubscriber};

use super::{
    checked::CheckedFile,
    file::{Opener, builder},
    letter::{Limits, NewLetter},
};

pub(super) const ROOMY: Limits = Limits {
    max_bytes: 1 << 30,
    max_letters: 1 << 20,
};

pub(super) fn new_letter(integration: &str, converter: &str, version: &str) -> NewLetter {
    NewLetter {
        received_ms: 1_700_000_000_000,
        integration: integration.to_owned(),
        peer: (Ipv4Addr::new(192, 0, 2, 1), 50_000).into(),
        local: (Ipv6Addr::LOCALHOST, 9000).into(),
        converter: converter.to_owned(),
        version: version.to_owned(),
        error: "no checksum".to_owned(),
        frame: Bytes::from_static(b"\x01\x02"),
    }
}

/// A letter whose frame is `number`, so that it can be told from the others.
pub(super) fn numbered(number: u64) -> NewLetter {
    NewLetter {
        frame: Bytes::copy_from_slice(&number.to_be_bytes()),
        ..new_letter("meters", "meter", "v1")
    }
}

/// The number that [`numbered`] put into a frame.
pub(super) fn number(frame: &[u8]) -> u64 {
    u64::from_be_bytes(frame.try_into().unwrap())
}

/// What `work` writes to the log on this thread, a line for each event.
pub(super) fn logged(work: impl FnOnce()) -> String {
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
pub(super) struct Disk {
    /// Bytes that can be written before it is full.
    pub(super) room: AtomicU64,
    /// How often it was waited for.
    pub(super) syncs: AtomicUsize,
    /// Whether a wait for it takes until a test lets go.
    stopped: Mutex<bool>,
    let_go: Condvar,
    /// Told of each wait, before it.
    pub(super) waits: Mutex<Option<std::sync::mpsc::Sender<()>>>,
}

impl Disk {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            room: AtomicU64::new(u64::MAX),
            syncs: AtomicUsize::new(0),
            stopped: Mutex::default(),
            let_go: Condvar::new(),
            waits: Mutex::default(),
        })
    }

    pub(super) fn opener(self: &Arc<Self>) -> Opener {
        let disk = self.clone();
        Box::new(move |file: File| {
            let disk = disk.clone();
            let file = CheckedFile::new(file)?;
            Ok(builder().create_with_backend(DiskFile { file, disk })?)
        })
    }

    /// Makes whoever waits for the disk wait until the result is dropped.
    pub(super) fn stop(self: &Arc<Self>) -> Stopped {
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
pub(super) struct Stopped(Arc<Disk>);

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
