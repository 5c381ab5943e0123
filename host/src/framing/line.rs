//! `TEXT` with the system line separator: frames end with `\n` or `\r\n`.
//!
//! The semantics are those of Netty's `LineBasedFrameDecoder`: exactly one
//! `\r` right before the `\n` belongs to the separator, and a `\r` anywhere
//! else is data. One difference: a `\r` that arrives ahead of its `\n` does not
//! count against the limit.

use bytes::BytesMut;

use super::{
    FrameError, HandlerError,
    separated::{Found, Separated, Separator, TextParams},
    step::{Step, Stepwise, decode_stepwise},
};

/// Cuts lines.
#[derive(Debug)]
pub struct LineDecoder(Separated<LineEnd>);

impl LineDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// If the greatest frame length is 0.
    pub fn new(params: TextParams) -> Result<Self, HandlerError> {
        Separated::new(LineEnd, params).map(Self)
    }
}

impl Stepwise for LineDecoder {
    #[inline]
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        self.0.step(buffer, at_end)
    }

    fn is_between(&self) -> bool {
        self.0.is_between()
    }

    fn begin(&mut self, position: u64) {
        self.0.begin(position);
    }
}

decode_stepwise!(LineDecoder);

#[derive(Debug)]
struct LineEnd;

impl Separator for LineEnd {
    fn find(&self, bytes: &[u8], from: usize, _at_end: bool) -> Found {
        let ends_with_return = |bytes: &[u8]| usize::from(bytes.last() == Some(&b'\r'));
        match memchr::memchr(b'\n', &bytes[from..]) {
            Some(offset) => {
                let feed = from + offset;
                let returns = ends_with_return(&bytes[..feed]);
                Found::End {
                    start: feed - returns,
                    length: 1 + returns,
                }
            }
            None => Found::Open {
                start: bytes.len() - ends_with_return(bytes),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::codec::Decoder;

    use super::*;
    use crate::framing::testing::transcript;

    fn params() -> TextParams {
        TextParams {
            max_frame_length: 4,
            ..TextParams::default()
        }
    }

    fn run(params: TextParams, chunks: &[&[u8]]) -> Vec<String> {
        transcript(&mut LineDecoder::new(params).unwrap(), chunks)
    }

    #[test]
    fn lines_end_with_lf_or_crlf() {
        let cases: [(&[&[u8]], &[&str]); 12] = [
            (&[b"ab\ncd\r\n"], &["ab", "cd"]),
            (&[b"a", b"b", b"\n", b"c\n"], &["ab", "c"]),
            (&[b"ab\r", b"\n"], &["ab"]),
            (&[b"a\rb\n"], &["a\\rb"]),
            (&[b"a\r\r\n"], &["a\\r"]),
            (&[b"\n\r\n"], &["", ""]),
            (&[b"abcd\n"], &["abcd"]),
            (&[b"abcd\r", b"\nx\n"], &["abcd", "x"]),
            (&[b"abcde\nok\n"], &["!tooLong 5", "ok"]),
            (&[b"abcdef", b"gh\nok\n"], &["!tooLong 8", "ok"]),
            (&[b"abcdef\r", b"\nok\n"], &["!tooLong 6", "ok"]),
            (&[b"ab\nun"], &["ab"]),
        ];
        for (chunks, expected) in cases {
            assert_eq!(run(params(), chunks), expected, "{chunks:?}");
        }
    }

    #[test]
    fn fail_fast_reports_before_the_end_and_once() {
        let fast = TextParams {
            fail_fast: true,
            ..params()
        };
        assert_eq!(run(fast, &[b"abcdef"]), ["!tooLong 6"]);
        assert_eq!(run(fast, &[b"abcdef", b"gh\nok\n"]), ["!tooLong 6", "ok"]);
    }

    #[test]
    fn the_separator_can_stay_and_empty_lines_can_go() {
        let kept = TextParams {
            strip_delimiter: false,
            skip_empty_frames: true,
            ..params()
        };
        assert_eq!(run(kept, &[b"a\r\n\n\r\nb\n"]), ["a\\r\\n", "b\\n"]);
    }

    #[test]
    fn the_end_of_the_stream_can_end_a_line() {
        let flush = TextParams {
            flush_on_close: true,
            ..params()
        };
        let cases: [(&[u8], &[&str]); 6] = [
            (b"ab\ncd", &["ab", "cd"]),
            (b"ab\n", &["ab"]),
            (b"", &[]),
            (b"abcd\r", &["abcd"]),
            (b"a\n\r", &["a", ""]),
            (b"abcde", &["!tooLong 5"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(run(flush, &[stream]), expected, "{stream:?}");
        }
    }

    #[test]
    fn a_line_that_arrives_byte_by_byte_is_looked_at_once() {
        let mut decoder = LineDecoder::new(TextParams {
            max_frame_length: 64 * 1024,
            ..params()
        })
        .unwrap();
        let mut buffer = BytesMut::new();
        for sent in 1..=64 * 1024 {
            buffer.extend_from_slice(b"x");
            assert!(decoder.decode(&mut buffer).unwrap().is_none());
            assert_eq!(decoder.0.scanned, sent);
        }
        buffer.extend_from_slice(b"\n");
        assert_eq!(decoder.decode(&mut buffer).unwrap().unwrap().len(), 65_536);
    }

    #[test]
    fn frames_share_the_read_buffer() {
        let mut buffer = BytesMut::from(&b"abc\n"[..]);
        let place = buffer.as_ptr();
        let frame = LineDecoder::new(params())
            .unwrap()
            .decode(&mut buffer)
            .unwrap()
            .unwrap();
        assert_eq!(frame.as_ptr(), place);
    }
}
