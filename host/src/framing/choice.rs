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

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

pub use super::choice_prefix::Prefix;
use super::{
    Corruption, Explanation, FrameError, Framer, HandlerError,
    first_bytes::{FirstBytes, Match, is_blank},
    step::{Step, Stepwise},
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

impl Decoder for ChoiceDecoder {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        self.next_frame(buffer, false)
    }

    /// The end of the stream is that of the framing whose frame is unfinished.
    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        self.next_frame(buffer, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::testing::transcript;

    fn framer(settings: &str) -> Result<Framer, String> {
        let settings = format!(r#"{{"handlerType":"CHOICE","framings":{settings}}}"#);
        Framer::new(&serde_json::from_str(&settings).unwrap()).map_err(|error| error.to_string())
    }

    fn run(settings: &str, stream: &[u8]) -> Vec<String> {
        let whole = transcript(&mut framer(settings).unwrap(), &[stream]);
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        let cut = transcript(&mut framer(settings).unwrap(), &single);
        assert_eq!(cut, whole, "{settings} {}", stream.escape_ascii());
        whole
    }

    const MIXED: &str = r###"[
        {"startsWithHex":"ff","handlerType":"FIXED_LENGTH","frameLength":1},
        {"startsWith":"##","handlerType":"FIXED_LENGTH","frameLength":4},
        {"startsWith":"#","handlerType":"TEXT","messageSeparator":"CUSTOM_SEPARATOR",
         "separator":";","maxFrameLength":5},
        {"startsWithHex":"78??01","handlerType":"BINARY","byteOrder":"BIG_ENDIAN",
         "lengthFieldOffset":3,"lengthFieldLength":1,"maxFrameLength":10},
        {"startsWith":"{","handlerType":"JSON"}]"###;

    #[test]
    fn each_frame_is_cut_by_the_framing_that_it_begins_as() {
        let cases: [(&[u8], &[&str]); 8] = [
            (
                b"\xff##ab#a;x\x01\x02\x02",
                &["\\xff", "##ab", "#a", "!noFraming 8"],
            ),
            (
                b"\xffx\x02\x01\x01#{\"a\":1}\r\n\xff\n",
                &["\\xff", "x\\x02\\x01\\x01#", "{\\\"a\\\":1}", "\\xff"],
            ),
            (
                b"\x78\x02\x01\x01#{\"a\":1}\xff",
                &["x\\x02\\x01\\x01#", "{\\\"a\\\":1}", "\\xff"],
            ),
            (b" \r\n\t\xff", &["\\xff"]),
            // A prefix that breaks off begins garbage, in which the next is found.
            (
                b"x\x02x\x02\x01\x00\xff",
                &["!noFraming 0", "x\\x02\\x01\\x00", "\\xff"],
            ),
            // What is skipped belongs to its own framing, marks of others or not.
            (b"#aaaa{}\xff##;\xff", &["!2!tooLong 10", "\\xff"]),
            (
                b"x\x02\x01\x09aaa\xff{}aaa\xff",
                &["!3!tooLong 13", "\\xff"],
            ),
            (b"##a", &[]),
        ];
        for (stream, expected) in cases {
            assert_eq!(run(MIXED, stream), expected, "{}", stream.escape_ascii());
        }
    }

    #[test]
    fn a_corrupt_length_loses_the_stream_only_if_every_byte_may_begin_a_frame() {
        let known = r#"[{"startsWith":"$","handlerType":"BINARY","lengthFieldOffset":1,
            "lengthFieldLength":1,"lengthAdjustment":-2}]"#;
        let stream = b"$\x00xx$\x03a$\x01$\x04bc";
        assert_eq!(
            run(known, stream),
            [
                "!0!header",
                "!noFraming 2",
                "$\\x03a",
                "!0!header",
                "$\\x04bc"
            ]
        );
        let any = r##"[{"startsWith":"#","handlerType":"FIXED_LENGTH","frameLength":2},
            {"handlerType":"BINARY","lengthFieldLength":1,"lengthAdjustment":-1}]"##;
        for (settings, continues, text) in [
            (
                known,
                true,
                "framings[0]: frame shorter than its header (length field at offset 1 is 00 = 0; 0 \
                 + lengthAdjustment -2 + header 2 = 0 bytes): check lengthAdjustment, \
                 lengthFieldOffset and byteOrder; skipping to the next start of a frame",
            ),
            (any, false, "framings[1]: frame shorter than its header"),
        ] {
            let mut buffer = BytesMut::from(&b"$\x00"[..]);
            if !continues {
                buffer.advance(1);
            }
            let error = framer(settings).unwrap().decode(&mut buffer).unwrap_err();
            assert_eq!(error.can_continue(), continues, "{error}");
            assert!(error.to_string().starts_with(text), "{error}");
        }
    }

    #[test]
    fn positions_are_those_of_the_connection() {
        let settings = r#"[{"startsWith":"$","handlerType":"FIXED_LENGTH","frameLength":3},
            {"startsWith":"<","handlerType":"MARKS","startMark":"<<","endMark":">"},
            {"handlerType":"JSON"}]"#;
        assert_eq!(
            run(settings, b"$ab<x<<a>$ab{}$abx{}"),
            [
                "$ab",
                "!1!noStart 3",
                "a",
                "$ab",
                "{}",
                "$ab",
                "!2!notJson 17",
                "{}"
            ]
        );
    }

    #[test]
    fn frames_and_skipped_bytes_are_told() {
        let mut framer = framer(MIXED).unwrap();
        let mut buffer = BytesMut::from(&b"abc\n\r\xff \r\nx\x02\x01\x01a"[..]);
        assert!(framer.decode(&mut buffer).is_err());
        assert_eq!(framer.decode(&mut buffer).unwrap().unwrap(), &b"\xff"[..]);
        assert_eq!((framer.framing(), framer.skipped()), (Some(0), 5));
        let shown = framer.explain(&buffer).unwrap();
        assert_eq!((shown.offset, shown.value), (3, 1));
        assert_eq!(
            framer.decode(&mut buffer).unwrap().unwrap(),
            "x\x02\x01\x01a"
        );
        assert_eq!(framer.framing(), Some(3));
    }

    #[test]
    fn garbage_byte_by_byte_stays_in_no_buffer() {
        let mut framer = framer(r#"[{"startsWith":"ab","handlerType":"TEXT"}]"#).unwrap();
        let mut buffer = BytesMut::new();
        let mut errors = 0;
        for sent in 0..64 * 1024 {
            buffer.extend_from_slice(if sent % 2 == 0 { b"a" } else { b"c" });
            while framer.decode(&mut buffer).is_err() {
                errors += 1;
            }
            assert!(buffer.len() <= 1);
        }
        assert_eq!((errors, framer.skipped()), (1, 64 * 1024));
    }

    #[test]
    fn choices_that_never_work_are_refused() {
        let fixed = |key: &str| format!(r#"{{{key}"handlerType":"FIXED_LENGTH","frameLength":1}}"#);
        let [any, a, ab] = ["", r#""startsWith":"a","#, r#""startsWith":"ab","#].map(fixed);
        let cases = [
            ("[]".to_owned(), "framings = []: "),
            (
                format!("[{a},{ab}]"),
                "framings = [1]: no frame reaches this entry, because framings[0]",
            ),
            (format!("[{any},{a}]"), "framings = [1]: "),
            (format!("[{a},{a}]"), "framings = [1]: "),
            (
                r#"[{"handlerType":"CHOICE"}]"#.to_owned(),
                "framings[0].handlerType = CHOICE: a choice holds no other",
            ),
            (
                format!(r#"[{a},{{"maxFrameLength":0}}]"#),
                "framings[1].maxFrameLength = 0: ",
            ),
            (
                r#"[{"startsWith":"a","startsWithHex":"61"}]"#.to_owned(),
                "framings[0].startsWithHex = 61: startsWith is set too",
            ),
            (
                r#"[{"startsWith":""}]"#.to_owned(),
                "framings[0].startsWith = \"\": ",
            ),
            (
                r#"[{"startsWithHex":" "}]"#.to_owned(),
                "framings[0].startsWithHex = \" \": ",
            ),
            (
                r#"[{"startsWithHex":"7"}]"#.to_owned(),
                "pairs of hexadecimal digits",
            ),
            (
                r#"[{"startsWithHex":"7?"}]"#.to_owned(),
                "pairs of hexadecimal digits",
            ),
            (
                r#"[{"startsWithHex":"????"}]"#.to_owned(),
                "any bytes match",
            ),
        ];
        for (settings, text) in cases {
            let error = framer(&settings).unwrap_err();
            assert!(error.contains(text), "{settings}: {error}");
        }
        assert!(framer(&format!("[{ab},{a},{any}]")).is_ok());
    }
}
