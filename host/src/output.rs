//! What the tools print, and what becomes of it when nobody reads it any more.
//!
//! `tb-tcp test | head` closes the pipe before the tool is done, and the macros
//! of the standard library panic then. Here a closed pipe is the end of the
//! printing, and no error: the tool does its work, and its exit code says how
//! that went. Whatever else is wrong with standard output is an error.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Stdout, Write, stderr, stdout},
};

/// Standard output, which may be closed by whoever reads it.
#[derive(Debug)]
pub struct Output<W = Stdout> {
    to: W,
    closed: bool,
}

impl Output {
    /// The process's own.
    #[must_use]
    pub fn standard() -> Self {
        Self::new(stdout())
    }
}

impl<W: Write> Output<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, closed: false }
    }

    /// Whether nobody reads any more, as far as was noticed. What is written
    /// then is dropped, so a tool with much to print may stop.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn end_at_closed<T>(&mut self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes);
        self.end_at_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.to.flush();
        self.end_at_closed(flushed, ())
    }
}

/// Prints a line to standard output.
///
/// # Errors
/// It cannot be written, for another reason than that nobody reads it.
pub fn line(text: impl Display) -> io::Result<()> {
    writeln!(Output::standard(), "{text}")
}

/// Prints a line to standard error. If that is not possible there is nobody to
/// tell.
pub fn remark(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, then fails.
    struct Pipe {
        taken: Vec<u8>,
        room: usize,
        then: ErrorKind,
        calls: usize,
    }

    impl Pipe {
        fn with_room(room: usize, then: ErrorKind) -> Output<Self> {
            Output::new(Self {
                taken: Vec::new(),
                room,
                then,
                calls: 0,
            })
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            let fits = bytes.len().min(self.room - self.taken.len());
            if fits == 0 {
                return Err(self.then.into());
            }
            self.taken.extend(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            match self.taken.len() < self.room {
                true => Ok(()),
                false => Err(self.then.into()),
            }
        }
    }

    #[test]
    fn a_closed_pipe_ends_the_printing_and_is_no_error() {
        let mut output = Pipe::with_room(5, ErrorKind::BrokenPipe);
        writeln!(output, "abc").unwrap();
        assert!(!output.closed());
        writeln!(output, "def").unwrap();
        assert!(output.closed());
        assert_eq!(output.to.taken, b"abc\nd");
        let calls = output.to.calls;
        writeln!(output, "ghi").unwrap();
        output.flush().unwrap();
        assert_eq!(output.to.calls, calls, "nothing more is tried");
    }

    #[test]
    fn a_pipe_that_is_found_closed_when_flushing_is_closed() {
        let mut output = Pipe::with_room(2, ErrorKind::BrokenPipe);
        write!(output, "ab").unwrap();
        output.flush().unwrap();
        assert!(output.closed());
    }

    #[test]
    fn any_other_failure_is_an_error() {
        let mut output = Pipe::with_room(2, ErrorKind::StorageFull);
        let error = writeln!(output, "abc").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(!output.closed());
        assert_eq!(
            output.flush().unwrap_err().kind(),
            ErrorKind::StorageFull,
            "a flush fails like a write"
        );
    }
}
