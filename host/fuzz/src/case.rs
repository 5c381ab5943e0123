//! One input of a target.

use std::iter::repeat_n;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::{
    framing::FrameError,
    parameters::{Parameters, Reader},
};

/// Parameters, a stream, and how it is cut into reads.
#[derive(Debug, PartialEq, Eq)]
pub struct Case<P> {
    /// The decoder's parameters.
    pub parameters: P,
    /// Bytes of the first reads; the rest of the stream is one more. At most
    /// 255 of them.
    pub reads: Vec<u8>,
    /// All bytes of the connection.
    pub stream: Vec<u8>,
}

impl<P: Parameters> Case<P> {
    /// The case that an input stands for; `None` if the input ends early.
    #[must_use]
    pub fn read(input: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(input);
        let parameters = P::read(&mut reader)?;
        let count = reader.byte()?;
        Some(Self {
            parameters,
            reads: reader.bytes(count.into())?.to_vec(),
            stream: reader.rest().to_vec(),
        })
    }

    /// The input that [`Case::read`] takes for this case; `None` for too many
    /// reads.
    #[must_use]
    pub fn write(&self) -> Option<Vec<u8>> {
        let mut input = Vec::new();
        self.parameters.write(&mut input);
        input.push(u8::try_from(self.reads.len()).ok()?);
        input.extend(&self.reads);
        input.extend(&self.stream);
        Some(input)
    }

    /// Frames the stream as it is cut, in one read and byte by byte; false if
    /// the parameters are refused.
    ///
    /// # Panics
    ///
    /// If the cuts show in the results, more stays in the buffer than the
    /// parameters allow, or something comes out of nothing.
    #[must_use]
    pub fn check(&self) -> bool {
        let mut rest = self.stream.as_slice();
        let mut reads = Vec::new();
        for length in &self.reads {
            let (read, tail) = rest.split_at(rest.len().min((*length).into()));
            reads.push(read);
            rest = tail;
        }
        reads.push(rest);
        let Some(results) = self.frame(reads.into_iter()) else {
            return false;
        };
        let whole = self.frame([self.stream.as_slice()].into_iter());
        assert_eq!(Some(&results), whole.as_ref(), "cut, and in one read");
        let single = self.frame(self.stream.chunks(1));
        assert_eq!(whole, single, "in one read, and byte by byte");
        true
    }

    /// All that comes out; `None` if the parameters are refused.
    fn frame<'stream>(
        &self,
        reads: impl Iterator<Item = &'stream [u8]>,
    ) -> Option<Vec<Result<Bytes, String>>> {
        let mut decoder = self.parameters.decoder()?;
        let limit = self.parameters.most_kept();
        let mut buffer = BytesMut::new();
        let mut results = Vec::new();
        // The stream's end comes after the reads.
        for read in reads.map(Some).chain(repeat_n(None, 1)) {
            buffer.extend_from_slice(read.unwrap_or_default());
            loop {
                let next = match read {
                    Some(_) => decoder.decode(&mut buffer),
                    None => decoder.decode_eof(&mut buffer),
                };
                match next {
                    Ok(Some(frame)) => results.push(Ok(frame)),
                    Ok(None) => break,
                    Err(error) => results.push(Err(kind(error))),
                }
                // Only the end of a frame that is being skipped takes no byte.
                let most = self.stream.len() + 1;
                assert!(results.len() <= most, "more results than bytes");
            }
            let kept = buffer.len();
            assert!(kept <= limit, "{kept} bytes kept, the limit is {limit}");
        }
        Some(results)
    }
}

/// How much of a long frame was seen when it was reported depends on the cuts;
/// nothing else does.
fn kind(error: FrameError) -> String {
    match error {
        FrameError::TooLong { .. } => "too long".to_owned(),
        FrameError::InFraming { framing, error, .. } => format!("{framing}: {}", kind(*error)),
        other => other.to_string(),
    }
}
