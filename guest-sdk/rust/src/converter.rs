//! The two traits, one for each direction, of which a converter implements one
//! or both.

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
    /// the log, and the frame is lost.
    fn decode(frame: &[u8], context: &Context) -> Result<Vec<Entity>>;
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
