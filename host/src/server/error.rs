//! Why an integration cannot start. The operator's to mend.

use std::{io, net::SocketAddr};

/// A port that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another process listens there.
    #[error(
        "integration {integration}: port {} is in use by another process: stop that process, or \
         choose another clientConfiguration.port",
        address.port()
    )]
    PortInUse {
        /// The integration's name.
        integration: String,
        /// Where it wanted to listen.
        address: SocketAddr,
    },
    /// Anything else that the operating system refuses.
    #[error("integration {integration}: cannot listen on {address}: {source}")]
    Listen {
        /// The integration's name.
        integration: String,
        /// Where it wanted to listen.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}
