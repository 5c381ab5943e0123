//! Listening sockets and the options of their connections.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::config::ClientConfiguration;

/// ThingsBoard gives buffer sizes in KB.
const KB: usize = 1024;

/// Listens as `settings` say. Buffer sizes are set before the first
/// connection, because the TCP window is agreed on when one is made.
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
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(settings.so_backlog_option).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

/// Sets what a new connection does not inherit from the listening socket.
pub(super) fn configure(stream: &TcpStream, settings: &ClientConfiguration) -> io::Result<()> {
    stream.set_nodelay(settings.tcp_no_delay)?;
    let socket = SockRef::from(stream);
    if settings.so_keepalive_option {
        // Probe times are the operating system's, as with ThingsBoard.
        socket.set_tcp_keepalive(&TcpKeepalive::new())?;
    } else {
        socket.set_keepalive(false)?;
    }
    Ok(())
}

fn bytes(kb: u32) -> usize {
    usize::try_from(kb).unwrap_or(usize::MAX).saturating_mul(KB)
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

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
        configure(&stream, settings).unwrap();
        stream
    }

    #[tokio::test]
    async fn socket_options_are_really_set() {
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
