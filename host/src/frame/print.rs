//! What `tb-tcp frame` prints.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    cut::{Event, Outcome},
    guess::Guess,
};
use crate::{config::HandlerConfiguration, framing::FrameError, hex::hex};

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
                    json!({ "error": kind(error), "message": error.to_string() })
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
            Event::Error(error) => writeln!(output, "{number}. {}: {error}", kind(error))?,
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

/// The name of an error for scripts.
fn kind(error: &FrameError) -> &'static str {
    match error {
        FrameError::TooLong { .. } => "tooLong",
        FrameError::Corrupted(_) => "corrupted",
        FrameError::InFraming { error, .. } => kind(error),
        FrameError::Io(_) => "io",
    }
}
