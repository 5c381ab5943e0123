//! The certificate that we show if the server asks, and whether it did.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_rustls::rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use super::TlsError;

/// Hands out the client certificate. A server that wants one and gets none, or
/// the wrong one, says so with alerts that also mean other things; whether it
/// had asked settles it.
#[derive(Debug)]
pub(in crate::relay::dial) struct ClientCertificate {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientCertificate {
    pub(super) fn new(key: Option<Arc<CertifiedKey>>) -> Self {
        Self {
            key,
            asked: AtomicBool::new(false),
        }
    }

    /// Whether the server asked for a certificate.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether there is one to show.
    pub(super) fn is_set(&self) -> bool {
        self.key.is_some()
    }

    /// What a connection that ended without a word most likely means.
    pub(in crate::relay::dial) fn suspect(&self, peer: String) -> Option<TlsError> {
        if !self.was_asked() {
            return None;
        }
        Some(match self.is_set() {
            false => TlsError::ClientCertificateWanted { peer },
            true => TlsError::ClientCertificateRejected {
                peer,
                detail: "it closed the connection on seeing it".to_owned(),
            },
        })
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.is_set()
    }
}
