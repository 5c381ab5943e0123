//! Connections that together send lines at a steady rate, each of which says when it was
//! sent.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::line::{Lines, device};

/// The key of the time at which a line was sent, in Unix microseconds.
pub(crate) const SENT: &str = "sent";
/// How often lines are due.
const TICK: Duration = Duration::from_millis(1);

/// Open connections that take turns.
pub(crate) struct Steady {
    connections: Vec<(TcpStream, Lines)>,
    next: usize,
    buffer: Vec<u8>,
    /// Lines sent so far.
    pub(crate) sent: u64,
}

impl Steady {
    /// Connects so many devices.
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let connections = (0..connections).map(|number| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            (stream, Lines::of(&device(number)))
        });
        Self {
            connections: connections.collect(),
            next: 0,
            buffer: Vec::new(),
            sent: 0,
        }
    }

    /// Sends one line on the connection whose turn it is.
    pub(crate) fn send(&mut self) {
        let (stream, lines) = &mut self.connections[self.next];
        self.buffer.clear();
        lines.push_with(&mut self.buffer, SENT, now_us());
        stream.write_all(&self.buffer).unwrap();
        self.sent += 1;
        self.next = (self.next + 1) % self.connections.len();
    }

    /// Sends `rate` lines a second for some time. What is late is sent at once, so the rate
    /// holds also if the machine had something else to do; a line says when it was sent, not when it was
    /// due.
    pub(crate) fn run(&mut self, rate: u32, span: Duration) {
        let start = Instant::now();
        let before = self.sent;
        let mut tick = start;
        while start.elapsed() < span {
            let due = start.elapsed().as_secs_f64() * f64::from(rate);
            while ((self.sent - before) as f64) < due {
                self.send();
            }
            tick += TICK;
            thread::sleep(tick.saturating_duration_since(Instant::now()));
        }
    }
}

/// The clock that the stand-in has too.
pub(crate) fn now_us() -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    u64::try_from(now.as_micros()).unwrap()
}
