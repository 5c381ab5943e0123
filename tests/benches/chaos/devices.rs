//! Devices that write numbered samples and resend what may not have been
//! accepted, and what the host must have accepted of them.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{connection::Connection, kernel::Waiting};

const CONNECTIONS: usize = 10;
/// Devices that share a connection.
pub(crate) const SHARING: usize = 2;
/// Samples a second on one connection.
pub(crate) const RATE: u32 = 300;
/// Samples a second of all devices.
pub(crate) const TOTAL_RATE: u64 = CONNECTIONS as u64 * RATE as u64;
/// Between two questions to the kernel, at least.
const PAUSE: Duration = Duration::from_millis(25);
/// The pause is so many times as long as the question took: the kernel's table
/// has all connections of this machine, and the host needs the processors too.
const PAUSE_SHARE: u32 = 4;

/// What the devices are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Write at full rate.
    Write = 0,
    /// Write no more than it takes to prove that everything before was accepted,
    /// then be silent.
    BeQuiet = 1,
    /// The same, then close.
    Finish = 2,
    /// Give up, because the run has failed.
    Leave = 3,
}

/// The devices of all connections.
pub(crate) struct Fleet {
    host: SocketAddr,
    order: AtomicU8,
    pub(crate) lines: Vec<Line>,
}

/// What is known of one connection outside its thread.
#[derive(Default)]
pub(crate) struct Line {
    /// Our port and the bytes that were written; none without a connection.
    pub(crate) written: Mutex<Option<(u16, u64)>>,
    /// The port and the bytes that the host had read at least, of the last look.
    pub(crate) read: Mutex<Option<(u16, u64)>>,
    /// The order to be quiet was carried out.
    pub(crate) quiet: AtomicBool,
    /// The highest number that each device has written; they start at 1.
    pub(crate) numbers: [AtomicU64; SHARING],
    /// Samples that were written again because nothing proved them accepted.
    pub(crate) resent: AtomicU64,
}

impl Fleet {
    pub(crate) fn new(host: SocketAddr) -> Self {
        Self {
            host,
            order: AtomicU8::new(Order::Write as u8),
            lines: (0..CONNECTIONS).map(|_| Line::default()).collect(),
        }
    }

    /// Plays all devices until they were told to finish and have finished.
    pub(crate) fn run(&self) {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(SeqCst) {
                    let asked = Instant::now();
                    self.look();
                    thread::sleep(PAUSE.max(asked.elapsed() * PAUSE_SHARE));
                }
            });
            let connections: Vec<_> = (0..CONNECTIONS)
                .map(|number| scope.spawn(move || Connection::new(self, number).run()))
                .collect();
            for connection in connections {
                connection.join().unwrap();
            }
            done.store(true, SeqCst);
        });
    }

    pub(crate) fn host(&self) -> SocketAddr {
        self.host
    }

    pub(crate) fn order(&self) -> Order {
        match self.order.load(SeqCst) {
            0 => Order::Write,
            1 => Order::BeQuiet,
            2 => Order::Finish,
            _ => Order::Leave,
        }
    }

    pub(crate) fn give(&self, order: Order) {
        for line in &self.lines {
            line.quiet.store(false, SeqCst);
        }
        self.order.store(order as u8, SeqCst);
    }

    /// Whether all devices are as quiet as they were told to be.
    pub(crate) fn is_quiet(&self) -> bool {
        self.lines.iter().all(|line| line.quiet.load(SeqCst))
    }

    /// The highest number that each device has written; they start at 1.
    pub(crate) fn written(&self) -> Vec<(String, u64)> {
        let lines = self.lines.iter().enumerate();
        lines
            .flat_map(|(number, line)| {
                let devices = line.numbers.iter().enumerate();
                devices.map(move |(index, written)| (name(number, index), written.load(SeqCst)))
            })
            .collect()
    }

    pub(crate) fn resent(&self) -> u64 {
        self.lines.iter().map(|line| line.resent.load(SeqCst)).sum()
    }

    /// Finds out how far the host has read.
    fn look(&self) {
        // Taken before the look: what is written meanwhile makes it seem that
        // the host has read less.
        let written: Vec<_> = self
            .lines
            .iter()
            .map(|line| *line.written.lock().unwrap())
            .collect();
        let waiting = Waiting::look(self.host.port());
        for (line, written) in self.lines.iter().zip(written) {
            *line.read.lock().unwrap() = written.and_then(|(port, bytes)| {
                let waiting = waiting.of(port)?;
                Some((port, bytes.saturating_sub(waiting)))
            });
        }
    }
}

/// The name of a device: its connection and its place there.
pub(crate) fn name(connection: usize, index: usize) -> String {
    format!("D-{}", connection * SHARING + index + 1)
}
