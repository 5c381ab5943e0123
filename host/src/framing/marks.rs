//! `MARKS`: frames that lie between a start mark and an end mark.
//!
//! The end mark is searched for with what can hide it: quoted text, an escape
//! byte, escape sequences, nested marks. Bytes before a start mark are reported
//! once and skipped. Where the start mark is the end mark, each ends a frame and
//! begins the next: nothing else could bring a stream back into step of which
//! one mark was lost.
//!
//! A frame that is too long is reported when that is known, and skipped up to
//! its end mark or the next start mark, whichever comes first. A frame is cut
//! without a copy unless it holds an escape that is replaced.

use bytes::{Buf, Bytes, BytesMut};

pub use super::marks_params::MarksParams;
use super::{
    Corruption, FrameError, HandlerError,
    first_bytes::{Match, is_blank},
    marks_scan::{Scan, Stop, Tokens},
    step::{Step, Stepwise, decode_stepwise},
};

/// Where in the stream the front of the buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before a start mark.
    Outside,
    /// In bytes that are no frame, already reported.
    Garbage,
    /// In a frame.
    Inside,
    /// In a frame that is too long.
    Skipping,
}

/// Cuts frames between marks.
///
/// At the end of the stream an unfinished frame is dropped. A mark that bytes to come could have made
/// part of an escape is one then.
#[derive(Debug)]
pub struct MarksDecoder {
    tokens: Tokens,
    place: Place,
    /// Bytes of the start mark at the front of the buffer, if the frame's is
    /// there: it may have been the end mark of the frame before.
    lead: usize,
    /// How far the frame behind its start mark was looked at.
    scan: Scan,
    /// Whether the last step came to the end of a frame.
    between: bool,
    /// Bytes of the stream before the buffer.
    position: u64,
    /// Bytes that were in no frame.
    skipped: u64,
}

impl MarksDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// As [`MarksParams::check`].
    pub fn new(params: MarksParams) -> Result<Self, HandlerError> {
        params.check()?;
        let mut decoder = Self {
            tokens: Tokens::new(params),
            place: Place::Outside,
            lead: 0,
            scan: Scan::default(),
            between: false,
            position: 0,
            skipped: 0,
        };
        decoder.begin(0);
        Ok(decoder)
    }

    /// Bytes that were thrown away so far because they are in no frame.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn params(&self) -> &MarksParams {
        &self.tokens.params
    }

    /// Throws away the first bytes of the buffer.
    fn drop_front(&mut self, buffer: &mut BytesMut, count: usize) {
        buffer.advance(count);
        self.position += count as u64;
        self.scan = Scan::default();
    }

    /// Goes on behind a frame.
    fn leave(&mut self) {
        let params = self.params();
        let begins_at_once = params.start.is_empty() || params.shares_marks();
        self.place = if begins_at_once {
            Place::Inside
        } else {
            Place::Outside
        };
        self.lead = 0;
        self.between = true;
    }

    /// Enters the frame whose start mark is at the front of the buffer; waits for
    /// the rest of the mark.
    fn enter(&mut self, buffer: &BytesMut) -> Step {
        if Match::of(buffer, &self.params().start) != Match::Whole {
            return Step::Wait;
        }
        self.place = Place::Inside;
        self.lead = self.params().start.len();
        Step::On
    }

    fn find_start(&mut self, buffer: &mut BytesMut) -> Result<Step, FrameError> {
        if Match::of(buffer, &self.params().start) != Match::No {
            return Ok(self.enter(buffer));
        }
        match buffer.first() {
            Some(byte) if is_blank(*byte) => {
                self.drop_front(buffer, 1);
                Ok(Step::On)
            }
            Some(byte) => {
                let error = Corruption::NoStartMark {
                    byte: *byte,
                    position: self.position,
                };
                self.place = Place::Garbage;
                Err(error.into())
            }
            None => Ok(Step::Wait),
        }
    }

    fn skip_garbage(&mut self, buffer: &mut BytesMut) -> Step {
        let start = self.tokens.find_start(buffer);
        let garbage = start.unwrap_or(buffer.len());
        self.skipped += garbage as u64;
        self.drop_front(buffer, garbage);
        self.enter(buffer)
    }

    fn take(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        let content = buffer.get(self.lead..).unwrap_or_default();
        match self.tokens.run(&mut self.scan, content, at_end) {
            Stop::Open | Stop::Start => Ok(Step::Wait),
            Stop::End => Ok(self.cut(buffer)),
            Stop::TooLong => {
                let length = self.scan.seen;
                self.drop_front(buffer, self.lead + length);
                self.place = Place::Skipping;
                Err(FrameError::TooLong {
                    length: length as u64,
                    max: self.params().max_frame_length,
                    setting: "maxFrameLength",
                    length_field: None,
                })
            }
        }
    }

    /// Takes the frame whose end mark was found.
    fn cut(&mut self, buffer: &mut BytesMut) -> Step {
        let Scan { seen, escaped, .. } = self.scan;
        let end = self.params().end.len();
        if seen == 0 && self.params().shares_marks() {
            // The mark that would end the frame begins one.
            let lead = self.lead;
            self.drop_front(buffer, lead);
            self.lead = end;
            return Step::On;
        }
        let mut frame = buffer.split_to(self.lead + seen + end);
        self.position += frame.len() as u64;
        self.scan = Scan::default();
        let lead = self.lead;
        self.leave();
        let params = self.params();
        if seen == 0 && params.skip_empty_frames {
            return Step::On;
        }
        let content = frame.get(lead..lead + seen).unwrap_or_default();
        let plain = escaped.then(|| self.tokens.unescape(content));
        Step::Frame(if params.strip_delimiter {
            match plain {
                Some(plain) => Bytes::from(plain),
                None => {
                    frame.advance(lead);
                    frame.truncate(seen);
                    frame.freeze()
                }
            }
        } else if escaped || lead < params.start.len() {
            let content = plain.as_deref().unwrap_or(content);
            Bytes::from([&params.start, content, &params.end].concat())
        } else {
            frame.freeze()
        })
    }

    fn skip(&mut self, buffer: &mut BytesMut, at_end: bool) -> Step {
        let stop = self.tokens.skip(&mut self.scan, buffer, at_end);
        let seen = self.scan.seen;
        match stop {
            Stop::End => {
                let end = self.params().end.len();
                self.drop_front(buffer, seen + end);
                self.leave();
                Step::On
            }
            Stop::Start => {
                self.drop_front(buffer, seen);
                self.leave();
                Step::On
            }
            Stop::Open | Stop::TooLong => {
                self.drop_front(buffer, seen);
                Step::Wait
            }
        }
    }
}

impl Stepwise for MarksDecoder {
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        self.between = false;
        match self.place {
            Place::Outside => self.find_start(buffer),
            Place::Garbage => Ok(self.skip_garbage(buffer)),
            Place::Inside => self.take(buffer, at_end),
            Place::Skipping => Ok(self.skip(buffer, at_end)),
        }
    }

    fn is_between(&self) -> bool {
        self.between
    }

    fn begin(&mut self, position: u64) {
        self.place = if self.params().start.is_empty() {
            Place::Inside
        } else {
            Place::Outside
        };
        self.lead = 0;
        self.scan = Scan::default();
        self.position = position;
    }
}

decode_stepwise!(MarksDecoder);

#[cfg(test)]
mod tests;
