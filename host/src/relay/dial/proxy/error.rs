//! What can be wrong with the proxy: as a rule the operator's to mend. No text
//! holds the credentials.

use std::time::Duration;

use super::super::tcp::TcpError;

/// The end of an attempt to get a tunnel. `proxy` is its host and port,
/// `variable` the environment variable that names it.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The proxy's name does not resolve.
    #[error(
        "the proxy's host name {host} is unknown ({detail}): check {variable} in the environment, \
         or except ThingsBoard with NO_PROXY"
    )]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver says.
        detail: String,
        /// Where it was set.
        variable: &'static str,
    },
    /// There is no connection to the proxy.
    #[error(
        "the proxy {proxy} {detail}: check {variable} in the environment and that the proxy runs, \
         or except ThingsBoard with NO_PROXY"
    )]
    Unreachable {
        /// The proxy.
        proxy: String,
        /// What happens instead.
        detail: String,
        /// Where it was set.
        variable: &'static str,
    },
    /// The proxy wants to know who asks.
    #[error(
        "the proxy {proxy} {}: write them into {variable} as http://USER:PASSWORD@HOST:PORT \
         (socks5:// likewise), with special characters percent-encoded",
        if *given { "does not accept user and password" } else { "wants user and password" }
    )]
    Credentials {
        /// The proxy.
        proxy: String,
        /// Where it was set.
        variable: &'static str,
        /// Whether there were any.
        given: bool,
    },
    /// The proxy does not make the connection.
    #[error(
        "the proxy {proxy} gives no tunnel to {peer} ({detail}): let it allow CONNECT to this host \
         and port, check thingsboard.host and thingsboard.port (RPC_HOST, RPC_PORT) and that the \
         proxy can reach them, or except the host with NO_PROXY"
    )]
    Denied {
        /// The proxy.
        proxy: String,
        /// The server.
        peer: String,
        /// What the proxy says.
        detail: String,
    },
    /// The proxy answers in another protocol.
    #[error(
        "the proxy {proxy} answers with something that is no proxy's answer ({detail}): check \
         host, port and scheme in {variable}"
    )]
    NoProxy {
        /// The proxy.
        proxy: String,
        /// What came instead.
        detail: String,
        /// Where it was set.
        variable: &'static str,
    },
    /// The proxy is silent.
    #[error(
        "the proxy {proxy} did not connect to {peer} within {} ms: check that it can reach that \
         host and port, and {variable} in the environment",
        timeout.as_millis()
    )]
    Silent {
        /// The proxy.
        proxy: String,
        /// The server.
        peer: String,
        /// How long we waited.
        timeout: Duration,
        /// Where it was set.
        variable: &'static str,
    },
}

impl ProxyError {
    /// Gives words to a failure on the way to the proxy.
    pub(super) fn on_the_way(
        failure: TcpError,
        proxy: &crate::config::Proxy,
        timeout: Duration,
    ) -> Self {
        let (address, variable) = (proxy.address(), proxy.variable);
        let unreachable = |detail: String| Self::Unreachable {
            proxy: address,
            detail,
            variable,
        };
        match failure {
            TcpError::UnknownName(detail) => Self::UnknownHost {
                host: proxy.host.clone(),
                detail,
                variable,
            },
            TcpError::SilentResolver => Self::UnknownHost {
                host: proxy.host.clone(),
                detail: format!("no answer from DNS within {} ms", timeout.as_millis()),
                variable,
            },
            TcpError::Refused => unreachable("refuses connections".to_owned()),
            TcpError::Silent(_) => unreachable(format!(
                "took no connection within {} ms",
                timeout.as_millis()
            )),
            TcpError::Unreachable(detail) => unreachable(format!("cannot be reached ({detail})")),
        }
    }
}
