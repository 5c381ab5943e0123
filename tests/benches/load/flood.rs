//! Connections that send as fast as the host reads.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};

use super::line::{Lines, device};

/// Bytes that all connections together write at a time, roughly; each writes a
/// share, so that the memory of a thousand stays small.
const AT_ONCE: usize = 4 * 1024 * 1024;
/// Most that one connection writes at once: about what a socket's buffer takes.
const LARGEST_WRITE: usize = 128 * 1024;
/// Bytes that are read at once, where something comes back.
const READ: usize = 16 * 1024;
/// Bytes of a line, roughly.
const LINE: usize = 45;

/// A running load: one thread, one task for each connection.
pub(crate) struct Flood {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    /// Lines that may still be sent; none: any number.
    allowed: Option<Semaphore>,
}

impl Flood {
    /// Starts so many connections to `address`. With `window` so many lines may
    /// be on their way before [`Flood::allow`] lets more go.
    pub(crate) fn start(address: SocketAddr, connections: usize, window: Option<usize>) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            allowed: window.map(Semaphore::new),
        });
        let mut bytes = (AT_ONCE / connections).min(LARGEST_WRITE);
        if let Some(window) = window {
            // Half a window at most is in the hands of connections.
            bytes = bytes.min(window / 2 / connections * LINE);
        }
        let lines = u32::try_from(bytes / LINE).unwrap().max(1);
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("load".to_owned());
        let thread = thread.spawn(move || run(address, connections, lines, &theirs));
        Self {
            shared,
            thread: thread.unwrap(),
        }
    }

    /// Lines that were handed to sockets so far.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Relaxed)
    }

    /// Bytes that were handed to sockets so far, and that came back.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let shared = &self.shared;
        (
            shared.sent_bytes.load(Relaxed),
            shared.received_bytes.load(Relaxed),
        )
    }

    /// Lets so many more lines go.
    pub(crate) fn allow(&self, lines: u64) {
        if let Some(allowed) = &self.shared.allowed {
            allowed.add_permits(usize::try_from(lines).unwrap());
        }
    }

    /// Ends the load: connections write what they have begun and close. Returns
    /// how many lines were sent in all.
    pub(crate) fn stop(self) -> u64 {
        self.shared.stop.store(true, Relaxed);
        if let Some(allowed) = &self.shared.allowed {
            allowed.close();
        }
        self.thread.join().unwrap();
        self.shared.sent.load(Relaxed)
    }
}

fn run(address: SocketAddr, connections: usize, lines: u32, shared: &Arc<Shared>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..connections)
            .map(|number| {
                let shared = Arc::clone(shared);
                tokio::spawn(async move { connection(address, number, lines, &shared).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn connection(address: SocketAddr, number: usize, lines: u32, shared: &Arc<Shared>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let theirs = Arc::clone(shared);
    let reading = tokio::spawn(async move {
        let mut bytes = vec![0; READ];
        // Up to the end: the host closes when it has read everything.
        while let Ok(read @ 1..) = reader.read(&mut bytes).await {
            theirs.received_bytes.fetch_add(read as u64, Relaxed);
        }
    });
    let mut numbered = Lines::of(&device(number));
    let mut buffer = Vec::new();
    while !shared.stop.load(Relaxed) {
        if let Some(allowed) = &shared.allowed {
            match allowed.acquire_many(lines).await {
                Ok(permits) => permits.forget(),
                Err(_) => break,
            }
        }
        buffer.clear();
        for _ in 0..lines {
            numbered.push(&mut buffer);
        }
        writer.write_all(&buffer).await.unwrap();
        shared.sent.fetch_add(u64::from(lines), Relaxed);
        shared.sent_bytes.fetch_add(buffer.len() as u64, Relaxed);
    }
    writer.shutdown().await.unwrap();
    reading.await.unwrap();
}
