//! What can be wrong with a framing: in its settings, or in what a device sends.

use std::borrow::Cow;

use super::length_field::{BadDigit, Explanation};

/// Settings that can never cut a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} = {value}: {reason}")]
pub struct HandlerError {
    /// The key in `handlerConfiguration`.
    pub setting: Cow<'static, str>,
    /// Its value.
    pub value: String,
    /// Why it cannot work, with the sum written out, and what to write instead.
    pub reason: String,
}

impl HandlerError {
    pub(super) fn new(
        setting: &'static str,
        value: impl ToString,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            setting: setting.into(),
            value: value.to_string(),
            reason: reason.into(),
        }
    }

    /// The same of an entry of `framings`.
    pub(super) fn within(self, framing: usize) -> Self {
        Self {
            setting: format!("framings[{framing}].{}", self.setting).into(),
            ..self
        }
    }
}

/// A stretch of the byte stream that is no frame. The decoder has skipped it,
/// or goes on skipping it with the bytes to come.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame is longer than the limit.
    #[error(
        "frame of {length} bytes or more exceeds {setting} = {max}{}: raise {setting}, or check \
         that the handler configuration matches the device's framing",
        in_brackets(.length_field)
    )]
    TooLong {
        /// Bytes known of it, without its delimiter.
        length: u64,
        /// The limit.
        max: usize,
        /// The setting that holds the limit.
        setting: &'static str,
        /// How the length was read, where a length field tells it.
        length_field: Option<Box<Explanation>>,
    },
    /// The bytes cannot be a frame.
    #[error("{}", found_next(.0, "the next frame cannot be found"))]
    Corrupted(Corruption),
    /// One of the framings of `CHOICE` found no frame.
    #[error("framings[{framing}]: {}", within(.error, *.finds_next))]
    InFraming {
        /// Its place in `framings`.
        framing: usize,
        /// What it found.
        error: Box<FrameError>,
        /// Whether the next frame is found by what it starts with, whatever was
        /// wrong with this one.
        finds_next: bool,
    },
    /// Required by [`tokio_util::codec::Decoder`]; decoders do no I/O.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl FrameError {
    /// Whether the decoder knows where the next frame begins. If not, it reads
    /// on as Netty does, but what it finds is up to chance: close the
    /// connection.
    #[must_use]
    pub fn can_continue(&self) -> bool {
        match self {
            Self::TooLong { .. } => true,
            Self::Corrupted(corruption) => corruption.can_continue(),
            Self::InFraming {
                error, finds_next, ..
            } => *finds_next || error.can_continue(),
            Self::Io(_) => false,
        }
    }
}

impl From<Corruption> for FrameError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupted(corruption)
    }
}

/// Why bytes cannot be a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// An 8-byte length field holds a negative number.
    #[error("negative length ({0}): check byteOrder, lengthFieldOffset and lengthFieldLength")]
    NegativeLength(Box<Explanation>),
    /// The length is beyond what 63 bits hold.
    #[error("impossible length ({0}): check byteOrder, lengthFieldOffset and lengthFieldLength")]
    LengthOverflow(Box<Explanation>),
    /// The frame would end before its length field does.
    #[error(
        "frame shorter than its header ({0}): check lengthAdjustment, lengthFieldOffset and \
         byteOrder"
    )]
    ShorterThanHeader(Box<Explanation>),
    /// A length of digits holds another byte.
    #[error("{0}: check lengthFieldOffset, lengthFieldLength and lengthFieldEncoding")]
    BadDigit(BadDigit),
    /// More is to be stripped than the frame has. The frame is skipped.
    #[error(
        "frame shorter than what is stripped ({0}): check initialBytesToStrip and lengthAdjustment"
    )]
    ShorterThanStrip(Box<Explanation>),
    /// A byte between two objects that is neither blank nor an opening bracket.
    /// All up to the next opening bracket is skipped.
    #[error(
        "byte {position} of the stream is 0x{byte:02x} ({}) where an object or array must begin: \
         skipping to the next {{ or [", .byte.escape_ascii()
    )]
    NotJson {
        /// The byte.
        byte: u8,
        /// Bytes of the connection before it.
        position: u64,
    },
    /// A `}` closes the top-level array whose elements are frames. All up to the
    /// next opening bracket is skipped.
    #[error(
        "byte {position} of the stream is a }} that closes an array: skipping to the next {{ or ["
    )]
    ArrayClosedByBrace {
        /// Bytes of the connection before it.
        position: u64,
    },
    /// A byte between two frames where a start mark must be. All up to the next
    /// start mark is skipped.
    #[error(
        "byte {position} of the stream is 0x{byte:02x} ({}) where a frame must begin with its start \
         mark: skipping to the next one", .byte.escape_ascii()
    )]
    NoStartMark {
        /// The byte.
        byte: u8,
        /// Bytes of the connection before it.
        position: u64,
    },
    /// Bytes between two frames that no framing of `CHOICE` starts with. All up
    /// to the next that one does start with is skipped.
    #[error(
        "byte {position} of the stream is 0x{byte:02x} ({}) where a frame must begin as the \
         startsWith of one of framings: skipping to the next that does", .byte.escape_ascii()
    )]
    NoFraming {
        /// The first of them.
        byte: u8,
        /// Bytes of the connection before it.
        position: u64,
    },
}

impl Corruption {
    /// Whether the decoder knows where the next frame begins.
    fn can_continue(&self) -> bool {
        match self {
            Self::NegativeLength(_)
            | Self::LengthOverflow(_)
            | Self::ShorterThanHeader(_)
            | Self::BadDigit(_) => false,
            Self::ShorterThanStrip(_)
            | Self::NotJson { .. }
            | Self::ArrayClosedByBrace { .. }
            | Self::NoStartMark { .. }
            | Self::NoFraming { .. } => true,
        }
    }
}

/// What is corrupt, and what follows where the decoder does not know the next
/// frame.
fn found_next(corruption: &Corruption, otherwise: &str) -> String {
    if corruption.can_continue() {
        corruption.to_string()
    } else {
        format!("{corruption}; {otherwise}")
    }
}

/// The error of a framing, which loses the stream by itself only.
fn within(error: &FrameError, finds_next: bool) -> String {
    match error {
        FrameError::Corrupted(corruption) if finds_next => {
            found_next(corruption, "skipping to the next start of a frame")
        }
        other => other.to_string(),
    }
}

fn in_brackets(length_field: &Option<Box<Explanation>>) -> String {
    length_field
        .as_ref()
        .map(|explanation| format!(" ({explanation})"))
        .unwrap_or_default()
}
