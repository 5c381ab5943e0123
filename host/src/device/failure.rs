//! Why a copy of a device stopped before its conversation was through.

use std::{
    fmt::{self, Display},
    io::{self, ErrorKind},
    time::Duration,
};

use super::{link::End, notation, value::ValueError};

/// What went wrong, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Nobody listens there.
    Refused,
    /// No connection came about for another reason.
    Unreachable,
    /// Other bytes came than expected.
    Mismatch,
    /// What was expected did not come in time.
    Timeout,
    /// The server closed the connection.
    Closed,
    /// The connection broke.
    Reset,
    /// Bytes came that nothing asks for.
    Unexpected,
    /// The server takes no bytes.
    Stalled,
    /// A value cannot be calculated or written.
    Value,
    /// A statement that needs another state of the connection.
    State,
    /// The transcript cannot be written.
    Output,
    /// An error in the simulator itself.
    Internal,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Mismatch => "mismatch",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Unexpected => "unexpected",
            Self::Stalled => "stalled",
            Self::Value => "value",
            Self::State => "state",
            Self::Output => "output",
            Self::Internal => "internal",
        }
    }
}

/// A failure, with what was expected and what came if that is what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) expected: Option<String>,
    pub(super) came: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            expected: None,
            came: None,
        }
    }

    /// With what was expected.
    pub(super) fn expected(mut self, expected: String) -> Self {
        self.expected = Some(expected);
        self
    }

    /// With what came.
    pub(super) fn came(mut self, bytes: &[u8]) -> Self {
        self.came = Some(match bytes.is_empty() {
            true => "nothing".to_owned(),
            false => notation::both(bytes),
        });
        self
    }

    pub(super) fn connect(server: &str, error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::new(
                Kind::Refused,
                format!("{server} refuses connections: nobody listens on this port"),
            ),
            _ => {
                let remedy = match error.raw_os_error() {
                    // EMFILE
                    Some(24) => ": raise it with `ulimit -n`",
                    _ => "",
                };
                let text = format!("cannot connect to {server}: {error}{remedy}");
                Self::new(Kind::Unreachable, text)
            }
        }
    }

    pub(super) fn mismatch(place: usize, expected: u8, received: &[u8]) -> Self {
        let byte = |byte: u8| {
            let text = notation::quoted(&[byte]);
            format!("{byte:02x} {text}")
        };
        let came = received.get(place).copied().unwrap_or_default();
        Self::new(
            Kind::Mismatch,
            format!(
                "something else came than expected: byte {place} is {}, not {}",
                byte(came),
                byte(expected)
            ),
        )
        .came(received)
    }

    /// A value that ends before all of what is expected.
    pub(super) fn too_short(value: &[u8]) -> Self {
        let text = format!(
            "the value ends before all that is expected: it has {}",
            count(value.len())
        );
        Self::new(Kind::Mismatch, text).came(value)
    }

    /// A value that goes on behind what is expected, which has so many bytes.
    pub(super) fn left_over(length: usize, value: &[u8]) -> Self {
        let text = format!(
            "the value goes on behind what is expected: it has {}, and {length} were expected",
            count(value.len())
        );
        Self::new(Kind::Mismatch, text).came(value)
    }

    pub(super) fn ended(end: &End, where_: &str) -> Self {
        match end {
            End::Closed => Self::new(
                Kind::Closed,
                format!("the server closed the connection {where_}"),
            ),
            End::Broken(why) => {
                Self::new(Kind::Reset, format!("the connection broke {where_}: {why}"))
            }
            End::Overflow => Self::new(
                Kind::Unexpected,
                format!("more than 1 MiB came that no expect took {where_}"),
            ),
        }
    }

    pub(super) fn timeout(limit: Duration, what: &str) -> Self {
        let limit = limit.as_secs_f64();
        Self::new(Kind::Timeout, format!("{what} within {limit} s"))
    }

    pub(super) fn unexpected(received: &[u8], when: &str) -> Self {
        let count = count(received.len());
        Self::new(Kind::Unexpected, format!("{count} came {when}")).came(received)
    }
}

fn count(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    }
}

impl From<ValueError> for Failure {
    fn from(error: ValueError) -> Self {
        Self::new(Kind::Value, error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let text = format!("cannot write to standard output: {error}");
        Self::new(Kind::Output, text)
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)?;
        if let Some(expected) = &self.expected {
            write!(formatter, "\n  expected  {expected}")?;
        }
        if let Some(came) = &self.came {
            write!(formatter, "\n  came      {came}")?;
        }
        Ok(())
    }
}

/// The failure of one copy, and where in the file.
#[derive(Clone, Debug)]
pub(super) struct FailedCopy {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) copy: u32,
    pub(super) failure: Failure,
}

impl Display for FailedCopy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            copy,
            failure,
        } = self;
        write!(formatter, "{file}:{line}: copy {copy}: {failure}")
    }
}
