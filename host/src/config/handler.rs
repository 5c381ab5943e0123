//! `handlerConfiguration`: how a connection's byte stream is cut into frames.
//!
//! One flat struct for all kinds of framing, as ThingsBoard stores it.
//! A key that means nothing to the chosen `handlerType` is allowed, since
//! ThingsBoard's dialog leaves such keys behind when the type is changed.
//! [`Framer::new`](crate::framing::Framer::new) checks the values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// ThingsBoard's *Handler Configuration*.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct HandlerConfiguration {
    /// The kind of framing. Default `TEXT`.
    pub handler_type: HandlerType,
    /// `TEXT`, `BINARY`, `MARKS`, `CONVERTER`: most bytes of one frame. `TEXT` counts
    /// the bytes as they come over the wire, without the delimiter; `MARKS` those
    /// between the marks; `BINARY` counts header and payload, before anything
    /// is stripped; `CONVERTER` what the converter calls the frame. Default 128, as in
    /// ThingsBoard's dialog.
    pub max_frame_length: usize,
    /// `TEXT`, `BINARY`: whether a frame that is too long is reported as soon
    /// as that is known (true) or when its end has come (false). It is skipped
    /// either way. Default false, as ThingsBoard stores it.
    pub fail_fast: bool,

    /// `TEXT`, `MARKS`: whether the delimiter, or both marks, are removed before
    /// the converter sees the frame. Default true.
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
    /// Unsigned, but for 8 bytes, where a negative number is an error. With
    /// digits as `lengthFieldEncoding` their count, 1 to 10, or 0 for as many
    /// as come before `lengthFieldTerminator`.
    pub length_field_length: usize,
    /// `BINARY`: the bits of the number in the length field that are the length,
    /// in hexadecimal digits such as `"7fff"`, or as a number. The others, such
    /// as a flag in the highest bit, are cleared before `lengthAdjustment` is
    /// added. Default all bits. Not a ThingsBoard setting.
    pub length_field_mask: Option<LengthFieldMask>,
    /// `BINARY`: how the length is written. Default `BINARY`. Not a ThingsBoard
    /// setting.
    pub length_field_encoding: LengthFieldEncoding,
    /// `BINARY` with digits as `lengthFieldEncoding` and `lengthFieldLength = 0`:
    /// the text of 1 to 4 bytes that ends the digits, such as `","`. It belongs
    /// to the length field: the bytes that follow the field are those behind it.
    /// No default; not a ThingsBoard setting.
    pub length_field_terminator: Option<String>,
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

    /// `MARKS`: the text that begins each frame. What comes before it is skipped,
    /// blanks and line ends in silence. Without a start mark each frame begins
    /// where the one before it ended. May be the end mark, too: then each mark
    /// ends a frame and begins the next, and frames without content do not
    /// count. No default; not a ThingsBoard setting.
    pub start_mark: Option<String>,
    /// `MARKS`: the start mark as bytes in hexadecimal, instead of `startMark`.
    /// No default; not a ThingsBoard setting.
    pub start_mark_hex: Option<String>,
    /// `MARKS`: the text that ends each frame. No default; not a ThingsBoard
    /// setting.
    pub end_mark: Option<String>,
    /// `MARKS`: the end mark as bytes in hexadecimal, instead of `endMark`. No
    /// default; not a ThingsBoard setting.
    pub end_mark_hex: Option<String>,
    /// `MARKS`: whether a frame may hold start and end marks in pairs, so that
    /// it ends with the end mark that belongs to its start mark. Default false.
    /// Not a ThingsBoard setting.
    pub nested_marks: bool,
    /// `MARKS`: a byte in hexadecimal that begins and ends quoted text, in which
    /// nothing is a mark or an escape, such as `"24"` for `$`. The frame keeps
    /// it. No default; not a ThingsBoard setting.
    pub quote_hex: Option<String>,
    /// `MARKS`: a byte in hexadecimal that takes its meaning from the byte
    /// behind it, which is then no mark. The frame keeps both unless
    /// `escapeXorHex` is set. No default; not a ThingsBoard setting.
    pub escape_hex: Option<String>,
    /// `MARKS` with `escapeHex`: a byte in hexadecimal. The converter gets one
    /// byte for an escaped pair, the second XOR this one: `"20"` for HDLC and
    /// PPP, `"00"` to remove the escape alone. Unless it is `"00"`, a mark is one
    /// behind the escape byte, too. No default; not a ThingsBoard setting.
    pub escape_xor_hex: Option<String>,
    /// `MARKS`: byte sequences that are no marks, and what the converter gets in
    /// their place, both in hexadecimal: `{ "7d01" = "7d", "7d02" = "7e" }`. They
    /// come before marks that begin at the same byte. Default none. Not a
    /// ThingsBoard setting.
    pub escapes: BTreeMap<String, String>,

    /// `FIXED_LENGTH`: bytes of each frame. No default; not a ThingsBoard
    /// setting.
    pub frame_length: usize,

    /// `CHOICE`: the framings of this port, each a handler configuration of its
    /// own. The first bytes of each frame choose the first entry whose
    /// `startsWith` they match; bytes that match none are skipped, blanks and
    /// line ends in silence. No default; not a ThingsBoard setting.
    pub framings: Vec<HandlerConfiguration>,
    /// In `framings`: the text with which the frames of this entry begin. The
    /// last entry may leave it out to take all other bytes. No default; not a
    /// ThingsBoard setting.
    pub starts_with: Option<String>,
    /// In `framings`: the first bytes in hexadecimal, instead of `startsWith`;
    /// `??` is any byte. No default; not a ThingsBoard setting.
    pub starts_with_hex: Option<String>,

    /// What happens to the connection after a frame that is too long or
    /// corrupt; that of an entry of `framings` does not count. Default `resync`.
    /// Not a ThingsBoard setting.
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
            length_field_mask: None,
            length_field_encoding: LengthFieldEncoding::Binary,
            length_field_terminator: None,
            length_adjustment: 0,
            initial_bytes_to_strip: 0,
            max_object_length: 1024 * 1024,
            split_arrays: false,
            start_mark: None,
            start_mark_hex: None,
            end_mark: None,
            end_mark_hex: None,
            nested_marks: false,
            quote_hex: None,
            escape_hex: None,
            escape_xor_hex: None,
            escapes: BTreeMap::new(),
            frame_length: 0,
            framings: Vec::new(),
            starts_with: None,
            starts_with_hex: None,
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
    /// Frames lie between a start mark and an end mark. Not ThingsBoard's.
    Marks,
    /// All frames have the same length. Not ThingsBoard's.
    #[serde(rename = "FIXED_LENGTH")]
    FixedLength,
    /// The first bytes of each frame choose its framing. Not ThingsBoard's.
    Choice,
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

/// `lengthFieldMask`, as it is written.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum LengthFieldMask {
    /// A number.
    Number(u64),
    /// Hexadecimal digits.
    Digits(String),
}

/// `lengthFieldEncoding`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LengthFieldEncoding {
    /// A number in `byteOrder`.
    Binary,
    /// ASCII digits `0` to `9`, the most significant first.
    AsciiDecimal,
    /// ASCII digits `0` to `9`, `a` to `f` and `A` to `F`, the most significant
    /// first.
    AsciiHex,
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
            "lengthFieldMask":"7fff","lengthFieldEncoding":"ASCII_HEX",
            "lengthFieldTerminator":",","startMark":"[","startMarkHex":"5b","endMark":"]",
            "endMarkHex":"5d","nestedMarks":true,"quoteHex":"24","escapeHex":"7d",
            "escapeXorHex":"20","escapes":{"7d01":"7d"},"frameLength":7,"startsWith":"a",
            "startsWithHex":"61","framings":[{"handlerType":"FIXED_LENGTH","typo":2}],
            "initialBytesToStrip":2,"maxObjectLength":9,"splitArrays":true,
            "onFrameError":"close","flushOnClose":true,"skipEmptyFrames":true,"typo":1}"#;
        let mut unknown = Vec::new();
        let mut reader = serde_json::Deserializer::from_str(all);
        let loaded: HandlerConfiguration =
            serde_ignored::deserialize(&mut reader, |path| unknown.push(path.to_string())).unwrap();
        assert_eq!(unknown, ["framings.0.typo", "typo"]);
        let fixed = &loaded.framings[0];
        assert_eq!(fixed.handler_type, HandlerType::FixedLength);
        assert_eq!(loaded.escapes["7d01"], "7d");
        let encoding = loaded.length_field_encoding;
        assert_eq!(encoding, LengthFieldEncoding::AsciiHex);
        assert_eq!(loaded.length_adjustment, -3);
        assert_eq!(loaded.byte_order, ByteOrder::BigEndian);
        assert_eq!(loaded.on_frame_error, OnFrameError::Close);
    }

    #[test]
    fn a_mask_is_digits_or_a_number() {
        for (text, expected) in [
            (r#""7fff""#, LengthFieldMask::Digits("7fff".to_owned())),
            ("32767", LengthFieldMask::Number(0x7fff)),
        ] {
            let text = format!(r#"{{"lengthFieldMask":{text}}}"#);
            let loaded: HandlerConfiguration = serde_json::from_str(&text).unwrap();
            assert_eq!(loaded.length_field_mask, Some(expected), "{text}");
        }
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
