//! What a connection heard, and what that says about its end.

use std::sync::Arc;

use super::{
    error::DialError,
    heard::Notes,
    tls::{ClientCertificate, TlsError},
};
use crate::config::ThingsBoard;

/// The type of HTTP/2's SETTINGS frame, which every server sends first.
const SETTINGS: u8 = 4;
/// A TLS alert, as servers answer to what is no TLS.
const TLS_ALERT: [u8; 2] = [21, 3];

/// What is known of a connection besides HTTP/2's own errors.
#[derive(Debug)]
pub(in crate::relay) struct Clues {
    notes: Arc<Notes>,
    tls: Option<Arc<ClientCertificate>>,
}

impl Clues {
    /// `tls` is the client certificate, if the connection speaks TLS.
    pub(super) fn new(notes: Arc<Notes>, tls: Option<Arc<ClientCertificate>>) -> Self {
        Self { notes, tls }
    }

    /// The code with which the server took its leave, as HTTP/2 has it.
    pub(in crate::relay) fn go_away(&self) -> Option<h2::Reason> {
        self.notes.go_away().map(h2::Reason::from)
    }

    /// How the other side or the network ended the connection. None: it did
    /// not; if the connection has ended, it was by ourselves.
    pub(in crate::relay) fn end(&self) -> Option<String> {
        self.notes.end()
    }

    /// Why the connection is no good, if that shows below HTTP/2. To be asked
    /// once it has ended, before the server was known to be the right one.
    pub(in crate::relay) fn explain(&self, settings: &ThingsBoard) -> Option<DialError> {
        let peer = settings.address();
        if let Some(error) = self.notes.tls_error()
            && let Some(certificate) = &self.tls
        {
            return Some(TlsError::name(&error, settings, certificate).into());
        }
        let beginning = self.notes.beginning();
        if beginning.is_empty() {
            // Still open: it is silent, which shows elsewhere.
            self.end()?;
            return Some(match &self.tls {
                None => DialError::ClosedAtOnce { peer },
                // TLS 1.3 checks client certificates after its handshake, and
                // the alert may be lost with the connection.
                Some(certificate) => certificate.suspect(peer)?.into(),
            });
        }
        if beginning.starts_with(b"HTTP/1") {
            return Some(DialError::Http1 { peer });
        }
        if self.tls.is_none() && beginning.starts_with(&TLS_ALERT) {
            return Some(DialError::WantsTls { peer });
        }
        match beginning.get(3) {
            Some(&SETTINGS) => None,
            _ => Some(DialError::NotHttp2 {
                peer,
                beginning: beginning.escape_ascii().to_string(),
            }),
        }
    }
}
