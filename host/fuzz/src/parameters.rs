//! The parameters of each decoder, as bytes of an input.

use bytes::Bytes;
use tokio_util::codec;

use crate::{
    config::{ByteOrder, LengthFieldEncoding},
    framing::{
        DelimiterDecoder, FrameError, JsonDecoder, JsonParams, LengthFieldDecoder,
        LengthFieldParams, LineDecoder, TextParams, length_field::Terminator,
    },
};

/// Parameters that an input can hold.
pub trait Parameters: Sized {
    /// What they are the parameters of.
    type Decoder: codec::Decoder<Item = Bytes, Error = FrameError>;

    /// Reads what [`Parameters::write`] wrote; `None` if the input ends early.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Appends the bytes that stand for these parameters.
    fn write(&self, input: &mut Vec<u8>);

    /// A decoder at the start of a stream; `None` if the parameters are
    /// refused.
    fn decoder(&self) -> Option<Self::Decoder>;

    /// Most bytes that may stay in the buffer between reads.
    fn most_kept(&self) -> usize;
}

/// Takes values off the front of an input.
#[derive(Debug)]
pub struct Reader<'input>(&'input [u8]);

impl<'input> Reader<'input> {
    /// At the front of the input.
    #[must_use]
    pub fn new(input: &'input [u8]) -> Self {
        Self(input)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'input [u8]> {
        self.0.split_off(..count)
    }

    /// All other bytes.
    #[must_use]
    pub fn rest(self) -> &'input [u8] {
        self.0
    }

    /// Eight bytes.
    pub(crate) fn size(&mut self) -> Option<usize> {
        let bytes = *self.bytes(8)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    }

    /// One byte, of which each bit is a flag.
    pub(crate) fn flags<const COUNT: usize>(&mut self) -> Option<[bool; COUNT]> {
        let byte = self.byte()?;
        Some(std::array::from_fn(|bit| byte >> bit & 1 == 1))
    }
}

pub(crate) fn write_size(input: &mut Vec<u8>, size: usize) {
    input.extend((size as u64).to_le_bytes());
}

pub(crate) fn write_flags<const COUNT: usize>(input: &mut Vec<u8>, flags: [bool; COUNT]) {
    let bits = flags.iter().enumerate();
    input.push(bits.fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << bit));
}

fn read_text(reader: &mut Reader<'_>) -> Option<TextParams> {
    let max_frame_length = reader.size()?;
    let [
        strip_delimiter,
        fail_fast,
        skip_empty_frames,
        flush_on_close,
    ] = reader.flags()?;
    Some(TextParams {
        max_frame_length,
        strip_delimiter,
        fail_fast,
        skip_empty_frames,
        flush_on_close,
    })
}

fn write_text(params: &TextParams, input: &mut Vec<u8>) {
    write_size(input, params.max_frame_length);
    write_flags(
        input,
        [
            params.strip_delimiter,
            params.fail_fast,
            params.skip_empty_frames,
            params.flush_on_close,
        ],
    );
}

/// `TEXT` with the system line separator.
#[derive(Debug, PartialEq, Eq)]
pub struct Line(pub TextParams);

impl Parameters for Line {
    type Decoder = LineDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        read_text(reader).map(Self)
    }

    fn write(&self, input: &mut Vec<u8>) {
        write_text(&self.0, input);
    }

    fn decoder(&self) -> Option<LineDecoder> {
        LineDecoder::new(self.0).ok()
    }

    fn most_kept(&self) -> usize {
        // A frame and the `\r` behind it.
        self.0.max_frame_length.saturating_add(1)
    }
}

/// `TEXT` with other separators.
#[derive(Debug, PartialEq, Eq)]
pub struct Delimiter {
    /// What all separators have in common.
    pub params: TextParams,
    /// The separators: at most 255, of at most 255 bytes.
    pub delimiters: Vec<Vec<u8>>,
}

impl Parameters for Delimiter {
    type Decoder = DelimiterDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let params = read_text(reader)?;
        let delimiters = (0..reader.byte()?)
            .map(|_| {
                let length = reader.byte()?;
                reader.bytes(length.into()).map(<[u8]>::to_vec)
            })
            .collect::<Option<_>>()?;
        Some(Self { params, delimiters })
    }

    fn write(&self, input: &mut Vec<u8>) {
        write_text(&self.params, input);
        // What does not fit is read back as something else, which is for the
        // caller to see.
        input.push(self.delimiters.len() as u8);
        for delimiter in &self.delimiters {
            input.push(delimiter.len() as u8);
            input.extend(delimiter);
        }
    }

    fn decoder(&self) -> Option<DelimiterDecoder> {
        DelimiterDecoder::new(self.params, self.delimiters.clone()).ok()
    }

    fn most_kept(&self) -> usize {
        // A frame and all of a separator but its last byte.
        let longest = self.delimiters.iter().map(Vec::len).max().unwrap_or(1);
        self.params.max_frame_length.saturating_add(longest - 1)
    }
}

/// `BINARY`.
#[derive(Debug, PartialEq, Eq)]
pub struct LengthField(pub LengthFieldParams);

impl Parameters for LengthField {
    type Decoder = LengthFieldDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let [big_endian, fail_fast, skip_empty_frames, decimal, hex] = reader.flags()?;
        Some(Self(LengthFieldParams {
            max_frame_length: reader.size()?,
            byte_order: if big_endian {
                ByteOrder::BigEndian
            } else {
                ByteOrder::LittleEndian
            },
            length_field_offset: reader.size()?,
            length_field_length: reader.size()?,
            length_field_mask: u64::from_le_bytes(*reader.bytes(8)?.first_chunk()?),
            length_field_encoding: match (decimal, hex) {
                (true, _) => LengthFieldEncoding::AsciiDecimal,
                (false, true) => LengthFieldEncoding::AsciiHex,
                (false, false) => LengthFieldEncoding::Binary,
            },
            length_field_terminator: {
                let length = reader.byte()? % 5;
                Terminator::new(reader.bytes(length.into())?)?
            },
            length_adjustment: i32::from_le_bytes(*reader.bytes(4)?.first_chunk()?),
            initial_bytes_to_strip: reader.size()?,
            fail_fast,
            skip_empty_frames,
        }))
    }

    fn write(&self, input: &mut Vec<u8>) {
        let params = &self.0;
        let encoding = params.length_field_encoding;
        write_flags(
            input,
            [
                params.byte_order == ByteOrder::BigEndian,
                params.fail_fast,
                params.skip_empty_frames,
                encoding == LengthFieldEncoding::AsciiDecimal,
                encoding == LengthFieldEncoding::AsciiHex,
            ],
        );
        write_size(input, params.max_frame_length);
        write_size(input, params.length_field_offset);
        write_size(input, params.length_field_length);
        input.extend(params.length_field_mask.to_le_bytes());
        let terminator = params.length_field_terminator.as_bytes();
        input.push(terminator.len() as u8);
        input.extend(terminator);
        input.extend(params.length_adjustment.to_le_bytes());
        write_size(input, params.initial_bytes_to_strip);
    }

    fn decoder(&self) -> Option<LengthFieldDecoder> {
        LengthFieldDecoder::new(self.0).ok()
    }

    fn most_kept(&self) -> usize {
        self.0.max_frame_length.max(self.0.most_header())
    }
}

/// `JSON`.
#[derive(Debug, PartialEq, Eq)]
pub struct Json(pub JsonParams);

impl Parameters for Json {
    type Decoder = JsonDecoder;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let max_object_length = reader.size()?;
        let [split_arrays, skip_empty_frames] = reader.flags()?;
        Some(Self(JsonParams {
            max_object_length,
            split_arrays,
            skip_empty_frames,
        }))
    }

    fn write(&self, input: &mut Vec<u8>) {
        write_size(input, self.0.max_object_length);
        write_flags(input, [self.0.split_arrays, self.0.skip_empty_frames]);
    }

    fn decoder(&self) -> Option<JsonDecoder> {
        JsonDecoder::new(self.0).ok()
    }

    fn most_kept(&self) -> usize {
        self.0.max_object_length
    }
}
