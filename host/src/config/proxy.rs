//! The proxy that the environment names for the connection to ThingsBoard.
//!
//! The variables are those of gRPC's own libraries: `grpc_proxy`,
//! `https_proxy`, `all_proxy`, in this order, each also in capitals, and
//! `no_proxy`. They count with and without TLS, because the proxy is asked for
//! a tunnel either way. `http_proxy` is not read: it names a proxy for web
//! pages, which as a rule grants no tunnels.

use std::net::IpAddr;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tonic::transport::Uri;

use super::{ConfigError, Secret};

/// Where proxies are looked for, the first that is set and not empty counts.
const VARIABLES: [&str; 6] = [
    "grpc_proxy",
    "GRPC_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];
/// Where a proxy is forbidden.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy between here and ThingsBoard.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// The environment variable that names it.
    pub variable: &'static str,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What it speaks, and who we are there.
    pub kind: ProxyKind,
}

/// What a proxy speaks.
#[derive(Clone, Debug)]
pub enum ProxyKind {
    /// HTTP/1.1 `CONNECT`, with the value of `Proxy-Authorization`, if any.
    Connect(Option<Secret>),
    /// SOCKS 5, with user and password, if any.
    Socks5(Option<(String, Secret)>),
}

impl Proxy {
    /// Host and port as one, as they stand in an address.
    #[must_use]
    pub fn address(&self) -> String {
        address(&self.host, self.port)
    }

    /// The proxy for `host`, if the environment has one and does not except
    /// the host. This machine itself is never reached through a proxy.
    ///
    /// # Errors
    /// A value that names no proxy, or one that cannot be used. It is not
    /// repeated: it may hold a password.
    pub fn from_environment(
        env: impl Fn(&str) -> Option<String>,
        host: &str,
        port: u16,
    ) -> Result<Option<Self>, ConfigError> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = env(name).filter(|value| !value.trim().is_empty())?;
                Some((*name, value.trim().to_owned()))
            })
        };
        let Some((variable, value)) = first(&VARIABLES) else {
            return Ok(None);
        };
        if is_this_machine(host) {
            return Ok(None);
        }
        let unusable = |remedy: &str| {
            Err(ConfigError::value(
                "environment",
                variable,
                "(not shown)",
                remedy,
            ))
        };
        // A host that is none is named when it is looked up.
        let Ok(target) = format!("https://{}", address(host, port)).parse::<Uri>() else {
            return Ok(None);
        };
        let found = Matcher::builder().all(value.as_str()).build();
        // A second @ is one of the password's, which would be cut off there.
        let found = found
            .intercept(&target)
            .filter(|found| value.matches('@').count() < 2 && is_whole(found.uri()));
        let Some(found) = found else {
            return unusable(
                "write http://HOST:PORT or socks5://HOST:PORT, a user as USER:PASSWORD@ before \
                 the host, with special characters percent-encoded; or set NO_PROXY",
            );
        };
        let exceptions = first(&EXCEPTIONS).map(|(_, list)| without_ports(&list, port));
        let excepted = exceptions.is_some_and(|list| {
            let matcher = Matcher::builder().all(value.as_str()).no(list).build();
            matcher.intercept(&target).is_none()
        });
        if excepted {
            return Ok(None);
        }
        let Some((kind, default_port)) = kind(&found) else {
            return unusable(
                "only http:// and socks5:// proxies can be used: write the address with one of \
                 them",
            );
        };
        let host = found.uri().host().unwrap_or_default();
        Ok(Some(Self {
            variable,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: found.uri().port_u16().unwrap_or(default_port),
            kind,
        }))
    }
}

fn kind(found: &Intercept) -> Option<(ProxyKind, u16)> {
    match found.uri().scheme_str()? {
        "http" => {
            let authorization = found.basic_auth().and_then(|value| value.to_str().ok());
            Some((ProxyKind::Connect(authorization.map(Secret::new)), 80))
        }
        "socks5" | "socks5h" => {
            let login = found.raw_auth();
            let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password)));
            Some((ProxyKind::Socks5(login), 1080))
        }
        _ => None,
    }
}

/// Host and port as one: `tb.example:7070`, `[2001:db8::1]:7070`.
pub(super) fn address(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        _ => format!("{host}:{port}"),
    }
}

/// Whether there is a host, and whatever stands behind it is a port.
fn is_whole(address: &Uri) -> bool {
    address.authority().is_some_and(|authority| {
        let host = authority.host();
        !host.is_empty() && (authority.as_str() == host || authority.port_u16().is_some())
    })
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

/// The exceptions that hold for `port`, without their ports, which the matcher
/// does not know; nor does it know `*.` before a domain.
fn without_ports(list: &str, port: u16) -> String {
    let entries = list.split([',', ' ', '\t']).filter_map(|entry| {
        let (host, entry_port) = match entry.rsplit_once(':') {
            // More than one colon without brackets is an address.
            Some((host, number)) if !host.contains(':') || host.ends_with(']') => {
                (host, number.parse::<u16>().ok())
            }
            _ => (entry, None),
        };
        if entry_port.is_some_and(|entry_port| entry_port != port) {
            return None;
        }
        let host = host.trim_matches(['[', ']']);
        Some(
            host.strip_prefix('*')
                .filter(|rest| !rest.is_empty())
                .unwrap_or(host),
        )
    });
    entries.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
