//! Whom we believe to be the server.

use std::{error::Error as StdError, fmt, sync::Arc};

use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::files::Certificates;

/// rustls' own rules, and one more that ThingsBoard's edge has: a certificate
/// that stands in `caFile` itself is trusted as the server's. `openssl req
/// -x509`, with which most test servers are set up, makes certificates of that
/// kind, marked as an authority's, which the rules alone refuse.
#[derive(Debug)]
pub(super) struct Trust {
    rules: Arc<WebPkiServerVerifier>,
    exact: Certificates,
    provider: Arc<CryptoProvider>,
}

/// The server's certificate is signed with its own key, and not trusted.
#[derive(Debug)]
pub(super) struct SelfSigned;

impl fmt::Display for SelfSigned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("self-signed certificate")
    }
}

impl StdError for SelfSigned {}

impl Trust {
    /// Trusts `roots`, and the certificates `exact` as servers' own.
    pub(super) fn new(
        roots: RootCertStore,
        exact: Certificates,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        Ok(Self {
            rules: rules(roots, &provider)?,
            exact,
            provider,
        })
    }

    /// Whether the certificate stands for itself.
    fn is_self_signed(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let mut itself = RootCertStore::empty();
        if itself.add(certificate.clone().into_owned()).is_err() {
            return false;
        }
        let Ok(rules) = rules(itself, &self.provider) else {
            return false;
        };
        let outcome = rules.verify_server_cert(certificate, &[], name, &[], now);
        !matches!(
            outcome,
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature
            ))
        )
    }
}

fn rules(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let outcome = self
            .rules
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let Err(error) = outcome else {
            return outcome;
        };
        // Both come after the check of the dates.
        if !is_unknown_issuer(&error) && !is_authority(&error) {
            return Err(error);
        }
        if self.exact.contains(end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match self.is_self_signed(end_entity, name, now) {
            true => Err(CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()),
            false => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rules
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rules.supported_verify_schemes()
    }
}

fn is_unknown_issuer(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

/// Whether the server's certificate is refused for being marked as an
/// authority's. rustls has no name of its own for that.
fn is_authority(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.to_string() == "CaUsedAsEndEntity"
        }
        _ => false,
    }
}
