//! From `handlerConfiguration` to what a decoder is made of.

use super::{
    Charset, Framer, HandlerError, JsonParams, LengthFieldParams, Prefix, TextParams,
    length_digits::{MAX_TERMINATOR, Terminator},
};
use crate::config::{HandlerConfiguration, HandlerType, LengthFieldMask, MessageSeparator};

/// The parameters of `TEXT`.
pub(super) fn text(settings: &HandlerConfiguration) -> TextParams {
    TextParams {
        max_frame_length: settings.max_frame_length,
        strip_delimiter: settings.strip_delimiter,
        fail_fast: settings.fail_fast,
        skip_empty_frames: settings.skips_empty_frames(),
        flush_on_close: settings.flush_on_close,
    }
}

/// The character encoding of `TEXT`.
///
/// # Errors
///
/// If the label is unknown, or the separator is no character of the encoding.
pub(super) fn charset(settings: &HandlerConfiguration) -> Result<Charset, HandlerError> {
    let charset = Charset::new(&settings.charset_name)?;
    if charset.is_utf16() && settings.message_separator != MessageSeparator::CustomSeparator {
        return Err(HandlerError::new(
            "charsetName",
            &settings.charset_name,
            "a separator of one byte is half a character of this encoding, and would cut others in \
             two; write messageSeparator CUSTOM_SEPARATOR and the separator's bytes as \
             separatorHex, such as 0a00 for a line feed in UTF-16LE",
        ));
    }
    Ok(charset)
}

/// The separator of `TEXT`, if it is not the system line separator.
///
/// # Errors
///
/// If a custom one is not given, given twice, or not hexadecimal.
pub(crate) fn separator(settings: &HandlerConfiguration) -> Result<Vec<u8>, HandlerError> {
    if settings.message_separator == MessageSeparator::NulDelimiter {
        return Ok(vec![0]);
    }
    match (&settings.separator, &settings.separator_hex) {
        (Some(text), None) => Ok(text.clone().into_bytes()),
        (None, Some(hex)) => from_hex(hex).ok_or_else(|| {
            HandlerError::new(
                "separatorHex",
                hex,
                "write the separator's bytes as pairs of hexadecimal digits, such as 0d0a",
            )
        }),
        (Some(_), Some(hex)) => Err(both("separatorHex", hex, "separator")),
        (None, None) => Err(HandlerError::new(
            "messageSeparator",
            "CUSTOM_SEPARATOR",
            "the separator is not set; write it as separator, or its bytes as separatorHex",
        )),
    }
}

/// The parameters of `BINARY`.
///
/// # Errors
///
/// If the mask or the terminator cannot be read.
pub(super) fn length_field(
    settings: &HandlerConfiguration,
) -> Result<LengthFieldParams, HandlerError> {
    let terminator = settings.length_field_terminator.as_deref();
    let length_field_terminator = match terminator {
        Some("") => None,
        text => Terminator::new(text.unwrap_or_default().as_bytes()),
    };
    let length_field_terminator = length_field_terminator.ok_or_else(|| {
        HandlerError::new(
            "lengthFieldTerminator",
            format!("{:?}", terminator.unwrap_or_default()),
            format!("write the text of 1 to {MAX_TERMINATOR} bytes that ends the digits"),
        )
    })?;
    Ok(LengthFieldParams {
        max_frame_length: settings.max_frame_length,
        byte_order: settings.byte_order,
        length_field_offset: settings.length_field_offset,
        length_field_length: settings.length_field_length,
        length_field_mask: mask(settings)?,
        length_field_encoding: settings.length_field_encoding,
        length_field_terminator,
        length_adjustment: settings.length_adjustment,
        initial_bytes_to_strip: settings.initial_bytes_to_strip,
        fail_fast: settings.fail_fast,
        skip_empty_frames: settings.skips_empty_frames(),
    })
}

fn mask(settings: &HandlerConfiguration) -> Result<u64, HandlerError> {
    match &settings.length_field_mask {
        None => Ok(u64::MAX),
        Some(LengthFieldMask::Number(mask)) => Ok(*mask),
        Some(LengthFieldMask::Digits(digits)) => {
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let mask = u64::from_str_radix(digits, 16).ok();
            mask.filter(|_| is_hex).ok_or_else(|| {
                HandlerError::new(
                    "lengthFieldMask",
                    format!("{digits:?}"),
                    "write 1 to 16 hexadecimal digits without 0x, such as 7fff, or a number",
                )
            })
        }
    }
}

/// The framings of `CHOICE`.
///
/// # Errors
///
/// The first that cannot work, or whose first bytes cannot be read.
pub(super) fn framings(
    settings: &HandlerConfiguration,
) -> Result<Vec<(Prefix, Framer)>, HandlerError> {
    let framings = settings.framings.iter().enumerate();
    framings
        .map(|(index, settings)| {
            if settings.handler_type == HandlerType::Choice {
                return Err(HandlerError::new(
                    "handlerType",
                    "CHOICE",
                    "a choice holds no other; write the framings of the inner one here",
                )
                .within(index));
            }
            let framing = prefix(settings).and_then(|prefix| Ok((prefix, Framer::new(settings)?)));
            framing.map_err(|error| error.within(index))
        })
        .collect()
}

fn prefix(settings: &HandlerConfiguration) -> Result<Prefix, HandlerError> {
    let empty = |setting, text: &str| {
        HandlerError::new(
            setting,
            format!("{text:?}"),
            "nothing tells frames apart; write their first bytes, or leave it out to take all \
             others",
        )
    };
    let bytes = match (&settings.starts_with, &settings.starts_with_hex) {
        (None, None) => return Ok(Prefix::new(Vec::new())),
        (Some(text), None) => {
            if text.is_empty() {
                return Err(empty("startsWith", text));
            }
            text.bytes().map(Some).collect()
        }
        (None, Some(hex)) => {
            let groups = hex.split_ascii_whitespace();
            let pairs = groups.flat_map(|group| group.as_bytes().chunks(2));
            let bytes = pairs.map(|pair| match pair {
                b"??" => Some(None),
                pair => from_hex(std::str::from_utf8(pair).ok()?)?
                    .first()
                    .map(|byte| Some(*byte)),
            });
            let bytes: Vec<_> = bytes.collect::<Option<_>>().ok_or_else(|| {
                HandlerError::new(
                    "startsWithHex",
                    hex,
                    "write the first bytes as pairs of hexadecimal digits, such as 7878, or ?? for \
                     any byte",
                )
            })?;
            if bytes.is_empty() {
                return Err(empty("startsWithHex", hex));
            }
            bytes
        }
        (Some(_), Some(hex)) => return Err(both("startsWithHex", hex, "startsWith")),
    };
    if bytes.iter().all(Option::is_none) {
        let hex = settings.starts_with_hex.as_deref().unwrap_or_default();
        return Err(HandlerError::new(
            "startsWithHex",
            hex,
            "any bytes match, which tells no frames apart; leave it out to take all others",
        ));
    }
    Ok(Prefix::new(bytes))
}

/// Refuses bytes that are given as text and in hexadecimal.
pub(super) fn both(setting: &'static str, hex: &str, other: &str) -> HandlerError {
    HandlerError::new(
        setting,
        hex,
        format!("{other} is set too; keep the one that is meant"),
    )
}

/// The parameters of `JSON`.
pub(super) fn json(settings: &HandlerConfiguration) -> JsonParams {
    JsonParams {
        max_object_length: settings.max_object_length,
        split_arrays: settings.split_arrays,
        skip_empty_frames: settings.skips_empty_frames(),
    }
}

/// Pairs of digits, with or without blanks between the pairs.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.split_ascii_whitespace() {
        if group.len() % 2 != 0 {
            return None;
        }
        for pair in group.as_bytes().chunks_exact(2) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::framing::{Framer, testing::transcript};

    fn framer(json: &str) -> Result<Framer, String> {
        Framer::new(&serde_json::from_str(json).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_handler_type_cuts_as_its_settings_say() {
        let cases: [(&str, &[u8], &[&str]); 10] = [
            ("{}", b"a\r\n\r\nb\n", &["a", "b"]),
            (r#"{"skipEmptyFrames":false}"#, b"a\n\nb\n", &["a", "", "b"]),
            (r#"{"flushOnClose":true}"#, b"a\nb", &["a", "b"]),
            (
                r#"{"messageSeparator":"NUL_DELIMITER"}"#,
                b"a\n\0b\0",
                &["a\\n", "b"],
            ),
            (
                r#"{"messageSeparator":"CUSTOM_SEPARATOR","separator":"|§"}"#,
                b"a|b|\xc2\xa7c|\xc2\xa7",
                &["a|b", "c"],
            ),
            (
                r#"{"messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"FF fe"}"#,
                b"a\xff\xfeb\xff\xfe",
                &["a", "b"],
            ),
            (
                r#"{"charsetName":"ISO-8859-1"}"#,
                b"\xb0C\n",
                &["\\xc2\\xb0C"],
            ),
            (
                r#"{"charsetName":"utf-16le","messageSeparator":"CUSTOM_SEPARATOR","separatorHex":"0a00"}"#,
                b"a\0\n\0b\0\n\0",
                &["a", "b"],
            ),
            (
                r#"{"handlerType":"BINARY","lengthFieldOffset":4,"lengthFieldLength":1,"initialBytesToStrip":5}"#,
                b"0000\x11SN-002default25.7\0\0\0",
                &["SN-002default25.7"],
            ),
            (
                r#"{"handlerType":"JSON","splitArrays":true}"#,
                b"[1,{}]{}",
                &["1", "{}", "{}"],
            ),
        ];
        for (settings, stream, expected) in cases {
            let mut framer = framer(settings).unwrap();
            assert_eq!(transcript(&mut framer, &[stream]), expected, "{settings}");
        }
    }

    #[test]
    fn settings_that_never_work_are_refused() {
        let custom = r#""messageSeparator":"CUSTOM_SEPARATOR""#;
        let cases = [
            (r#"{"maxFrameLength":0}"#.to_owned(), "maxFrameLength = 0: "),
            (format!("{{{custom}}}"), "the separator is not set"),
            (format!(r#"{{{custom},"separator":""}}"#), "empty separator"),
            (
                format!(r#"{{{custom},"separatorHex":" "}}"#),
                "empty separator",
            ),
            (
                format!(r#"{{{custom},"separatorHex":"0"}}"#),
                "separatorHex = 0: ",
            ),
            (
                format!(r#"{{{custom},"separatorHex":"0x0a"}}"#),
                "hexadecimal digits",
            ),
            (
                format!(r#"{{{custom},"separatorHex":"+f"}}"#),
                "hexadecimal digits",
            ),
            (
                format!(r#"{{{custom},"separator":"|","separatorHex":"7c"}}"#),
                "separator is set too",
            ),
            (
                r#"{"charsetName":"EBCDIC"}"#.to_owned(),
                "charsetName = EBCDIC: ",
            ),
            (r#"{"charsetName":"UTF-16"}"#.to_owned(), "half a character"),
            (
                r#"{"handlerType":"BINARY","lengthFieldLength":5}"#.to_owned(),
                "1, 2, 3, 4 or 8",
            ),
            (
                r#"{"handlerType":"JSON","maxObjectLength":1}"#.to_owned(),
                "maxObjectLength = 1: ",
            ),
        ];
        for (settings, text) in cases {
            let error = framer(&settings).unwrap_err();
            assert!(error.contains(text), "{settings}: {error}");
        }
    }

    #[test]
    fn settings_of_other_handler_types_do_not_matter() {
        for settings in [
            r#"{"lengthFieldLength":5,"maxObjectLength":0}"#,
            r#"{"handlerType":"JSON","maxFrameLength":0,"charsetName":"klingon"}"#,
            r#"{"handlerType":"BINARY","messageSeparator":"CUSTOM_SEPARATOR"}"#,
        ] {
            assert!(framer(settings).is_ok(), "{settings}");
        }
    }
}
