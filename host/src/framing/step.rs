//! A decoder, one frame at a time.
//!
//! [`Decoder::decode`](tokio_util::codec::Decoder::decode) goes on until there
//! is a frame. `CHOICE` has to look at the bytes between any two frames, also
//! those that are skipped, and so drives its decoders step by step.

use bytes::{Bytes, BytesMut};

use super::FrameError;

/// What came of a step.
#[derive(Debug)]
pub(super) enum Step {
    /// A frame was cut.
    Frame(Bytes),
    /// Something was skipped, or is now known; another step may bring more.
    On,
    /// Nothing more without more bytes.
    Wait,
}

/// A decoder that goes step by step.
pub(super) trait Stepwise {
    /// The next step; with `at_end` no bytes will follow.
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError>;

    /// After a step that did not wait: whether the front of the buffer is where
    /// a frame begins, so that another decoder may go on there.
    fn is_between(&self) -> bool;

    /// Begins a frame at the front of the buffer, which stands at this position
    /// of the stream, whatever was before.
    fn begin(&mut self, position: u64);

    /// Steps until there is a frame.
    #[inline]
    fn next_frame(
        &mut self,
        buffer: &mut BytesMut,
        at_end: bool,
    ) -> Result<Option<Bytes>, FrameError> {
        loop {
            match self.step(buffer, at_end)? {
                Step::Frame(frame) => return Ok(Some(frame)),
                Step::On => {}
                Step::Wait => return Ok(None),
            }
        }
    }
}

/// Makes a [`Decoder`](tokio_util::codec::Decoder) of a [`Stepwise`] type.
macro_rules! decode_stepwise {
    ($decoder:ty) => {
        impl tokio_util::codec::Decoder for $decoder {
            type Item = bytes::Bytes;
            type Error = $crate::framing::FrameError;

            fn decode(
                &mut self,
                buffer: &mut bytes::BytesMut,
            ) -> Result<Option<Self::Item>, Self::Error> {
                self.next_frame(buffer, false)
            }

            fn decode_eof(
                &mut self,
                buffer: &mut bytes::BytesMut,
            ) -> Result<Option<Self::Item>, Self::Error> {
                self.next_frame(buffer, true)
            }
        }
    };
}

pub(super) use decode_stepwise;
