//! Cuts chunks with a converter, as a connection with `handlerType = "CONVERTER"`
//! would.

use std::path::Path;

use anyhow::{Result, ensure};
use bytes::BytesMut;

use super::cut::{Event, Fault, Outcome};
use crate::{
    config::{HandlerConfiguration, OnFrameError},
    converter::{CutError, Cutter, Next, Trial},
    workshop,
};

impl From<CutError> for Fault {
    fn from(error: CutError) -> Self {
        let kind = match error {
            CutError::TooLong { .. } => "tooLong",
            CutError::Endless { .. } | CutError::NoProgress | CutError::Converter(_) => "corrupted",
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }
}

/// Cuts `chunks`, as far as frames are whole.
pub(super) fn cut(
    handler: &HandlerConfiguration,
    file: &Path,
    config: Option<&Path>,
    chunks: &[Vec<u8>],
) -> Result<Outcome> {
    workshop::with_converter(file, config, |converter| {
        ensure!(
            converter.cuts_frames(),
            "{} exports no tb:converter/framing, so it cuts no frames; export it (framing = in \
             export!), or leave --converter out",
            file.display()
        );
        let mut trial = Trial::new(converter);
        let mut cutter = Cutter::new(handler.max_frame_length);
        let (mut buffer, mut outcome) = (BytesMut::new(), Outcome::default());
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            cut_chunk(&mut trial, &mut cutter, &mut buffer, handler, &mut outcome);
            if outcome.closed {
                return Ok(outcome);
            }
        }
        outcome.left = buffer.len();
        Ok(outcome)
    })
}

fn cut_chunk(
    trial: &mut Trial,
    cutter: &mut Cutter,
    buffer: &mut BytesMut,
    handler: &HandlerConfiguration,
    outcome: &mut Outcome,
) {
    loop {
        let cuts = trial.cut(cutter, buffer);
        outcome.skipped += cuts.skipped;
        // One frame at most, and what is none comes before it.
        for error in cuts.errors {
            outcome.closed |=
                handler.on_frame_error == OnFrameError::Close || !error.can_continue();
            outcome.events.push(Event::Error(error.into()));
        }
        for frame in cuts.frames {
            outcome.events.push(Event::Frame {
                frame,
                length: None,
                framing: None,
                skipped: std::mem::take(&mut outcome.skipped),
            });
        }
        match cuts.next {
            _ if outcome.closed => return,
            Next::Bytes => return,
            Next::Now => {}
            Next::BytesOr(_) => cutter.nothing_came(),
        }
    }
}
