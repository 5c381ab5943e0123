//! Bytes of one connection become frames: by a handler of ours, or by the
//! converter.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_util::{codec::Decoder, sync::CancellationToken};

use super::integration::{Integration, no_framing};
use crate::{
    config::{HandlerType, OnFrameError},
    converter::{CallContext, CutError, Cuts, Cutter, Next, Pace, Workers},
    framing::{FrameError, Framer, HandlerError},
};

/// Most frames that are decoded as one job: enough to make the hand-over to a
/// converter thread cheap, few enough for others to get their turn.
const MAX_BATCH: usize = 256;

/// A stretch of the stream that is no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// A handler found it.
    #[error(transparent)]
    Handler(#[from] FrameError),
    /// The converter did, or could not be asked.
    #[error(transparent)]
    Converter(#[from] CutError),
    /// There is nobody to ask.
    #[error("{0}")]
    NoConverter(String),
}

impl StreamError {
    fn can_continue(&self) -> bool {
        match self {
            Self::Handler(error) => error.can_continue(),
            Self::Converter(error) => error.can_continue(),
            Self::NoConverter(_) => false,
        }
    }
}

/// What was cut from the front of the buffer.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) frames: Vec<Bytes>,
    /// Stretches that were skipped.
    pub(super) skipped: Vec<StreamError>,
    /// Why nothing can be cut behind these frames, and the connection has to be
    /// closed.
    pub(super) end: Option<StreamError>,
    /// When to cut again.
    pub(super) next: Next,
}

/// How one connection's stream is cut.
#[derive(Debug)]
pub(super) enum Stream {
    /// By one of the handlers.
    Handler(Box<Framer>),
    /// By the uplink converter; none while it is at work.
    Converter(Option<Cutter>),
}

impl Stream {
    /// At the start of a connection.
    pub(super) fn new(integration: &Integration) -> Result<Self, HandlerError> {
        let handler = integration.handler();
        match handler.handler_type {
            HandlerType::Converter => {
                Ok(Self::Converter(Some(Cutter::new(handler.max_frame_length))))
            }
            _ => Framer::new(handler).map(Box::new).map(Self::Handler),
        }
    }

    /// A pause that [`Batch::next`] asked for has passed without new bytes.
    pub(super) fn nothing_came(&mut self) {
        if let Self::Converter(Some(cutter)) = self {
            cutter.nothing_came();
        }
    }

    /// Cuts the next frames, [`MAX_BATCH`] at most. With `closed` no bytes follow.
    /// `asking` is needed where the converter cuts only.
    /// None: the process stops.
    pub(super) async fn cut<'connection>(
        &mut self,
        buffer: &mut BytesMut,
        closed: bool,
        integration: &Integration,
        asking: impl FnOnce() -> Asking<'connection>,
    ) -> Option<Batch> {
        let on_error = integration.handler().on_frame_error;
        match self {
            Self::Handler(framer) => Some(by_handler(framer, buffer, closed, on_error)),
            Self::Converter(place) => {
                let cutter = place.take()?;
                let (cutter, cuts) = asking().cut(cutter, buffer, integration).await?;
                *place = Some(cutter);
                Some(by_converter(cuts, on_error))
            }
        }
    }
}

/// What it takes to ask a converter.
pub(super) struct Asking<'connection> {
    pub(super) workers: &'connection Workers,
    pub(super) context: Arc<CallContext>,
    pub(super) pace: &'connection mut Pace,
    /// Told when the process stops.
    pub(super) stop: &'connection CancellationToken,
}

impl Asking<'_> {
    async fn cut(
        self,
        cutter: Cutter,
        buffer: &mut BytesMut,
        integration: &Integration,
    ) -> Option<(Cutter, Result<Cuts, StreamError>)> {
        let live = integration.live();
        let converter = match live.uplink.current() {
            Some(converter) => converter,
            None => tokio::select! {
                converter = live.uplink.ready() => converter,
                () = self.stop.cancelled() => return None,
            },
        };
        if !converter.cuts_frames() {
            let problem = StreamError::NoConverter(no_framing(&converter));
            return Some((cutter, Err(problem)));
        }
        let bytes = std::mem::take(buffer);
        let cut = self
            .workers
            .cut(
                converter,
                (cutter, bytes),
                MAX_BATCH,
                self.context,
                self.pace,
            )
            .await;
        // The threads end when the process does.
        let (cutter, bytes, cuts) = cut.ok()?;
        *buffer = bytes;
        Some((cutter, Ok(cuts)))
    }
}

fn by_converter(cuts: Result<Cuts, StreamError>, on_error: OnFrameError) -> Batch {
    let cuts = match cuts {
        Ok(cuts) => cuts,
        Err(error) => {
            return Batch {
                frames: Vec::new(),
                skipped: Vec::new(),
                end: Some(error),
                next: Next::Bytes,
            };
        }
    };
    let mut skipped: Vec<_> = cuts.errors.into_iter().map(StreamError::from).collect();
    let ends = |error: &StreamError| on_error == OnFrameError::Close || !error.can_continue();
    let end = skipped.iter().position(ends).map(|place| {
        skipped.truncate(place + 1);
        skipped.remove(place)
    });
    Batch {
        frames: cuts.frames,
        skipped,
        end,
        next: cuts.next,
    }
}

fn by_handler(
    framer: &mut Framer,
    buffer: &mut BytesMut,
    closed: bool,
    on_error: OnFrameError,
) -> Batch {
    let mut batch = Batch {
        frames: Vec::new(),
        skipped: Vec::new(),
        end: None,
        next: Next::Now,
    };
    while batch.frames.len() < MAX_BATCH {
        let frame = match closed {
            true => framer.decode_eof(buffer),
            false => framer.decode(buffer),
        };
        match frame {
            Ok(Some(frame)) => batch.frames.push(frame),
            Ok(None) => {
                batch.next = Next::Bytes;
                break;
            }
            Err(error) => {
                let error = StreamError::from(error);
                if on_error == OnFrameError::Close || !error.can_continue() {
                    batch.end = Some(error);
                    break;
                }
                batch.skipped.push(error);
            }
        }
    }
    batch
}
