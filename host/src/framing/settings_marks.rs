//! From `handlerConfiguration` to the parameters of `MARKS`.

use super::{
    HandlerError, MarksParams,
    settings::{both, from_hex},
};
use crate::config::HandlerConfiguration;

/// The parameters of `MARKS`.
///
/// # Errors
///
/// If the end mark is missing, or bytes cannot be read.
pub(super) fn marks(settings: &HandlerConfiguration) -> Result<MarksParams, HandlerError> {
    let start = mark(
        ("startMark", &settings.start_mark),
        ("startMarkHex", &settings.start_mark_hex),
    )?;
    let end = mark(
        ("endMark", &settings.end_mark),
        ("endMarkHex", &settings.end_mark_hex),
    )?;
    let end = end.ok_or_else(|| {
        HandlerError::new(
            "handlerType",
            "MARKS",
            "the end mark is not set; write it as endMark, or its bytes as endMarkHex",
        )
    })?;
    let escapes = settings.escapes.iter();
    let escapes = escapes.map(|(from, to)| {
        let pair = from_hex(from).zip(from_hex(to));
        pair.ok_or_else(|| {
            HandlerError::new(
                "escapes",
                format!("{from:?} = {to:?}"),
                "write both as pairs of hexadecimal digits, such as \"7d01\" = \"7d\"",
            )
        })
    });
    Ok(MarksParams {
        max_frame_length: settings.max_frame_length,
        start: start.unwrap_or_default(),
        end,
        strip_delimiter: settings.strip_delimiter,
        skip_empty_frames: settings.skips_empty_frames(),
        nested: settings.nested_marks,
        quote: byte("quoteHex", &settings.quote_hex)?,
        escape: byte("escapeHex", &settings.escape_hex)?,
        escape_xor: byte("escapeXorHex", &settings.escape_xor_hex)?,
        escapes: escapes.collect::<Result<_, _>>()?,
    })
}

/// The bytes of a mark that is given as text or in hexadecimal.
fn mark(
    (text_key, text): (&'static str, &Option<String>),
    (hex_key, hex): (&'static str, &Option<String>),
) -> Result<Option<Vec<u8>>, HandlerError> {
    let (key, written, bytes) = match (text, hex) {
        (None, None) => return Ok(None),
        (Some(text), None) => (text_key, text, Some(text.clone().into_bytes())),
        (None, Some(hex)) => (hex_key, hex, from_hex(hex)),
        (Some(_), Some(hex)) => return Err(both(hex_key, hex, text_key)),
    };
    let reason = match bytes {
        None => "write the mark's bytes as pairs of hexadecimal digits, such as 7e",
        Some(bytes) if bytes.is_empty() => {
            "an empty mark is found everywhere; write at least one byte, or leave it out"
        }
        Some(bytes) => return Ok(Some(bytes)),
    };
    Err(HandlerError::new(key, format!("{written:?}"), reason))
}

/// One byte in hexadecimal.
fn byte(key: &'static str, hex: &Option<String>) -> Result<Option<u8>, HandlerError> {
    let Some(hex) = hex else {
        return Ok(None);
    };
    match from_hex(hex).as_deref() {
        Some([byte]) => Ok(Some(*byte)),
        _ => Err(HandlerError::new(
            key,
            format!("{hex:?}"),
            "write one byte as two hexadecimal digits, such as 7d",
        )),
    }
}
