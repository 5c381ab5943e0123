//! The dead letters of one connection.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tracing::error;

use super::integration::Integration;
use crate::{
    converter::{CallError, Converter, Undecoded},
    dead_letters::{DeadLetters, NewLetter, Origin},
    hex::hex,
};

/// Keeps frames that could not be decoded.
pub(super) struct Letters {
    pub(super) integration: Arc<Integration>,
    /// Takes them, if they are to be kept.
    pub(super) store: Option<DeadLetters>,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
}

impl Letters {
    /// The letter of a frame.
    pub(super) fn letter(
        &self,
        converter: Option<&Converter>,
        frame: &Bytes,
        undecoded: &Undecoded,
        received_ms: i64,
    ) -> NewLetter {
        // A frame that was not tried is tried with whatever version comes.
        let tried = converter.filter(|_| undecoded.error != CallError::NotTried);
        NewLetter {
            received_ms,
            integration: self.integration.name.to_string(),
            origin: Origin::Converter {
                peer: self.peer,
                local: self.local,
                converter: converter
                    .map(Converter::name)
                    .unwrap_or_default()
                    .to_owned(),
                version: tried.map(Converter::version).unwrap_or_default().to_owned(),
                session_hex: hex(&undecoded.session),
            },
            error: undecoded.error.to_string(),
            frame: frame.clone(),
        }
    }

    /// Waits until the letters are on disk: what is neither there nor in the
    /// spool would be lost with the process.
    pub(super) async fn keep(&self, letters: Vec<NewLetter>) {
        let count = letters.len();
        if count == 0 {
            return;
        }
        let Some(store) = &self.store else {
            return;
        };
        if let Err(error) = store.keep(letters).await {
            error!(
                integration = &*self.integration.name, peer = %self.peer, lost = count, %error,
                "frames that could not be decoded could not be kept either"
            );
        }
    }
}
