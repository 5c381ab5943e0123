//! The network between the host and the stand-in, with its troubles.

use std::{
    fmt,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use socket2::SockRef;

/// How long a pump waits before it looks for a new trouble.
const TICK: Duration = Duration::from_millis(5);
/// What is forwarded at once.
const CHUNK: usize = 16 * 1024;
/// What a trickling link forwards at once, and how often: 50 KB/s.
const TRICKLE: usize = 100;
const TRICKLE_PAUSE: Duration = Duration::from_millis(2);

const OPEN: u8 = 0;
const STALLED: u8 = 1;
const TRICKLING: u8 = 2;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the host to the stand-in.
    Up,
    /// From the stand-in to the host.
    Down,
    Both,
}

impl Way {
    fn covers(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

/// What goes wrong with the link.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// All connections are reset; what is on its way is gone.
    Cut,
    /// One side learns that the other one sends no more.
    HalfClose(Way),
    /// Nothing gets through that way, and nobody is told.
    Stall(Way),
    /// Everything gets through, slowly.
    Trickle,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => formatter.write_str("link cut"),
            Self::HalfClose(way) => write!(formatter, "link closed {way:?}"),
            Self::Stall(way) => write!(formatter, "link stalled {way:?}"),
            Self::Trickle => formatter.write_str("link trickles"),
        }
    }
}

/// A port that forwards to the stand-in.
pub(crate) struct Link {
    /// Where the host connects.
    pub(crate) port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// How bytes pass at present: up, down.
    flows: [AtomicU8; 2],
    /// Connections that began before are to be reset.
    cuts: AtomicU64,
    /// Connections that began before are to be closed: up, down.
    closes: [AtomicU64; 2],
    /// Connections that reached the stand-in.
    sessions: AtomicU64,
}

impl Link {
    /// A link to `target` without any trouble.
    pub(crate) fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            for host in listener.incoming().map_while(Result::ok) {
                // The host is refused, as without the link, while nobody listens.
                if let Ok(standin) = TcpStream::connect(target) {
                    forward(host, standin, &shared);
                }
            }
        });
        Self { port, state }
    }

    /// Connections that reached the stand-in so far.
    pub(crate) fn sessions(&self) -> u64 {
        self.state.sessions.load(SeqCst)
    }

    /// Begins a trouble. Stalls and trickles last until [`Link::heal`].
    pub(crate) fn begin(&self, trouble: Trouble) {
        let both = [Way::Up, Way::Down];
        match trouble {
            Trouble::Cut => {
                self.state.cuts.fetch_add(1, SeqCst);
            }
            Trouble::HalfClose(way) => {
                for (closes, _) in self
                    .state
                    .closes
                    .iter()
                    .zip(both)
                    .filter(|(_, one)| way.covers(*one))
                {
                    closes.fetch_add(1, SeqCst);
                }
            }
            Trouble::Stall(way) => {
                for (flow, _) in self
                    .state
                    .flows
                    .iter()
                    .zip(both)
                    .filter(|(_, one)| way.covers(*one))
                {
                    flow.store(STALLED, SeqCst);
                }
            }
            Trouble::Trickle => self.set_flows(TRICKLING),
        }
    }

    /// Lets everything pass again.
    pub(crate) fn heal(&self) {
        self.set_flows(OPEN);
    }

    fn set_flows(&self, flow: u8) {
        for each in &self.state.flows {
            each.store(flow, SeqCst);
        }
    }
}

fn forward(host: TcpStream, standin: TcpStream, state: &Arc<State>) {
    state.sessions.fetch_add(1, SeqCst);
    for stream in [&host, &standin] {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(TICK)).unwrap();
        stream.set_write_timeout(Some(TICK)).unwrap();
    }
    let (host, standin) = (Arc::new(host), Arc::new(standin));
    let broken = Arc::new(AtomicBool::new(false));
    for (way, from, to) in [(0, &host, &standin), (1, &standin, &host)] {
        let pump = Pump {
            from: from.clone(),
            to: to.clone(),
            way,
            cuts: state.cuts.load(SeqCst),
            closes: state.closes[way].load(SeqCst),
            broken: broken.clone(),
            state: state.clone(),
        };
        thread::spawn(move || pump.run());
    }
}

/// Why a pump ends.
enum End {
    /// The sending side has ended, or the link says so.
    Closed,
    /// The link was cut, or one side is gone.
    Reset,
}

/// Forwards one way of one connection.
struct Pump {
    from: Arc<TcpStream>,
    to: Arc<TcpStream>,
    way: usize,
    cuts: u64,
    closes: u64,
    /// Said by the pump that finds the connection broken to the other one.
    broken: Arc<AtomicBool>,
    state: Arc<State>,
}

impl Pump {
    fn run(self) {
        match self.forward() {
            // The other way goes on until its own sender ends.
            End::Closed => {
                let _ = self.to.shutdown(Shutdown::Write);
            }
            // The last one to drop a socket with this option resets it.
            End::Reset => {
                self.broken.store(true, SeqCst);
                for stream in [&self.from, &self.to] {
                    let _ = SockRef::from(&**stream).set_linger(Some(Duration::ZERO));
                }
            }
        }
    }

    fn forward(&self) -> End {
        let mut chunk = [0; CHUNK];
        loop {
            if let Err(end) = self.wait_while_stalled() {
                return end;
            }
            match (&*self.from).read(&mut chunk) {
                Ok(0) => return End::Closed,
                Ok(length) => {
                    if let Err(end) = self.write(&chunk[..length]) {
                        return end;
                    }
                }
                Err(error) if is_timeout(&error) => {}
                Err(_) => return End::Reset,
            }
        }
    }

    fn write(&self, mut bytes: &[u8]) -> Result<(), End> {
        while !bytes.is_empty() {
            self.wait_while_stalled()?;
            let mut length = bytes.len();
            if self.state.flows[self.way].load(SeqCst) == TRICKLING {
                thread::sleep(TRICKLE_PAUSE);
                length = length.min(TRICKLE);
            }
            match (&*self.to).write(&bytes[..length]) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_timeout(&error) => {}
                Err(_) => return Err(End::Reset),
            }
        }
        Ok(())
    }

    fn wait_while_stalled(&self) -> Result<(), End> {
        loop {
            if self.broken.load(SeqCst) || self.state.cuts.load(SeqCst) != self.cuts {
                return Err(End::Reset);
            }
            if self.state.closes[self.way].load(SeqCst) != self.closes {
                return Err(End::Closed);
            }
            if self.state.flows[self.way].load(SeqCst) != STALLED {
                return Ok(());
            }
            thread::sleep(TICK);
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
