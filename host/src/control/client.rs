//! The tools' side: one request, one answer.

use std::{
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::{Instant, sleep, timeout_at},
};

use super::{
    error::ControlError,
    protocol::{Request, Response},
    server::MAX_REQUEST,
    socket,
    wire::{Reply, to_line},
};

/// How long connecting and handing over the request may take together. A host
/// that is alive accepts at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Linux does not let one wait for a place in a full backlog; one has to ask
/// again.
const CONNECT_RETRY: Duration = Duration::from_millis(50);

/// Longest answer in bytes: a frame may have 64 MiB, and is sent in hex.
const MAX_ANSWER: u64 = 256 * 1024 * 1024;

/// Asks the host whose data folder is `folder`, and waits for its answer as
/// long as that takes: a replay may take minutes.
///
/// # Errors
/// [`ControlError::NotRunning`] if there is no host; [`ControlError::Refused`]
/// with the host's words if it did not do what was asked; others if the two
/// cannot talk.
pub async fn request(folder: &Path, request: &Request) -> Result<Response, ControlError> {
    let path = socket::path(folder)?;
    let broken_off = |source| ControlError::BrokenOff {
        path: path.clone(),
        source,
    };
    let line = to_line(request).map_err(|error| broken_off(error.into()))?;
    if line.len() > MAX_REQUEST {
        return Err(ControlError::RequestTooLong {
            length: line.len(),
            limit: MAX_REQUEST,
        });
    }
    let give_up = Instant::now() + CONNECT_TIMEOUT;
    let mut stream = connect(&path, give_up).await?;
    // A host that has no place answers and closes without reading; its answer
    // tells more than the error of this write.
    let _ = timeout_at(give_up, stream.write_all(&line)).await;
    let answer = read_line(&mut stream).await.map_err(broken_off)?;
    match serde_json::from_slice(&answer) {
        Ok(Reply::Ok(response)) => Ok(response),
        Ok(Reply::Error { message }) => Err(ControlError::Refused { message }),
        Err(error) => Err(ControlError::NotUnderstood {
            path,
            detail: error.to_string(),
        }),
    }
}

async fn connect(path: &Path, give_up: Instant) -> Result<UnixStream, ControlError> {
    let path = || path.to_owned();
    loop {
        let error = match UnixStream::connect(path()).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                return Err(ControlError::NotRunning { path: path() });
            }
            ErrorKind::WouldBlock if Instant::now() < give_up => sleep(CONNECT_RETRY).await,
            ErrorKind::WouldBlock => return Err(ControlError::Stuck { path: path() }),
            _ => {
                return Err(ControlError::Connect {
                    path: path(),
                    source: error,
                });
            }
        }
    }
}

/// A whole line: one that breaks off is none.
async fn read_line(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_ANSWER))
        .read_until(b'\n', &mut line)
        .await?;
    match line.last() {
        Some(b'\n') => Ok(line),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixStream as StdStream, sync::Arc};

    use socket2::{Domain, SockAddr, Socket, Type};
    use tokio::net::UnixListener;

    use super::*;
    use crate::control::{
        LetterFilter,
        testing::{Fake, Running},
    };

    /// A host that answers `answer` whatever it is asked.
    async fn answered_with(answer: &'static [u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = socket::path(folder.path()).unwrap();
        let listener = UnixListener::bind(&path).unwrap();
        let host = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            BufReader::new(&mut stream)
                .read_line(&mut asked)
                .await
                .unwrap();
            assert_eq!(asked, "{\"command\":\"converters\"}\n");
            stream.write_all(answer).await.unwrap();
        };
        let (result, ()) = tokio::join!(request(folder.path(), &Request::Converters), host);
        let text = result.unwrap_err().to_string();
        text.replace(&path.display().to_string(), "SOCKET")
    }

    #[tokio::test]
    async fn without_a_host_the_remedy_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = socket::path(folder.path()).unwrap();
        let expected = format!(
            "no host answers at {}: start tb-tcp run, or say which host is meant with --config or \
             --data-folder",
            path.display()
        );
        let ask = async || request(folder.path(), &Request::Converters).await;
        let nothing_there = ask().await.unwrap_err();
        assert!(matches!(nothing_there, ControlError::NotRunning { .. }));
        assert_eq!(nothing_there.to_string(), expected);

        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let stale = ask().await.unwrap_err();
        assert!(matches!(stale, ControlError::NotRunning { .. }));
        assert_eq!(stale.to_string(), expected);
    }

    #[tokio::test]
    async fn an_overlong_path_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("d".repeat(120));
        let error = request(&folder, &Request::Converters).await.unwrap_err();
        assert!(matches!(error, ControlError::PathTooLong { length, .. } if length > 120));
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_hosts_words_without_control_characters() {
        let message = "no converter \x1b[2J\nis \u{9b}here".to_owned();
        let running = Running::start(Fake::says(Err(message.clone()))).await;
        let error = request(running.folder(), &Request::Converters).await;
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), r"no converter \u{1b}[2J\nis \u{9b}here");
        assert!(matches!(error, ControlError::Refused { message: kept } if kept == message));
    }

    #[tokio::test]
    async fn answers_that_are_none_are_named() {
        for (answer, expected) in [
            (
                &b"HTTP/1.1 400\r\n"[..],
                "the answer from SOCKET is not understood (expected value at line 1 column 1): is \
                 the host another version?",
            ),
            (
                b"{\"ok\":{\"tea\":{}}}\n",
                "the answer from SOCKET is not understood (unknown variant `tea`, expected one of \
                 `converters`, `rolledBack`, `letters`, `letter`, `replayed`, `removed`, `spool`, \
                 `spoolRecords` at line 1 column 12): is the host another version?",
            ),
            (
                b"{\"ok\":{\"conver",
                "the host at SOCKET broke off before it answered (unexpected end of file): it may \
                 have been stopped; see its log",
            ),
            (
                b"",
                "the host at SOCKET broke off before it answered (unexpected end of file): it may \
                 have been stopped; see its log",
            ),
        ] {
            assert_eq!(answered_with(answer).await, expected);
        }
    }

    #[tokio::test]
    async fn a_request_that_no_host_would_read_is_not_sent() {
        let running = Running::start(Fake::says(Err("it was sent".to_owned()))).await;
        let with = |ids: usize| Request::ReplayDeadLetters {
            filter: LetterFilter::default(),
            ids: vec![u64::MAX; ids],
        };
        let most = request(running.folder(), &with(3000)).await.unwrap_err();
        assert_eq!(most.to_string(), "it was sent");
        let error = request(running.folder(), &with(4000)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request has 84089 bytes, 65536 is the most: name fewer ids, or use --integration \
             and --converter"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_accepts_nothing_is_given_up_after_five_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let path = socket::path(folder.path()).unwrap();
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let _fills_the_backlog = StdStream::connect(&path).unwrap();

        let start = Instant::now();
        let error = request(folder.path(), &Request::Converters)
            .await
            .unwrap_err();
        assert!(matches!(error, ControlError::Stuck { .. }), "{error}");
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_as_long_as_it_takes() {
        let running = Running::start(Fake::Hangs(Arc::default())).await;
        let hour = Duration::from_secs(3600);
        let waited = tokio::time::timeout(hour, request(running.folder(), &Request::Converters));
        assert!(waited.await.is_err());
    }
}
