//! One connection: what comes in is cut, decoded and stored, and what is to go out is
//! written meanwhile.
//!
//! Most connections wait for most of the time. So what they need while they wait lies
//! in their task, and what they need for work is on the heap for as long as it takes.

use std::{net::SocketAddr, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, tcp::OwnedReadHalf},
    task::unconstrained,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::WaitForCancellationFuture;
use tracing::{debug, info, warn};

use super::{
    directory::Route,
    intake::{Ended, Intake},
    integration::{Integration, Shared},
    opening::Opening,
    outbox::{Gone, MAX_DOWNLINKS, Outbox},
    received::Received,
    stream::{Batch, Stream, StreamError},
    writer::Writer,
};
use crate::converter::{Event, Next, Session};

/// Bytes that are thrown away at a time.
const LINGER_SIZE: usize = 8 * 1024;
/// Most bytes that are read of a connection after the process was told to
/// stop: what a device had sent by then fits its socket's buffer.
const MAX_LAST_READ: usize = 1024 * 1024;
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
    let outbox = Outbox::new(MAX_DOWNLINKS);
    let session = Session::default();
    let writer = Writer {
        integration: integration.clone(),
        shared: shared.clone(),
        peer,
        session: session.clone(),
        outbox: outbox.clone(),
        socket: write_half,
    };
    let route = Route {
        connection: number,
        outbox: outbox.clone(),
    };
    let mut reader = Reader {
        integration,
        shared,
        stream: cut,
        received: Received::new(),
        opening: Opening::default(),
        intake: Intake::new(
            integration.clone(),
            shared.clone(),
            (peer, local),
            route,
            session,
        ),
    };
    let reading = async {
        let end = reader.run(&mut socket).await;
        if matches!(end, End::Closed | End::Broken(_)) {
            reader.opening.report(integration, peer);
        }
        shared
            .directory
            .leave(number, reader.intake.devices().iter());
        if !matches!(end, End::Stopping) {
            outbox.set_gone(Gone::Ended);
        }
        // The writer of a device that is not gone ends once it has written what is in
        // there, and any other one with the last reply.
        outbox.close();
        end
    };
    // A writer that panics must not take the reader with it.
    let writing = AssertUnwindSafe(writer.run()).catch_unwind();
    let (end, _) = tokio::join!(reading, writing);
    let unwritten = std::iter::from_fn(|| outbox.take_downlink());
    shared.directory.take_back(number, unwritten);
    if matches!(end, End::Asked) {
        Box::pin(linger(&mut socket)).await;
    }
    info!(integration = &*integration.name, %peer, connection = number, "device gone: {end}");
}

/// Waits until the device has closed its side, too.
async fn linger(socket: &mut OwnedReadHalf) {
    let mut thrown_away = vec![0; LINGER_SIZE];
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
    stream: Stream,
    received: Received,
    opening: Opening,
    intake: Intake,
}

/// What a reader waits for.
#[derive(Clone, Copy)]
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
        match self.tell(Event::Closed).await {
            Err(End::Stopping) => End::Stopping,
            _ => end,
        }
    }

    async fn connected(&mut self) -> Result<(), End> {
        if self.integration.live().lifecycle.on_connect {
            self.tell(Event::Connected).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, event: Event) -> Result<(), End> {
        Ok(Box::pin(self.intake.tell(event)).await?)
    }

    async fn read(&mut self, socket: &mut OwnedReadHalf) -> End {
        let mut stop = std::pin::pin!(self.shared.stop.cancelled());
        let mut heard = Instant::now();
        let mut next = Next::Bytes;
        loop {
            let taken = match self.wait(socket, stop.as_mut(), heard, next).await {
                Err(end) => return end,
                Ok(Came::Stop) => return Box::pin(self.finish(socket)).await,
                Ok(Came::Idle) => {
                    heard = Instant::now();
                    self.tell(Event::Idle).await.map(|()| next)
                }
                Ok(Came::Nothing) => {
                    self.stream.nothing_came();
                    Box::pin(self.take(false)).await
                }
                Ok(Came::Bytes(length)) => {
                    heard = Instant::now();
                    let bytes = &self.received.bytes;
                    self.opening.note(&bytes[bytes.len() - length..]);
                    let taken = Box::pin(self.take(length == 0)).await;
                    if length == 0 && taken.is_ok() {
                        let (peer, rest) = (self.intake.peer(), &self.received.bytes);
                        self.opening.report_unfinished(self.integration, peer, rest);
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
        &mut self,
        socket: &mut OwnedReadHalf,
        stop: Pin<&mut WaitForCancellationFuture<'_>>,
        heard: Instant,
        next: Next,
    ) -> Result<Came, End> {
        let idle = self.integration.live().lifecycle.when_idle;
        let idle = idle.map(|idle| (heard + idle, Came::Idle));
        let pause = match next {
            Next::BytesOr(pause) => Some((Instant::now() + pause, Came::Nothing)),
            Next::Bytes | Next::Now => None,
        };
        let first = pause.into_iter().chain(idle).min_by_key(|(time, _)| *time);
        let outbox = self.intake.outbox();
        tokio::select! {
            read = self.received.read(socket) => Ok(Came::Bytes(read?)),
            gone = outbox.gone() => Err(match gone {
                Gone::Asked => End::Asked,
                Gone::Deaf | Gone::Ended => End::Deaf,
            }),
            () = stop => Ok(Came::Stop),
            came = at(first), if first.is_some() => Ok(came),
        }
    }

    /// Takes what the device had sent before the process was told to stop.
    async fn finish(&mut self, socket: &mut OwnedReadHalf) -> End {
        let mut read = 0;
        while read < MAX_LAST_READ {
            match unconstrained(self.received.read(socket)).now_or_never() {
                None | Some(Ok(0) | Err(_)) => break,
                Some(Ok(length)) => read += length,
            }
            if let Err(end) = self.take(false).await {
                return end;
            }
        }
        End::Stopping
    }

    /// Cuts what was received into frames and brings them all to the spool. Says when
    /// to look at the rest again.
    async fn take(&mut self, closed: bool) -> Result<Next, End> {
        let before = self.received.bytes.len();
        let taken = self.take_all(closed).await;
        if self.received.bytes.len() < before {
            self.received.release();
        }
        taken
    }

    async fn take_all(&mut self, closed: bool) -> Result<Next, End> {
        loop {
            let (intake, bytes) = (&mut self.intake, &mut self.received.bytes);
            let cut = self
                .stream
                .cut(bytes, closed, self.integration, move || intake.asking());
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

/// Waits until a time, and says what has come then; pending without one.
async fn at(first: Option<(Instant, Came)>) -> Came {
    match first {
        Some((time, came)) => {
            // On the heap: most settings want no timer, and the place for one would be in
            // the task of each connection.
            Box::pin(sleep_until(time)).await;
            came
        }
        None => std::future::pending().await,
    }
}
