//! What `tb-tcp frame` prints.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    cut::{Event, Outcome},
    guess::Guess,
};
use crate::{config::HandlerConfiguration, hex::hex};

/// Frames and errors in order; with `as_json` one object a line.
pub(super) fn outcome(
    output: &mut impl Write,
    handler: &HandlerConfiguration,
    outcome: &Outcome,
    as_json: bool,
) -> io::Result<()> {
    if as_json {
        return outcome.events.iter().try_for_each(|event| {
            let line = match event {
                Event::Frame {
                    frame,
                    framing,
                    skipped,
                    ..
                } => {
                    let mut line = json!({ "frame": hex(frame) });
                    if let Some(framing) = framing {
                        line["framing"] = json!(framing);
                    }
                    if *skipped > 0 {
                        line["skipped"] = json!(skipped);
                    }
                    line
                }
                Event::Error(error) => {
                    json!({ "error": error.kind, "message": error.message })
                }
            };
            writeln!(output, "{line}")
        });
    }
    for (number, event) in outcome.events.iter().enumerate() {
        let number = number + 1;
        match event {
            Event::Frame {
                frame,
                length,
                framing,
                skipped,
            } => {
                writeln!(output, "{number}. frame of {} bytes", frame.len())?;
                if *skipped > 0 {
                    writeln!(output, "   skipped {skipped} bytes before it")?;
                }
                if let Some(framing) = framing {
                    writeln!(output, "   framing {}", named(handler, *framing))?;
                }
                if let Some(length) = length {
                    writeln!(output, "   length  {length}")?;
                }
                writeln!(output, "   hex     {}", hex(frame))?;
                writeln!(output, "   text    {}", frame.escape_ascii())?;
            }
            Event::Error(error) => writeln!(output, "{number}. {}: {}", error.kind, error.message)?,
        }
    }
    if outcome.closed {
        writeln!(
            output,
            "The connection is closed here (onFrameError, or the stream is lost)."
        )?;
    }
    if outcome.skipped > 0 {
        writeln!(
            output,
            "{} bytes were skipped behind the last frame.",
            outcome.skipped
        )?;
    }
    if outcome.left > 0 {
        writeln!(
            output,
            "{} bytes are left over: the frame that they begin is not complete{}.",
            outcome.left,
            match handler.flush_on_close {
                true => "",
                false => " and is dropped when the device closes the connection",
            }
        )?;
        if let Some(length) = &outcome.left_length {
            writeln!(output, "   length  {length}")?;
        }
    }
    if outcome.events.is_empty() {
        writeln!(output, "No frame.")?;
    }
    Ok(())
}

/// The guesses, best first.
pub(super) fn guesses(output: &mut impl Write, guesses: &[Guess], as_json: bool) -> io::Result<()> {
    if as_json {
        return guesses.iter().try_for_each(|guess| {
            let line =
                json!({ "handler": guess.handler, "frames": guess.frames, "why": guess.why });
            writeln!(output, "{line}")
        });
    }
    if guesses.is_empty() {
        return writeln!(
            output,
            "No handler configuration cuts these bytes cleanly. Give whole packets, each as a \
             --chunk, as many and as different ones as you have."
        );
    }
    for (number, guess) in guesses.iter().enumerate() {
        writeln!(
            output,
            "{}. {} ({} frame{})",
            number + 1,
            guess.handler,
            guess.frames,
            if guess.frames == 1 { "" } else { "s" }
        )?;
        writeln!(output, "   {}", guess.why)?;
    }
    Ok(())
}

/// An entry of `framings`: its place, its kind, and what its frames start with.
fn named(handler: &HandlerConfiguration, framing: usize) -> String {
    let place = format!("framings[{framing}]");
    let Some(entry) = handler.framings.get(framing) else {
        return place;
    };
    let kind = match json!(entry.handler_type) {
        Value::String(kind) => kind,
        other => other.to_string(),
    };
    match (&entry.starts_with, &entry.starts_with_hex) {
        (Some(text), _) => format!("{place}, {kind}, startsWith {text:?}"),
        (_, Some(hex)) => format!("{place}, {kind}, startsWithHex {hex}"),
        _ => format!("{place}, {kind}, all others"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::cut::cut;

    fn shown(handler: &str, stream: &[u8], as_json: bool) -> Vec<String> {
        let handler: HandlerConfiguration = toml::from_str(handler).unwrap();
        let cut = cut(&handler, &[stream.to_vec()]).unwrap();
        let mut output = Vec::new();
        outcome(&mut output, &handler, &cut, as_json).unwrap();
        let text = String::from_utf8(output).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    const MIXED: &str = r#"
        handlerType = "CHOICE"
        framings = [
          { startsWithHex = "0180", handlerType = "FIXED_LENGTH", frameLength = 3 },
          { startsWithHex = "01", handlerType = "BINARY", lengthFieldOffset = 1, lengthFieldMask = "7f", lengthFieldLength = 1 },
        ]"#;

    #[test]
    fn a_choice_says_which_framing_cut_each_frame_and_what_was_skipped() {
        let stream = b"\x01\x80a\r\nxyz\x01\x82ab\x01\x02hiqq";
        assert_eq!(
            shown(MIXED, stream, false),
            [
                "1. frame of 3 bytes",
                "framing framings[0], FIXED_LENGTH, startsWithHex 0180",
                "hex     018061",
                "text    \\x01\\x80a",
                "2. corrupted: byte 5 of the stream is 0x78 (x) where a frame must begin as the \
                 startsWith of one of framings: skipping to the next that does",
                "3. frame of 4 bytes",
                "skipped 3 bytes before it",
                "framing framings[1], BINARY, startsWithHex 01",
                "length  length field at offset 1 is 82 = 130, under lengthFieldMask 7f = 2; 2 + \
                 lengthAdjustment 0 + header 2 = 4 bytes",
                "hex     01826162",
                "text    \\x01\\x82ab",
                "4. frame of 4 bytes",
                "framing framings[1], BINARY, startsWithHex 01",
                "length  length field at offset 1 is 02 = 2, under lengthFieldMask 7f = 2; 2 + \
                 lengthAdjustment 0 + header 2 = 4 bytes",
                "hex     01026869",
                "text    \\x01\\x02hi",
                "5. corrupted: byte 16 of the stream is 0x71 (q) where a frame must begin as the \
                 startsWith of one of framings: skipping to the next that does",
                "2 bytes were skipped behind the last frame.",
            ]
        );
        let lines = shown(MIXED, stream, true);
        assert_eq!(lines[0], r#"{"frame":"018061","framing":0}"#);
        assert!(
            lines[1].starts_with(r#"{"error":"corrupted","#),
            "{}",
            lines[1]
        );
        assert_eq!(lines[2], r#"{"frame":"01826162","framing":1,"skipped":3}"#);
    }

    #[test]
    fn digits_and_marks_are_explained() {
        let digits = r#"
            handlerType = "BINARY"
            lengthFieldEncoding = "ASCII_DECIMAL"
            lengthFieldLength = 0
            lengthFieldTerminator = ":"
            lengthAdjustment = 1"#;
        assert_eq!(
            shown(digits, b"2:hi,x", false),
            [
                "1. frame of 5 bytes",
                "length  length field at offset 0 is \"2:\" = 2; 2 + lengthAdjustment 1 + header 2 = 5 \
                 bytes",
                "hex     323a68692c",
                "text    2:hi,",
                "2. corrupted: byte 0 of the frame is 0x78 (x) where the length has a decimal \
                 digit: check lengthFieldOffset, lengthFieldLength and lengthFieldEncoding; the \
                 next frame cannot be found",
                "The connection is closed here (onFrameError, or the stream is lost).",
            ]
        );
        let marks = "handlerType = \"MARKS\"\nstartMark = \"(\"\nendMark = \")\"";
        assert_eq!(
            shown(marks, b"ab(c)(d", false),
            [
                "1. corrupted: byte 0 of the stream is 0x61 (a) where a frame must begin with its \
                 start mark: skipping to the next one",
                "2. frame of 1 bytes",
                "skipped 2 bytes before it",
                "hex     63",
                "text    c",
                "2 bytes are left over: the frame that they begin is not complete and is dropped \
                 when the device closes the connection.",
            ]
        );
    }
}
