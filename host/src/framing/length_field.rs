//! `BINARY`: frames whose header holds their length.
//!
//! ```text
//! | lengthFieldOffset | length field | lengthAdjustment + value … |
//! |<------- header ----------------->|                            |
//! |<-- total = value + lengthAdjustment + header ---------------->|
//! ```
//!
//! The semantics are those of Netty's `LengthFieldBasedFrameDecoder`. One
//! difference: after a frame that is shorter than what is to be stripped, the
//! decoder goes on with the next frame. Nothing is remembered between calls but
//! how much of a long frame is still to be skipped, and no call looks at more
//! than a header.

use bytes::{Buf, BytesMut};

use super::{
    Corruption, FrameError, HandlerError,
    length_sum::judge,
    step::{Step, Stepwise, decode_stepwise},
};
pub use super::{
    length_digits::{BadDigit, Terminator},
    length_params::LengthFieldParams,
    length_sum::{Explanation, Verdict, explain},
};

/// Cuts frames by the length in their header.
///
/// At the end of the stream an unfinished frame is dropped, as Netty does.
#[derive(Debug)]
pub struct LengthFieldDecoder {
    params: LengthFieldParams,
    /// A frame that is too long: bytes of it still to come, and the error for
    /// when they have come.
    skipping: Option<(u64, Option<FrameError>)>,
}

impl LengthFieldDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// As [`LengthFieldParams::check`].
    pub fn new(params: LengthFieldParams) -> Result<Self, HandlerError> {
        params.check()?;
        Ok(Self {
            params,
            skipping: None,
        })
    }

    /// How the header at the front of `bytes` reads; none if `bytes` are the
    /// rest of a long frame, or too few.
    #[must_use]
    pub fn explain(&self, bytes: &[u8]) -> Option<Explanation> {
        match self.skipping {
            Some(_) => None,
            None => explain(&self.params, bytes),
        }
    }

    /// Throws the rest of a long frame away; reports it if that is still to be
    /// done.
    fn skip(&mut self, buffer: &mut BytesMut) -> Result<(), FrameError> {
        if let Some((rest, error)) = self.skipping.take() {
            let there = usize::try_from(rest).map_or(buffer.len(), |rest| rest.min(buffer.len()));
            buffer.advance(there);
            let rest = rest - there as u64;
            if rest > 0 {
                self.skipping = Some((rest, error));
            } else if let Some(error) = error {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Does with the header at the front of the buffer what its verdict says,
    /// for verdicts that are errors.
    #[cold]
    fn refuse(&mut self, buffer: &mut BytesMut, verdict: Verdict) -> Result<(), FrameError> {
        if let Verdict::BadDigit(bad) = verdict {
            buffer.advance(bad.position + 1);
            return Err(Corruption::BadDigit(bad).into());
        }
        let Some(explanation) = explain(&self.params, buffer) else {
            return Ok(());
        };
        let explanation = Box::new(explanation);
        let header = explanation.header;
        match verdict {
            Verdict::NegativeLength => {
                buffer.advance(header);
                Err(Corruption::NegativeLength(explanation).into())
            }
            Verdict::LengthOverflow => {
                buffer.advance(header);
                Err(Corruption::LengthOverflow(explanation).into())
            }
            Verdict::ShorterThanHeader => {
                buffer.advance(header);
                Err(Corruption::ShorterThanHeader(explanation).into())
            }
            Verdict::ShorterThanStrip { total } => {
                buffer.advance(total);
                Err(Corruption::ShorterThanStrip(explanation).into())
            }
            Verdict::TooLong { total } => self.too_long(buffer, explanation, total),
            Verdict::Frame { .. } | Verdict::Incomplete { .. } | Verdict::BadDigit(_) => Ok(()),
        }
    }

    fn too_long(
        &mut self,
        buffer: &mut BytesMut,
        explanation: Box<Explanation>,
        total: u64,
    ) -> Result<(), FrameError> {
        let error = FrameError::TooLong {
            length: total,
            max: self.params.max_frame_length,
            setting: "maxFrameLength",
            length_field: Some(explanation),
        };
        if self.params.fail_fast {
            self.skipping = Some((total, None));
            self.skip(buffer)?;
            return Err(error);
        }
        self.skipping = Some((total, Some(error)));
        self.skip(buffer)
    }
}

impl Stepwise for LengthFieldDecoder {
    #[inline]
    fn step(&mut self, buffer: &mut BytesMut, _at_end: bool) -> Result<Step, FrameError> {
        if self.skipping.is_some() {
            self.skip(buffer)?;
            let skipped = self.skipping.is_none();
            return Ok(if skipped { Step::On } else { Step::Wait });
        }
        match judge(&self.params, buffer) {
            Some(Verdict::Frame { total }) => {
                let mut frame = buffer.split_to(total);
                frame.advance(self.params.initial_bytes_to_strip);
                if frame.is_empty() && self.params.skip_empty_frames {
                    return Ok(Step::On);
                }
                Ok(Step::Frame(frame.freeze()))
            }
            None | Some(Verdict::Incomplete { .. }) => Ok(Step::Wait),
            Some(verdict) => self.refuse(buffer, verdict).map(|()| Step::On),
        }
    }

    fn is_between(&self) -> bool {
        self.skipping.is_none()
    }

    fn begin(&mut self, _position: u64) {}
}

decode_stepwise!(LengthFieldDecoder);

#[cfg(test)]
mod tests {
    use tokio_util::codec::Decoder;

    use super::*;
    use crate::config::ByteOrder;
    use crate::framing::testing::transcript;

    fn big_endian(length_field_length: usize) -> LengthFieldParams {
        LengthFieldParams {
            byte_order: ByteOrder::BigEndian,
            max_frame_length: 16,
            length_field_length,
            ..LengthFieldParams::default()
        }
    }

    fn run(params: LengthFieldParams, chunks: &[&[u8]]) -> Vec<String> {
        transcript(&mut LengthFieldDecoder::new(params).unwrap(), chunks)
    }

    /// The sample of ThingsBoard's TCP tutorial.
    #[test]
    fn the_tutorials_packet_is_its_payload() {
        let params = LengthFieldParams {
            length_field_offset: 4,
            length_field_length: 1,
            initial_bytes_to_strip: 5,
            ..LengthFieldParams::default()
        };
        let packet = b"0000\x11SN-002default25.7\0\0\0";
        assert_eq!(run(params, &[packet]), ["SN-002default25.7"]);
    }

    #[test]
    fn every_field_length_and_byte_order_is_read() {
        let fields: [(usize, &[u8]); 5] = [
            (1, &[2]),
            (2, &[0, 2]),
            (3, &[0, 0, 2]),
            (4, &[0, 0, 0, 2]),
            (8, &[0, 0, 0, 0, 0, 0, 0, 2]),
        ];
        for (length, field) in fields {
            let params = LengthFieldParams {
                initial_bytes_to_strip: length,
                ..big_endian(length)
            };
            let mut stream = field.to_vec();
            stream.extend(b"hi");
            assert_eq!(run(params, &[&stream]), ["hi"]);
            stream[..length].reverse();
            let little = LengthFieldParams {
                byte_order: ByteOrder::LittleEndian,
                ..params
            };
            assert_eq!(run(little, &[&stream]), ["hi"]);
        }
    }

    #[test]
    fn long_frames_are_skipped_to_their_end() {
        let slow = big_endian(1);
        let fast = LengthFieldParams {
            fail_fast: true,
            ..slow
        };
        let stream = b"\x14aaaaaaaaaaaaaaaaaaaa\x01b";
        for params in [slow, fast] {
            assert_eq!(run(params, &[stream]), ["!tooLong 21", "\\x01b"]);
            let (first, second) = stream.split_at(9);
            assert_eq!(run(params, &[first, second]), ["!tooLong 21", "\\x01b"]);
        }
        assert_eq!(run(fast, &[&stream[..9]]), ["!tooLong 21"]);
        assert!(run(slow, &[&stream[..9]]).is_empty());
    }

    #[test]
    fn a_frame_shorter_than_what_is_stripped_is_skipped() {
        let params = LengthFieldParams {
            initial_bytes_to_strip: 4,
            ..big_endian(2)
        };
        assert_eq!(
            run(params, &[b"\0\x01a\0\x03abc", b"\0\x02xy"]),
            ["!strip", "c", ""]
        );
    }

    #[test]
    fn corrupt_lengths_say_that_the_stream_is_lost() {
        let counted_header = LengthFieldParams {
            length_adjustment: -2,
            ..big_endian(2)
        };
        let cases: [(LengthFieldParams, &[u8], &str); 4] = [
            (big_endian(8), &[0xff; 8], "ffffffffffffffff = -1"),
            (
                big_endian(8),
                &[0x7f, 255, 255, 255, 255, 255, 255, 255],
                "more than 63 bits",
            ),
            (
                counted_header,
                b"\0\x01",
                "offset 0 is 0001 = 1; 1 + lengthAdjustment -2 + header 2 = 1 bytes",
            ),
            (
                LengthFieldParams {
                    length_adjustment: -3,
                    ..counted_header
                },
                b"\0\0",
                "0 + lengthAdjustment -3 + header 2 = -1 bytes",
            ),
        ];
        for (params, stream, text) in cases {
            let mut buffer = BytesMut::from(stream);
            let error = LengthFieldDecoder::new(params)
                .unwrap()
                .decode(&mut buffer)
                .unwrap_err();
            assert!(!error.can_continue() && buffer.is_empty());
            assert!(error.to_string().contains(text), "{error}");
        }
        let error = FrameError::from(Corruption::ShorterThanStrip(
            explain(&big_endian(1), b"\0").unwrap().into(),
        ));
        assert!(error.can_continue());
    }

    #[test]
    fn a_byte_that_is_no_digit_is_named_and_ends_the_stream() {
        let params = LengthFieldParams {
            length_field_encoding: crate::config::LengthFieldEncoding::AsciiDecimal,
            length_field_offset: 1,
            length_adjustment: -3,
            ..LengthFieldParams::default()
        };
        for chunks in [&[&b"$x7"[..]][..], &[b"$", b"x", b"7"]] {
            assert_eq!(run(params, chunks), ["!digit 1"]);
        }
        let mut buffer = BytesMut::from(&b"$05ab$7,"[..]);
        let mut decoder = LengthFieldDecoder::new(params).unwrap();
        assert_eq!(decoder.decode(&mut buffer).unwrap().unwrap(), "$05ab");
        let error = decoder.decode(&mut buffer).unwrap_err();
        assert!(!error.can_continue() && buffer.is_empty());
        assert!(
            error
                .to_string()
                .starts_with("byte 2 of the frame is 0x2c (,)"),
            "{error}"
        );
    }
}
