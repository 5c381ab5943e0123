//! Cuts chunks with the framer that a connection would use.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::{
    config::{HandlerConfiguration, OnFrameError},
    framing::{Explanation, FrameError, Framer},
};

/// What came out of one chunk after the other.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) events: Vec<Event>,
    /// Bytes that wait for the rest of their frame.
    pub(super) left: usize,
    /// How the length of that frame reads, for `BINARY`.
    pub(super) left_length: Option<Explanation>,
    /// Bytes behind the last frame that were thrown away because no frame begins
    /// there.
    pub(super) skipped: u64,
    /// Whether a connection would have been closed.
    pub(super) closed: bool,
}

/// A frame, or bytes that are none.
pub(super) enum Event {
    Frame {
        frame: Bytes,
        /// How its length was read, for `BINARY`.
        length: Option<Explanation>,
        /// The entry of `framings` that cut it, for `CHOICE`.
        framing: Option<usize>,
        /// Bytes that were thrown away before it because no frame begins there.
        skipped: u64,
    },
    Error(Fault),
}

/// Why bytes are no frame.
pub(super) struct Fault {
    /// For scripts.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        Self {
            kind: kind(&error),
            message: error.to_string(),
        }
    }
}

fn kind(error: &FrameError) -> &'static str {
    match error {
        FrameError::TooLong { .. } => "tooLong",
        FrameError::Corrupted(_) => "corrupted",
        FrameError::InFraming { error, .. } => kind(error),
        FrameError::Io(_) => "io",
    }
}

impl Outcome {
    pub(super) fn has_error(&self) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Error(_)))
    }
}

/// Cuts `chunks`, then closes as a device would.
pub(super) fn cut(handler: &HandlerConfiguration, chunks: &[Vec<u8>]) -> Result<Outcome> {
    let mut framer = Framer::new(handler)?;
    let mut outcome = Outcome::default();
    let mut buffer = BytesMut::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while step(&mut framer, &mut buffer, handler, false, &mut outcome) {}
        if outcome.closed {
            return Ok(outcome);
        }
    }
    while step(&mut framer, &mut buffer, handler, true, &mut outcome) {}
    outcome.left = buffer.len();
    outcome.left_length = framer.explain(&buffer);
    Ok(outcome)
}

/// Takes the next frame or error; false if there is none.
fn step(
    framer: &mut Framer,
    buffer: &mut BytesMut,
    handler: &HandlerConfiguration,
    closing: bool,
    outcome: &mut Outcome,
) -> bool {
    let length = framer.explain(buffer);
    let skipped = framer.skipped();
    let next = match closing {
        true => framer.decode_eof(buffer),
        false => framer.decode(buffer),
    };
    outcome.skipped += framer.skipped() - skipped;
    match next {
        Ok(Some(frame)) => outcome.events.push(Event::Frame {
            frame,
            length,
            framing: framer.framing(),
            skipped: std::mem::take(&mut outcome.skipped),
        }),
        Ok(None) => return false,
        Err(error) => {
            outcome.closed = handler.on_frame_error == OnFrameError::Close || !error.can_continue();
            outcome.events.push(Event::Error(error.into()));
            return !outcome.closed;
        }
    }
    true
}
