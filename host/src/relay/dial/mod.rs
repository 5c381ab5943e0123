//! The way to the server: name, proxy, TLS, each with its own failures.
//!
//! One connection is one session, so files, names and the proxy are looked at
//! anew each time.

mod clues;
mod error;
mod frames;
mod heard;
mod proxy;
mod tcp;
mod tls;

#[cfg(test)]
pub(super) mod testing;

use tokio::time::Instant;

pub(super) use clues::Clues;
pub use error::DialError;
use heard::Duplex;
pub(super) use heard::Heard;
pub use proxy::ProxyError;
pub use tls::TlsError;

use crate::config::ThingsBoard;

/// Connects to the server until `deadline`. The stream is ready for HTTP/2;
/// the clues tell afterwards why that went wrong.
pub(super) async fn dial(
    settings: &ThingsBoard,
    deadline: Instant,
) -> Result<(Heard, Clues), DialError> {
    let stream = reach(settings, deadline).await?;
    if !settings.tls.enabled {
        let (stream, notes) = Heard::new(stream);
        return Ok((stream, Clues::new(notes, None)));
    }
    let (stream, asked) = tls::handshake(settings, stream, deadline).await?;
    let (stream, notes) = Heard::new(stream);
    Ok((stream, Clues::new(notes, Some(asked))))
}

/// The way without TLS.
async fn reach(settings: &ThingsBoard, deadline: Instant) -> Result<Box<dyn Duplex>, DialError> {
    if let Some(proxy) = &settings.proxy {
        let stream = proxy::tunnel(proxy, settings, deadline).await?;
        return Ok(stream);
    }
    let stream = tcp::connect(&settings.host, settings.port, deadline)
        .await
        .map_err(|failure| {
            let timeout = settings.connect_timeout();
            DialError::direct(failure, &settings.host, &settings.address(), timeout)
        })?;
    Ok(Box::new(stream))
}
