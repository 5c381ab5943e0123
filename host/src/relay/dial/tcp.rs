//! Looks a name up and connects to one of its addresses.

use std::{io, net::SocketAddr};

use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};

/// How many addresses of a name are tried.
const MOST_ADDRESSES: usize = 8;

/// Why there is no connection. Whoever asked gives it words, with the setting
/// that the name came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TcpError {
    /// The name has no address; what the resolver says.
    UnknownName(String),
    /// The resolver did not answer in time.
    SilentResolver,
    /// Nobody listens on any address.
    Refused,
    /// No address answered in time: how many there were.
    Silent(usize),
    /// What each address said.
    Unreachable(String),
}

/// Connects to `host` and `port` until `deadline`, one address after the
/// other. Each has its share of the time that is left, so that a dead first
/// address leaves enough for the others.
pub(super) async fn connect(
    host: &str,
    port: u16,
    deadline: Instant,
) -> Result<TcpStream, TcpError> {
    let addresses: Vec<_> = timeout_at(deadline, lookup_host((host, port)))
        .await
        .map_err(|_| TcpError::SilentResolver)?
        .map_err(|error| TcpError::UnknownName(error.to_string()))?
        .take(MOST_ADDRESSES)
        .collect();
    connect_any(&addresses, deadline).await
}

async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, TcpError> {
    let mut failures = Vec::with_capacity(addresses.len());
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Acknowledgements are small and somebody waits for them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => failures.push((address, Some(error))),
            Err(_) => failures.push((address, None)),
        }
    }
    Err(summary(&failures))
}

/// One failure for all addresses; none is an address that did not answer.
fn summary(failures: &[(&SocketAddr, Option<io::Error>)]) -> TcpError {
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if failures.is_empty() {
        return TcpError::UnknownName("it has no address".to_owned());
    }
    if failures.iter().all(|(_, error)| error.is_none()) {
        return TcpError::Silent(failures.len());
    }
    if failures
        .iter()
        .all(|(_, error)| error.as_ref().is_some_and(refused))
    {
        return TcpError::Refused;
    }
    let told = failures.iter().map(|(address, error)| match error {
        Some(error) => format!("{address}: {error}"),
        None => format!("{address}: no answer"),
    });
    TcpError::Unreachable(told.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use socket2::Socket;
    use tokio::net::TcpListener;

    use super::{super::testing::refusing, *};

    fn soon(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    /// A port that answers nothing: its queue of connections is full.
    async fn silent() -> (SocketAddr, Vec<TcpStream>, Socket) {
        let (socket, address) = refusing();
        socket.listen(0).unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = timeout_at(soon(200), TcpStream::connect(address)).await {
            queued.push(stream.unwrap());
        }
        (address, queued, socket)
    }

    #[tokio::test]
    async fn a_dead_first_address_leaves_time_for_the_second() {
        let (dead, _queued, _socket) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let stream = connect_any(&[dead, alive], soon(2_000)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn refusals_and_silence_are_told_apart() {
        let (dead, _queued, _socket) = silent().await;
        let (_held, refusing) = refusing();
        let unreachable =
            format!("{refusing}: Connection refused (os error 111), {dead}: no answer");
        let cases = [
            (
                vec![],
                TcpError::UnknownName("it has no address".to_owned()),
            ),
            (vec![refusing, refusing], TcpError::Refused),
            (vec![dead, dead], TcpError::Silent(2)),
            (vec![refusing, dead], TcpError::Unreachable(unreachable)),
        ];
        for (addresses, expected) in cases {
            let end = connect_any(&addresses, soon(300)).await;
            assert_eq!(end.unwrap_err(), expected, "{addresses:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows() {
        let end = connect("no-such-host.invalid", 1, soon(30_000)).await;
        assert!(
            matches!(end, Err(TcpError::UnknownName(_))),
            "{:?}",
            end.map(drop)
        );
    }
}
