//! `FIXED_LENGTH`: every frame has the same number of bytes.
//!
//! Nothing in the stream says where a frame begins, so one byte too many puts
//! it out of step for good. As an entry of `CHOICE` frames have to begin with
//! known bytes, which brings it back.

use bytes::BytesMut;

use super::{
    FrameError, HandlerError,
    step::{Step, Stepwise, decode_stepwise},
};

/// Cuts frames of one length.
///
/// At the end of the stream an unfinished frame is dropped.
#[derive(Debug)]
pub struct FixedLengthDecoder {
    length: usize,
}

impl FixedLengthDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// If frames are to have 0 bytes.
    pub fn new(length: usize) -> Result<Self, HandlerError> {
        if length == 0 {
            return Err(HandlerError::new(
                "frameLength",
                length,
                "no frame has 0 bytes; write how many bytes each frame of the device has",
            ));
        }
        Ok(Self { length })
    }
}

impl Stepwise for FixedLengthDecoder {
    #[inline]
    fn step(&mut self, buffer: &mut BytesMut, _at_end: bool) -> Result<Step, FrameError> {
        Ok(if buffer.len() < self.length {
            Step::Wait
        } else {
            Step::Frame(buffer.split_to(self.length).freeze())
        })
    }

    fn is_between(&self) -> bool {
        true
    }

    fn begin(&mut self, _position: u64) {}
}

decode_stepwise!(FixedLengthDecoder);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::testing::transcript;

    #[test]
    fn frames_have_their_length_however_they_come() {
        let run = |chunks: &[&[u8]]| {
            let mut decoder = FixedLengthDecoder::new(3).unwrap();
            transcript(&mut decoder, chunks)
        };
        assert_eq!(run(&[b"abcdefgh"]), ["abc", "def"]);
        assert_eq!(run(&[b"a", b"bcd", b"", b"ef"]), ["abc", "def"]);
        let error = FixedLengthDecoder::new(0).unwrap_err().to_string();
        assert!(error.starts_with("frameLength = 0: "), "{error}");
    }
}
