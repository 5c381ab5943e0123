//! What one device sends and hears, line by line.

use std::{
    fmt::Display,
    io::{self, Write},
};

use super::{clock::Clock, notation};

/// Bytes of a message that a line shows.
const SHOWN: usize = 1024;

/// Writes down what happens, or does not.
pub(super) struct Transcript {
    to: Option<Box<dyn Write + Send>>,
    clock: Clock,
}

impl Transcript {
    pub(super) fn to(to: Box<dyn Write + Send>, clock: Clock) -> Self {
        Self {
            to: Some(to),
            clock,
        }
    }

    /// Writes nothing.
    pub(super) fn none(clock: Clock) -> Self {
        Self { to: None, clock }
    }

    pub(super) fn sent(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write('>', || notation::readable(bytes, SHOWN))
    }

    pub(super) fn received(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write('<', || notation::readable(bytes, SHOWN))
    }

    /// What happens to the connection.
    pub(super) fn remark(&mut self, text: impl Display) -> io::Result<()> {
        self.write('-', || text.to_string())
    }

    fn write(&mut self, sign: char, text: impl FnOnce() -> String) -> io::Result<()> {
        let Some(to) = &mut self.to else {
            return Ok(());
        };
        let milliseconds = self.clock.elapsed().as_millis();
        writeln!(to, "{milliseconds:>7} ms {sign} {}", text())
    }
}
