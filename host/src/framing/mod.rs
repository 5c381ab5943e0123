//! Cuts a connection's byte stream into frames.
//!
//! Each decoder is a [`tokio_util::codec::Decoder`] without any I/O: bytes in,
//! frames out, cut from the read buffer without a copy. The parameters are
//! Netty's, as ThingsBoard's dialog shows them, and so are the results, byte
//! for byte, but where Netty's depend on how TCP cut the stream or lose good
//! frames behind a bad one; each module names its differences. All of them hold
//! no more than the limit and a separator, and look at each byte once.
//!
//! After an error a decoder has skipped what it could not use, and goes on with
//! the next call; [`FrameError::can_continue`] tells whether that makes sense.

mod charset;
mod delimiter;
mod error;
mod json;
mod json_scan;
pub mod length_field;
mod length_params;
mod length_sum;
mod line;
mod separated;
mod settings;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

pub use charset::Charset;
pub use delimiter::DelimiterDecoder;
pub use error::{Corruption, FrameError, HandlerError};
pub use json::{JsonDecoder, JsonParams};
pub use length_field::{Explanation, LengthFieldDecoder, LengthFieldParams};
pub use line::LineDecoder;
pub use separated::TextParams;
pub(crate) use settings::separator;

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
                LengthFieldDecoder::new(settings::length_field(settings)).map(Self::LengthField)
            }
            HandlerType::Json => JsonDecoder::new(settings::json(settings)).map(Self::Json),
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
    /// the next call; none while it skips a frame that is too long, and for the
    /// other handlers.
    #[must_use]
    pub fn explain(&self, bytes: &[u8]) -> Option<Explanation> {
        match self {
            Self::LengthField(decoder) => decoder.explain(bytes),
            Self::Line(..) | Self::Delimiter(..) | Self::Json(_) => None,
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
        }
    }
}

fn converted(
    frame: Result<Option<Bytes>, FrameError>,
    charset: Charset,
) -> Result<Option<Bytes>, FrameError> {
    Ok(frame?.map(|frame| charset.to_utf8(frame)))
}
