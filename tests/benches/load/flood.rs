//! Connections that send as fast as the host reads.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};

use super::{
    line::{Lines, device},
    points::Points,
};

/// Bytes that all connections together write at a time, roughly; each writes a
/// share, so that the memory of a thousand stays small.
const AT_ONCE: usize = 4 * 1024 * 1024;
/// Most that one connection writes at once: about what a socket's buffer takes.
const LARGEST_WRITE: usize = 128 * 1024;
/// Bytes that are read at once, where something comes back.
const READ: usize = 16 * 1024;
/// Bytes of a line of [`Lines`], roughly.
const LINE: usize = 40;
/// How often more lines are let go.
const PASS: Duration = Duration::from_millis(10);

/// Appends the next line of one connection.
pub(crate) type Source = Box<dyn FnMut(&mut Vec<u8>) + Send>;

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Connections.
    pub(crate) connections: usize,
    /// Bytes of a line, roughly.
    pub(crate) line: usize,
    /// Lines that may be on their way before [`Flood::allow`] lets more go; none: any number.
    pub(crate) window: Option<usize>,
}

impl Load {
    /// One device a connection, as [`Lines`] has them.
    pub(crate) fn of(connections: usize, window: Option<usize>) -> Self {
        Self {
            connections,
            line: LINE,
            window,
        }
    }

    /// Lines that a connection writes at once.
    fn lines(self) -> u32 {
        let bytes = (AT_ONCE / self.connections).min(LARGEST_WRITE);
        // Half a window at most is in the hands of connections.
        let most = self
            .window
            .map_or(usize::MAX, |window| window / 2 / self.connections);
        u32::try_from((bytes / self.line).min(most)).unwrap().max(1)
    }
}

/// A running load: one thread, two tasks for each connection.
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
    /// Starts one device a connection, each numbering its lines.
    pub(crate) fn start(address: SocketAddr, load: Load) -> Self {
        Self::start_with(address, load, |number| {
            let mut lines = Lines::of(&device(number));
            Box::new(move |buffer| lines.push(buffer))
        })
    }

    /// Starts connections that send what their sources give.
    pub(crate) fn start_with(
        address: SocketAddr,
        load: Load,
        mut source: impl FnMut(usize) -> Source,
    ) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            allowed: load.window.map(Semaphore::new),
        });
        let sources: Vec<_> = (0..load.connections).map(&mut source).collect();
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("load".to_owned());
        let thread = thread.spawn(move || run(address, sources, load.lines(), &theirs));
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
        let bytes = [&shared.sent_bytes, &shared.received_bytes].map(|bytes| bytes.load(Relaxed));
        bytes.into()
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

fn run(address: SocketAddr, sources: Vec<Source>, lines: u32, shared: &Arc<Shared>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = sources
            .into_iter()
            .map(|source| {
                let shared = Arc::clone(shared);
                tokio::spawn(async move { connection(address, source, lines, &shared).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn connection(address: SocketAddr, mut source: Source, lines: u32, shared: &Arc<Shared>) {
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
            source(&mut buffer);
        }
        writer.write_all(&buffer).await.unwrap();
        shared.sent.fetch_add(u64::from(lines), Relaxed);
        shared.sent_bytes.fetch_add(buffer.len() as u64, Relaxed);
    }
    writer.shutdown().await.unwrap();
    reading.await.unwrap();
}

/// Lets lines go as others arrive.
pub(crate) struct Pacer<'flood> {
    flood: &'flood Flood,
    points: Points,
    /// Values of a line.
    values: u64,
    arrived: u64,
}

impl<'flood> Pacer<'flood> {
    /// For lines of so many values, which the stand-in with the HTTP API at `standin` gets.
    pub(crate) fn of(flood: &'flood Flood, standin: SocketAddr, values: u64) -> Self {
        Self {
            flood,
            points: Points::of(standin),
            values,
            arrived: 0,
        }
    }

    /// Keeps the load going for some time; returns how many lines have arrived by then.
    pub(crate) fn run(&mut self, span: Duration) -> u64 {
        let start = Instant::now();
        loop {
            let arrived = self.points.now() / self.values;
            self.flood.allow(arrived - self.arrived);
            self.arrived = arrived;
            if start.elapsed() >= span {
                return arrived;
            }
            thread::sleep(PASS);
        }
    }
}
