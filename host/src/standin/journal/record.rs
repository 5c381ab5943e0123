//! What a record of the journal holds, and its bytes: one that says what it
//! is, and the rest.

use prost::Message as _;

use crate::proto::edge::{DownlinkMsg, UplinkMsg};
use crate::standin::change::Change;

const UPLINK: u8 = b'u';
const CHANGE: u8 = b'c';
const EVENT: u8 = b'e';
const DONE: u8 = b'd';
const CONNECTED: u8 = b'n';

/// Something that changed what the stand-in knows.
#[derive(Debug, PartialEq)]
pub(in crate::standin) enum Record {
    /// An uplink message is processed.
    Uplink {
        /// When, in Unix microseconds.
        now_us: i64,
        message: UplinkMsg,
    },
    /// An administrator changes something.
    Change {
        /// When, in Unix microseconds.
        now_us: i64,
        change: Change,
    },
    /// A general event waits for the edge.
    Event(DownlinkMsg),
    /// The oldest so many general events are done with.
    EventsDone(u32),
    /// The edge connects.
    Connected,
}

/// Adds the bytes of [`Record::Uplink`] to a buffer, without a copy of the message.
pub(super) fn encode_uplink(message: &UplinkMsg, now_us: i64, buffer: &mut Vec<u8>) {
    buffer.push(UPLINK);
    buffer.extend(now_us.to_le_bytes());
    encode(message, buffer);
}

fn encode(message: &impl prost::Message, buffer: &mut Vec<u8>) {
    buffer.reserve(message.encoded_len());
    // A vector grows as it must: there is no error.
    let _ = message.encode(buffer);
}

impl Record {
    /// Adds the record's bytes to a buffer.
    pub(super) fn encode(&self, buffer: &mut Vec<u8>) {
        match self {
            Self::Uplink { now_us, message } => encode_uplink(message, *now_us, buffer),
            Self::Change { now_us, change } => {
                buffer.push(CHANGE);
                buffer.extend(now_us.to_le_bytes());
                // All keys of a change are texts: there is no error.
                let _ = serde_json::to_writer(buffer, change);
            }
            Self::Event(message) => {
                buffer.push(EVENT);
                encode(message, buffer);
            }
            Self::EventsDone(count) => {
                buffer.push(DONE);
                buffer.extend(count.to_le_bytes());
            }
            Self::Connected => buffer.push(CONNECTED),
        }
    }

    /// Reads what [`Record::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (&kind, rest) = bytes.split_first().ok_or("a record is empty")?;
        let unreadable = |error: &dyn std::fmt::Display| format!("a record is unreadable: {error}");
        let timed = || {
            let (time, rest) = rest.split_first_chunk().ok_or("a record has no time")?;
            Ok::<_, String>((i64::from_le_bytes(*time), rest))
        };
        match kind {
            UPLINK => {
                let (now_us, rest) = timed()?;
                let message = UplinkMsg::decode(rest).map_err(|error| unreadable(&error))?;
                Ok(Self::Uplink { now_us, message })
            }
            CHANGE => {
                let (now_us, rest) = timed()?;
                let change = serde_json::from_slice(rest).map_err(|error| unreadable(&error))?;
                Ok(Self::Change { now_us, change })
            }
            EVENT => DownlinkMsg::decode(rest)
                .map(Self::Event)
                .map_err(|error| unreadable(&error)),
            DONE => <[u8; 4]>::try_from(rest)
                .map(|count| Self::EventsDone(u32::from_le_bytes(count)))
                .map_err(|error| unreadable(&error)),
            CONNECTED if rest.is_empty() => Ok(Self::Connected),
            other => Err(format!("a record of the unknown kind {other}")),
        }
    }
}
