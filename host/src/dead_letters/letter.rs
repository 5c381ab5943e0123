//! What could not be delivered, and what is asked and told about it.

use std::net::SocketAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record::Details;

/// Whose refusal made it a dead letter, and what else is known for that case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Origin {
    /// A converter could not decode the frame.
    Converter {
        /// The device's end of the connection.
        peer: SocketAddr,
        /// The host's end of the connection.
        local: SocketAddr,
        /// The converter that could not decode it at the last try.
        converter: String,
        /// The version of that converter.
        version: String,
        /// The session value that the frame met, in hex: another try must meet it, too.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        session_hex: String,
    },
    /// ThingsBoard does not take what was decoded. The bytes are the record as
    /// JSON, see [`Uplink::json`](crate::message::Uplink::json).
    ThingsBoard {
        /// The name of the device or asset.
        entity: String,
    },
}

/// What could not be delivered, as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLetter {
    /// When the host read the frame, in Unix milliseconds.
    pub received_ms: i64,
    /// The integration that it came through.
    pub integration: String,
    /// Who refused it.
    pub origin: Origin,
    /// What they said. Texts beyond 4 KiB are cut.
    pub error: String,
    /// The frame's bytes, as the converter was given them, or the record.
    pub frame: Bytes,
}

/// A letter that was kept. As JSON its bytes are the field `frameHex`, with their
/// number as `frameLength` before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Its number in the store: ascending, and never given twice.
    pub id: u64,
    /// When the host read the frame, in Unix milliseconds.
    pub received_ms: i64,
    /// The integration that it came through.
    pub integration: String,
    /// Who refused it.
    #[serde(flatten)]
    pub origin: Origin,
    /// What they said at the last try.
    pub error: String,
    /// How many decodings failed; 1 at first.
    pub tries: u32,
    /// The frame's bytes, or the record's.
    #[serde(flatten, with = "frame_fields")]
    pub frame: Bytes,
}

impl Letter {
    /// Puts together what the store holds apart.
    pub(super) fn new(id: u64, details: Details, frame: Bytes) -> Self {
        Self {
            id,
            received_ms: details.received_ms,
            integration: details.integration,
            origin: details.origin,
            error: details.error,
            tries: details.tries,
            frame,
        }
    }
}

/// Another decoding of a kept frame that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAgain {
    /// The letter.
    pub id: u64,
    /// The converter that was tried.
    pub converter: String,
    /// That converter's version.
    pub version: String,
    /// What the converter said. Texts beyond 4 KiB are cut.
    pub error: String,
}

/// Which letters to give. The empty filter gives all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that came through this integration.
    pub integration: Option<String>,
    /// Only those that this converter failed on last.
    pub converter: Option<String>,
    /// Leaves out those whose last try was with this version: trying them again
    /// would fail again. Leaves out what ThingsBoard refused, too: no version
    /// changes that.
    pub not_version: Option<String>,
}

impl Filter {
    pub(super) fn admits(&self, details: &Details) -> bool {
        let is = |wanted: &Option<String>, value: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        is(&self.integration, &details.integration)
            && match &details.origin {
                Origin::Converter {
                    converter, version, ..
                } => is(&self.converter, converter) && self.not_version.as_ref() != Some(version),
                Origin::ThingsBoard { .. } => {
                    self.converter.is_none() && self.not_version.is_none()
                }
            }
    }
}

/// How much the store may hold. When a letter would exceed either limit the
/// oldest letters go. Both are 1 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the frames and of what is kept beside them. The file takes up to
    /// three times as much: it grows in large steps, and has room for changes.
    pub max_bytes: u64,
    /// Letters.
    pub max_letters: u64,
}

/// How much the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Letters in the store.
    pub letters: u64,
    /// Their bytes, counted as [`Limits::max_bytes`] counts them.
    pub bytes: u64,
    /// When the oldest letter's frame was read, in Unix milliseconds.
    pub oldest_ms: Option<i64>,
    /// Letters that went because of the limits, since the process started.
    pub dropped: u64,
}

/// Bytes as two JSON fields, for people first.
mod frame_fields {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::hex::{hex, unhex};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields {
        frame_length: usize,
        frame_hex: String,
    }

    pub(super) fn serialize<S: Serializer>(frame: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        let fields = Fields {
            frame_length: frame.len(),
            frame_hex: hex(frame),
        };
        fields.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let fields = Fields::deserialize(from)?;
        unhex(&fields.frame_hex)
            .map(Bytes::from)
            .filter(|frame| frame.len() == fields.frame_length)
            .ok_or_else(|| D::Error::custom("frameHex is not frameLength bytes in hex"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::dead_letters::{
        record::Record,
        testing::{new_letter, refused},
    };

    fn letter(frame: &'static [u8]) -> Letter {
        let record = Record::new(NewLetter {
            frame: Bytes::from_static(frame),
            ..new_letter("meters", "meter", "v1")
        });
        Letter::new(7, Details::parse(&record.details).unwrap(), record.frame)
    }

    #[test]
    fn a_letter_is_json_with_its_frame_in_hex() {
        let shown = serde_json::to_value(letter(&[0x00, 0x7f, 0xab])).unwrap();
        let expected = json!({
            "id": 7,
            "receivedMs": 1_700_000_000_000_i64,
            "integration": "meters",
            "peer": "192.0.2.1:50000",
            "local": "[::1]:9000",
            "converter": "meter",
            "version": "v1",
            "sessionHex": "ff",
            "error": "no checksum",
            "tries": 1,
            "frameLength": 3,
            "frameHex": "007fab",
        });
        assert_eq!(shown, expected);
        let keys: Vec<_> = shown.as_object().unwrap().keys().collect();
        assert_eq!(keys[..3], ["id", "receivedMs", "integration"]);
        for frame in [&b""[..], b"\0\x7f\xab"] {
            let letter = letter(frame);
            let text = serde_json::to_string(&letter).unwrap();
            assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter);
        }
    }

    #[test]
    fn what_thingsboard_refused_is_found_without_a_converter_only() {
        let record = Record::new(refused("meters", "SN-1"));
        let details = Details::parse(&record.details).unwrap();
        let letter = Letter::new(8, details.clone(), record.frame);
        let shown = serde_json::to_value(&letter).unwrap();
        assert_eq!(shown["entity"], "SN-1");
        assert_eq!(shown.get("converter"), None);
        let text = serde_json::to_string(&letter).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter);
        let some = |text: &str| Some(text.to_owned());
        for (integration, converter, not_version, admitted) in [
            (None, None, None, true),
            (some("meters"), None, None, true),
            (some("pumps"), None, None, false),
            (None, some("meter"), None, false),
            (None, None, some("v2"), false),
        ] {
            let filter = Filter {
                integration,
                converter,
                not_version,
            };
            assert_eq!(filter.admits(&details), admitted, "{filter:?}");
        }
    }

    #[test]
    fn hex_that_is_none_is_refused() {
        for (length, hex) in [
            (1, "0"),
            (1, "0g"),
            (1, "é"),
            (2, "00"),
            (0, "00"),
            (1, "+1"),
        ] {
            let mut shown = serde_json::to_value(letter(b"")).unwrap();
            shown["frameLength"] = json!(length);
            shown["frameHex"] = Value::from(hex);
            let error = serde_json::from_value::<Letter>(shown).unwrap_err();
            assert_eq!(
                error.to_string(),
                "frameHex is not frameLength bytes in hex"
            );
        }
    }

    #[test]
    fn a_filter_admits_what_fits_all_its_parts() {
        let record = Record::new(new_letter("meters", "meter", "v1"));
        let details = Details::parse(&record.details).unwrap();
        let some = |text: &str| Some(text.to_owned());
        for (integration, converter, not_version, admitted) in [
            (None, None, None, true),
            (some("meters"), None, None, true),
            (some("meter"), None, None, false),
            (None, some("meter"), None, true),
            (None, some("meters"), None, false),
            (None, None, some("v1"), false),
            (None, None, some("v2"), true),
            (some("meters"), some("meter"), some("v2"), true),
            (some("meters"), some("other"), some("v2"), false),
        ] {
            let filter = Filter {
                integration,
                converter,
                not_version,
            };
            assert_eq!(filter.admits(&details), admitted, "{filter:?}");
        }
    }
}
