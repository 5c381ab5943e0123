//! The devices: sockets without a task each, served by one thread.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant, SystemTime},
};

use socket2::{Domain, Socket, Type};

use crate::load::steady::SENT;

/// Connections from one address of this machine: so few that the kernel finds a free
/// port at once.
const PER_ADDRESS: usize = 2000;

/// Open connections, and what was sent over them.
pub(crate) struct Crowd {
    host: SocketAddr,
    connections: Vec<TcpStream>,
    /// All that were ever opened. Those that were closed keep their ports for a minute, so
    /// the next ones come from other addresses.
    opened: usize,
    /// The number of each device's last sample.
    sent: Vec<u64>,
}

/// Who says how much.
pub(crate) struct Talk {
    /// The first so many connections take part, in turn.
    pub(crate) connections: usize,
    /// Each connection speaks for an equal share of the first so many devices.
    pub(crate) devices: usize,
    /// Samples of one device in one write.
    pub(crate) burst: usize,
    pub(crate) bursts_per_second: usize,
    pub(crate) bursts: usize,
}

impl Crowd {
    /// No connection yet, and `devices` that have said nothing.
    pub(crate) fn new(host: SocketAddr, devices: usize) -> Self {
        Self {
            host,
            connections: Vec::new(),
            opened: 0,
            sent: vec![0; devices],
        }
    }

    /// Connections that are open.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Samples that were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.iter().sum()
    }

    /// Opens connections until there are `count`.
    pub(crate) fn open(&mut self, count: usize) {
        while self.connections.len() < count {
            let block = self.opened / PER_ADDRESS;
            let [high, low] = u16::try_from(block)
                .expect("fewer than 131 million")
                .to_be_bytes();
            let source = Ipv4Addr::new(127, 1, high, low);
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
            socket.connect(&self.host.into()).unwrap();
            socket.set_tcp_nodelay(true).unwrap();
            self.connections.push(socket.into());
            self.opened += 1;
        }
    }

    /// Closes all connections, and waits until the host has too.
    pub(crate) fn close(&mut self) {
        for connection in &self.connections {
            connection.shutdown(Shutdown::Write).unwrap();
        }
        for mut connection in self.connections.drain(..) {
            let mut rest = Vec::new();
            connection.read_to_end(&mut rest).unwrap();
            assert!(rest.is_empty(), "nothing is replied");
        }
    }

    /// Sends numbered samples at a steady rate.
    pub(crate) fn talk(&mut self, talk: &Talk) {
        self.pace(talk, |_| {});
    }

    /// As [`Crowd::talk`], each sample with the time that it was sent at.
    pub(crate) fn talk_timed(&mut self, talk: &Talk) {
        self.pace(talk, |line| {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
            write!(line, ",{SENT},{now}").unwrap();
        });
    }

    fn pace(&mut self, talk: &Talk, more: impl Fn(&mut String)) {
        let start = Instant::now();
        let pause = Duration::from_secs(1) / u32::try_from(talk.bursts_per_second).unwrap();
        let mut text = String::new();
        for number in 0..talk.bursts {
            let due = start + pause * u32::try_from(number).unwrap();
            let early = due.saturating_duration_since(Instant::now());
            if early > Duration::ZERO {
                // The writes of a millisecond go out together: a sleep is no shorter.
                thread::sleep(early.max(Duration::from_millis(1)));
            }
            let device = number % talk.devices;
            text.clear();
            for _ in 0..talk.burst {
                self.sent[device] += 1;
                write!(text, "D-{device},default,n,{}", self.sent[device]).unwrap();
                more(&mut text);
                text.push('\n');
            }
            let connection = &mut self.connections[device % talk.connections];
            connection.write_all(text.as_bytes()).unwrap();
        }
    }
}
