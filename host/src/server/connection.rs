//! One connection: bytes become frames, entities, and records in the spool.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
};
use tokio_util::{codec::Decoder, sync::CancellationToken};
use tracing::{debug, info, warn};

use super::{
    directory::Route,
    integration::{Integration, Shared},
    writer::Writer,
};
use crate::{
    config::OnFrameError,
    converter::{CallContext, CallError, Converter},
    framing::{FrameError, Framer},
    hex::hex,
    log_budget::LogBudget,
    message::{Uplink, now_ms},
};

/// Room for one read, in bytes.
const READ_SIZE: usize = 8 * 1024;
/// Most frames that are decoded as one job: enough to make the hand-over to a
/// converter thread cheap, few enough for others to get their turn.
const MAX_BATCH: usize = 256;
/// Most bytes that are read of a connection after the process was told to
/// stop: what a device had sent by then fits its socket's buffer.
const MAX_LAST_READ: usize = 1024 * 1024;
/// Lines a second that one connection may write to the log about bad frames.
const LOG_LINES_PER_SECOND: u32 = 10;
/// Downlinks that may wait for the connection's writer.
const WRITER_QUEUE: usize = 64;
/// Bytes of a bad frame that the log shows.
const SHOWN_BYTES: usize = 64;

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
            socket: write_half,
            peer,
        }
        .run(downlinks, gone.clone()),
    );
    let mut reader = Reader {
        integration,
        shared,
        peer,
        gone: gone.clone(),
        context: CallContext::Uplink {
            integration: integration.metadata.clone(),
            peer,
            local,
        },
        route: Route {
            connection: number,
            writer,
        },
        devices: HashSet::new(),
        framer,
        log: LogBudget::new(LOG_LINES_PER_SECOND),
    };
    let end = reader.run(socket).await;
    let Reader { devices, route, .. } = reader;
    shared.directory.leave(number, devices.iter());
    if !matches!(end, End::Stopping) {
        gone.cancel();
    }
    // The last sender: a writer that nobody cancelled ends once it has written
    // what is queued.
    drop(route);
    if let Ok((unwritten, queue)) = writing.await {
        shared.directory.take_back(unwritten, queue);
    }
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

struct Reader<'connection> {
    integration: &'connection Integration,
    shared: &'connection Shared,
    peer: SocketAddr,
    /// Cancelled by the writer when the device takes nothing any more.
    gone: CancellationToken,
    context: CallContext,
    route: Route,
    /// The devices that spoke over this connection.
    devices: HashSet<String>,
    framer: Framer,
    log: LogBudget,
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
            if let Err(end) = self.take(&mut buffer, length == 0).await {
                return end;
            }
            if length == 0 {
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
                self.process(frames).await?;
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
                Err(error) if on_error == OnFrameError::Close || !error.can_continue() => {
                    return (frames, Some(error));
                }
                Err(error) => self.report_framing(&error),
            }
        }
        (frames, None)
    }

    async fn process(&mut self, frames: Vec<Bytes>) -> Result<(), End> {
        let received_ms = now_ms();
        let converter = self.converter().await?;
        let results = self
            .shared
            .workers
            .decode(converter.clone(), frames.clone(), self.context.clone())
            .await
            .map_err(|_| End::Stopping)?;
        let mut uplinks = Vec::with_capacity(results.len());
        let mut spoke = HashSet::new();
        for (frame, result) in frames.iter().zip(results) {
            match result {
                Ok(entities) => {
                    for entity in entities {
                        if !spoke.contains(&entity.name) {
                            spoke.insert(entity.name.clone());
                        }
                        uplinks.push(Uplink {
                            integration: self.integration.name.clone(),
                            allow_create: self.integration.settings.allow_create_devices_or_assets,
                            received_ms,
                            entity,
                        });
                    }
                }
                Err(error) => self.report_converter(&converter, frame, &error),
            }
        }
        self.shared.spool.append(uplinks).await;
        self.announce(spoke);
        Ok(())
    }

    /// The uplink converter. Frames wait while there is none: dropping them
    /// would lose data that a later `.wasm` can read.
    async fn converter(&self) -> Result<Arc<Converter>, End> {
        let selection = &self.integration.uplink;
        if let Some(converter) = selection.current() {
            return Ok(converter);
        }
        warn!(
            integration = &*self.integration.name, peer = %self.peer,
            "no uplink converter yet; the device waits until one is in the converters folder"
        );
        tokio::select! {
            converter = selection.ready() => Ok(converter),
            () = self.shared.stop.cancelled() => Err(End::Stopping),
        }
    }

    /// Makes this connection the one for downlinks to `devices`.
    fn announce(&mut self, devices: HashSet<String>) {
        let client = &self.integration.settings.client_configuration;
        for device in devices {
            if !self.devices.contains(&device) {
                if self.devices.len() >= client.max_devices_per_connection {
                    debug!(peer = %self.peer, device, "maxDevicesPerConnection is reached");
                    continue;
                }
                self.devices.insert(device.clone());
            }
            self.shared.directory.seen(&device, &self.route);
        }
    }

    fn report_framing(&mut self, error: &FrameError) {
        if self.may_log() {
            warn!(integration = &*self.integration.name, peer = %self.peer, %error, "frame skipped");
        }
    }

    fn report_converter(&mut self, converter: &Converter, frame: &Bytes, error: &CallError) {
        if self.may_log() {
            warn!(
                integration = &*self.integration.name,
                peer = %self.peer,
                converter = converter.name(),
                version = converter.version(),
                frame_length = frame.len(),
                frame_hex = hex_start(frame),
                %error,
                "frame not decoded"
            );
        }
    }

    fn may_log(&mut self) -> bool {
        let admission = self.log.admit();
        if admission.suppressed > 0 {
            warn!(
                peer = %self.peer, suppressed = admission.suppressed,
                "further bad frames of this connection were not logged"
            );
        }
        admission.admitted
    }
}

/// The first bytes in hex, with `…` if there are more.
fn hex_start(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let mut text = hex(shown);
    if shown.len() < bytes.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_frames_are_shown_in_part() {
        assert_eq!(hex_start(b"\x00\xffA"), "00ff41");
        assert_eq!(hex_start(&[0; 64]), "00".repeat(64));
        assert_eq!(hex_start(&[0; 65]), format!("{}…", "00".repeat(64)));
    }
}
