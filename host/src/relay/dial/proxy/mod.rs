//! A tunnel through the proxy that the environment names.
//!
//! The proxy looks the server's name up: this machine may have no DNS for it.

mod connect;
mod error;

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::{
    io::BufReader,
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_socks::{Error as SocksError, tcp::Socks5Stream};

pub use error::ProxyError;

use super::{heard::Duplex, tcp};
use crate::config::{Proxy, ProxyKind, Secret, ThingsBoard};

/// A tunnel and whom it concerns.
struct Tunnel<'dial> {
    proxy: &'dial Proxy,
    settings: &'dial ThingsBoard,
}

/// Connects to the proxy and through it to the server, until `deadline`.
pub(super) async fn tunnel(
    proxy: &Proxy,
    settings: &ThingsBoard,
    deadline: Instant,
) -> Result<Box<dyn Duplex>, ProxyError> {
    let tunnel = Tunnel { proxy, settings };
    let timeout = settings.connect_timeout();
    let stream = tcp::connect(&proxy.host, proxy.port, deadline)
        .await
        .map_err(|failure| ProxyError::on_the_way(failure, proxy, timeout))?;
    timeout_at(deadline, tunnel.ask(stream))
        .await
        .map_err(|_| tunnel.silent(timeout))?
}

impl Tunnel<'_> {
    async fn ask(&self, stream: TcpStream) -> Result<Box<dyn Duplex>, ProxyError> {
        match &self.proxy.kind {
            ProxyKind::Connect(authorization) => {
                // Whatever the server says right behind the proxy's answer
                // stays in the buffer.
                let mut stream = BufReader::new(stream);
                self.connect(&mut stream, authorization.as_ref()).await?;
                Ok(Box::new(stream))
            }
            ProxyKind::Socks5(login) => Ok(Box::new(self.socks(stream, login.as_ref()).await?)),
        }
    }

    async fn socks(
        &self,
        stream: TcpStream,
        login: Option<&(String, Secret)>,
    ) -> Result<Socks5Stream<TcpStream>, ProxyError> {
        let target = (self.settings.host.as_str(), self.settings.port);
        let outcome = match login {
            None => Socks5Stream::connect_with_socket(stream, target).await,
            Some((user, password)) => {
                let password = password.reveal();
                Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
            }
        };
        outcome.map_err(|error| match error {
            SocksError::PasswordAuthFailure(_)
            | SocksError::NoAcceptableAuthMethods
            | SocksError::InvalidAuthValues(_) => self.wrong_credentials(login.is_some()),
            SocksError::GeneralSocksServerFailure
            | SocksError::ConnectionNotAllowedByRuleset
            | SocksError::NetworkUnreachable
            | SocksError::HostUnreachable
            | SocksError::ConnectionRefused
            | SocksError::TtlExpired
            | SocksError::CommandNotSupported
            | SocksError::AddressTypeNotSupported => self.denied(error.to_string()),
            _ => self.no_proxy(error.to_string()),
        })
    }

    fn denied(&self, detail: String) -> ProxyError {
        ProxyError::Denied {
            proxy: self.proxy.address(),
            peer: self.settings.address(),
            detail,
        }
    }

    fn wrong_credentials(&self, given: bool) -> ProxyError {
        ProxyError::Credentials {
            proxy: self.proxy.address(),
            variable: self.proxy.variable,
            given,
        }
    }

    fn no_proxy(&self, detail: String) -> ProxyError {
        ProxyError::NoProxy {
            proxy: self.proxy.address(),
            detail,
            variable: self.proxy.variable,
        }
    }

    fn silent(&self, timeout: Duration) -> ProxyError {
        ProxyError::Silent {
            proxy: self.proxy.address(),
            peer: self.settings.address(),
            timeout,
            variable: self.proxy.variable,
        }
    }
}
