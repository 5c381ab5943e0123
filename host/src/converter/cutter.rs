//! Cuts a stream with the converter's export `framing`, without trusting it.
//!
//! The converter sees the first bytes of what has come, not all of it, so that many
//! small frames in one read cost no more than their own bytes; it asks for more.
//! Where it cannot say how many it needs it is asked again when there are an
//! eighth more, or after a pause that grows with what it would have to look at
//! again. So the bytes that it is shown are a small multiple of those that came, and of a
//! slow device's some MB a second at most.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

use super::{error::CallError, instance::Step};

/// What a converter is shown at first: a header, or a whole small frame.
const FIRST_LOOK: usize = 256;
/// Up to here it is asked again for each read.
const SMALL: usize = 1024;
/// Bytes a millisecond that a converter may be shown again.
const AGAIN_PER_MS: usize = 4096;

/// Why a stretch of the stream is no frame.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CutError {
    /// The frame is longer than the limit; it is skipped.
    #[error(
        "frame of {length} bytes exceeds maxFrameLength = {max}: raise maxFrameLength, or check \
         that the converter belongs to the device"
    )]
    TooLong {
        /// Its bytes.
        length: u64,
        /// The limit.
        max: usize,
    },
    /// The converter finds no end within the limit.
    #[error(
        "the converter needs {needed} bytes to find the end of a frame, and maxFrameLength = \
         {max}: raise maxFrameLength, or check that the converter belongs to the device"
    )]
    Endless {
        /// How many it wants to see.
        needed: u64,
        /// The limit.
        max: usize,
    },
    /// The converter drops nothing and finds nothing.
    #[error("the converter found a frame of no bytes and skipped none")]
    NoProgress,
    /// The call failed, or the converter cannot find the next frame.
    #[error("{0}")]
    Converter(CallError),
}

impl CutError {
    /// Whether it is known where the next frame begins. If not, the connection
    /// has to be closed.
    #[must_use]
    pub fn can_continue(&self) -> bool {
        matches!(self, Self::TooLong { .. })
    }
}

/// What came of a look at the bytes.
#[derive(Debug, Default)]
pub struct Cuts {
    /// The frames, in order.
    pub frames: Vec<Bytes>,
    /// Stretches that are none. The last one may be fatal; then nothing is cut
    /// any more.
    pub errors: Vec<CutError>,
    /// Bytes that were dropped because they belong to no frame.
    pub skipped: u64,
    /// What to do when the frames are dealt with.
    pub next: Next,
}

/// When to look again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// When bytes have come.
    #[default]
    Bytes,
    /// When bytes have come, or this time has passed without any.
    BytesOr(Duration),
    /// At once: there may be more in what has come.
    Now,
}

/// Whether a look came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Done,
    /// A call took longer than this thread allows; nothing of it counts.
    Unfinished,
}

/// Where one connection's stream stands.
#[derive(Debug)]
pub struct Cutter {
    max_frame_length: usize,
    state: State,
    /// Bytes of the frame before: the next one is likely to be as long.
    usual: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The converter is to be asked when `wanted` bytes are there. It has seen
    /// `seen` of them.
    Look { wanted: usize, seen: usize },
    /// `skip` bytes are to be dropped, and `length` bytes behind them are a frame;
    /// 0 is none.
    Frame { skip: u64, length: usize },
}

const START: State = State::Look { wanted: 1, seen: 0 };

impl Cutter {
    /// At the start of a stream. `max_frame_length` is in bytes, without what is
    /// skipped.
    #[must_use]
    pub fn new(max_frame_length: usize) -> Self {
        Self {
            max_frame_length,
            state: START,
            usual: FIRST_LOOK,
        }
    }

    /// The pause of [`Next::BytesOr`] has passed without new bytes: the converter
    /// is asked at the next look.
    pub fn nothing_came(&mut self) {
        if let State::Look { seen, .. } = &mut self.state {
            *seen = 0;
        }
    }

    /// Takes frames from the front of `buffer`, `max_frames` at most, while `go_on`.
    /// `call` asks the converter; none is a call that took too long on this thread.
    pub(super) fn cut(
        &mut self,
        buffer: &mut BytesMut,
        max_frames: usize,
        cuts: &mut Cuts,
        mut call: impl FnMut(&[u8]) -> Option<Result<Step, CallError>>,
        go_on: impl Fn() -> bool,
    ) -> Looked {
        loop {
            cuts.next = Next::Now;
            if cuts.frames.len() >= max_frames || !go_on() {
                return Looked::Done;
            }
            match self.state {
                State::Frame { skip, length } => {
                    let dropped = usize::try_from(skip)
                        .unwrap_or(usize::MAX)
                        .min(buffer.len());
                    buffer.advance(dropped);
                    cuts.skipped += dropped as u64;
                    let skip = skip - dropped as u64;
                    if skip > 0 || buffer.len() < length {
                        self.state = State::Frame { skip, length };
                        cuts.next = Next::Bytes;
                        return Looked::Done;
                    }
                    if length > 0 {
                        cuts.frames.push(buffer.split_to(length).freeze());
                        self.usual = length;
                    }
                    self.state = START;
                }
                State::Look { wanted, seen } => {
                    if let Some(wait) = wait(buffer.len(), wanted, seen) {
                        cuts.next = wait;
                        return Looked::Done;
                    }
                    let most = self.usual.max(FIRST_LOOK).max(wanted).max(2 * seen);
                    let shown = &buffer[..buffer.len().min(most)];
                    let Some(step) = call(shown) else {
                        return Looked::Unfinished;
                    };
                    let taken = match step {
                        Ok(step) => self.take(step, shown.len(), buffer.len()),
                        Err(error) => Err(CutError::Converter(error)),
                    };
                    if let Err(error) = taken {
                        let fatal = !error.can_continue();
                        cuts.errors.push(error);
                        if fatal {
                            return Looked::Done;
                        }
                    }
                }
            }
        }
    }

    /// Takes over what the converter said of the first `shown` bytes of those that are
    /// `there`.
    fn take(&mut self, step: Step, shown: usize, there: usize) -> Result<(), CutError> {
        let max = self.max_frame_length;
        self.state = match step {
            Step::Need(more) => {
                let needed = shown as u64 + u64::from(more.max(1));
                let wanted = usize::try_from(needed).ok().filter(|wanted| *wanted <= max);
                let wanted = wanted.ok_or(CutError::Endless { needed, max })?;
                match there > shown {
                    // It was shown a part only, and gets twice as much at once.
                    true => State::Look {
                        wanted: wanted.max((2 * shown).min(there).min(max)),
                        seen: 0,
                    },
                    false => State::Look {
                        wanted,
                        seen: shown,
                    },
                }
            }
            Step::Frame { skip: 0, length: 0 } => return Err(CutError::NoProgress),
            Step::Frame { skip, length } => match length as usize {
                length if length <= max => State::Frame {
                    skip: skip.into(),
                    length,
                },
                length => {
                    let length = length as u64;
                    self.state = State::Frame {
                        skip: u64::from(skip) + length,
                        length: 0,
                    };
                    return Err(CutError::TooLong { length, max });
                }
            },
        };
        Ok(())
    }
}

/// What has to come before the converter is asked; none: it is asked now.
fn wait(there: usize, wanted: usize, seen: usize) -> Option<Next> {
    if there < wanted {
        return Some(Next::Bytes);
    }
    if seen <= SMALL || there >= seen + seen / 8 {
        return None;
    }
    let pause = u64::try_from(seen / AGAIN_PER_MS).unwrap_or(u64::MAX);
    Some(Next::BytesOr(Duration::from_millis(pause + 1)))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A converter whose frames are `<` … `>`, with anything else between them.
    fn marks(bytes: &[u8]) -> Result<Step, CallError> {
        let Some(start) = bytes.iter().position(|byte| *byte == b'<') else {
            let skip = bytes.len() as u32;
            return Ok(Step::Frame { skip, length: 0 });
        };
        let rest = &bytes[start..];
        Ok(match rest.iter().position(|byte| *byte == b'>') {
            Some(end) => Step::Frame {
                skip: start as u32,
                length: end as u32 + 1,
            },
            None if start > 0 => Step::Frame {
                skip: start as u32,
                length: 0,
            },
            None => Step::Need(1),
        })
    }

    /// A length of two bytes, and as many behind it.
    fn header(bytes: &[u8]) -> Result<Step, CallError> {
        let [high, low, ..] = *bytes else {
            return Ok(Step::Need(2 - bytes.len() as u32));
        };
        let length = u32::from(u16::from_be_bytes([high, low])) + 2;
        Ok(Step::Frame { skip: 0, length })
    }

    type Converter = fn(&[u8]) -> Result<Step, CallError>;

    #[derive(Default)]
    struct Run {
        frames: Vec<Bytes>,
        errors: Vec<String>,
        /// Bytes that the converter was shown, over all calls.
        shown: usize,
        pauses: usize,
        skipped: u64,
        rest: usize,
    }

    /// Brings the chunks to the cutter as a connection does; in each pause nothing
    /// comes.
    fn run(converter: Converter, max: usize, chunks: &[&[u8]]) -> Run {
        let mut cutter = Cutter::new(max);
        let (mut buffer, mut run) = (BytesMut::new(), Run::default());
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            loop {
                let mut cuts = Cuts::default();
                let call = |bytes: &[u8]| {
                    run.shown += bytes.len();
                    Some(converter(bytes))
                };
                let looked = cutter.cut(&mut buffer, 4, &mut cuts, call, || true);
                assert_eq!(looked, Looked::Done);
                run.frames.extend(cuts.frames);
                run.skipped += cuts.skipped;
                let fatal = cuts.errors.iter().any(|error| !error.can_continue());
                let errors = cuts.errors.iter().map(ToString::to_string);
                run.errors.extend(errors);
                match cuts.next {
                    _ if fatal => return run,
                    Next::Now => {}
                    Next::Bytes => break,
                    Next::BytesOr(_) => {
                        run.pauses += 1;
                        cutter.nothing_came();
                    }
                }
            }
        }
        run.rest = buffer.len();
        run
    }

    #[test]
    fn frames_are_cut_and_the_rest_is_skipped() {
        let run = run(marks, 8, &[b"xx<a><b", b"c>\r\n", b"\n<d", b">yy"]);
        assert_eq!(run.frames, ["<a>", "<bc>", "<d>"]);
        assert!(run.errors.is_empty() && run.rest == 0);
        assert_eq!(run.skipped, 7);
    }

    #[test]
    fn a_frame_beyond_the_limit_is_skipped_if_its_length_is_known() {
        let long = [&[0, 30][..], &[7; 30], &[0, 1, 9]].concat();
        let run = run(header, 16, &[&long[..20], &long[20..]]);
        assert_eq!(run.frames, [&[0, 1, 9][..]]);
        assert_eq!(run.errors.len(), 1);
        assert!(run.errors[0].starts_with("frame of 32 bytes exceeds maxFrameLength = 16"));
    }

    #[test]
    fn what_cannot_go_on_is_fatal() {
        let cases: [(Converter, &[u8], &str); 3] = [
            (marks, b"<123456789", "needs 11 bytes to find the end"),
            (
                |_| Ok(Step::Frame { skip: 0, length: 0 }),
                b"x",
                "of no bytes",
            ),
            (
                |_| Err(CallError::Refused("start byte missing".to_owned())),
                b"x",
                "start byte missing",
            ),
        ];
        for (converter, stream, text) in cases {
            let run = run(converter, 8, &[stream]);
            assert!(run.frames.is_empty());
            assert!(run.errors[0].contains(text), "{:?}", run.errors);
        }
    }

    #[test]
    fn a_call_that_is_not_finished_changes_nothing() {
        let mut cutter = Cutter::new(8);
        let mut buffer = BytesMut::from(&b"<a>"[..]);
        let mut cuts = Cuts::default();
        let looked = cutter.cut(&mut buffer, 4, &mut cuts, |_| None, || true);
        assert_eq!(looked, Looked::Unfinished);
        let looked = cutter.cut(
            &mut buffer,
            4,
            &mut cuts,
            |bytes| Some(marks(bytes)),
            || true,
        );
        assert_eq!((looked, cuts.frames.len()), (Looked::Done, 1));
    }

    #[test]
    fn the_converter_is_shown_little_more_than_what_came() {
        const MIB: usize = 1 << 20;
        let frame = [b"<".as_slice(), &vec![b'x'; MIB - 2], b">"].concat();
        // Reads of 1 KiB, of which each might be the last.
        let chunks: Vec<_> = frame.chunks(1024).collect();
        let large = run(marks, MIB, &chunks);
        assert_eq!(large.frames.len(), 1);
        assert!(large.pauses > 0);
        // Pauses are time, which bounds what is shown after each.
        let mut cutter = Cutter::new(MIB);
        let (mut buffer, mut shown) = (BytesMut::new(), 0);
        for chunk in &chunks {
            buffer.extend_from_slice(chunk);
            let mut cuts = Cuts::default();
            let call = |bytes: &[u8]| {
                shown += bytes.len();
                Some(marks(bytes))
            };
            cutter.cut(&mut buffer, 4, &mut cuts, call, || true);
        }
        assert!(shown < 12 * MIB, "{shown} bytes of {MIB}");

        let small = b"<0123456789>".repeat(10_000);
        let small_run = run(marks, 64, &small.chunks(8192).collect::<Vec<_>>());
        assert_eq!(small_run.frames.len(), 10_000);
        assert!(small_run.shown < 30 * small.len(), "{}", small_run.shown);
    }

    proptest! {
        #[test]
        fn frames_do_not_depend_on_how_the_stream_was_cut(
            stream in vec(prop_oneof![Just(b'<'), Just(b'>'), Just(b'a'), Just(0)], 0..200),
            cuts in vec(0_usize..200, 0..8),
        ) {
            let mut places: Vec<_> = cuts.iter().map(|cut| *cut.min(&stream.len())).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let chunks: Vec<_> = places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let whole = run(marks, 200, &[&stream]);
            let cut = run(marks, 200, &chunks);
            prop_assert_eq!(&whole.frames, &cut.frames);
            let single: Vec<_> = stream.chunks(1).collect();
            prop_assert_eq!(whole.frames, run(marks, 200, &single).frames);
        }
    }
}
