//! `TEXT` with the system line separator: frames end with `\n` or `\r\n`.
//!
//! The semantics are those of Netty's `LineBasedFrameDecoder`: exactly one
//! `\r` right before the `\n` belongs to the delimiter, `maxFrameLength` counts
//! the bytes before it. One difference: a `\r` that arrives ahead of its `\n`
//! does not count against the limit, so the result does not depend on how TCP
//! cut the stream.

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::FrameError;
use crate::config::HandlerConfiguration;

/// Cuts lines.
#[derive(Debug)]
pub struct LineDecoder {
    max_frame_length: usize,
    strip_delimiter: bool,
    fail_fast: bool,
    skip_empty_frames: bool,
    /// Bytes at the front of the buffer that hold no `\n`: looked at once, so
    /// that a line which arrives byte by byte costs no more than a whole one.
    scanned: usize,
    /// Bytes thrown away so far of a line that is too long.
    discarded: Option<usize>,
}

impl LineDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new(settings: &HandlerConfiguration) -> Self {
        Self {
            max_frame_length: settings.max_frame_length,
            strip_delimiter: settings.strip_delimiter,
            fail_fast: settings.fail_fast,
            skip_empty_frames: settings.skip_empty_frames,
            scanned: 0,
            discarded: None,
        }
    }

    fn too_long(&self, length: usize) -> FrameError {
        FrameError::TooLong {
            length,
            max: self.max_frame_length,
        }
    }

    /// Takes the line that ends with the `\n` at `end`; `None` for one to skip.
    fn line(&mut self, buffer: &mut BytesMut, end: usize) -> Result<Option<Bytes>, FrameError> {
        self.scanned = 0;
        let has_return = end > 0 && buffer[end - 1] == b'\r';
        let length = end - usize::from(has_return);
        if let Some(discarded) = self.discarded.take() {
            buffer.advance(end + 1);
            return if self.fail_fast {
                Ok(None)
            } else {
                Err(self.too_long(discarded + length))
            };
        }
        if length > self.max_frame_length {
            buffer.advance(end + 1);
            return Err(self.too_long(length));
        }
        let mut line = buffer.split_to(end + 1);
        if length == 0 && self.skip_empty_frames {
            return Ok(None);
        }
        if self.strip_delimiter {
            line.truncate(length);
        }
        Ok(Some(line.freeze()))
    }

    /// Notes that the buffer holds no end of line; throws it away when the
    /// line can only be too long.
    fn no_end(&mut self, buffer: &mut BytesMut) -> Result<(), FrameError> {
        let pending_return = buffer.last() == Some(&b'\r');
        let length = buffer.len() - usize::from(pending_return);
        if self.discarded.is_none() && length <= self.max_frame_length {
            self.scanned = buffer.len();
            return Ok(());
        }
        let first = self.discarded.is_none();
        let discarded = self.discarded.unwrap_or(0) + buffer.len();
        self.discarded = Some(discarded);
        self.scanned = 0;
        buffer.clear();
        if first && self.fail_fast {
            return Err(self.too_long(discarded));
        }
        Ok(())
    }
}

impl Decoder for LineDecoder {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        while let Some(offset) = memchr::memchr(b'\n', &buffer[self.scanned..]) {
            if let Some(line) = self.line(buffer, self.scanned + offset)? {
                return Ok(Some(line));
            }
        }
        self.no_end(buffer)?;
        Ok(None)
    }

    /// An unfinished line is dropped, as Netty does.
    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        self.decode(buffer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> HandlerConfiguration {
        HandlerConfiguration {
            max_frame_length: 4,
            skip_empty_frames: false,
            ..HandlerConfiguration::default()
        }
    }

    /// Frames as text, errors as `!LENGTH`.
    fn run(settings: &HandlerConfiguration, chunks: &[&[u8]]) -> Vec<String> {
        let mut decoder = LineDecoder::new(settings);
        let mut buffer = BytesMut::new();
        let mut seen = Vec::new();
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            loop {
                match decoder.decode(&mut buffer) {
                    Ok(Some(frame)) => seen.push(String::from_utf8_lossy(&frame).into_owned()),
                    Ok(None) => break,
                    Err(FrameError::TooLong { length, .. }) => seen.push(format!("!{length}")),
                    Err(error) => panic!("{error}"),
                }
            }
            // A pending `\r` may stand beside a line of the greatest length.
            assert!(buffer.len() <= settings.max_frame_length + 1);
        }
        seen
    }

    #[test]
    fn lines_end_with_lf_or_crlf() {
        let cases: [(&[&[u8]], &[&str]); 11] = [
            (&[b"ab\ncd\r\n"], &["ab", "cd"]),
            (&[b"a", b"b", b"\n", b"c\n"], &["ab", "c"]),
            (&[b"ab\r", b"\n"], &["ab"]),
            (&[b"a\rb\n"], &["a\rb"]),
            (&[b"a\r\r\n"], &["a\r"]),
            (&[b"\n\r\n"], &["", ""]),
            (&[b"abcd\n"], &["abcd"]),
            (&[b"abcd\r", b"\nx\n"], &["abcd", "x"]),
            (&[b"abcde\nok\n"], &["!5", "ok"]),
            (&[b"abcdef", b"gh\nok\n"], &["!8", "ok"]),
            (&[b"unfinished"], &[]),
        ];
        for (chunks, expected) in cases {
            assert_eq!(run(&settings(), chunks), expected, "{chunks:?}");
        }
    }

    #[test]
    fn fail_fast_reports_before_the_end() {
        let settings = HandlerConfiguration {
            fail_fast: true,
            ..settings()
        };
        assert_eq!(run(&settings, &[b"abcdef"]), ["!6"]);
        assert_eq!(run(&settings, &[b"abcdef", b"gh\nok\n"]), ["!6", "ok"]);
    }

    #[test]
    fn the_delimiter_can_stay_and_empty_lines_can_go() {
        let kept = HandlerConfiguration {
            strip_delimiter: false,
            skip_empty_frames: true,
            ..settings()
        };
        assert_eq!(run(&kept, &[b"a\r\n\n\r\nb\n"]), ["a\r\n", "b\n"]);
    }

    #[test]
    fn a_line_that_arrives_byte_by_byte_is_looked_at_once() {
        let settings = HandlerConfiguration {
            max_frame_length: 64 * 1024,
            ..settings()
        };
        let mut decoder = LineDecoder::new(&settings);
        let mut buffer = BytesMut::new();
        for sent in 1..=settings.max_frame_length {
            buffer.extend_from_slice(b"x");
            assert!(decoder.decode(&mut buffer).unwrap().is_none());
            assert_eq!(decoder.scanned, sent);
        }
        buffer.extend_from_slice(b"\n");
        let line = decoder.decode(&mut buffer).unwrap().unwrap();
        assert_eq!(line.len(), settings.max_frame_length);
    }

    proptest! {
        #[test]
        fn frames_do_not_depend_on_the_cuts(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..200),
            cuts in proptest::collection::vec(1_usize..7, 1..200),
            fail_fast in any::<bool>(),
        ) {
            let settings = HandlerConfiguration { fail_fast, ..settings() };
            let frames = |seen: Vec<String>| -> Vec<String> {
                // How much of a long line was seen when it was reported may differ.
                seen.into_iter().map(|entry| if entry.starts_with('!') { "!".to_owned() } else { entry }).collect()
            };
            let mut chunks = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, tail) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = tail;
            }
            let whole = frames(run(&settings, &[&stream]));
            let cut = frames(run(&settings, &chunks));
            prop_assert_eq!(whole, cut);
        }
    }
}
