//! `CHOICE`: several framings on one port, told apart by how a frame begins.
//!
//! The choice is made anew for each frame: the first framing of the list whose
//! first bytes match cuts it. While bytes to come can still complete the first
//! bytes of an earlier one, the decoder waits for them. Bytes that match none
//! are reported once and skipped up to the next that do, blanks in silence; so a
//! stray byte between frames costs nothing else, whatever cuts them.
//!
//! A framing that skips the rest of a frame that is too long keeps the stream
//! until it has done so.

use bytes::{Buf, BytesMut};

pub use super::choice_prefix::Prefix;
use super::{
    Corruption, Explanation, FrameError, Framer, HandlerError,
    first_bytes::{FirstBytes, Match, is_blank},
    step::{Step, Stepwise, decode_stepwise},
};

/// Which framing the first bytes choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    This(usize),
    /// Bytes to come decide.
    Open,
    /// None.
    No,
}

/// Cuts each frame with the framing that it begins as.
///
/// The end of the stream is that of the framing whose frame is unfinished.
#[derive(Debug)]
pub struct ChoiceDecoder {
    framings: Vec<(Prefix, Framer)>,
    first_bytes: FirstBytes,
    /// Whether some bytes match none of them.
    can_miss: bool,
    /// The framing in whose frame the front of the buffer is.
    current: Option<usize>,
    /// Whether the bytes at the front of the buffer match none and were
    /// reported.
    in_garbage: bool,
    /// The framing of the last frame.
    last: Option<usize>,
    /// Bytes of the stream before the buffer.
    position: u64,
    /// Bytes that were in no frame.
    skipped: u64,
}

impl ChoiceDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// If there are no framings, or one is never reached because those before it
    /// take all its frames.
    pub fn new(framings: Vec<(Prefix, Framer)>) -> Result<Self, HandlerError> {
        if framings.is_empty() {
            return Err(HandlerError::new(
                "framings",
                "[]",
                "there is nothing to choose; write a list of handler configurations, each with \
                 the startsWith of its frames",
            ));
        }
        for (index, (prefix, _)) in framings.iter().enumerate() {
            let mut earlier = framings.iter().take(index);
            if let Some(first) = earlier.position(|(earlier, _)| earlier.covers(prefix)) {
                return Err(HandlerError::new(
                    "framings",
                    format!("[{index}]"),
                    format!(
                        "no frame reaches this entry, because framings[{first}] takes all that \
                         begin as its own; put the longer startsWith first, and an entry without \
                         one last"
                    ),
                ));
            }
        }
        let can_miss = framings.iter().all(|(prefix, _)| prefix.length() > 0);
        let first_bytes = framings.iter().flat_map(|(prefix, _)| prefix.first_bytes());
        Ok(Self {
            first_bytes: FirstBytes::new(first_bytes),
            framings,
            can_miss,
            current: None,
            in_garbage: false,
            last: None,
            position: 0,
            skipped: 0,
        })
    }

    /// The framing that cut the last frame.
    #[must_use]
    pub fn last(&self) -> Option<usize> {
        self.last
    }

    /// Bytes that were thrown away so far because they are in no frame.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        let inner = self.framings.iter().map(|(_, framer)| framer.skipped());
        self.skipped + inner.sum::<u64>()
    }

    /// How the header at the front of `bytes` reads, for a framing that reads
    /// one.
    #[must_use]
    pub fn explain(&self, bytes: &[u8]) -> Option<Explanation> {
        let (framing, bytes) = self.at_front(bytes)?;
        self.framings.get(framing)?.1.explain(bytes)
    }

    /// The framing of the frame at the front of `bytes`, the buffer before the
    /// next call, and the frame; none if it is not told yet.
    #[must_use]
    pub fn at_front<'bytes>(&self, bytes: &'bytes [u8]) -> Option<(usize, &'bytes [u8])> {
        if let Some(current) = self.current {
            return Some((current, bytes));
        }
        let mut rest = bytes;
        loop {
            match self.choose(rest, false) {
                Chosen::This(framing) => return Some((framing, rest)),
                Chosen::Open => return None,
                Chosen::No
                    if self.in_garbage || rest.first().is_some_and(|byte| is_blank(*byte)) =>
                {
                    rest = rest.get(1..)?;
                }
                Chosen::No => return None,
            }
        }
    }

    /// With `at_end` no bytes will complete what has begun; without another
    /// choice it is an unfinished frame.
    #[inline]
    fn choose(&self, bytes: &[u8], at_end: bool) -> Chosen {
        if bytes.is_empty() {
            return Chosen::Open;
        }
        let mut none = Chosen::No;
        for (index, (prefix, _)) in self.framings.iter().enumerate() {
            match prefix.compare(bytes) {
                Match::Whole => return Chosen::This(index),
                Match::Begun if !at_end => return Chosen::Open,
                Match::Begun => none = Chosen::Open,
                Match::No => {}
            }
        }
        none
    }

    /// Chooses at the front of the buffer; waits or skips if nothing is there.
    fn start(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        match self.choose(buffer, at_end) {
            Chosen::This(index) => {
                self.in_garbage = false;
                self.current = Some(index);
                if let Some((_, framer)) = self.framings.get_mut(index) {
                    framer.begin(self.position);
                }
                Ok(Step::On)
            }
            Chosen::Open => Ok(Step::Wait),
            Chosen::No if self.in_garbage => {
                self.skip_garbage(buffer, at_end);
                Ok(Step::On)
            }
            Chosen::No => match buffer.first() {
                Some(byte) if !is_blank(*byte) => {
                    self.in_garbage = true;
                    let byte = *byte;
                    let position = self.position;
                    Err(Corruption::NoFraming { byte, position }.into())
                }
                _ => {
                    buffer.advance(1);
                    self.position += 1;
                    Ok(Step::On)
                }
            },
        }
    }

    /// Drops the first byte and all behind it with which no frame begins.
    fn skip_garbage(&mut self, buffer: &mut BytesMut, at_end: bool) {
        let mut from = 1;
        while let Some(rest) = buffer.get(from..) {
            match self.first_bytes.find(rest) {
                None => from = buffer.len(),
                Some(offset) => from += offset,
            }
            let rest = buffer.get(from..).unwrap_or_default();
            if self.choose(rest, at_end) != Chosen::No {
                break;
            }
            from += 1;
        }
        let garbage = from.min(buffer.len());
        buffer.advance(garbage);
        self.position += garbage as u64;
        self.skipped += garbage as u64;
    }
}

impl Stepwise for ChoiceDecoder {
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        let Some(index) = self.current else {
            return self.start(buffer, at_end);
        };
        let Some((_, framer)) = self.framings.get_mut(index) else {
            return Ok(Step::Wait);
        };
        let before = buffer.len();
        let step = framer.step(buffer, at_end);
        self.position += before.saturating_sub(buffer.len()) as u64;
        let waits = matches!(step, Ok(Step::Wait));
        if !waits && framer.is_between() {
            self.current = None;
        }
        match step {
            Ok(Step::Frame(frame)) => {
                self.last = Some(index);
                Ok(Step::Frame(frame))
            }
            Ok(step) => Ok(step),
            Err(error) => Err(FrameError::InFraming {
                framing: index,
                error: Box::new(error),
                finds_next: self.can_miss,
            }),
        }
    }

    fn is_between(&self) -> bool {
        self.current.is_none() && !self.in_garbage
    }

    fn begin(&mut self, position: u64) {
        self.position = position;
    }
}

decode_stepwise!(ChoiceDecoder);

#[cfg(test)]
mod tests;
