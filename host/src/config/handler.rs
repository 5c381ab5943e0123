//! `handlerConfiguration`: how a connection's byte stream is cut into frames.
//!
//! One flat struct for all kinds of framing, as ThingsBoard stores it.
//! A key that means nothing to the chosen `handlerType` is allowed, since
//! ThingsBoard's dialog leaves such keys behind when the type is changed.
//! [`Framer::new`](crate::framing::Framer::new) checks the values.

use serde::{Deserialize, Serialize};

/// ThingsBoard's *Handler Configuration*.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct HandlerConfiguration {
    /// The kind of framing. Default `TEXT`.
    pub handler_type: HandlerType,
    /// `TEXT`, `BINARY`, `CONVERTER`: most bytes of one frame. `TEXT` counts the
    /// bytes as they come over the wire, without the delimiter; `BINARY` counts header
    /// and payload, before anything is stripped; `CONVERTER` what the converter calls the
    /// frame. Default 128, as in ThingsBoard's dialog.
    pub max_frame_length: usize,
    /// `TEXT`, `BINARY`: whether a frame that is too long is reported as soon
    /// as that is known (true) or when its end has come (false). It is skipped
    /// either way. Default false, as ThingsBoard stores it.
    pub fail_fast: bool,

    /// `TEXT`: whether the delimiter is removed before the converter sees the
    /// frame. Default true.
    pub strip_delimiter: bool,
    /// `TEXT`: what ends a frame. Default `SYSTEM_LINE_SEPARATOR`.
    pub message_separator: MessageSeparator,
    /// `TEXT` with `CUSTOM_SEPARATOR`: the separator as text; its UTF-8 bytes
    /// are searched for. No default. ThingsBoard's own name of this key is not
    /// public, so `customSeparator` and `messageSeparatorValue` mean the same.
    #[serde(alias = "customSeparator", alias = "messageSeparatorValue")]
    pub separator: Option<String>,
    /// `TEXT` with `CUSTOM_SEPARATOR`: the separator as bytes in hexadecimal,
    /// such as `"0d0a"` or `"0D 0A"`; instead of `separator`, for what is not
    /// UTF-8. No default; not a ThingsBoard setting.
    pub separator_hex: Option<String>,
    /// `TEXT`: the devices' character encoding, any label of the WHATWG
    /// Encoding Standard (`ISO-8859-1`, `windows-1251`, `Shift_JIS`, …).
    /// Default `UTF-8`.
    ///
    /// The separator is searched for and `maxFrameLength` is counted in the
    /// bytes as they come; a frame is then turned into UTF-8 for the converter,
    /// and what is malformed becomes U+FFFD. With `UTF-8` the converter gets
    /// the bytes unchecked, as they came. The standard reads `ISO-8859-1` and
    /// `US-ASCII` as `windows-1252`, and `UTF-16` as little endian; Java's
    /// charsets of these names differ there.
    pub charset_name: String,

    /// `BINARY`: the byte order of the length field, and of nothing else.
    /// Default `LITTLE_ENDIAN`, what ThingsBoard's dialog selects.
    pub byte_order: ByteOrder,
    /// `BINARY`: bytes before the length field. Default 0.
    pub length_field_offset: usize,
    /// `BINARY`: size of the length field: 1, 2, 3, 4 or 8 bytes. Default 2.
    /// Unsigned, but for 8 bytes, where a negative number is an error.
    pub length_field_length: usize,
    /// `BINARY`: what to add to the number in the length field to get the
    /// bytes that follow the field. Default 0. Negative where the number counts
    /// the header too, positive where bytes follow that it does not count.
    pub length_adjustment: i32,
    /// `BINARY`: bytes to remove from the front of each frame. Default 0; the
    /// header's size (`lengthFieldOffset + lengthFieldLength`) leaves the
    /// payload alone.
    pub initial_bytes_to_strip: usize,

    /// `JSON`: most bytes of one object or array, counted from its first
    /// bracket; with `splitArrays`, of one element. Default 1 048 576 (1 MiB),
    /// the limit that ThingsBoard's decoder has. Not a ThingsBoard setting.
    pub max_object_length: usize,
    /// `JSON`: whether each element of a top-level array is a frame of its own
    /// (true) or the array is one frame (false). Default false. Not a
    /// ThingsBoard setting.
    pub split_arrays: bool,

    /// What happens to the connection after a frame that is too long or
    /// corrupt. Default `resync`. Not a ThingsBoard setting.
    pub on_frame_error: OnFrameError,
    /// `TEXT`: whether the bytes behind the last delimiter are a frame too when
    /// the device closes the connection, for devices that never end their last
    /// line. Default false: ThingsBoard drops them, and half a line may be cut
    /// anywhere. Not a ThingsBoard setting.
    pub flush_on_close: bool,
    /// Whether frames without content are skipped, so that a blank line is not
    /// an error of the converter. Default true for `TEXT`, false otherwise. Not
    /// a ThingsBoard setting; ThingsBoard hands them over.
    pub skip_empty_frames: Option<bool>,
}

impl Default for HandlerConfiguration {
    fn default() -> Self {
        Self {
            handler_type: HandlerType::Text,
            max_frame_length: 128,
            fail_fast: false,
            strip_delimiter: true,
            message_separator: MessageSeparator::SystemLineSeparator,
            separator: None,
            separator_hex: None,
            charset_name: "UTF-8".to_owned(),
            byte_order: ByteOrder::LittleEndian,
            length_field_offset: 0,
            length_field_length: 2,
            length_adjustment: 0,
            initial_bytes_to_strip: 0,
            max_object_length: 1024 * 1024,
            split_arrays: false,
            on_frame_error: OnFrameError::Resync,
            flush_on_close: false,
            skip_empty_frames: None,
        }
    }
}

impl HandlerConfiguration {
    /// [`HandlerConfiguration::skip_empty_frames`] or its default for the
    /// handler type.
    #[must_use]
    pub fn skips_empty_frames(&self) -> bool {
        self.skip_empty_frames
            .unwrap_or(self.handler_type == HandlerType::Text)
    }
}

/// ThingsBoard's `handlerType`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum HandlerType {
    /// Frames end with a delimiter.
    Text,
    /// Frames tell their length in their header.
    Binary,
    /// Frames are JSON objects or arrays.
    Json,
    /// The uplink converter cuts the frames: its export `framing`. Not a
    /// ThingsBoard setting.
    Converter,
}

/// ThingsBoard's `messageSeparator`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageSeparator {
    /// `\n` or `\r\n`.
    SystemLineSeparator,
    /// A zero byte.
    NulDelimiter,
    /// What `separator` or `separatorHex` says.
    CustomSeparator,
}

/// ThingsBoard's `byteOrder`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ByteOrder {
    /// The least significant byte comes first.
    LittleEndian,
    /// The most significant byte comes first (network byte order).
    BigEndian,
}

/// What follows a framing error.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnFrameError {
    /// The bad bytes are skipped and the connection goes on. One whose next
    /// frame cannot be found again is closed nevertheless: behind a corrupt
    /// length field every byte may be the next header.
    Resync,
    /// The connection is closed.
    Close,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_thingsboard_stores_loads_with_its_defaults() {
        let stored = r#"{"handlerType":"TEXT","maxFrameLength":256,"failFast":false,
            "stripDelimiter":true,"messageSeparator":"SYSTEM_LINE_SEPARATOR"}"#;
        let loaded: HandlerConfiguration = serde_json::from_str(stored).unwrap();
        let expected = HandlerConfiguration {
            max_frame_length: 256,
            ..HandlerConfiguration::default()
        };
        assert_eq!(loaded, expected);
        assert!(loaded.skips_empty_frames());
    }

    #[test]
    fn every_key_is_known_whatever_the_type() {
        let all = r#"{"handlerType":"BINARY","maxFrameLength":1,"failFast":true,
            "stripDelimiter":false,"messageSeparator":"CUSTOM_SEPARATOR","separator":"|",
            "separatorHex":"7c","charsetName":"latin1","byteOrder":"BIG_ENDIAN",
            "lengthFieldOffset":1,"lengthFieldLength":4,"lengthAdjustment":-3,
            "initialBytesToStrip":2,"maxObjectLength":9,"splitArrays":true,
            "onFrameError":"close","flushOnClose":true,"skipEmptyFrames":true,"typo":1}"#;
        let mut unknown = Vec::new();
        let mut reader = serde_json::Deserializer::from_str(all);
        let loaded: HandlerConfiguration =
            serde_ignored::deserialize(&mut reader, |path| unknown.push(path.to_string())).unwrap();
        assert_eq!(unknown, ["typo"]);
        assert_eq!(loaded.length_adjustment, -3);
        assert_eq!(loaded.byte_order, ByteOrder::BigEndian);
        assert_eq!(loaded.on_frame_error, OnFrameError::Close);
    }

    #[test]
    fn the_custom_separator_has_three_names() {
        for name in ["separator", "customSeparator", "messageSeparatorValue"] {
            let text = format!(r#"{{"{name}":"||"}}"#);
            let loaded: HandlerConfiguration = serde_json::from_str(&text).unwrap();
            assert_eq!(loaded.separator.as_deref(), Some("||"), "{name}");
        }
    }

    #[test]
    fn empty_frames_are_skipped_for_text_unless_told_otherwise() {
        for (text, skips) in [
            (r#"{"handlerType":"TEXT"}"#, true),
            (r#"{"handlerType":"BINARY"}"#, false),
            (r#"{"handlerType":"JSON"}"#, false),
            (r#"{"handlerType":"TEXT","skipEmptyFrames":false}"#, false),
            (r#"{"handlerType":"JSON","skipEmptyFrames":true}"#, true),
        ] {
            let loaded: HandlerConfiguration = serde_json::from_str(text).unwrap();
            assert_eq!(loaded.skips_empty_frames(), skips, "{text}");
        }
    }
}
