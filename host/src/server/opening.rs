//! The first bytes of a connection, kept until a frame came of them: a device
//! that never sends one is a device with another framing.

use std::net::SocketAddr;

use tracing::warn;

use super::{diagnosis, integration::Integration};
use crate::hex::hex_start;

/// What came before the first frame.
#[derive(Debug)]
pub(super) enum Opening {
    /// No frame yet.
    Unframed { start: Vec<u8>, total: u64 },
    /// Frames come, or errors that say more than we could.
    Framed,
}

impl Default for Opening {
    fn default() -> Self {
        Self::Unframed {
            start: Vec::new(),
            total: 0,
        }
    }
}

impl Opening {
    /// Takes note of bytes that were read.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        if let Self::Unframed { start, total } = self {
            let room = diagnosis::WANTED_BYTES - start.len();
            start.extend_from_slice(&bytes[..bytes.len().min(room)]);
            *total += bytes.len() as u64;
        }
    }

    /// The connection's bytes were cut, well or badly.
    pub(super) fn framed(&mut self) {
        *self = Self::Framed;
    }

    /// Says what is dropped, if a connection whose bytes could be cut ends within
    /// a frame.
    pub(super) fn report_unfinished(
        &self,
        integration: &Integration,
        peer: SocketAddr,
        rest: &[u8],
    ) {
        if rest.is_empty() || matches!(self, Self::Unframed { .. }) {
            return;
        }
        warn!(
            integration = &*integration.name, %peer, bytes = rest.len(), start_hex = hex_start(rest),
            "the device closed the connection within a frame; what came of it is dropped"
        );
    }

    /// Says what is likely wrong, if the connection ended without a frame.
    pub(super) fn report(&self, integration: &Integration, peer: SocketAddr) {
        let Self::Unframed { start, total } = self else {
            return;
        };
        if *total == 0 {
            return;
        }
        let advice = diagnosis::never_cut(integration.handler(), start, *total);
        let advice = advice.map(tracing::field::display);
        warn!(
            integration = &*integration.name, %peer, bytes = total, start_hex = hex_start(start),
            advice,
            "the device sent no whole frame"
        );
    }
}
