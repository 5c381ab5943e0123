//! How much has arrived at the stand-in, asked over one connection that stays open: a
//! new one for each question would cost more than what is measured.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value as Json;

/// The stand-in's HTTP API, on a connection of its own.
pub(crate) struct Points {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Points {
    /// Connects.
    pub(crate) fn of(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            line: String::new(),
        }
    }

    /// Points that have arrived so far.
    pub(crate) fn now(&mut self) -> u64 {
        self.at_least(0)
    }

    /// Points that have arrived as soon as there are so many.
    pub(crate) fn at_least(&mut self, points: u64) -> u64 {
        let request = format!("GET /api/points?atLeast={points} HTTP/1.1\r\nhost: standin\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).unwrap();
            match self.line.trim_end().split_once(": ") {
                Some(("content-length", bytes)) => length = bytes.parse().unwrap(),
                None if self.line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let answer: Json = serde_json::from_slice(&body).unwrap();
        answer["points"].as_u64().unwrap()
    }
}
