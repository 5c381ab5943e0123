//! Why a session with ThingsBoard could not begin, or ended. Each text says
//! what to look at; none holds the key or the secret, which the server repeats
//! in its own error texts.

use std::time::Duration;

use super::dial::DialError;

/// The end of a session, or of the attempt to have one.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Something answers that is not ThingsBoard's Edge service.
    #[error(
        "{peer} is not ThingsBoard's Edge service ({detail}): check thingsboard.port (RPC_PORT); \
         7070 is the Edge service, 8080 the web page, 9090 the closed service of the Professional \
         Edition's own integrations"
    )]
    NotEdgeService {
        /// The server's host and port, as configured.
        peer: String,
        /// What came instead.
        detail: String,
    },
    /// Something between here and the server answers for it.
    #[error(
        "a proxy or load balancer answers for {peer} with HTTP {code}: check that it passes gRPC \
         on to port 7070 of ThingsBoard, and that ThingsBoard runs with EDGES_ENABLED=true"
    )]
    Gateway {
        /// The server's host and port, as configured.
        peer: String,
        /// The HTTP status.
        code: u16,
    },
    /// No answer to the credentials.
    #[error(
        "{peer} took the connection, but did not answer within {} ms: check thingsboard.port \
         (RPC_PORT; 7070 is the Edge service); if it is right, the server is overloaded or hangs, \
         or thingsboard.connectTimeoutMs is too short for this network",
        timeout.as_millis()
    )]
    NoAnswer {
        /// The server's host and port, as configured.
        peer: String,
        /// How long we waited.
        timeout: Duration,
    },
    /// The server is older than the protocol that we speak.
    #[error(
        "this ThingsBoard is too old ({detail}): tb-tcp needs 3.6.2 or newer; update the server"
    )]
    TooOld {
        /// How it shows.
        detail: &'static str,
    },
    /// No edge has this key.
    #[error(
        "ThingsBoard knows no edge with this key: check thingsboard.routingKey \
         (INTEGRATION_ROUTING_KEY); copy the Edge key from Edge management, Instances; if the edge \
         is not there any more, add it anew"
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
        "ThingsBoard refuses the credentials: check thingsboard.routingKey \
         (INTEGRATION_ROUTING_KEY) and thingsboard.secret (INTEGRATION_SECRET); its log says why"
    )]
    BadCredentials,
    /// The server cannot serve the edge now.
    #[error(
        "ThingsBoard cannot serve the edge at the moment: it may be starting, or have a fault that \
         its log names; nothing is to be changed here"
    )]
    ServerUnavailable,
    /// The server stops, or what stands before it lost it.
    #[error(
        "ThingsBoard went away ({detail}): it is being restarted, or a load balancer lost it; \
         nothing is to be changed here, unless it stays away"
    )]
    WentAway {
        /// The server's words.
        detail: String,
    },
    /// A message is larger than the server takes.
    #[error(
        "a message is larger than ThingsBoard takes ({}): set thingsboard.maxRecordsPerMessage \
         lower, or EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the server higher",
        told(*limit)
    )]
    UplinkTooLarge {
        /// The limit that the server told, in bytes.
        limit: Option<u32>,
    },
    /// The server broke off the session without a word.
    #[error(
        "ThingsBoard broke off the session without a reason: if its log says that a message exceeds \
         the maximum size ({}), set thingsboard.maxRecordsPerMessage lower, or \
         EDGES_RPC_MAX_INBOUND_MESSAGE_SIZE on the server higher",
        told(*limit)
    )]
    Reset {
        /// The limit that the server told, in bytes.
        limit: Option<u32>,
    },
    /// A message is larger than we take.
    #[error(
        "ThingsBoard sends a message that is larger than the {limit} bytes that tb-tcp takes: look \
         for a very large dashboard or image that is assigned to this edge, and unassign it"
    )]
    DownlinkTooLarge {
        /// What we take, in bytes.
        limit: usize,
    },
    /// The server finds that we ping too often.
    #[error(
        "ThingsBoard ended the connection because of too many keep-alive pings: set \
         thingsboard.keepAliveMs, {} now, to more than EDGES_RPC_CLIENT_MAX_KEEP_ALIVE_TIME_SEC of \
         the server or what the load balancer before it allows",
        keep_alive.as_millis()
    )]
    TooManyPings {
        /// Our pause between pings.
        keep_alive: Duration,
    },
    /// The other side does not answer pings.
    #[error(
        "ThingsBoard did not answer a keep-alive ping within {} ms \
         (thingsboard.keepAliveTimeoutMs): the network is interrupted, a firewall forgot the \
         connection, or the server hangs",
        timeout.as_millis()
    )]
    KeepAlive {
        /// How long we waited.
        timeout: Duration,
    },
    /// The server closed the stream in order.
    #[error(
        "ThingsBoard closed the session: the edge was deleted, or another process connected with \
         the same key; each process needs an edge of its own"
    )]
    Closed,
    /// The stream broke.
    #[error(
        "the connection to ThingsBoard broke ({0}): the server was restarted, or something between \
         cuts connections; see the server's log if it happens again and again"
    )]
    Broken(String),
    /// The server acknowledges nothing any more.
    #[error(
        "ThingsBoard does not acknowledge anything any more, not even an empty message; connecting \
         anew; its log or load says why"
    )]
    Silent,
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
            Self::UnknownKey
            | Self::WrongSecret
            | Self::BadCredentials
            | Self::Closed
            | Self::TooOld { .. }
            | Self::TooManyPings { .. } => Duration::from_secs(30),
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

/// The server's limit in words.
fn told(limit: Option<u32>) -> String {
    match limit {
        Some(bytes) => format!("its limit is {bytes} bytes"),
        None => "it did not tell its limit".to_owned(),
    }
}

#[cfg(test)]
mod tests;
