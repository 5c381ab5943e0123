//! What the tests of the decoders share.

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::{Corruption, FrameError};

/// A frame or an error as text: the frame with its bytes escaped, or `!` and
/// the kind of the error.
pub(super) fn describe(result: &Result<Bytes, FrameError>) -> String {
    match result {
        Ok(frame) => frame.escape_ascii().to_string(),
        Err(error) => kind(error),
    }
}

fn kind(error: &FrameError) -> String {
    match error {
        FrameError::TooLong { length, .. } => format!("!tooLong {length}"),
        FrameError::InFraming { framing, error, .. } => format!("!{framing}{}", kind(error)),
        FrameError::Corrupted(corruption) => match corruption {
            Corruption::NegativeLength(_) => "!negative".to_owned(),
            Corruption::LengthOverflow(_) => "!overflow".to_owned(),
            Corruption::ShorterThanHeader(_) => "!header".to_owned(),
            Corruption::BadDigit(bad) => format!("!digit {}", bad.position),
            Corruption::NoStartMark { position, .. } => format!("!noStart {position}"),
            Corruption::NoFraming { position, .. } => format!("!noFraming {position}"),
            Corruption::ShorterThanStrip(_) => "!strip".to_owned(),
            Corruption::NotJson { position, .. } => format!("!notJson {position}"),
            Corruption::ArrayClosedByBrace { position } => format!("!brace {position}"),
        },
        FrameError::Io(error) => format!("!io {error}"),
    }
}

/// All that comes out, read by read, and then what the end of the stream brings.
pub(super) fn outcomes<D>(
    decoder: &mut D,
    chunks: &[&[u8]],
    mut after_read: impl FnMut(&BytesMut),
) -> Vec<Vec<Result<Bytes, FrameError>>>
where
    D: Decoder<Item = Bytes, Error = FrameError>,
{
    let mut buffer = BytesMut::new();
    let mut reads = Vec::new();
    for chunk in chunks.iter().map(Some).chain([None]) {
        buffer.extend_from_slice(chunk.copied().unwrap_or_default());
        let mut read = Vec::new();
        loop {
            let next = match chunk {
                Some(_) => decoder.decode(&mut buffer),
                None => decoder.decode_eof(&mut buffer),
            };
            match next {
                Ok(Some(frame)) => read.push(Ok(frame)),
                Ok(None) => break,
                Err(error) => read.push(Err(error)),
            }
        }
        after_read(&buffer);
        reads.push(read);
    }
    reads
}

/// [`outcomes`] as text.
pub(super) fn transcript<D>(decoder: &mut D, chunks: &[&[u8]]) -> Vec<String>
where
    D: Decoder<Item = Bytes, Error = FrameError>,
{
    outcomes(decoder, chunks, |_| ())
        .iter()
        .flatten()
        .map(describe)
        .collect()
}
