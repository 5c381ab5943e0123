//! Why there is no connection to ThingsBoard. Each text names what failed,
//! where, the setting with its environment variable, and the remedy.

use std::time::Duration;

use super::{proxy::ProxyError, tcp::TcpError, tls::TlsError};

/// The end of an attempt to reach the server. `peer` is host and port as
/// configured.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The host name does not resolve. The operator's to mend.
    #[error(
        "the host name {host} is unknown ({detail}): check thingsboard.host (RPC_HOST) and this \
         machine's DNS"
    )]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver says.
        detail: String,
    },
    /// The resolver is silent. The operator's to mend.
    #[error(
        "DNS did not answer within {} ms for the host name {host}: check this machine's DNS \
         servers, or put an address in thingsboard.host (RPC_HOST)",
        timeout.as_millis()
    )]
    SilentResolver {
        /// The name.
        host: String,
        /// How long we waited.
        timeout: Duration,
    },
    /// Nobody listens there. The operator's to mend, or the server is down.
    #[error(
        "{peer} refuses connections: check thingsboard.port (RPC_PORT; ThingsBoard's Edge \
         service listens on 7070 by default), and that the server runs with EDGES_ENABLED=true"
    )]
    Refused {
        /// The server.
        peer: String,
    },
    /// No address answers.
    #[error(
        "{peer} does not answer: none of its addresses ({addresses}) took a connection within {} \
         ms; a firewall may drop the packets: check that port (RPC_PORT) is open from this \
         machine, and thingsboard.host (RPC_HOST)",
        timeout.as_millis()
    )]
    Silent {
        /// The server.
        peer: String,
        /// How many addresses the name has.
        addresses: usize,
        /// How long we waited.
        timeout: Duration,
    },
    /// The network does not lead there.
    #[error(
        "{peer} cannot be reached ({detail}): check thingsboard.host (RPC_HOST), the network and \
         the firewalls between"
    )]
    Unreachable {
        /// The server.
        peer: String,
        /// What the operating system says.
        detail: String,
    },
    /// The proxy on the way fails.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// TLS fails.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server answers plain HTTP/2 with TLS.
    #[error(
        "{peer} speaks TLS, but TLS is off here: set thingsboard.tls.enabled (RPC_SSL_ENABLED) to \
         true"
    )]
    WantsTls {
        /// The server.
        peer: String,
    },
    /// A web server answers.
    #[error(
        "{peer} answers with HTTP/1, which is no gRPC: a web server, or a proxy or load balancer \
         that does not pass on HTTP/2; check thingsboard.port (RPC_PORT; 7070 is the Edge \
         service, 8080 the web page), or let the load balancer pass on TCP, HTTP/2 or gRPC"
    )]
    Http1 {
        /// The server.
        peer: String,
    },
    /// Something answers that speaks neither.
    #[error(
        "{peer} is not ThingsBoard's Edge service: it answers with \"{beginning}\"; check \
         thingsboard.port (RPC_PORT; 7070 is the Edge service)"
    )]
    NotHttp2 {
        /// The server.
        peer: String,
        /// Its first bytes, escaped.
        beginning: String,
    },
    /// The connection was closed at once.
    #[error(
        "{peer} closed the connection without a word: check thingsboard.port (RPC_PORT; 7070 is the \
         Edge service); if it is right, the server may want TLS (set thingsboard.tls.enabled or \
         RPC_SSL_ENABLED to true), or be a load balancer whose own server is down"
    )]
    ClosedAtOnce {
        /// The server.
        peer: String,
    },
}

impl DialError {
    /// Gives words to a failure on the direct way to the server.
    pub(super) fn direct(failure: TcpError, host: &str, peer: &str, timeout: Duration) -> Self {
        let (host, peer) = (host.to_owned(), peer.to_owned());
        match failure {
            TcpError::UnknownName(detail) => Self::UnknownHost { host, detail },
            TcpError::SilentResolver => Self::SilentResolver { host, timeout },
            TcpError::Refused => Self::Refused { peer },
            TcpError::Silent(addresses) => Self::Silent {
                peer,
                addresses,
                timeout,
            },
            TcpError::Unreachable(detail) => Self::Unreachable { peer, detail },
        }
    }
}
