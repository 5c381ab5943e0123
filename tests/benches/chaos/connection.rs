//! One connection with its devices, through all crashes of the host.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::Ordering::SeqCst,
    thread,
    time::{Duration, Instant},
};

use crate::{
    arrived::KEY,
    devices::{Fleet, Line, Order, RATE, SHARING, name},
    proof::Proof,
};

/// How often a connection writes.
const TICK: Duration = Duration::from_millis(10);
/// Most samples of one write. Time in which nothing could be written is not made
/// up for.
const MOST: u64 = 50;
/// Longest wait for the host to take the last bytes and to close.
const CLOSING: Duration = Duration::from_secs(60);

/// Why serving a connection ended.
enum End {
    /// The host has taken everything.
    Finished,
    /// The host is gone.
    Broken,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// A connection and its devices.
pub(crate) struct Connection<'fleet> {
    fleet: &'fleet Fleet,
    line: &'fleet Line,
    names: [String; SHARING],
    /// Each device's last number that is proven to be accepted.
    accepted: [u64; SHARING],
}

/// What there is as long as the socket.
struct Stream {
    socket: TcpStream,
    port: u16,
    /// Not written yet.
    pending: Vec<u8>,
    written: u64,
    /// Bytes of all samples that were made.
    made: u64,
    /// The device and the number of each sample that is not proven, and where it
    /// ends.
    unproven: VecDeque<(usize, u64, u64)>,
    /// Each device's last number.
    last: [u64; SHARING],
    turn: usize,
    proof: Proof,
}

impl<'fleet> Connection<'fleet> {
    pub(crate) fn new(fleet: &'fleet Fleet, number: usize) -> Self {
        Self {
            fleet,
            line: &fleet.lines[number],
            names: std::array::from_fn(|index| name(number, index)),
            accepted: [0; SHARING],
        }
    }

    /// Connects and writes until told to finish or to leave.
    pub(crate) fn run(mut self) {
        while self.fleet.order() != Order::Leave {
            let Ok(socket) = TcpStream::connect(self.fleet.host()) else {
                thread::sleep(TICK);
                continue;
            };
            let end = self.serve(socket);
            *self.line.written.lock().unwrap() = None;
            self.line.quiet.store(false, SeqCst);
            if let Err(End::Finished) = end {
                return;
            }
        }
    }

    fn serve(&mut self, socket: TcpStream) -> Result<(), End> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let mut stream = Stream {
            port: socket.local_addr()?.port(),
            socket,
            pending: Vec::new(),
            written: 0,
            made: 0,
            unproven: VecDeque::new(),
            last: self.accepted,
            turn: 0,
            proof: Proof::default(),
        };
        let mut order = Order::Write;
        let mut silent_from = 0;
        let mut last = Instant::now();
        let mut due = 0.0;
        loop {
            let behind = self.is_behind(&stream);
            if order != self.fleet.order() || behind {
                order = self.fleet.order();
                silent_from = stream.made;
            }
            due += last.elapsed().as_secs_f64() * f64::from(RATE);
            last = Instant::now();
            let samples = match order {
                Order::Leave => return Err(End::Broken),
                Order::Write => due as u64,
                _ if behind => due as u64,
                _ if stream.proof.accepted() < silent_from => 1,
                Order::BeQuiet => 0,
                Order::Finish => return Err(self.finish(&mut stream)),
            };
            due = due.fract();
            if stream.pending.is_empty() {
                for _ in 0..samples.min(MOST) {
                    self.sample(&mut stream);
                }
            }
            stream.write()?;
            *self.line.written.lock().unwrap() = Some((stream.port, stream.written));
            let quiet = order == Order::BeQuiet && samples == 0 && stream.pending.is_empty();
            self.line.quiet.store(quiet, SeqCst);
            thread::sleep(TICK);
            stream.listen()?;
            self.note_accepted(&mut stream);
        }
    }

    /// Whether numbers have to be written again that an earlier connection had.
    fn is_behind(&self, stream: &Stream) -> bool {
        let mut pairs = stream.last.iter().zip(&self.line.numbers);
        pairs.any(|(last, written)| *last < written.load(SeqCst))
    }

    /// The next sample of the device whose turn it is.
    fn sample(&self, stream: &mut Stream) {
        let index = stream.turn;
        stream.turn = (index + 1) % SHARING;
        stream.last[index] += 1;
        let number = stream.last[index];
        let line = format!("{},default,{KEY},{number}\n", self.names[index]);
        stream.made += line.len() as u64;
        stream.pending.extend(line.into_bytes());
        stream.unproven.push_back((index, number, stream.made));
        if self.line.numbers[index].fetch_max(number, SeqCst) >= number {
            self.line.resent.fetch_add(1, SeqCst);
        }
    }

    /// Learns from the last look what need not be sent again.
    fn note_accepted(&mut self, stream: &mut Stream) {
        match *self.line.read.lock().unwrap() {
            Some((port, read)) if port == stream.port => stream.proof.look(read, stream.written),
            _ => return,
        }
        while let Some((index, number, end)) = stream.unproven.front().copied()
            && end <= stream.proof.accepted()
        {
            stream.unproven.pop_front();
            self.accepted[index] = number;
        }
    }

    /// Closes as devices do. A host that closes too, of its own will, has taken
    /// everything: nothing is killed any more.
    fn finish(&self, stream: &mut Stream) -> End {
        let closing = Instant::now();
        while !stream.pending.is_empty() && closing.elapsed() < CLOSING {
            if stream.write().is_err() {
                return End::Broken;
            }
            thread::sleep(TICK);
        }
        if stream.socket.shutdown(Shutdown::Write).is_err()
            || stream.socket.set_nonblocking(false).is_err()
            || stream.socket.set_read_timeout(Some(CLOSING)).is_err()
        {
            return End::Broken;
        }
        match stream.socket.read_to_end(&mut Vec::new()) {
            Ok(_) => End::Finished,
            Err(_) => End::Broken,
        }
    }
}

impl Stream {
    /// Writes what the kernel takes.
    fn write(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.socket.write(&self.pending) {
                Ok(length) => {
                    self.pending.drain(..length);
                    self.written += length as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Notices that the host is gone.
    fn listen(&mut self) -> io::Result<()> {
        match self.socket.read(&mut [0; 64]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }
}
