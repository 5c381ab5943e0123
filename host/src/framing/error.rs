//! What can be wrong with a framing: in its settings, or in what a device sends.

use super::length_field::Explanation;

/// Settings that can never cut a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} = {value}: {reason}")]
pub struct HandlerError {
    /// The key in `handlerConfiguration`.
    pub setting: &'static str,
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
            setting,
            value: value.to_string(),
            reason: reason.into(),
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
        length_field: Option<Explanation>,
    },
    /// The bytes cannot be a frame.
    #[error(transparent)]
    Corrupted(#[from] Corruption),
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
            Self::Corrupted(corruption) => match corruption {
                Corruption::NegativeLength(_)
                | Corruption::LengthOverflow(_)
                | Corruption::ShorterThanHeader(_) => false,
                Corruption::ShorterThanStrip(_)
                | Corruption::NotJson { .. }
                | Corruption::ArrayClosedByBrace { .. } => true,
            },
            Self::Io(_) => false,
        }
    }
}

/// Why bytes cannot be a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corruption {
    /// An 8-byte length field holds a negative number.
    #[error(
        "negative length ({0}): check byteOrder, lengthFieldOffset and lengthFieldLength; the next \
         frame cannot be found"
    )]
    NegativeLength(Explanation),
    /// The length is beyond what 63 bits hold.
    #[error(
        "impossible length ({0}): check byteOrder, lengthFieldOffset and lengthFieldLength; the \
         next frame cannot be found"
    )]
    LengthOverflow(Explanation),
    /// The frame would end before its length field does.
    #[error(
        "frame shorter than its header ({0}): check lengthAdjustment, lengthFieldOffset and \
         byteOrder; the next frame cannot be found"
    )]
    ShorterThanHeader(Explanation),
    /// More is to be stripped than the frame has. The frame is skipped.
    #[error(
        "frame shorter than what is stripped ({0}): check initialBytesToStrip and lengthAdjustment"
    )]
    ShorterThanStrip(Explanation),
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
}

fn in_brackets(length_field: &Option<Explanation>) -> String {
    length_field
        .as_ref()
        .map(|explanation| format!(" ({explanation})"))
        .unwrap_or_default()
}
