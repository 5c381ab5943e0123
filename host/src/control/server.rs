//! The host's side: accepts connections, reads a request, writes the answer.
//!
//! Whoever may connect may also hang, send rubbish or go away; each costs one
//! of a few places, and that for a bounded time.

use std::{io, path::Path, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{
    error::ControlError,
    protocol::{Request, Response},
    socket::{self, SocketFile},
    wire::{Reply, parse_request, to_line},
};

/// Longest request in bytes: room for 3000 ids of any size.
pub(super) const MAX_REQUEST: usize = 64 * 1024;

/// A tool sends its request at once; only a person at a keyboard takes longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take to be read. A tool reads it at once; a client
/// that does not must not keep its place, nor the answer in memory.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at once. People and scripts on this machine need one or two;
/// this leaves room for some that hang.
const MAX_CONNECTIONS: usize = 16;

/// Pause after the operating system refused to accept: out of file
/// descriptors, as a rule, and nobody is in a hurry here.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a host can be asked for.
pub trait Control: Send + Sync + 'static {
    /// Carries out a request. Requests may overlap, up to 16. An error is told
    /// to whoever asked, in these words. It goes on if they have left by then,
    /// and ends at its next await when the host stops.
    fn handle(&self, request: Request) -> impl Future<Output = Result<Response, String>> + Send;
}

/// A host's socket, which tools can connect to.
#[derive(Debug)]
pub struct ControlServer {
    // Closed before its file is removed.
    listener: UnixListener,
    _file: SocketFile,
}

impl ControlServer {
    /// Takes the socket of the data folder `folder`, which is made if it is not
    /// there. A socket that a killed host left behind is replaced.
    ///
    /// # Errors
    /// Another host has the folder, its path is too long for a socket, or it
    /// cannot be written.
    pub async fn bind(folder: &Path) -> Result<Self, ControlError> {
        let (listener, file) = socket::listen(folder).await?;
        Ok(Self {
            listener,
            _file: file,
        })
    }

    /// Lets `control` answer requests until `stop` is cancelled, then removes
    /// the socket. Whoever still waits for an answer gets none.
    pub async fn serve(self, control: impl Control, stop: CancellationToken) {
        let control = Arc::new(control);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                // Places are freed before they are counted.
                biased;
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a command failed; this is a fault of the host's");
                    }
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                        connections.spawn(converse(stream, control.clone()));
                    }
                    Ok((stream, _)) => refuse(stream),
                    Err(error) => {
                        warn!(%error, "cannot accept commands");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        connections.shutdown().await;
    }
}

/// Says that there is no place. The line is short enough to fit into the
/// socket's buffer, so nobody waits for the client.
fn refuse(stream: UnixStream) {
    warn!(
        limit = MAX_CONNECTIONS,
        "a command is refused: so many are being carried out"
    );
    let reply = Reply::Error {
        message: format!(
            "the host carries out {MAX_CONNECTIONS} other commands: try again when some are done"
        ),
    };
    if let (Ok(line), Ok(mut stream)) = (to_line(&reply), stream.into_std())
        && let Err(error) = io::Write::write_all(&mut stream, &line)
    {
        debug!(%error, "the refusal was not sent");
    }
}

async fn converse(mut stream: UnixStream, control: Arc<impl Control>) {
    let received = timeout(REQUEST_TIMEOUT, read_line(&mut stream)).await;
    let reply = match received {
        Ok(Ok(line)) if line.is_empty() => return,
        Ok(Ok(line)) => answer(&line, &*control).await,
        Ok(Err(error)) => {
            debug!(%error, "a command was broken off");
            return;
        }
        Err(_) => Reply::Error {
            message: format!(
                "no whole request came within {} s",
                REQUEST_TIMEOUT.as_secs()
            ),
        },
    };
    let line = match to_line(&reply) {
        Ok(line) => line,
        Err(error) => {
            error!(%error, "an answer cannot be written as JSON; this is a fault of the host's");
            return;
        }
    };
    match timeout(ANSWER_TIMEOUT, stream.write_all(&line)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "nobody waited for the answer"),
        Err(_) => debug!("the answer was not read in time"),
    }
}

/// A line, or what came before the end of the stream or the bound.
async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let most = MAX_REQUEST as u64 + 1;
    BufReader::new(stream.take(most))
        .read_until(b'\n', &mut line)
        .await?;
    Ok(line)
}

async fn answer(line: &[u8], control: &impl Control) -> Reply {
    if line.len() > MAX_REQUEST && !line.ends_with(b"\n") {
        return Reply::Error {
            message: format!("a request has {MAX_REQUEST} bytes at most"),
        };
    }
    let request = match parse_request(line) {
        Ok(request) => request,
        Err(message) => return Reply::Error { message },
    };
    let command = request.name();
    if request.changes_something() {
        info!(command, "a command-line tool asks for a change");
    } else {
        debug!(command, "a command-line tool asks");
    }
    match control.handle(request).await {
        Ok(response) => Reply::Ok(response),
        Err(message) => Reply::Error { message },
    }
}

#[cfg(test)]
mod tests;
