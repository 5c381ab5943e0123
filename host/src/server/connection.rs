//! One connection: what comes in is cut, decoded and stored; what is to go out is
//! written by a task of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tracing::{debug, info, warn};

use super::{
    directory::Route,
    encoder::Encoder,
    intake::{Ended, Intake},
    integration::{Integration, Shared},
    opening::Opening,
    replies::replies,
    stream::{Batch, Stream, StreamError},
    writer::{Gone, Writer},
};
use crate::converter::{Event, Next, Session};

/// Room for one read, in bytes.
const READ_SIZE: usize = 8 * 1024;
/// Most bytes that are read of a connection after the process was told to
/// stop: what a device had sent by then fits its socket's buffer.
const MAX_LAST_READ: usize = 1024 * 1024;
/// Downlinks that may wait for the connection's writer.
const WRITER_QUEUE: usize = 64;
/// How long a connection that we close is read for, and what comes thrown away: a
/// socket that is closed with bytes unread takes the last reply with it.
const LINGER: Duration = Duration::from_secs(2);

/// Lives as long as the connection.
pub(super) async fn serve(
    number: u64,
    integration: &Arc<Integration>,
    shared: &Arc<Shared>,
    stream: TcpStream,
    (peer, local): (SocketAddr, SocketAddr),
) {
    let cut = match Stream::new(integration) {
        Ok(cut) => cut,
        // Checked when the settings were loaded.
        Err(error) => {
            warn!(integration = &*integration.name, %peer, %error, "connection refused");
            return;
        }
    };
    info!(integration = &*integration.name, %peer, connection = number, "device connected");
    let (mut socket, write_half) = stream.into_split();
    let (writer, downlinks) = mpsc::channel(WRITER_QUEUE);
    let (replies, outgoing) = replies();
    let (gone, session) = (Gone::default(), Session::default());
    let writing = tokio::spawn(
        Writer {
            encoder: Encoder {
                integration: integration.clone(),
                workers: shared.workers.clone(),
                device_metadata: shared.device_metadata.clone(),
                session: session.clone(),
                peer,
            },
            directory: shared.directory.clone(),
            calls: shared.calls.clone(),
            socket: write_half,
            stop: shared.stop.clone(),
        }
        .run(downlinks, outgoing, gone.clone()),
    );
    let route = Route {
        connection: number,
        writer,
    };
    let mut reader = Reader {
        integration,
        shared,
        gone: gone.clone(),
        stream: cut,
        opening: Opening::default(),
        intake: Intake::new(
            integration.clone(),
            shared.clone(),
            (peer, local),
            (route, replies),
            session,
        ),
    };
    let end = reader.run(&mut socket).await;
    if matches!(end, End::Closed | End::Broken(_)) {
        reader.opening.report(integration, peer);
    }
    let (devices, route) = reader.intake.into_devices();
    shared.directory.leave(number, devices.iter());
    if !matches!(end, End::Stopping) {
        gone.set();
    }
    // The last sender: a writer for which the device is not gone ends once it has
    // written what is queued, and any other one with the last reply.
    drop(route);
    let left = writing.await.ok();
    shared.directory.take_back(number, left);
    if matches!(end, End::Asked) {
        linger(&mut socket).await;
    }
    info!(integration = &*integration.name, %peer, connection = number, "device gone: {end}");
}

/// Waits until the device has closed its side, too.
async fn linger(socket: &mut OwnedReadHalf) {
    let mut thrown_away = vec![0; READ_SIZE];
    let closed = async { while !matches!(socket.read(&mut thrown_away).await, Ok(0) | Err(_)) {} };
    if timeout(LINGER, closed).await.is_err() {
        debug!("the device did not close its side of the connection");
    }
}

/// Why reading ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("it does not take what is sent to it")]
    Deaf,
    #[error("the converter closed the connection")]
    Asked,
    /// The stream cannot be cut any further, or `onFrameError` is `close`.
    #[error("its frames cannot be cut: {0}")]
    BadFrame(StreamError),
    #[error("the host stops")]
    Stopping,
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Stopping => Self::Stopping,
            Ended::Asked => Self::Asked,
            Ended::Deaf => Self::Deaf,
        }
    }
}

struct Reader<'connection> {
    integration: &'connection Integration,
    shared: &'connection Shared,
    /// Set by the writer when the device takes nothing any more.
    gone: Gone,
    stream: Stream,
    opening: Opening,
    intake: Intake,
}

/// What a reader waits for.
enum Came {
    Bytes(usize),
    /// Nothing, for as long as [`Next::BytesOr`] says.
    Nothing,
    /// Nothing, for `callWhenIdleMs`.
    Idle,
    Stop,
}

impl Reader<'_> {
    async fn run(&mut self, socket: &mut OwnedReadHalf) -> End {
        let end = match self.connected().await {
            Ok(()) => self.read(socket).await,
            Err(end) => end,
        };
        if !self.integration.live().lifecycle.on_close {
            return end;
        }
        // The connection has ended, whatever that asks for.
        match self.intake.tell(Event::Closed).await {
            Err(Ended::Stopping) => End::Stopping,
            _ => end,
        }
    }

    async fn connected(&mut self) -> Result<(), End> {
        if self.integration.live().lifecycle.on_connect {
            self.intake.tell(Event::Connected).await?;
        }
        Ok(())
    }

    async fn read(&mut self, socket: &mut OwnedReadHalf) -> End {
        let mut buffer = BytesMut::new();
        let mut heard = Instant::now();
        let mut next = Next::Bytes;
        loop {
            buffer.reserve(READ_SIZE);
            let taken = match self.wait(socket, &mut buffer, heard, next).await {
                Err(end) => return end,
                Ok(Came::Stop) => return self.finish(socket, &mut buffer).await,
                Ok(Came::Idle) => {
                    heard = Instant::now();
                    let told = self.intake.tell(Event::Idle).await;
                    told.map(|()| next).map_err(End::from)
                }
                Ok(Came::Nothing) => {
                    self.stream.nothing_came();
                    self.take(&mut buffer, false).await
                }
                Ok(Came::Bytes(length)) => {
                    heard = Instant::now();
                    self.opening.note(&buffer[buffer.len() - length..]);
                    let taken = self.take(&mut buffer, length == 0).await;
                    if length == 0 && taken.is_ok() {
                        let peer = self.intake.peer();
                        self.opening
                            .report_unfinished(self.integration, peer, &buffer);
                        return End::Closed;
                    }
                    taken
                }
            };
            match taken {
                Ok(then) => next = then,
                Err(end) => return end,
            }
        }
    }

    async fn wait(
        &self,
        socket: &mut OwnedReadHalf,
        buffer: &mut BytesMut,
        heard: Instant,
        next: Next,
    ) -> Result<Came, End> {
        let idle = self.integration.live().lifecycle.when_idle;
        let idle = idle.map(|idle| heard + idle);
        let pause = match next {
            Next::BytesOr(pause) => Some(Instant::now() + pause),
            Next::Bytes | Next::Now => None,
        };
        tokio::select! {
            read = socket.read_buf(buffer) => Ok(Came::Bytes(read?)),
            () = self.gone.wait() => Err(match self.gone.was_asked() {
                true => End::Asked,
                false => End::Deaf,
            }),
            () = self.shared.stop.cancelled() => Ok(Came::Stop),
            () = at(pause), if pause.is_some() => Ok(Came::Nothing),
            () = at(idle), if idle.is_some() => Ok(Came::Idle),
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

    /// Cuts the buffer into frames and brings them all to the spool. Says when to
    /// look at the rest again.
    async fn take(&mut self, buffer: &mut BytesMut, closed: bool) -> Result<Next, End> {
        loop {
            let intake = &mut self.intake;
            let cut = self
                .stream
                .cut(buffer, closed, self.integration, move || intake.asking());
            let Batch {
                frames,
                skipped,
                end,
                next,
            } = cut.await.ok_or(End::Stopping)?;
            for error in &skipped {
                self.integration.counters.failed(1);
                self.intake.remarks.report_framing(error);
            }
            if !frames.is_empty() || !skipped.is_empty() {
                self.opening.framed();
            }
            if !frames.is_empty() {
                self.intake.process(frames).await?;
            }
            if let Some(error) = end {
                self.integration.counters.failed(1);
                return Err(End::BadFrame(error));
            }
            if next != Next::Now {
                return Ok(next);
            }
        }
    }
}

/// Waits until a time; pending without one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
