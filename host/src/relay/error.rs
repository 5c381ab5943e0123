//! Why a session with ThingsBoard could not begin, or ended. Each text says
//! what to look at; none holds the key or the secret, which the server repeats
//! in its own error texts.

use std::time::Duration;

/// The end of a session, or of the attempt to have one.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
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
    /// Nobody listens there. The operator's to mend, or the server is down.
    #[error(
        "{host}:{port} refuses connections: check thingsboard.port (RPC_PORT; ThingsBoard's Edge \
         service listens on 7070 by default), and that the server runs with EDGES_ENABLED=true"
    )]
    Refused {
        /// The host as configured.
        host: String,
        /// The port as configured.
        port: u16,
    },
    /// The network does not lead there.
    #[error("{host}:{port} cannot be reached: {detail}; check the network and firewalls between")]
    Unreachable {
        /// The host as configured.
        host: String,
        /// The port as configured.
        port: u16,
        /// What the operating system says.
        detail: String,
    },
    /// Something answers that is not ThingsBoard's Edge service.
    #[error(
        "{host}:{port} is not ThingsBoard's Edge service ({detail}): check thingsboard.port \
         (RPC_PORT); 7070 is the Edge service, 8080 the web page, 9090 the closed service of the \
         Professional Edition's own integrations"
    )]
    NotEdgeService {
        /// The host as configured.
        host: String,
        /// The port as configured.
        port: u16,
        /// What came instead.
        detail: String,
    },
    /// No answer to the credentials.
    #[error("{host}:{port} did not answer within {} ms", timeout.as_millis())]
    NoAnswer {
        /// The host as configured.
        host: String,
        /// The port as configured.
        port: u16,
        /// How long we waited.
        timeout: Duration,
    },
    /// No edge has this key.
    #[error(
        "ThingsBoard knows no edge with this key: check thingsboard.routingKey \
         (INTEGRATION_ROUTING_KEY); copy the Edge key from Edge management, Instances"
    )]
    UnknownKey,
    /// The key is right, the secret is not.
    #[error(
        "ThingsBoard knows the edge, but the secret is wrong: check thingsboard.secret \
         (INTEGRATION_SECRET); copy the Edge secret from the same page as the key"
    )]
    WrongSecret,
    /// Refused in words that we do not know.
    #[error(
        "ThingsBoard refuses the credentials: check thingsboard.routingKey and thingsboard.secret"
    )]
    BadCredentials,
    /// The server cannot serve the edge now.
    #[error("ThingsBoard cannot serve the edge at the moment; its log says why")]
    ServerUnavailable,
    /// The server closed the stream in order.
    #[error(
        "ThingsBoard closed the session: the edge was deleted, or another process connected with \
         the same key; each process needs an edge of its own"
    )]
    Closed,
    /// The stream broke.
    #[error("the connection to ThingsBoard broke: {0}")]
    Broken(String),
    /// The synchronisation of devices did not end.
    #[error(
        "ThingsBoard did not finish sending its devices within {} ms; connecting anew",
        .0.as_millis()
    )]
    SyncTimedOut(Duration),
}

impl SessionError {
    /// The least pause before the next attempt. Each refused attempt raises a
    /// notification at the server, and two processes with one key would throw
    /// each other out.
    pub(super) fn least_pause(&self) -> Duration {
        match self {
            Self::UnknownKey | Self::WrongSecret | Self::BadCredentials | Self::Closed => {
                Duration::from_secs(30)
            }
            _ => Duration::ZERO,
        }
    }

    /// Reads the server's refusal without keeping its text, which holds the
    /// key or the secret.
    pub(super) fn from_refusal(text: &str) -> Self {
        if text.contains("Failed to find the edge") {
            Self::UnknownKey
        } else if text.contains("Failed to validate the edge") {
            Self::WrongSecret
        } else {
            Self::BadCredentials
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_without_their_secrets() {
        for (text, expected) in [
            (
                "Failed to find the edge! Routing key: t0p",
                "knows no edge with this key",
            ),
            (
                "Failed to validate the edge! Provided request secret: t0p",
                "the secret is wrong",
            ),
            ("Something else: t0p", "refuses the credentials"),
        ] {
            let said = SessionError::from_refusal(text).to_string();
            assert!(said.contains(expected), "{said}");
            assert!(!said.contains("t0p"), "{said}");
        }
    }
}
