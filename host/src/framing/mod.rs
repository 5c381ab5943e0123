//! Cuts a connection's byte stream into frames.
//!
//! Each framer is a [`tokio_util::codec::Decoder`] without any I/O: bytes in,
//! frames out, cut from the read buffer without a copy. The parameters are
//! Netty's, as ThingsBoard's dialog shows them. After an error a framer has
//! already skipped what it could not use, and goes on with the next call.

mod error;
mod text;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::config::{HandlerConfiguration, HandlerType};

pub use error::FrameError;
pub use text::LineDecoder;

/// The framer of one connection.
#[derive(Debug)]
pub enum Framer {
    /// `TEXT`: lines.
    Line(LineDecoder),
}

impl Framer {
    /// The framer that the settings describe.
    #[must_use]
    pub fn new(settings: &HandlerConfiguration) -> Self {
        match settings.handler_type {
            HandlerType::Text => Self::Line(LineDecoder::new(settings)),
        }
    }
}

impl Decoder for Framer {
    type Item = Bytes;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self {
            Self::Line(decoder) => decoder.decode(buffer),
        }
    }
}
