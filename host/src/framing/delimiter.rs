//! `TEXT` with any other separator: frames end with one of a list of delimiters.
//!
//! The semantics are those of Netty's `DelimiterBasedFrameDecoder`: the
//! delimiter that starts first ends the frame; of several that start at the
//! same byte it is the one that comes first in the list. Differences: a
//! delimiter that has come in part does not count against the limit, it is
//! found when it is split while a long frame is being skipped, and where bytes
//! to come can complete a delimiter with precedence (`||` before `|`), the
//! decoder waits for them. One delimiter, or a line feed beside `\r\n`, never
//! makes it wait.

use bytes::BytesMut;

use super::{
    FrameError, HandlerError,
    first_bytes::{FirstBytes, Match},
    separated::{Found, Separated, Separator, TextParams},
    step::{Step, Stepwise, decode_stepwise},
};

/// Cuts frames that end with one of several delimiters.
#[derive(Debug)]
pub struct DelimiterDecoder(Separated<Delimiters>);

impl DelimiterDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// If the greatest frame length is 0, the list is empty, or one of the
    /// delimiters is.
    pub fn new(params: TextParams, delimiters: Vec<Vec<u8>>) -> Result<Self, HandlerError> {
        Separated::new(Delimiters::new(delimiters)?, params).map(Self)
    }
}

impl Stepwise for DelimiterDecoder {
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

decode_stepwise!(DelimiterDecoder);

#[derive(Debug)]
struct Delimiters {
    list: Vec<Vec<u8>>,
    /// The bytes that a delimiter starts with.
    first_bytes: FirstBytes,
}

impl Delimiters {
    fn new(list: Vec<Vec<u8>>) -> Result<Self, HandlerError> {
        if list.is_empty() {
            return Err(HandlerError::new(
                "separator",
                "[]",
                "frames need at least one delimiter to end with",
            ));
        }
        let mut first_bytes = Vec::new();
        for delimiter in &list {
            match delimiter.first() {
                Some(byte) => first_bytes.push(*byte),
                None => {
                    return Err(HandlerError::new(
                        "separator",
                        "\"\"",
                        "an empty separator is found everywhere; write at least one character",
                    ));
                }
            }
        }
        Ok(Self {
            list,
            first_bytes: FirstBytes::new(first_bytes),
        })
    }
}

impl Separator for Delimiters {
    fn find(&self, bytes: &[u8], from: usize, at_end: bool) -> Found {
        let mut begun = None;
        let mut start = from;
        while let Some(offset) = self.first_bytes.find(&bytes[start..]) {
            start += offset;
            let rest = &bytes[start..];
            for delimiter in &self.list {
                match Match::of(rest, delimiter) {
                    Match::Whole => {
                        let length = delimiter.len();
                        return Found::End { start, length };
                    }
                    // Bytes to come may complete this one, which has precedence
                    // over all that follow.
                    Match::Begun if !at_end => return Found::Open { start },
                    Match::Begun => {
                        begun.get_or_insert(start);
                    }
                    Match::No => {}
                }
            }
            start += 1;
        }
        Found::Open {
            start: begun.unwrap_or(bytes.len()),
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

    fn run(params: TextParams, delimiters: &[&str], chunks: &[&[u8]]) -> Vec<String> {
        let list = delimiters.iter().map(|text| text.as_bytes().to_vec());
        let mut decoder = DelimiterDecoder::new(params, list.collect()).unwrap();
        transcript(&mut decoder, chunks)
    }

    #[test]
    fn the_first_delimiter_ends_the_frame() {
        type Case = (
            &'static [&'static str],
            &'static [&'static [u8]],
            &'static [&'static str],
        );
        let cases: [Case; 13] = [
            (&["\0"], &[b"ab\0\0c\0d"], &["ab", "", "c"]),
            (&["#", "$"], &[b"a$b#c$"], &["a", "b", "c"]),
            (&["|", "||"], &[b"a||b|"], &["a", "", "b"]),
            (&["||", "|"], &[b"a||b|", b"c"], &["a", "b"]),
            (&["||", "|"], &[b"a|", b"|b|", b"c"], &["a", "b"]),
            (&["||", "|"], &[b"a|"], &["a"]),
            (&["b", "abc"], &[b"xab", b"c"], &["x"]),
            (&["b", "abc"], &[b"xab", b"d"], &["xa"]),
            (&["aba"], &[b"xababa", b"ba!aba"], &["x", "b", "!"]),
            (&["\r\n"], &[b"abcd\r", b"\n"], &["abcd"]),
            (&["\r\n"], &[b"abcd\r", b"e\r\n"], &["!tooLong 6"]),
            (
                &["\r\n"],
                &[b"abcdef\r", b"\nok\r\n"],
                &["!tooLong 6", "ok"],
            ),
            (&["€"], &[b"1\xe2\x82", b"\xac2\xe2\x82\xac"], &["1", "2"]),
        ];
        for (delimiters, chunks, expected) in cases {
            assert_eq!(
                run(params(), delimiters, chunks),
                expected,
                "{delimiters:?} {chunks:?}"
            );
        }
    }

    #[test]
    fn many_delimiters_with_different_first_bytes_are_all_found() {
        let list = ["1", "2", "3", "4", "\u{7f}"];
        assert_eq!(
            run(params(), &list, &[b"a4b1c\x7fd3"]),
            ["a", "b", "c", "d"]
        );
    }

    #[test]
    fn the_end_of_the_stream_can_end_a_frame() {
        let flush = TextParams {
            flush_on_close: true,
            ..params()
        };
        assert_eq!(run(flush, &["||"], &[b"a||b"]), ["a", "b"]);
        assert_eq!(run(flush, &["||"], &[b"abcd|"]), ["abcd"]);
        assert_eq!(run(flush, &["||"], &[b"abcdef", b"g"]), ["!tooLong 7"]);
        let kept = TextParams {
            strip_delimiter: false,
            ..flush
        };
        assert_eq!(run(kept, &["||"], &[b"abcd|"]), ["abcd|"]);
    }

    #[test]
    fn delimiters_must_be_there() {
        let refused = |list: Vec<Vec<u8>>| DelimiterDecoder::new(params(), list).unwrap_err();
        assert!(refused(Vec::new()).reason.contains("at least one"));
        assert!(
            refused(vec![b"a".to_vec(), Vec::new()])
                .reason
                .contains("empty separator")
        );
        let no_room = TextParams {
            max_frame_length: 0,
            ..params()
        };
        let error = DelimiterDecoder::new(no_room, vec![b"a".to_vec()]).unwrap_err();
        assert_eq!(error.setting, "maxFrameLength");
    }

    #[test]
    fn a_frame_that_arrives_byte_by_byte_is_looked_at_once() {
        let big = TextParams {
            max_frame_length: 64 * 1024,
            ..params()
        };
        let mut decoder = DelimiterDecoder::new(big, vec![b"xy".to_vec()]).unwrap();
        let mut buffer = BytesMut::new();
        for sent in 1..=64 * 1024 {
            buffer.extend_from_slice(b"x");
            assert!(decoder.decode(&mut buffer).unwrap().is_none());
            // The last byte may start a delimiter.
            assert_eq!(decoder.0.scanned, sent - 1);
        }
        buffer.extend_from_slice(b"y");
        assert_eq!(decoder.decode(&mut buffer).unwrap().unwrap().len(), 65_535);
    }
}
