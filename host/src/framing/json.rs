//! `JSON`: frames are objects or arrays, with or without blanks between them.
//!
//! The semantics are those of Netty's `JsonObjectDecoder`: brackets outside
//! strings are counted and nothing is parsed, so `{]` is a frame for the
//! converter to complain about. Differences:
//!
//! - `maxObjectLength` counts one object from its first bracket (with
//!   `splitArrays` one element, from its first byte up to its comma), not what
//!   happens to be in the buffer.
//! - An object that is too long is skipped to its end. A line feed inside a
//!   string, which JSON forbids, ends it too: its quotes are not in pairs.
//! - Bytes between objects that are not blank are reported once, and the next
//!   `{` or `[` begins an object. The same for an array that a `}` closes while
//!   its elements are split.

use bytes::{Buf, Bytes, BytesMut};

use super::{
    Corruption, FrameError, HandlerError,
    json_scan::{Scan, Stop},
    step::{Step, Stepwise, decode_stepwise},
};

/// What a frame may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonParams {
    /// Most bytes of one frame; at least 2, with `split_arrays` 1.
    pub max_object_length: usize,
    /// Whether the elements of a top-level array are frames of their own,
    /// without the blanks around them.
    pub split_arrays: bool,
    /// Whether the empty frames that `[]` and `[1,,2]` give with `split_arrays`
    /// are skipped.
    pub skip_empty_frames: bool,
}

impl Default for JsonParams {
    fn default() -> Self {
        Self {
            max_object_length: 1024 * 1024,
            split_arrays: false,
            skip_empty_frames: false,
        }
    }
}

/// Where in the stream the front of the buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before an object.
    Between,
    /// In bytes that are no JSON, already reported.
    Garbage,
    /// In an object or an array that is one frame.
    Object,
    /// In an array whose elements are frames, at or in an element.
    Array,
}

/// Cuts JSON objects and arrays.
///
/// At the end of the stream an unfinished object is dropped, as Netty does.
#[derive(Debug)]
pub struct JsonDecoder {
    params: JsonParams,
    place: Place,
    /// Whether the object or element is too long, and only its end is awaited.
    discarding: bool,
    /// How far the frame at the front of the buffer was looked at.
    scan: Scan,
    /// Bytes of the stream before the buffer.
    position: u64,
}

impl JsonDecoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    ///
    /// If no object fits the limit.
    pub fn new(params: JsonParams) -> Result<Self, HandlerError> {
        let least = if params.split_arrays { 1 } else { 2 };
        if params.max_object_length < least {
            return Err(HandlerError::new(
                "maxObjectLength",
                params.max_object_length,
                format!("the shortest frame has {least} byte(s); write the length of the longest"),
            ));
        }
        Ok(Self {
            params,
            place: Place::Between,
            discarding: false,
            scan: Scan::new(false),
            position: 0,
        })
    }

    /// Throws away the first bytes of the buffer.
    fn drop_front(&mut self, buffer: &mut BytesMut, count: usize) {
        buffer.advance(count);
        self.position += count as u64;
        self.scan.seen = 0;
    }

    /// At another place, with nothing scanned.
    fn enter(&mut self, place: Place) {
        self.place = place;
        self.discarding = false;
        self.scan = Scan::new(place == Place::Array);
    }

    /// Begins the object or array at the front of the buffer.
    fn open(&mut self, buffer: &mut BytesMut) {
        if self.params.split_arrays && buffer.first() == Some(&b'[') {
            self.drop_front(buffer, 1);
            self.enter(Place::Array);
        } else {
            self.enter(Place::Object);
        }
    }

    /// Goes on to the next object; false if there is none yet.
    fn find_start(&mut self, buffer: &mut BytesMut) -> Result<bool, FrameError> {
        let blanks = count_blanks(buffer);
        self.drop_front(buffer, blanks);
        match buffer.first() {
            None => Ok(false),
            Some(b'{' | b'[') => {
                self.open(buffer);
                Ok(true)
            }
            Some(byte) => {
                let error = Corruption::NotJson {
                    byte: *byte,
                    position: self.position,
                };
                self.enter(Place::Garbage);
                Err(error.into())
            }
        }
    }

    /// Skips to the next opening bracket; false if there is none yet.
    fn skip_garbage(&mut self, buffer: &mut BytesMut) -> bool {
        let start = memchr::memchr2(b'{', b'[', buffer);
        self.drop_front(buffer, start.unwrap_or(buffer.len()));
        if start.is_some() {
            self.open(buffer);
        }
        start.is_some()
    }

    /// Cuts or skips the frame at the front of the buffer; `Some(None)` for one
    /// that was skipped, `None` if its end has not come.
    fn take(&mut self, buffer: &mut BytesMut) -> Result<Option<Option<Bytes>>, FrameError> {
        let in_array = self.place == Place::Array;
        if in_array && self.scan.seen == 0 && !self.discarding {
            let blanks = count_blanks(buffer);
            self.drop_front(buffer, blanks);
        }
        // What ends an element is not of it.
        let max = self.params.max_object_length;
        let window = if self.discarding {
            buffer.len()
        } else {
            buffer.len().min(max.saturating_add(usize::from(in_array)))
        };
        match self.scan.run(&buffer[..window], self.discarding) {
            Stop::Exhausted => {
                if self.discarding {
                    let all = buffer.len();
                    self.drop_front(buffer, all);
                } else if buffer.len() > max {
                    self.drop_front(buffer, window);
                    self.discarding = true;
                    return Err(FrameError::TooLong {
                        length: max as u64 + 1,
                        max,
                        setting: "maxObjectLength",
                        length_field: None,
                    });
                }
                Ok(None)
            }
            Stop::Closed => Ok(Some(self.finish(buffer, self.scan.seen, Place::Between))),
            Stop::Comma => Ok(Some(self.finish(buffer, self.scan.seen - 1, Place::Array))),
            Stop::ArrayEnd => Ok(Some(self.finish(
                buffer,
                self.scan.seen - 1,
                Place::Between,
            ))),
            Stop::WrongEnd => {
                let end = self.scan.seen;
                self.drop_front(buffer, end);
                self.enter(Place::Garbage);
                let position = self.position - 1;
                Err(Corruption::ArrayClosedByBrace { position }.into())
            }
            Stop::BrokenString => {
                let end = self.scan.seen;
                self.drop_front(buffer, end);
                self.enter(Place::Garbage);
                Ok(Some(None))
            }
        }
    }

    /// Takes all that was scanned off the buffer; its first `length` bytes are
    /// the frame.
    fn finish(&mut self, buffer: &mut BytesMut, length: usize, next: Place) -> Option<Bytes> {
        let mut frame = buffer.split_to(self.scan.seen);
        self.position += self.scan.seen as u64;
        let discarded = self.discarding;
        let trims = self.place == Place::Array;
        self.enter(next);
        frame.truncate(length);
        if trims {
            let blanks = frame.iter().rev().take_while(|byte| is_blank(**byte));
            frame.truncate(length - blanks.count());
        }
        let skipped = discarded || (frame.is_empty() && self.params.skip_empty_frames);
        (!skipped).then(|| frame.freeze())
    }
}

impl Stepwise for JsonDecoder {
    #[inline]
    fn step(&mut self, buffer: &mut BytesMut, _at_end: bool) -> Result<Step, FrameError> {
        let goes_on = match self.place {
            Place::Between => self.find_start(buffer)?,
            Place::Garbage => self.skip_garbage(buffer),
            Place::Object | Place::Array => match self.take(buffer)? {
                Some(Some(frame)) => return Ok(Step::Frame(frame)),
                Some(None) => true,
                None => false,
            },
        };
        Ok(if goes_on { Step::On } else { Step::Wait })
    }

    fn is_between(&self) -> bool {
        self.place == Place::Between
    }

    fn begin(&mut self, position: u64) {
        self.position = position;
    }
}

decode_stepwise!(JsonDecoder);

/// The blanks of Java's `Character.isWhitespace`, which Netty skips: more than
/// JSON knows.
fn is_blank(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0d | 0x1c..=0x20)
}

fn count_blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_blank(**byte)).count()
}

#[cfg(test)]
mod tests {
    use tokio_util::codec::Decoder;

    use super::*;
    use crate::framing::testing::transcript;

    fn run(max: usize, split_arrays: bool, chunks: &[&[u8]]) -> Vec<String> {
        let params = JsonParams {
            max_object_length: max,
            split_arrays,
            skip_empty_frames: false,
        };
        transcript(&mut JsonDecoder::new(params).unwrap(), chunks)
    }

    #[test]
    fn objects_and_arrays_are_frames() {
        let cases: [(&[&[u8]], &[&str]); 9] = [
            (
                &[b" {}\n[1,{}] {\"a\":{}}"],
                &["{}", "[1,{}]", "{\\\"a\\\":{}}"],
            ),
            (&[b"{\"", b"}\\", b"\"}\"", b"}"], &["{\\\"}\\\\\\\"}\\\"}"]),
            (&[b"{]"], &["{]"]),
            (&[b"{},{}"], &["{}", "!notJson 2", "{}"]),
            (
                &[b"abc", b"d {}", b" x"],
                &["!notJson 0", "{}", "!notJson 8"],
            ),
            (&[b"12345678"], &["!notJson 0"]),
            (&[b"[1,2,3,4]{}"], &["[1,2,3,4]", "{}"]),
            (&[b"[1,2,3,45]{}"], &["!tooLong 10", "{}"]),
            (&[b"[1,2,", b"3,45", b",[]]{", b"}"], &["!tooLong 10", "{}"]),
        ];
        for (chunks, expected) in cases {
            // The quoted ones are longer than 9 bytes.
            let max = if expected[0].contains('"') { 64 } else { 9 };
            assert_eq!(run(max, false, chunks), expected.to_vec(), "{chunks:?}");
        }
    }

    #[test]
    fn elements_can_be_frames() {
        let cases: [(&[&[u8]], &[&str]); 9] = [
            (&[b"[1, [2,3],{} ] {}"], &["1", "[2,3]", "{}", "{}"]),
            (&[b"[", b" 1", b" ,", b"2 ", b"]"], &["1", "2"]),
            (&[b"[]", b"[ ]", b"[1,,2]"], &["", "", "1", "", "2"]),
            (&[b"[12345,6]"], &["12345", "6"]),
            (&[b"[123456,7]"], &["!tooLong 6", "7"]),
            (&[b"[123456]{}"], &["!tooLong 6", "{}"]),
            (&[b"[1}", b",2]{}"], &["!brace 2", "{}"]),
            (&[b"{[]{"], &[]),
            (&[b"[1,2"], &["1"]),
        ];
        for (chunks, expected) in cases {
            assert_eq!(run(5, true, chunks), expected, "{chunks:?}");
        }
        let mut skipping = JsonDecoder::new(JsonParams {
            split_arrays: true,
            skip_empty_frames: true,
            ..JsonParams::default()
        })
        .unwrap();
        assert_eq!(transcript(&mut skipping, &[b"[] [1,,2]"]), ["1", "2"]);
    }

    #[test]
    fn a_string_that_never_ends_does_not_swallow_the_stream() {
        let stream = b"{\"a\":\"b}\n{\"a\":1}\n{}\n";
        assert_eq!(
            run(8, false, &[stream]),
            ["!tooLong 9", "{\\\"a\\\":1}", "{}"]
        );
    }

    #[test]
    fn a_limit_that_fits_nothing_is_refused() {
        for (max, split_arrays, works) in [(0, true, false), (1, true, true), (1, false, false)] {
            let params = JsonParams {
                max_object_length: max,
                split_arrays,
                ..JsonParams::default()
            };
            assert_eq!(JsonDecoder::new(params).is_ok(), works, "{params:?}");
        }
    }

    #[test]
    fn an_object_that_arrives_byte_by_byte_is_looked_at_once() {
        let mut decoder = JsonDecoder::new(JsonParams::default()).unwrap();
        let mut buffer = BytesMut::new();
        let object = [b"{\"a\":\"".as_slice(), &[b'x'; 64 * 1024], b"\"}"].concat();
        for (index, byte) in object.iter().enumerate() {
            assert_eq!(decoder.scan.seen, index);
            buffer.extend_from_slice(&[*byte]);
            let frame = decoder.decode(&mut buffer).unwrap();
            assert_eq!(frame.is_some(), index + 1 == object.len());
        }
    }
}
