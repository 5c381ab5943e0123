//! A device on a real socket.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use crate::PATIENCE;

/// A connected device.
pub struct Device {
    stream: BufReader<TcpStream>,
}

impl Device {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Our address, as the host sees it.
    pub fn address(&self) -> SocketAddr {
        self.stream.get_ref().local_addr().unwrap()
    }

    /// Writes `text`.
    #[track_caller]
    pub fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    /// Writes `text` unless the host has closed the connection.
    ///
    /// # Errors
    /// It has.
    pub fn try_send(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())
    }

    /// Writes `bytes`.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Reads up to and with the next line feed.
    #[track_caller]
    pub fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Reads until `length` bytes are there.
    #[track_caller]
    pub fn read_exact(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Says that nothing more comes.
    #[track_caller]
    pub fn close_sending(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// What comes within a time; for a device that is to hear nothing.
    #[track_caller]
    pub fn heard_within(&mut self, time: Duration) -> String {
        self.stream.get_ref().set_read_timeout(Some(time)).unwrap();
        let mut bytes = [0; 1024];
        let heard = self.stream.read(&mut bytes).unwrap_or(0);
        self.stream
            .get_ref()
            .set_read_timeout(Some(PATIENCE))
            .unwrap();
        String::from_utf8_lossy(&bytes[..heard]).into_owned()
    }

    /// Says that nothing more comes, and waits until the host has closed too.
    pub fn close(mut self) {
        // Fails if the host has closed already.
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
    }
}
