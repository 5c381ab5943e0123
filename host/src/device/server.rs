//! The server that devices connect to.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};

/// Where connections come from. Tests have one without sockets, so that their
/// time can be paused.
pub(super) trait Server: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// What messages call it.
    fn name(&self) -> &str;

    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Ends a connection with a reset.
    fn reset(&self, stream: Self::Stream);
}

/// A TCP server.
#[derive(Debug)]
pub(super) struct TcpServer {
    name: String,
    addresses: Vec<SocketAddr>,
}

impl TcpServer {
    /// Looks up `HOST:PORT`, once for all copies.
    pub(super) async fn look_up(name: &str) -> io::Result<Self> {
        let addresses: Vec<_> = lookup_host(name).await?.collect();
        Ok(Self {
            name: name.to_owned(),
            addresses,
        })
    }
}

impl Server for TcpServer {
    type Stream = TcpStream;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.addresses.as_slice()).await?;
        // Each `send` is a segment of its own, as far as TCP goes.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn reset(&self, stream: TcpStream) {
        // If it fails the connection is gone already.
        let _ = stream.set_zero_linger();
    }
}
