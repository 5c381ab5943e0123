//! One connection: bytes become frames.

use std::{net::SocketAddr, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
};
use tokio_util::{codec::Decoder, sync::CancellationToken};
use tracing::{info, warn};

use super::{
    directory::Route,
    intake::{Intake, Undelivered},
    integration::{Integration, Shared},
    opening::Opening,
    writer::Writer,
};
use crate::{
    config::OnFrameError,
    framing::{FrameError, Framer},
};

/// Room for one read, in bytes.
const READ_SIZE: usize = 8 * 1024;
/// Most frames that are decoded as one job: enough to make the hand-over to a
/// converter thread cheap, few enough for others to get their turn.
const MAX_BATCH: usize = 256;
/// Most bytes that are read of a connection after the process was told to
/// stop: what a device had sent by then fits its socket's buffer.
const MAX_LAST_READ: usize = 1024 * 1024;
/// Downlinks that may wait for the connection's writer.
const WRITER_QUEUE: usize = 64;

/// Lives as long as the connection.
pub(super) async fn serve(
    number: u64,
    integration: &Arc<Integration>,
    shared: &Arc<Shared>,
    stream: TcpStream,
    (peer, local): (SocketAddr, SocketAddr),
) {
    let framer = match Framer::new(integration.handler()) {
        Ok(framer) => framer,
        // Checked when the settings were loaded.
        Err(error) => {
            warn!(integration = &*integration.name, %peer, %error, "connection refused");
            return;
        }
    };
    info!(integration = &*integration.name, %peer, connection = number, "device connected");
    let (socket, write_half) = stream.into_split();
    let (writer, downlinks) = mpsc::channel(WRITER_QUEUE);
    let gone = CancellationToken::new();
    let writing = tokio::spawn(
        Writer {
            integration: integration.clone(),
            workers: shared.workers.clone(),
            directory: shared.directory.clone(),
            device_metadata: shared.device_metadata.clone(),
            socket: write_half,
            peer,
        }
        .run(downlinks, gone.clone()),
    );
    let route = Route {
        connection: number,
        writer,
    };
    let mut reader = Reader {
        integration,
        shared,
        gone: gone.clone(),
        framer,
        opening: Opening::default(),
        intake: Intake::new(integration.clone(), shared.clone(), (peer, local), route),
    };
    let end = reader.run(socket).await;
    if matches!(end, End::Closed | End::Broken(_)) {
        reader.opening.report(integration, peer);
    }
    let (devices, route) = reader.intake.into_devices();
    shared.directory.leave(number, devices.iter());
    if !matches!(end, End::Stopping) {
        gone.cancel();
    }
    // The last sender: a writer that nobody cancelled ends once it has written
    // what is queued.
    drop(route);
    let left = writing.await.ok();
    shared.directory.take_back(number, left);
    info!(integration = &*integration.name, %peer, connection = number, "device gone: {end}");
}

/// Why reading ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("it does not take its downlinks")]
    Deaf,
    /// The stream cannot be cut any further, or `onFrameError` is `close`.
    #[error("its frames cannot be cut: {0}")]
    BadFrame(FrameError),
    #[error("the host stops")]
    Stopping,
}

impl From<Undelivered> for End {
    fn from(_: Undelivered) -> Self {
        Self::Stopping
    }
}

struct Reader<'connection> {
    integration: &'connection Integration,
    shared: &'connection Shared,
    /// Cancelled by the writer when the device takes nothing any more.
    gone: CancellationToken,
    framer: Framer,
    opening: Opening,
    intake: Intake,
}

impl Reader<'_> {
    async fn run(&mut self, mut socket: OwnedReadHalf) -> End {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(READ_SIZE);
            let read = tokio::select! {
                read = socket.read_buf(&mut buffer) => read,
                () = self.gone.cancelled() => return End::Deaf,
                () = self.shared.stop.cancelled() => {
                    return self.finish(&socket, &mut buffer).await;
                }
            };
            let length = match read {
                Ok(length) => length,
                Err(error) => return End::Broken(error),
            };
            self.opening.note(&buffer[buffer.len() - length..]);
            if let Err(end) = self.take(&mut buffer, length == 0).await {
                return end;
            }
            if length == 0 {
                self.opening
                    .report_unfinished(self.integration, self.intake.peer(), &buffer);
                return End::Closed;
            }
        }
    }

    /// Takes what the device had sent before the process was told to stop.
    async fn finish(&mut self, socket: &OwnedReadHalf, buffer: &mut BytesMut) -> End {
        let mut read = 0;
        while read < MAX_LAST_READ {
            buffer.reserve(READ_SIZE);
            match socket.try_read_buf(buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => read += length,
            }
            if let Err(end) = self.take(buffer, false).await {
                return end;
            }
        }
        End::Stopping
    }

    /// Cuts the buffer into frames and brings them all to the spool.
    async fn take(&mut self, buffer: &mut BytesMut, closed: bool) -> Result<(), End> {
        loop {
            let (frames, end) = self.frames(buffer, closed);
            let done = frames.is_empty();
            if !done {
                self.opening.framed();
                self.intake.process(frames).await?;
            }
            if let Some(error) = end {
                return Err(End::BadFrame(error));
            }
            if done {
                return Ok(());
            }
        }
    }

    /// The next frames, [`MAX_BATCH`] at most, and the error that ends the
    /// connection behind them.
    fn frames(&mut self, buffer: &mut BytesMut, closed: bool) -> (Vec<Bytes>, Option<FrameError>) {
        let on_error = self.integration.handler().on_frame_error;
        let mut frames = Vec::new();
        while frames.len() < MAX_BATCH {
            let frame = if closed {
                self.framer.decode_eof(buffer)
            } else {
                self.framer.decode(buffer)
            };
            match frame {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    self.integration.counters.failed(1);
                    if on_error == OnFrameError::Close || !error.can_continue() {
                        return (frames, Some(error));
                    }
                    self.opening.framed();
                    self.intake.report_framing(&error);
                }
            }
        }
        (frames, None)
    }
}
