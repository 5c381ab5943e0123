//! What the decoders of `TEXT` share: frames that end with a separator.
//!
//! A [`Separator`] says where a frame ends; the limit, the skipping of frames
//! that are too long and the end of the stream are dealt with here, once. The
//! length of a frame never counts its separator, nor the first bytes of one
//! whose other bytes have not come yet. So what comes out does not depend on
//! how TCP cut the stream, and the buffer holds at most the limit and one byte
//! less than the longest separator.

use bytes::{Buf, BytesMut};

use super::{
    FrameError, HandlerError,
    step::{Step, Stepwise},
};

/// What all separators have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextParams {
    /// Most bytes of one frame without its separator; at least 1.
    pub max_frame_length: usize,
    /// Whether the separator is removed from the frame.
    pub strip_delimiter: bool,
    /// Whether a frame that is too long is reported once that is known (true)
    /// or once its separator has come (false).
    pub fail_fast: bool,
    /// Whether frames of no bytes but the separator are skipped.
    pub skip_empty_frames: bool,
    /// Whether the stream's end also ends a frame. A separator that has come in
    /// part is then taken for a whole one.
    pub flush_on_close: bool,
}

impl Default for TextParams {
    /// ThingsBoard's defaults, with empty frames handed over.
    fn default() -> Self {
        Self {
            max_frame_length: 128,
            strip_delimiter: true,
            fail_fast: false,
            skip_empty_frames: false,
            flush_on_close: false,
        }
    }
}

/// What the search for the end of a frame found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A separator of `length` bytes at `start`.
    End { start: usize, length: usize },
    /// No separator yet. One that ends with bytes to come starts at `start` or
    /// behind it.
    Open { start: usize },
}

/// Knows where frames end.
pub(super) trait Separator {
    /// Looks for the first separator. No separator starts in the bytes before
    /// `from`. With `at_end` no bytes will follow.
    fn find(&self, bytes: &[u8], from: usize, at_end: bool) -> Found;
}

/// Cuts a stream at its separators.
#[derive(Debug)]
pub(super) struct Separated<S> {
    separator: S,
    params: TextParams,
    /// Bytes at the front of the buffer in which no separator starts: looked at
    /// once, so that a frame which arrives byte by byte costs no more than a
    /// whole one.
    pub(super) scanned: usize,
    /// Bytes thrown away so far of a frame that is too long.
    discarded: Option<u64>,
}

impl<S: Separator> Separated<S> {
    pub(super) fn new(separator: S, params: TextParams) -> Result<Self, HandlerError> {
        if params.max_frame_length == 0 {
            return Err(HandlerError::new(
                "maxFrameLength",
                0,
                "no frame has 0 bytes or less; write the length of the longest one, without its \
                 delimiter",
            ));
        }
        Ok(Self {
            separator,
            params,
            scanned: 0,
            discarded: None,
        })
    }

    /// Takes what the stream's end leaves, if that is a frame.
    fn flush(&mut self, buffer: &mut BytesMut) -> Result<Step, FrameError> {
        let unfinished = !buffer.is_empty() || self.discarded.is_some();
        if !self.params.flush_on_close || !unfinished {
            return Ok(Step::Wait);
        }
        let (Found::End { start, .. } | Found::Open { start }) =
            self.separator.find(buffer, self.scanned, true);
        self.cut(buffer, start, buffer.len() - start)
    }

    /// Takes the frame that ends with the separator at `start`, or skips it.
    #[inline]
    fn cut(
        &mut self,
        buffer: &mut BytesMut,
        start: usize,
        length: usize,
    ) -> Result<Step, FrameError> {
        self.scanned = 0;
        if let Some(discarded) = self.discarded.take() {
            buffer.advance(start + length);
            return if self.params.fail_fast {
                Ok(Step::On)
            } else {
                Err(self.too_long(discarded + start as u64))
            };
        }
        if start > self.params.max_frame_length {
            buffer.advance(start + length);
            return Err(self.too_long(start as u64));
        }
        let mut frame = buffer.split_to(start + length);
        if start == 0 && self.params.skip_empty_frames {
            return Ok(Step::On);
        }
        if self.params.strip_delimiter {
            frame.truncate(start);
        }
        Ok(Step::Frame(frame.freeze()))
    }

    /// Notes that the frame has at least `start` bytes; throws them away when it
    /// can only be too long.
    fn keep(&mut self, buffer: &mut BytesMut, start: usize) -> Result<(), FrameError> {
        if self.discarded.is_none() && start <= self.params.max_frame_length {
            self.scanned = start;
            return Ok(());
        }
        let first = self.discarded.is_none();
        let discarded = self.discarded.unwrap_or(0) + start as u64;
        self.discarded = Some(discarded);
        self.scanned = 0;
        buffer.advance(start);
        if first && self.params.fail_fast {
            return Err(self.too_long(discarded));
        }
        Ok(())
    }

    #[cold]
    fn too_long(&self, length: u64) -> FrameError {
        FrameError::TooLong {
            length,
            max: self.params.max_frame_length,
            setting: "maxFrameLength",
            length_field: None,
        }
    }
}

impl<S: Separator> Stepwise for Separated<S> {
    #[inline]
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        match self.separator.find(buffer, self.scanned, at_end) {
            Found::End { start, length } => self.cut(buffer, start, length),
            Found::Open { start } => {
                self.keep(buffer, start)?;
                if at_end {
                    return self.flush(buffer);
                }
                Ok(Step::Wait)
            }
        }
    }

    fn is_between(&self) -> bool {
        self.discarded.is_none()
    }

    fn begin(&mut self, _position: u64) {}
}
