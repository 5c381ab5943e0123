//! Cuts a connection's byte stream into frames.
//!
//! Each decoder is a [`tokio_util::codec::Decoder`] without any I/O: bytes in,
//! frames out, cut from the read buffer without a copy. The parameters of
//! `TEXT`, `BINARY` and `JSON` are Netty's, as ThingsBoard's dialog shows them,
//! and so are the results, byte for byte, but where Netty's depend on how TCP cut
//! the stream or lose good frames behind a bad one; each module names its
//! differences. `MARKS`, `FIXED_LENGTH`, `CHOICE` and what `BINARY` can do beyond
//! Netty are for protocols that no decoder of Netty's can cut. All of them hold
//! no more than the limit and a separator, and look at each byte once.
//!
//! After an error a decoder has skipped what it could not use, and goes on with
//! the next call; [`FrameError::can_continue`] tells whether that makes sense.

mod charset;
mod choice;
mod choice_prefix;
mod delimiter;
mod error;
mod first_bytes;
mod fixed_length;
mod json;
mod json_scan;
mod length_digits;
pub mod length_field;
mod length_params;
mod length_sum;
mod line;
mod marks;
mod marks_params;
mod marks_scan;
mod separated;
mod settings;
mod settings_marks;
mod step;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod properties_beyond_netty;
#[cfg(test)]
mod recipes;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

pub use charset::Charset;
pub use choice::{ChoiceDecoder, Prefix};
pub use delimiter::DelimiterDecoder;
pub use error::{Corruption, FrameError, HandlerError};
pub use fixed_length::FixedLengthDecoder;
pub use json::{JsonDecoder, JsonParams};
pub use length_field::{Explanation, LengthFieldDecoder, LengthFieldParams};
pub use line::LineDecoder;
pub use marks::{MarksDecoder, MarksParams};
pub use separated::TextParams;
pub(crate) use settings::separator;
use step::{Step, Stepwise};

use crate::config::{HandlerConfiguration, HandlerType, MessageSeparator};

/// The framer of one connection.
#[derive(Debug)]
pub enum Framer {
    /// `TEXT` with the system line separator.
    Line(LineDecoder, Charset),
    /// `TEXT` with any other separator.
    Delimiter(DelimiterDecoder, Charset),
    /// `BINARY`.
    LengthField(LengthFieldDecoder),
    /// `JSON`.
    Json(JsonDecoder),
    /// `MARKS`.
    Marks(MarksDecoder),
    /// `FIXED_LENGTH`.
    FixedLength(FixedLengthDecoder),
    /// `CHOICE`.
    Choice(ChoiceDecoder),
}

impl Framer {
    /// The framer that the settings describe.
    ///
    /// # Errors
    ///
    /// If no frame can ever come out, or a setting has no meaning. Settings
    /// that the handler type does not use are not looked at.
    pub fn new(settings: &HandlerConfiguration) -> Result<Self, HandlerError> {
        match settings.handler_type {
            HandlerType::Text => {
                let params = settings::text(settings);
                let charset = settings::charset(settings)?;
                match settings.message_separator {
                    MessageSeparator::SystemLineSeparator => {
                        Ok(Self::Line(LineDecoder::new(params)?, charset))
                    }
                    MessageSeparator::NulDelimiter | MessageSeparator::CustomSeparator => {
                        let separator = settings::separator(settings)?;
                        let decoder = DelimiterDecoder::new(params, vec![separator])?;
                        Ok(Self::Delimiter(decoder, charset))
                    }
                }
            }
            HandlerType::Binary => {
                LengthFieldDecoder::new(settings::length_field(settings)?).map(Self::LengthField)
            }
            HandlerType::Json => JsonDecoder::new(settings::json(settings)).map(Self::Json),
            HandlerType::Marks => {
                MarksDecoder::new(settings_marks::marks(settings)?).map(Self::Marks)
            }
            HandlerType::FixedLength => {
                FixedLengthDecoder::new(settings.frame_length).map(Self::FixedLength)
            }
            HandlerType::Choice => {
                ChoiceDecoder::new(settings::framings(settings)?).map(Self::Choice)
            }
            HandlerType::Converter => Err(HandlerError::new(
                "handlerType",
                "CONVERTER",
                "the uplink converter cuts these frames, no handler does",
            )),
        }
    }
}

impl Framer {
    /// How `BINARY` reads the header at the front of `bytes`, the buffer before
    /// the next call, as a framing of `CHOICE` too; none while it skips a frame
    /// that is too long, and for the other handlers.
    #[must_use]
    pub fn explain(&self, bytes: &[u8]) -> Option<Explanation> {
        match self {
            Self::LengthField(decoder) => decoder.explain(bytes),
            Self::Choice(decoder) => decoder.explain(bytes),
            Self::Line(..)
            | Self::Delimiter(..)
            | Self::Json(_)
            | Self::Marks(_)
            | Self::FixedLength(_) => None,
        }
    }

    /// The entry of `framings` that cut the last frame; none for other handlers
    /// than `CHOICE`.
    #[must_use]
    pub fn framing(&self) -> Option<usize> {
        match self {
            Self::Choice(decoder) => decoder.last(),
            _ => None,
        }
    }

    /// Bytes that `MARKS` and `CHOICE` have thrown away so far because no frame
    /// begins there, blanks aside.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Marks(decoder) => decoder.skipped(),
            Self::Choice(decoder) => decoder.skipped(),
            _ => 0,
        }
    }
}

impl Stepwise for Framer {
    fn step(&mut self, buffer: &mut BytesMut, at_end: bool) -> Result<Step, FrameError> {
        let (step, charset) = match self {
            Self::Line(decoder, charset) => (decoder.step(buffer, at_end), *charset),
            Self::Delimiter(decoder, charset) => (decoder.step(buffer, at_end), *charset),
            Self::LengthField(decoder) => return decoder.step(buffer, at_end),
            Self::Json(decoder) => return decoder.step(buffer, at_end),
            Self::Marks(decoder) => return decoder.step(buffer, at_end),
            Self::FixedLength(decoder) => return decoder.step(buffer, at_end),
            Self::Choice(decoder) => return decoder.step(buffer, at_end),
        };
        Ok(match step? {
            Step::Frame(frame) => Step::Frame(charset.to_utf8(frame)),
            other => other,
        })
    }

    fn is_between(&self) -> bool {
        match self {
            Self::Line(decoder, _) => decoder.is_between(),
            Self::Delimiter(decoder, _) => decoder.is_between(),
            Self::LengthField(decoder) => decoder.is_between(),
            Self::Json(decoder) => decoder.is_between(),
            Self::Marks(decoder) => decoder.is_between(),
            Self::FixedLength(decoder) => decoder.is_between(),
            Self::Choice(decoder) => decoder.is_between(),
        }
    }

    fn begin(&mut self, position: u64) {
        match self {
            Self::Line(decoder, _) => decoder.begin(position),
            Self::Delimiter(decoder, _) => decoder.begin(position),
            Self::LengthField(decoder) => decoder.begin(position),
            Self::Json(decoder) => decoder.begin(position),
            Self::Marks(decoder) => decoder.begin(position),
            Self::FixedLength(decoder) => decoder.begin(position),
            Self::Choice(decoder) => decoder.begin(position),
        }
    }
}

impl Decoder for Framer {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self {
            Self::Line(decoder, charset) => converted(decoder.decode(buffer), *charset),
            Self::Delimiter(decoder, charset) => converted(decoder.decode(buffer), *charset),
            Self::LengthField(decoder) => decoder.decode(buffer),
            Self::Json(decoder) => decoder.decode(buffer),
            Self::Marks(decoder) => decoder.decode(buffer),
            Self::FixedLength(decoder) => decoder.decode(buffer),
            Self::Choice(decoder) => decoder.decode(buffer),
        }
    }

    /// What is left when the device has closed the connection: call until
    /// nothing comes out. An unfinished frame is dropped, but for `TEXT` with
    /// `flushOnClose`.
    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self {
            Self::Line(decoder, charset) => converted(decoder.decode_eof(buffer), *charset),
            Self::Delimiter(decoder, charset) => converted(decoder.decode_eof(buffer), *charset),
            Self::LengthField(decoder) => decoder.decode_eof(buffer),
            Self::Json(decoder) => decoder.decode_eof(buffer),
            Self::Marks(decoder) => decoder.decode_eof(buffer),
            Self::FixedLength(decoder) => decoder.decode_eof(buffer),
            Self::Choice(decoder) => decoder.decode_eof(buffer),
        }
    }
}

fn converted(
    frame: Result<Option<Bytes>, FrameError>,
    charset: Charset,
) -> Result<Option<Bytes>, FrameError> {
    Ok(frame?.map(|frame| charset.to_utf8(frame)))
}
