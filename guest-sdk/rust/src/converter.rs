//! The traits that a converter implements: one for each direction, and two that an
//! uplink converter may add.

use crate::{Context, Entity, Result};

/// Translates what devices send into ThingsBoard's terms.
///
/// The trait is implemented on a type without state: instances of a component
/// are reused and thrown away at any time, so nothing survives a call.
pub trait UplinkConverter {
    /// Translates one frame, as the integration's handler cut it (a delimiter
    /// or header that it strips is gone).
    ///
    /// Returns what the frame says, in the order in which it is to be stored:
    /// any number of entities, also none.
    ///
    /// # Errors
    ///
    /// An error means that this frame cannot be decoded. Its text is written to
    /// the log, the frame is kept for the converter's next version, and what was asked for
    /// on the connection does not happen.
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>>;
}

/// Follows connections: what happens on them beside frames.
///
/// Each function returns entities as [`UplinkConverter::decode`] does, and can do on
/// the connection what that can. The integration's settings say which of them are
/// called. Export it with `lifecycle =` beside `uplink =`.
pub trait LifecycleConverter {
    /// A device has connected and has sent nothing yet. Called with the setting
    /// `callOnConnect`.
    ///
    /// # Errors
    ///
    /// The text is written to the log.
    fn on_connect(context: &Context) -> Result<Vec<Entity>> {
        let _ = context;
        Ok(Vec::new())
    }

    /// The device has sent nothing for the setting `callWhenIdleMs`; called again
    /// each time that passes. The place to ask a device that speaks only when it is
    /// asked.
    ///
    /// # Errors
    ///
    /// The text is written to the log.
    fn on_idle(context: &Context) -> Result<Vec<Entity>> {
        let _ = context;
        Ok(Vec::new())
    }

    /// The connection has ended. Called with the setting `callOnClose`; a reply
    /// goes nowhere.
    ///
    /// # Errors
    ///
    /// The text is written to the log.
    fn on_close(context: &Context) -> Result<Vec<Entity>> {
        let _ = context;
        Ok(Vec::new())
    }
}

/// Cuts a connection's byte stream into frames, where no handler of the host can.
///
/// Used with `handlerType = "CONVERTER"`. Export it with `framing =` beside
/// `uplink =`. [`testing::frames`](crate::testing::frames) tries it on a stream.
pub trait FramingConverter {
    /// Looks for the first frame in the bytes that have come and belong to no frame
    /// yet; there is at least one. They are the first of what the host has: a converter
    /// that needs more says so.
    ///
    /// # Errors
    ///
    /// An error means that the next frame cannot be found: the connection is
    /// closed. A converter that can find it skips the bytes before it instead.
    fn cut(bytes: &[u8]) -> Result<Step>;
}

/// What a [`FramingConverter`] says of the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The end of the frame cannot be told before so many more bytes are there; 1 if
    /// nobody knows.
    Need(usize),
    /// The next frame.
    Frame {
        /// Bytes before it that belong to no frame: they are dropped.
        skip: usize,
        /// Bytes of the frame; they may go beyond those at hand, if a header tells
        /// the length. 0 only drops what is to be skipped.
        length: usize,
    },
}

impl Step {
    /// A frame of `length` bytes at the front.
    #[must_use]
    pub fn frame(length: usize) -> Step {
        Step::Frame { skip: 0, length }
    }

    /// Nothing but `count` bytes to drop.
    #[must_use]
    pub fn skip(count: usize) -> Step {
        Step::Frame {
            skip: count,
            length: 0,
        }
    }

    /// What is missing until `wanted` bytes are there: `Step::need(bytes, 8)` asks
    /// for a header of 8 bytes.
    #[must_use]
    pub fn need(bytes: &[u8], wanted: usize) -> Step {
        Step::Need(wanted.saturating_sub(bytes.len()).max(1))
    }
}

/// Translates ThingsBoard's messages into what devices understand.
///
/// Implemented on a type without state, as [`UplinkConverter`] is.
pub trait DownlinkConverter {
    /// Translates one message for the device that the context's metadata
    /// `deviceName` names.
    ///
    /// Returns the frames to send, in order; none if the device need not know.
    /// The host appends the integration's terminator (a line feed by default)
    /// to each of them.
    ///
    /// # Errors
    ///
    /// An error means that this message cannot be encoded. Its text is written
    /// to the log, and nothing is sent.
    fn encode(msg: &Message, context: &Context) -> Result<Vec<Vec<u8>>>;
}

/// A message of ThingsBoard for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    body: String,
    msg_type: String,
}

impl Message {
    /// A message with its body, JSON text, and its type.
    ///
    /// ```
    /// use tb_converter::Message;
    ///
    /// let msg = Message::new(r#"{"powerState":"on"}"#, "ATTRIBUTES_UPDATED");
    /// assert_eq!(msg.body(), r#"{"powerState":"on"}"#);
    /// assert_eq!(msg.msg_type(), "ATTRIBUTES_UPDATED");
    /// ```
    pub fn new(body: impl Into<String>, msg_type: impl Into<String>) -> Message {
        Message {
            body: body.into(),
            msg_type: msg_type.into(),
        }
    }

    /// The body, JSON text: of `ATTRIBUTES_UPDATED` an object of keys and
    /// values, of `RPC_CALL_FROM_SERVER_TO_DEVICE` an object with `method` and
    /// `params`.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// ThingsBoard's message type, such as `ATTRIBUTES_UPDATED` or
    /// `RPC_CALL_FROM_SERVER_TO_DEVICE`.
    #[must_use]
    pub fn msg_type(&self) -> &str {
        &self.msg_type
    }
}
