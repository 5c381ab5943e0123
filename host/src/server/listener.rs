//! Listening sockets and the options of their connections.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::config::ClientConfiguration;

/// ThingsBoard gives buffer sizes in KB.
const KB: usize = 1024;

/// Listens as `settings` say. All options are set before the first connection, which
/// inherits them: the TCP window is agreed on when it is made, and accepting it takes
/// no further call for the others.
pub(super) fn bind(settings: &ClientConfiguration) -> io::Result<TcpListener> {
    let address = SocketAddr::new(settings.bind_address, settings.port);
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    // A restart must not wait for the old connections' time-outs.
    socket.set_reuse_address(true)?;
    socket.set_recv_buffer_size(bytes(settings.so_rcv_buf))?;
    socket.set_send_buffer_size(bytes(settings.so_snd_buf))?;
    socket.set_tcp_nodelay(settings.tcp_no_delay)?;
    // Probe times are the operating system's, as with ThingsBoard.
    socket.set_keepalive(settings.so_keepalive_option)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(settings.so_backlog_option).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

fn bytes(kb: u32) -> usize {
    usize::try_from(kb).unwrap_or(usize::MAX).saturating_mul(KB)
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use socket2::SockRef;
    use tokio::net::TcpStream;

    use super::*;

    fn settings() -> ClientConfiguration {
        ClientConfiguration {
            port: 0,
            bind_address: Ipv4Addr::LOCALHOST.into(),
            ..ClientConfiguration::default()
        }
    }

    async fn accept_one(settings: &ClientConfiguration) -> TcpStream {
        let listener = bind(settings).unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.unwrap();
        client.unwrap();
        stream
    }

    #[tokio::test]
    async fn connections_inherit_all_socket_options() {
        for (kb, keep_alive, no_delay) in [(64, false, true), (16, true, false)] {
            let stream = accept_one(&ClientConfiguration {
                so_rcv_buf: kb,
                so_snd_buf: 2 * kb,
                so_keepalive_option: keep_alive,
                tcp_no_delay: no_delay,
                ..settings()
            })
            .await;
            let socket = SockRef::from(&stream);
            let kb = usize::try_from(kb).unwrap();
            // Linux doubles the size for its own bookkeeping.
            assert_eq!(socket.recv_buffer_size().unwrap(), 2 * kb * KB);
            assert_eq!(socket.send_buffer_size().unwrap(), 4 * kb * KB);
            assert_eq!(socket.keepalive().unwrap(), keep_alive);
            assert_eq!(stream.nodelay().unwrap(), no_delay);
        }
    }

    #[tokio::test]
    async fn the_backlog_bounds_connections_that_nobody_accepts() {
        let listener = bind(&ClientConfiguration {
            so_backlog_option: 2,
            ..settings()
        })
        .unwrap();
        let address = listener.local_addr().unwrap();
        let connected = tokio::task::spawn_blocking(move || {
            let wait = Duration::from_millis(200);
            let clients: Vec<_> = (0..8)
                .filter_map(|_| std::net::TcpStream::connect_timeout(&address, wait).ok())
                .collect();
            clients.len()
        })
        .await
        .unwrap();
        // Linux lets one more than the backlog wait.
        assert_eq!(connected, 3);
    }
}
