//! The parameters of `MARKS`, as bytes of an input.

use crate::{
    framing::{MarksDecoder, MarksParams},
    parameters::{Parameters, Reader, write_flags, write_size},
};

/// `MARKS`: each sequence of at most 255 bytes, and at most 255 escapes.
#[derive(Debug, PartialEq, Eq)]
pub struct Marks(pub MarksParams);

/// A sequence with its length before it.
fn sequence(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let length = reader.byte()?;
    reader.bytes(length.into()).map(<[u8]>::to_vec)
}

fn write_sequence(input: &mut Vec<u8>, sequence: &[u8]) {
    input.push(sequence.len() as u8);
    input.extend(sequence);
}

impl Parameters for Marks {
    type Decoder = MarksDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let max_frame_length = reader.size()?;
        let [
            strip_delimiter,
            skip_empty_frames,
            nested,
            quote,
            escape,
            escape_xor,
        ] = reader.flags()?;
        let mut byte = |is_set: bool| match is_set {
            true => reader.byte().map(Some),
            false => Some(None),
        };
        let (quote, escape, escape_xor) = (byte(quote)?, byte(escape)?, byte(escape_xor)?);
        Some(Self(MarksParams {
            max_frame_length,
            start: sequence(reader)?,
            end: sequence(reader)?,
            strip_delimiter,
            skip_empty_frames,
            nested,
            quote,
            escape,
            escape_xor,
            escapes: (0..reader.byte()?)
                .map(|_| Some((sequence(reader)?, sequence(reader)?)))
                .collect::<Option<_>>()?,
        }))
    }

    fn write(&self, input: &mut Vec<u8>) {
        let params = &self.0;
        write_size(input, params.max_frame_length);
        let bytes = [params.quote, params.escape, params.escape_xor];
        let [quote, escape, escape_xor] = bytes.map(|byte| byte.is_some());
        write_flags(
            input,
            [
                params.strip_delimiter,
                params.skip_empty_frames,
                params.nested,
                quote,
                escape,
                escape_xor,
            ],
        );
        input.extend(bytes.into_iter().flatten());
        write_sequence(input, &params.start);
        write_sequence(input, &params.end);
        input.push(params.escapes.len() as u8);
        for (from, to) in &params.escapes {
            write_sequence(input, from);
            write_sequence(input, to);
        }
    }

    fn decoder(&self) -> Option<MarksDecoder> {
        MarksDecoder::new(self.0.clone()).ok()
    }

    fn most_kept(&self) -> usize {
        let marks = self.0.start.len() + self.0.longest_token();
        self.0.max_frame_length.saturating_add(marks)
    }
}
