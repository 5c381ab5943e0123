//! The settings that the decoders are made from.

#[path = "../../src/config/handler.rs"]
mod handler;

pub use handler::{ByteOrder, HandlerConfiguration, HandlerType, MessageSeparator, OnFrameError};
