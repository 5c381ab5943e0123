//! The settings that the decoders are made from.

#[path = "../../src/config/handler.rs"]
mod handler;

pub use handler::{
    ByteOrder, HandlerConfiguration, HandlerType, LengthFieldEncoding, LengthFieldMask,
    MessageSeparator, OnFrameError,
};
